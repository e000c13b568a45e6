"""Adaptation of a voice: a short training that keeps what was learned, then an export.

The model and the mel are those of the voice. What reads the text is frozen, what makes the sound
learns with a small rate, and the step that is best on held-out sentences becomes the voice.
"""

import logging
import re
from functools import partial
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf, open_dict
from torch import nn

from tts.build import MODEL_SECTIONS, model_arguments
from tts.checkpoint import Run, load_run, save_voice
from tts.config.compose import compose
from tts.config.hydra_job import is_given, task_overrides
from tts.config.trusted_packages import with_trust
from tts.errors import UserError, listed
from tts.folder_lock import locked
from tts.models.acoustic import AcousticModel
from tts.training.adaptation_checks import (
    require_corpus,
    require_place,
    require_same_recipe,
    require_suitable,
)
from tts.training.run import train
from tts.training.summary import summarized
from tts.vocoders.codec_decoder import codec_folder, keep_codec
from tts.voice_folder import set_voice_aside

log = logging.getLogger(__name__)
FAMILIES = {  # class of a model's config -> model=
    "tts.models.fastspeech.FastSpeechParts": "fastspeech",
    "tts.models.autoregressive.AutoregressiveParts": "autoregressive",
    "tts.models.masked_codec.MaskedCodecParts": "masked_codec",
}
KEPT = ("data", "trainer", "logger", "name", "run_dir", "seed", "frontend", "trust")
SOMETIMES_ABSENT = {"embed_language", "aligner"}  # parts of the recipe that some models lack
NOT_NEEDED = ("samples", "styles", "free_running", "alignment_alarm", "validation_metrics")


@with_trust
def adapt(config: DictConfig) -> None:
    """Train ``config.run`` on the speech of ``config.data``; write the voice ``config.out``.

    Raises UserError for what is no acoustic model, and for speech that it cannot be trained on.
    """
    run = load_run(config.run)
    run.require_facts()
    out = Path(config.out)
    require_place(out, run, config.run)
    if not config.resume:
        require_corpus(config.data)
    model = run.build()
    if not isinstance(model, AcousticModel):
        raise UserError(f"run={config.run} is {run.describe()}; give an acoustic model")
    training = training_config(config, run, model)
    folder, overrides = Path(config.run_dir), task_overrides()
    if config.resume:
        require_same_recipe(training, overrides)
    kept = [o for o in overrides if re.split(r"[.@=]", o.lstrip("+~"))[0] in KEPT]
    check = partial(require_suitable, run=run, model=model, given=config.run)
    with locked(folder), summarized(folder, overrides) as summary:
        summary["metrics"] = train(training, kept, summary, check)
        summary["status"] = "done"
    adapted = load_run(folder)._replace(speaking=run.speaking)
    set_voice_aside(out)
    save_voice(adapted, out, {"data": f"adapted from {run.path.name} after step {adapted.step}"})
    if model.features == "codes":
        keep_codec(codec_folder(run.path), out)
    speakers = adapted.require_facts().speakers
    log.info(
        "step %d %s; speak with it as %s: synthesize.py run=%s speaker=%s",
        adapted.step, "was the best" if adapted.path.stem == "best" else "is the last",
        listed(speakers), out, speakers[0],
    )  # fmt: skip


def training_config(config: DictConfig, run: Run, model: AcousticModel[Any]) -> DictConfig:
    """Return the config of the training: the recipe's, with the model and the mel of ``run``."""
    target = str(run.config["model"].get("_target_"))
    family = FAMILIES.get(target)
    if family is None:
        raise UserError(
            f"{run.path}: models of {target} have no recipe; use train.py init_from={config.run}"
        )
    choices = [f"model={family}"]
    if family == "autoregressive" and model.features == "codes":
        choices.append("model/output=codes")
    training = compose("train", choices)
    with open_dict(training):
        for key in KEPT:
            training[key] = config[key]
        own = dict(training.model.items_ex(resolve=False))
        sections = {key: own[key] for key in MODEL_SECTIONS if key in own}
        arguments = model_arguments(run.config["model"])
        training.model = OmegaConf.create({**arguments, **sections})
        training.model.monitor = _monitor(run, str(sections["monitor"]))
        training.audio = {"_target_": "tts.contract.MelContract", **_contract(run)}
        training.resume = config.resume
        training.init_from = str(config.run)
        training.train_only = trained_parts(model, list(config.freeze))
        training.optimizer.lr = config.lr
        training.scheduler.warmup_steps = config.warmup_steps
        training.data.embeddings = model.takes_embedding
        if model.features == "codes":
            training.data.codec = str(codec_folder(run.path))
        for name in NOT_NEEDED:
            training.callbacks[name] = None
        training.callbacks.early_stopping = {
            "_target_": "lightning.pytorch.callbacks.EarlyStopping",
            "monitor": training.model.monitor,
            "patience": config.patience,
        }
        own_name = is_given("data.speaker") or training.data.corpora is not None
        if not own_name and training.data.get("speaker", "") is None:
            training.data.speaker = Path(config.out).name
    return training


def trained_parts(model: nn.Module, frozen: list[str]) -> list[str] | None:
    """Return the parts of ``model`` that are not ``frozen``; None: all are trained.

    Raises UserError for a part that the model does not have, and where none is left.
    """
    parts = {name for name, part in model.named_children() if any(True for _ in part.parameters())}
    if unknown := [name for name in frozen if name not in parts | SOMETIMES_ABSENT]:
        found = [name for name, _ in model.named_children() if name in parts]
        raise UserError(
            f"freeze: the model has no part {', '.join(unknown)}; choose from {', '.join(found)}"
        )
    trained = [name for name, _ in model.named_children() if name in parts - set(frozen)]
    if not trained:
        raise UserError("freeze: no part is left to train")
    return None if len(trained) == len(parts) else trained


def _contract(run: Run) -> dict[str, Any]:
    return {name: value for name, value in run.contract.to_dict().items() if name != "kind"}


def _monitor(run: Run, default: str) -> str:
    """Return the metric that chooses the best step: the run's own, or that of its model."""
    model = run.config["model"]
    if model.get("monitor") is not None:
        return str(model["monitor"])
    return "val/mel_flow" if model.get("flow") is not None else default
