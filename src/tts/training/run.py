"""Train one model: config in, a run folder and its metrics out."""

import gc
import logging
import os
import warnings
from collections.abc import Sequence
from copy import copy
from functools import partial
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from hydra.core.hydra_config import HydraConfig
from hydra.errors import InstantiationException
from hydra.utils import get_class, instantiate
from lightning.pytorch.utilities.exceptions import MisconfigurationException
from lightning.pytorch.utilities.rank_zero import rank_zero_only
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import InterpolationResolutionError, MissingMandatoryValue

from tts.build import build_model, model_arguments
from tts.callbacks.bad_steps import BadStepGuard
from tts.callbacks.checkpoints import Checkpoints
from tts.callbacks.eager_validation import EagerValidation
from tts.callbacks.graceful_stop import GracefulStop, Interrupted
from tts.callbacks.gradient_clipping import GradientClipping
from tts.callbacks.metric_history import MetricHistory
from tts.callbacks.optimizer_hyperparameters import RestoreOptimizerHyperparameters
from tts.callbacks.pruning import Pruning
from tts.callbacks.step_seeds import StepSeeds
from tts.checkpoint import find_checkpoint, is_vocoder
from tts.config.elsewhere import set_elsewhere
from tts.config.launch import CONF
from tts.config.option_checks import check_options
from tts.errors import UserError
from tts.training.acceleration import CUSTOM_TRAINER_KEYS, accelerate
from tts.training.distillation import distil
from tts.training.freezing import train_only
from tts.training.optuna_trial import current_trial
from tts.training.precision import choose_precision
from tts.training.resume import CONFIG, require_same_speech, resume, set_aside
from tts.training.summary import summarized
from tts.training.teacher_forced_mels import force_mels
from tts.training.warm_start import start_from

log = logging.getLogger(__name__)

# said by Lightning of things that are so by intention
NOISE = (
    r".*does not have many workers.*",
    r".*The number of training batches .* is smaller than the logging interval.*",
    r".*`trainer\.fit\(weights_only=.*",
    r".*isinstance\(treespec, LeafSpec\).*",
    r".*resuming from a checkpoint that ended before the epoch ended.*",  # the datamodule resumes
    r".*GPU available but not used.*",
    r".*`self\.log\('metrics/.*sync_dist=True.*",  # the measures add up over processes themselves
    r".*Since DeepSpeed handles gradient clipping internally.*",
    r".*module\(s\) in eval mode at the start of training.*",  # frozen by train_only
)


def job(config: DictConfig) -> float | None:
    """One Hydra job: train, and give a sweeper the best ``monitor`` reached."""
    hydra = HydraConfig.get()
    overrides = list(hydra.overrides.task)
    for line in set_elsewhere(CONF, hydra.runtime.choices, overrides):
        _say("%s", line)
    try:
        with summarized(Path(config.run_dir), overrides) as summary:
            metrics = train(config, overrides, summary)
            trial = current_trial()
            summary["status"] = "pruned" if trial and trial.pruned else "done"
            summary["metrics"] = metrics
    finally:
        release_memory()
    name = str(config.monitor)
    return metrics.get(f"best/{name}", metrics.get(name))


def train(
    config: DictConfig, overrides: Sequence[str] = (), summary: dict[str, Any] | None = None
) -> dict[str, float]:
    """Prepare the corpus if need be, build everything, train; the last value of every metric.

    ``overrides`` are those ``config`` was composed with: resuming puts them on top of the run's own
    config. ``best/<monitor>`` is the best the monitored metric got, and ``summary`` is told which
    side of it is the better. Ctrl-C and SIGTERM leave as
    SystemExit with status 128 + signal once ``last.ckpt`` is written.
    """
    silence_lightning()
    checkpoint: Path | None = None
    resuming = bool(config.resume)
    if resuming:
        config, checkpoint = resume(config, overrides)
    elif config.ckpt_path:
        checkpoint = find_checkpoint(config.ckpt_path, ("last", "best"))
    config.trainer.precision = choose_precision(
        config.trainer.precision, config.trainer.accelerator
    )

    if config.trainer.precision == "16-mixed" and "fused" in config.optimizer:
        # a fused optimizer unscales its gradients itself: clipping would see them scaled
        config.optimizer.fused = False
    plain = _resolved(config)
    check_options(config, plain, resuming, overrides)
    folder = Path(config.run_dir)
    pl.seed_everything(config.seed, workers=True, verbose=False)
    torch.set_float32_matmul_precision("high")  # TF32 where the GPU has it
    # before the corpus is prepared: hardware that is missing shows at once
    stop = GracefulStop()
    callbacks = [
        instantiate(entry, _convert_="all")
        for entry in (config.callbacks or {}).values()
        if entry is not None
    ]
    # what looks at gradients comes before what clips them, and that before what takes them away
    callbacks.sort(
        key=lambda callback: (
            isinstance(callback, GradientClipping) + 2 * isinstance(callback, BadStepGuard)
        )
    )
    loggers = [instantiate(entry) for entry in (config.logger or {}).values() if entry is not None]
    if trial := current_trial():
        if config.monitor is None:
            raise UserError("a sweep needs something to improve: monitor=val/mel, metrics/wer, ...")
        callbacks.append(Pruning(config.monitor, trial.report, trial.maximize))
    trainer = build_trainer(
        config.trainer if trains_itself(config) else _for_turns(config.trainer),
        _batches_between_validations(config.trainer),
        # the seeds come first: what looks at a batch's start sees the generators it begins with
        # and what compiles again comes last: what speaks after a validation does so uncompiled
        [
            StepSeeds(config.seed),
            *callbacks,
            RestoreOptimizerHyperparameters(),
            stop,
            *([EagerValidation()] if config.trainer.compile else []),
        ],
        loggers or False,
    )
    if trial and trainer.world_size > 1:
        raise UserError(
            "sweep=optuna: every process would draw values of its own; train on one, trainer=gpu"
        )
    data = instantiate(config.data, _convert_="all")
    data.prepare_data()
    if mel_from := config.data.get("mel_from"):
        if data.clips is None:
            raise UserError(f"data.mel_from={mel_from} is for training a vocoder: model=vocos, ...")
        force_mels(data, mel_from)
    if config.get("tune"):
        found = instantiate(config.tune)(data, partial(_system, config, data, plain), trainer)
        # from here on, and in the run's config, as if it had been given
        config.data.frames_per_batch = data.frames_per_batch = found
        config.tune = None
        plain = _resolved(config)
        pl.seed_everything(config.seed, workers=True, verbose=False)
    system = _system(config, data, plain)
    model: Any = system.model
    if config.init_from and checkpoint is None:
        start_from(config.init_from, model, None if is_vocoder(plain) else data.facts)
    if checkpoint is not None:
        require_same_speech(checkpoint, data.facts, mel_alone=is_vocoder(plain))
    _leave_config(config, folder, fresh=not resuming)

    parameters = sum(p.numel() for p in system.parameters())
    trained = sum(p.numel() for p in system.parameters() if p.requires_grad)
    _say(
        "%.1f M parameters%s, %s on %s, %s steps -> %s",
        parameters / 1e6,
        f", {trained / 1e6:.1f} M of them trained" if trained < parameters else "",
        config.trainer.precision,
        trainer.strategy.root_device.type,
        config.trainer.max_steps,
        folder,
    )
    try:
        with stop:
            trainer.fit(system, datamodule=data, ckpt_path=checkpoint and str(checkpoint))
    except Interrupted as interruption:
        _say("%s at step %d; to go on: resume=%s", interruption, trainer.global_step, folder)
        raise SystemExit(128 + interruption.signum) from None
    finally:
        for callback in callbacks:
            if isinstance(callback, MetricHistory) and summary is not None:
                summary["numbers"] = callback.statistics()
    metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
    metrics |= {"parameters": parameters, "steps": trainer.global_step}
    for callback in callbacks:
        if isinstance(callback, Checkpoints) and callback.best_score < float("inf"):
            metrics[f"best/{callback.monitor}"] = callback.best_value
            if summary is not None:
                summary["higher_is_better"] = callback.higher_is_better
    _say("done: %d steps -> %s", trainer.global_step, folder)
    return metrics


def _system(config: DictConfig, data: Any, plain: dict[str, Any]) -> pl.LightningModule:
    """As it is to be trained: all of it, or a part, or a student."""
    system = build_system(config, data, plain)
    model: Any = system.model
    accelerate(system, *(config.trainer[option] for option in CUSTOM_TRAINER_KEYS))
    if config.distill_from:
        if config.train_only is not None:
            raise UserError("distill_from trains the field alone: leave train_only out")
        distil(config.distill_from, config.distill_steps, model, data.facts)
    elif config.train_only is not None:
        if not (config.init_from or config.ckpt_path or config.resume):
            raise UserError("train_only: the rest has learned nothing yet; add init_from=RUN")
        train_only(model, config.train_only)
    return system


def build_system(config: DictConfig, data: Any, plain: dict[str, Any]) -> pl.LightningModule:
    """The LightningModule around a model that fits ``data.facts``.

    It carries its own card, with ``plain``, the resolved config.
    """
    card = {
        "config": plain,
        "facts": data.facts.to_dict(),
        "frontend": data.frontend.to_dict(),
    }
    settings: dict[str, Any] = {}
    system = instantiate(config.system, _convert_="all")
    if not trains_itself(config):
        settings = {
            "clip": config.trainer.gradient_clip_val,
            "accumulate": config.trainer.accumulate_grad_batches,
        }
    return system(
        model=build_model(
            instantiate(model_arguments(plain["model"]), _convert_="all"), data.facts
        ),
        loss=instantiate(config.model.loss, _convert_="all"),
        optimizer=instantiate(config.optimizer, _convert_="all"),
        scheduler=instantiate(config.scheduler, _convert_="all"),
        card=card,
        **settings,
    )


def trains_itself(config: DictConfig) -> bool:
    """Whether Lightning clips and accumulates; a system with several optimizers does so itself."""
    system: Any = get_class(config.system._target_)
    return system.automatic_optimization is not False  # a property, unless the class sets it


def build_trainer(
    config: DictConfig, interval: int, callbacks: list[pl.Callback], logger: Any
) -> pl.Trainer:
    """Lightning's Trainer, with ``interval`` batches between validations.

    Hardware that is not there is the user's to know, in a line.
    """
    config = copy(config)
    with open_dict(config):
        for option in CUSTOM_TRAINER_KEYS:
            config.pop(option)
    try:
        return instantiate(
            config,
            val_check_interval=interval,
            callbacks=callbacks,
            logger=logger,
            _convert_="all",
        )
    except InstantiationException as error:
        if isinstance(error.__cause__, MisconfigurationException | ModuleNotFoundError):
            why = str(error.__cause__).rstrip(".!")
            raise UserError(
                f"trainer: {why}. Choose another trainer=..., or another trainer.accelerator=, "
                "trainer.devices= or trainer.precision="
            ) from error
        raise


def _for_turns(trainer: DictConfig) -> DictConfig:
    """Lightning's trainer for a system that steps several optimizers by itself.

    Clipping and accumulation are the system's, and DDP must not wait for gradients of the parts
    whose turn it is not.
    """
    changes: dict[str, Any] = {"gradient_clip_val": None, "accumulate_grad_batches": 1}
    if trainer.strategy == "ddp":
        changes["strategy"] = "ddp_find_unused_parameters_true"
    return OmegaConf.merge(trainer, changes)  # type: ignore[return-value]


def silence_lightning() -> None:
    """Silence what Lightning says of things that are so by intention; real warnings stay."""
    for message in NOISE:
        warnings.filterwarnings("ignore", message=message)
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _batches_between_validations(trainer: DictConfig) -> int:
    """``val_check_interval`` counts optimizer steps here and batches in Lightning.

    A run shorter than the interval validates once, at its end.
    """
    steps = trainer.val_check_interval
    if not isinstance(steps, int) or steps < 1:
        raise UserError(f"trainer.val_check_interval={steps} must be a whole number of steps")
    if 0 < trainer.max_steps < steps:
        steps = trainer.max_steps
    return steps * trainer.accumulate_grad_batches


def _resolved(config: DictConfig) -> dict[str, Any]:
    """The config as plain data. Raises UserError for a value that is still to be given."""
    try:
        plain = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    except MissingMandatoryValue as error:
        raise UserError(f"{error.full_key} has no value: give it, {error.full_key}=...") from error
    except InterpolationResolutionError as error:
        raise UserError(f"{error.full_key}: {str(error).splitlines()[0]}") from error
    assert isinstance(plain, dict)
    return plain  # type: ignore[return-value]


@rank_zero_only
def _leave_config(config: DictConfig, folder: Path, fresh: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if fresh:
        set_aside(folder)
    temporary = folder / f".{CONFIG}"
    OmegaConf.save(config, temporary)
    os.replace(temporary, folder / CONFIG)


@rank_zero_only
def _say(message: str, *values: object) -> None:
    log.info(message, *values)


def release_memory() -> None:
    """The next job of a multirun starts in this process: give memory back before it."""
    gc.collect()  # trainer and system refer to each other
    torch.compiler.reset()  # graphs, of which a process may have so many of a piece of code
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
