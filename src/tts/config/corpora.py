"""From the ``data`` part of a config to prepared corpora, without the datamodule and Lightning."""

from pathlib import Path
from typing import Any

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from tts.data.corpora.combine import make_corpora
from tts.data.prepare import prepare
from tts.vocoders.codec import load_codec

_PARTS = ("source", "corpora", "frontend", "contract", "prepare")
_READING = (
    "_target_",
    "frames_per_batch",
    "workers",
    "prefetch",
    "seed",
    "clips",
    "mel_from",
)  # of no concern to preparing


def prepare_from_config(data: DictConfig | dict[str, Any]) -> list[Path]:
    """The folders of the corpora that ``data`` describes, prepared now if they are not yet."""
    if isinstance(data, DictConfig):
        data = OmegaConf.to_container(data, resolve=True)  # type: ignore[assignment]
    values = {key: value for key, value in data.items() if key not in _READING}
    parts = {key: instantiate(values.pop(key), _convert_="all") for key in _PARTS}
    directory, workers = values.pop("prepared_dir"), values.pop("prepare_workers")
    codec = values.pop("codec")
    corpora = make_corpora(parts["source"], parts["corpora"], values)  # type: ignore[arg-type]
    return prepare(
        corpora, parts["frontend"], parts["contract"], directory, parts["prepare"], workers,
        codec=None if codec is None else load_codec(codec),
    )  # fmt: skip
