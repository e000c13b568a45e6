"""Trial construction of a system without memory, before a corpus is prepared for it.

Constraints between values (``heads`` must divide ``dim``) are checked by the constructors of the
parts. Preparing a corpus can take hours: the trial reports them before, with the keys to change.
"""

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import lightning.pytorch as pl
import torch
from omegaconf import DictConfig
from torch import nn

from tts.callbacks.support.trained_system import trained_system
from tts.config.instantiate import instantiate
from tts.config.value_checks import shown, source_key
from tts.contract import MelContract
from tts.corpus import CorpusFacts, SpeakerStatistics
from tts.errors import UserError, naming_key
from tts.plain_data import PlainData
from tts.text.symbols import SYMBOLS
from tts.training.model_memory import require_memory
from tts.training.system import build_system, require_used_features
from tts.vocoders.codec import load_codec

log = logging.getLogger(__name__)
BUILT = ("model", "system", "optimizer", "scheduler", "audio", "data")  # read by the trial
TRAINING_PARTS = ("loss", "discriminators")  # that take training clips
KEYS = 4  # in a message, at most


def require_buildable(config: DictConfig, plain: PlainData, trainer: pl.Trainer) -> None:
    """Raise UserError for values that contradict each other, and for a model too large to train.

    ``plain`` is ``config`` resolved. A class of your own that needs real values while it is built
    is not tried.
    """
    try:
        system = build_on_meta(config, plain)
        _require_long_clips(plain, system)
        require_used_features(config.data, trained_system(system).model)
    except UserError as error:
        raise UserError(with_keys(str(error), config, plain)) from error
    except (RuntimeError, NotImplementedError) as error:
        log.debug("the model is not tried before the corpus is prepared: %s", error)
        return
    require_memory(config, system, trainer)


def build_on_meta(config: DictConfig, plain: PlainData) -> pl.LightningModule:
    """Build the system of ``config`` for a small corpus, with shapes and without values."""
    facts = placeholder_facts(instantiate(config.audio))
    if (codec := plain["data"].get("codec")) is not None:
        with naming_key("data.codec", codec):
            facts = replace(facts, codec=load_codec(codec).contract)
    with torch.random.fork_rng(devices=[]), torch.device("meta"):
        return build_system(config, facts, {"config": plain})


def placeholder_facts(contract: MelContract) -> CorpusFacts:
    """Return facts of a corpus of two speakers, one language and all symbols."""
    statistics = SpeakerStatistics(5.0, 0.2, 0.0, 1.0, 3600.0)
    return CorpusFacts(
        contract=contract,
        symbols=SYMBOLS,
        speakers=("a", "b"),
        languages=("en-us",),
        statistics=(statistics, statistics),
        speaker_languages=(0, 0),
        mel_mean=0.0,
        mel_std=1.0,
        has_durations=True,
    )


def with_keys(message: str, config: DictConfig, plain: PlainData) -> str:
    """Add the full keys of the settings that ``message`` names as ``name=value``."""
    named = dict(re.findall(r"\b([a-z]\w*)=(\[[^\]]*\]|[^\s,;:()\[]+)", message))
    keys = {
        source_key(config, key)
        for part in BUILT
        for key, value in _settings(plain.get(part), part)
        if named.get(key.rpartition(".")[2], "").replace(" ", "") == shown(value)
    }
    lacking = sorted(key for key in keys if key not in message)
    return f"{message} ({', '.join(lacking[:KEYS])})" if lacking else message


def _settings(node: object, key: str) -> Iterator[tuple[str, object]]:
    """Yield the values below ``node`` that are no sections, with their full keys."""
    if isinstance(node, Mapping):
        for name, child in node.items():
            yield from _settings(child, f"{key}.{name}")
    else:
        yield key, node


def _require_long_clips(plain: PlainData, system: pl.LightningModule) -> None:
    """Raise UserError where a loss or a discriminator needs longer waves than the clips are."""
    clips = plain["data"].get("clips")
    if not isinstance(clips, Mapping):
        return
    hop = plain["audio"]["hop"]
    trained = [part for name, part in system.named_children() if name in TRAINING_PARTS]
    for name, parts in (("frames", trained), ("validation_frames", list(system.children()))):
        needed, part = _longest_need(parts)
        if clips[name] * hop < needed:
            raise UserError(
                f"data.clips.{name}={clips[name]} make {clips[name] * hop} samples, and "
                f"{part} needs {needed}: choose at least {-(-needed // hop)}, or shorter windows"
            )


def _longest_need(parts: Iterable[nn.Module]) -> tuple[int, str]:
    """Return the most samples that a module of ``parts`` needs, and the name of its class."""
    needs = [
        (needed, type(module).__name__)
        for part in parts
        for module in part.modules()
        if isinstance(needed := getattr(module, "least_samples", None), int)
    ]
    return max(needs, default=(0, ""))
