"""Preparation of the corpora of a ``data`` config, without the datamodule and Lightning."""

from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from tts.config.instantiate import instantiate
from tts.data.corpora.combine import make_corpora
from tts.data.prepare import prepare
from tts.plain_data import PlainData
from tts.vocoders.codec import load_codec

_PARTS = ("source", "corpora", "frontend", "contract", "prepare")
# keys of the datamodule that preparation does not use
_READING = ("_target_", "frames_per_batch", "workers", "prefetch", "seed", "clips", "mel_from")


def prepare_from_config(data: DictConfig | PlainData) -> list[Path]:
    """Prepare the corpora that ``data`` describes, if they are not yet; return their folders."""
    if isinstance(data, DictConfig):
        data = OmegaConf.to_container(data, resolve=True)  # type: ignore[assignment]
    values = {key: value for key, value in data.items() if key not in _READING}
    parts = {key: instantiate(values.pop(key)) for key in _PARTS}
    directory, workers = values.pop("prepared_dir"), values.pop("prepare_workers")
    codec = values.pop("codec")
    corpora = make_corpora(parts["source"], parts["corpora"], values)  # type: ignore[arg-type]
    return prepare(
        corpora, parts["frontend"], parts["contract"], directory, parts["prepare"], workers,
        codec=None if codec is None else load_codec(codec),
    )  # fmt: skip
