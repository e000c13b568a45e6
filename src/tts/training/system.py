"""Construction of the LightningModule: model, losses, optimizer, and which parts are trained."""

import logging
from dataclasses import replace
from pathlib import Path

import lightning.pytorch as pl
from lightning.pytorch.utilities.rank_zero import rank_zero_only
from omegaconf import DictConfig
from torch import nn

from tts.build import build_model, model_arguments
from tts.callbacks.support.trained_system import trained_system
from tts.checkpoint import load_checkpoint, part_of
from tts.config.instantiate import instantiate
from tts.corpus import CorpusFacts, joined_symbols
from tts.data.datamodule import SpeechDataModule
from tts.errors import UserError
from tts.models.acoustic import AcousticModel
from tts.modules.attention import SelfAttention
from tts.optim.optimization import Optimization
from tts.plain_data import PlainData
from tts.training.acceleration import accelerate
from tts.training.distillation import distill
from tts.training.freezing import train_only
from tts.training.pretrained_encoder import require_no_pretrained_encoder, start_encoder
from tts.training.resume import require_same_speech
from tts.training.trainer import optimizes_manually
from tts.training.warm_start import start_from, trained_by
from tts.vocoders.codec import Codec, load_codec
from tts.vocoders.codec_decoder import keep_codec
from tts.vocoders.vocoder import Vocoder
from tts.weights import bounded_by, require_same_shapes

warn = rank_zero_only(logging.getLogger(__name__).warning)

OTHER_MODEL = (
    "the model of this training (choose the model and size of its run, or take what fits of it "
    "with init_from=)"
)


def build_trainable_system(
    config: DictConfig, data: SpeechDataModule, plain: PlainData, checkpoint: Path | None = None
) -> pl.LightningModule:
    """Build the system, compile it, and freeze what ``train_only`` or a distillation freezes.

    ``plain``: the resolved config, kept in every checkpoint. ``checkpoint``: the one to go on from,
    which must have the weights of the model.
    """
    card = {"config": plain, "facts": data.facts.to_dict(), "frontend": data.frontend.to_dict()}
    if checkpoint is None:
        if config.init_from and data.clips is None:
            card["facts"] = trained_by(data.facts, config.init_from).to_dict()
        system = build_system(config, data.facts, card)
    else:
        saved = load_checkpoint(checkpoint, mmap=True)
        before = (saved.get("facts") or {}).get("trained_symbols")
        symbols = joined_symbols(before, data.facts.trained_symbols)
        card["facts"] = replace(data.facts, trained_symbols=symbols).to_dict()
        state = saved["state_dict"]
        with bounded_by(state, str(checkpoint)):
            system = build_system(config, data.facts, card)
        model = trained_system(system).model
        require_same_shapes(model, part_of("model.", state), str(checkpoint), OTHER_MODEL)
    model = trained_system(system).model
    require_used_features(config.data, model)
    _warn_of_missing_order(model)
    if isinstance(model, AcousticModel) and (model.reference != "none" or model.takes_embedding):
        data.use_references(model.takes_embedding)
    accelerate(system, config.trainer.checkpoint_activations, config.trainer.compile)
    if config.distill_from:
        if config.train_only is not None:
            raise UserError("distill_from trains model.flow alone: remove train_only")
        distill(config.distill_from, config.distill_steps, model, data.facts)
    elif config.train_only is not None:
        if not (config.init_from or config.ckpt_path or config.resume):
            raise UserError("train_only: the frozen parts are untrained; add init_from=RUN")
        train_only(model, config.train_only)
    return system


@rank_zero_only
def keep_codec_of(system: pl.LightningModule, data: SpeechDataModule, folder: Path) -> None:
    """Write the codec of a model of codes to its run's folder, so that the run can speak."""
    model = trained_system(system).model
    if isinstance(model, AcousticModel) and model.features == "codes":
        assert data.settings.codec is not None
        keep_codec(Path(data.settings.codec), folder)


def load_initial_weights(
    config: DictConfig, system: pl.LightningModule, data: SpeechDataModule, checkpoint: Path | None
) -> None:
    """Fill the model from its codec and ``init_from``, or check that ``checkpoint`` fits the data.

    Lightning loads the checkpoint itself, together with the optimizer's state.
    """
    model = trained_system(system).model
    vocoder = isinstance(model, Vocoder | Codec)
    if checkpoint is not None:
        require_same_speech(checkpoint, data.facts, mel_only=vocoder)
        return
    if isinstance(model, AcousticModel) and model.features == "codes":
        assert data.settings.codec is not None
        vectors = load_codec(data.settings.codec).code_vectors()
        if vectors is not None:
            model.start_codes(vectors)
    if config.init_from:
        start_from(config.init_from, model, None if vocoder else data.facts)
    if config.get("encoder_from"):
        start_encoder(config.encoder_from, model)
    elif not config.init_from:
        require_no_pretrained_encoder(model)


def require_used_features(data: DictConfig, model: nn.Module) -> None:
    """Raise UserError for features that would be prepared and that ``model`` does not read.

    ``data``: the section of the config.
    """
    acoustic = model if isinstance(model, AcousticModel) else None
    if data.get("codec") is not None and (acoustic is None or acoustic.features != "codes"):
        raise UserError(
            f"data.codec={data.codec}: this model does not predict codes; choose "
            "model=masked_codec, or model=autoregressive model/output=codes, or remove data.codec"
        )
    if data.get("embeddings") and (acoustic is None or not acoustic.takes_embedding):
        raise UserError(
            "data.embeddings=true: no style of this model reads speaker embeddings; choose "
            "model/style=composed model/style/parts=[embedding], or remove data.embeddings"
        )


def build_system(config: DictConfig, facts: CorpusFacts, card: PlainData) -> pl.LightningModule:
    """Build the LightningModule around a model for ``facts``.

    ``card``: the resolved config, facts and front end as plain data, saved in every checkpoint.
    """
    if "discriminators" not in config.system and config.discriminator.get("parts"):
        raise UserError(
            f"the discriminators {', '.join(config.discriminator.parts)} have no use in the system "
            "of this training: choose discriminator=mel_patches for an acoustic model, or none"
        )
    model = build_model(instantiate(model_arguments(card["config"]["model"])), facts)
    coded = isinstance(model, AcousticModel) and model.features == "codes"
    if coded and config.discriminator.get("parts"):
        raise UserError(
            "discriminator=mel_patches compares mels: choose discriminator=none with a model of "
            "codes"
        )
    system = instantiate(config.system)
    optimization = Optimization(instantiate(config.optimizer), instantiate(config.scheduler))
    if optimizes_manually(config):
        optimization = optimization._replace(
            clip=config.trainer.gradient_clip_val, accumulate=config.trainer.accumulate_grad_batches
        )
    return system(
        model=model,
        loss=instantiate(config.model.loss),
        optimization=optimization,
        card=card,
    )


def _warn_of_missing_order(model: nn.Module) -> None:
    """Warn of attention that gives the same result for any order of its input."""
    attention = {n: m for n, m in model.named_modules() if isinstance(m, SelfAttention)}
    parts = dict.fromkeys(n.split(".blocks")[0] for n, m in attention.items() if not m.knows_order)
    if parts:
        warn(
            "%s: attention without positions does not know the order of its input; choose "
            "model/positional=default, rope, alibi or sinusoidal", ", ".join(parts),
        )  # fmt: skip
