"""Preparation of the corpora of a ``data`` config, without the datamodule and Lightning."""

from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from tts.config.instantiate import InstantiationException, instantiate
from tts.data.corpora.combine import make_corpora
from tts.data.data_settings import DataSettings
from tts.data.embeddings import prepare_embeddings
from tts.data.prepare import prepare
from tts.data.remote import Storage
from tts.errors import UserError, naming_key
from tts.plain_data import PlainData, short
from tts.vocoders.codec import Codec, load_codec

_PARTS = ("source", "corpora", "frontend", "contract", "prepare")
# keys of the datamodule that preparation does not use
_READING = (
    "_target_", "frames_per_batch", "workers", "prefetch", "seed", "clips", "mel_from",
    "reference_seconds", "unseen_speakers", "balance",
)  # fmt: skip


def prepare_from_config(data: DictConfig | PlainData, where: str = "data") -> list[Path]:
    """Prepare the corpora that ``data`` describes, if they are not yet; return their folders.

    ``where`` names the section in a message; that of a run has been checked by
    :mod:`tts.trust`. Raises UserError for a section that is incomplete or describes no corpus.
    """
    if isinstance(data, DictConfig):
        data = OmegaConf.to_container(data, resolve=True)  # type: ignore[assignment]
    needed = (*_PARTS, "prepared_dir", "prepare_workers", "codec")
    if missing := [key for key in needed if not isinstance(data, dict) or key not in data]:
        raise UserError(f"{where}: the key {missing[0]} is missing")
    values = {key: value for key, value in data.items() if key not in _READING}
    try:
        parts = {key: instantiate(values.pop(key)) for key in _PARTS}
    except InstantiationException as error:
        raise UserError(f"{where}: {short(error)}") from error
    cache = values.pop("cache_dir", DataSettings().cache_dir)  # newer than some runs
    storage, workers = Storage(values.pop("prepared_dir"), cache), values.pop("prepare_workers")
    codec, embedded = values.pop("codec"), values.pop("embeddings", False)
    corpora = make_corpora(parts["source"], parts["corpora"], values)  # type: ignore[arg-type]
    folders = prepare(
        corpora, parts["frontend"], parts["contract"], storage, parts["prepare"], workers,
        codec=_load_codec(codec),
    )  # fmt: skip
    for folder in folders if embedded else ():
        prepare_embeddings(folder)
    return folders


def _load_codec(path: str | None) -> Codec | None:
    if path is None:
        return None
    with naming_key("data.codec", path):
        return load_codec(path)
