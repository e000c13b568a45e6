"""Bundle of a skipped training step, read from a file that anybody may have written."""

from typing import Any

import torch
from torch import Tensor

from tts.batch import Batch, Clips
from tts.checkpoint import CARD, load_checkpoint, require_card
from tts.errors import UserError
from tts.plain_data import PlainData, quoted, require_plain
from tts.typed_data import conform

# of the fields that a report or the trainer reads; the loss of a skipped step can be NaN
TYPES: dict[str, Any] = {
    "reason": str, "step": int, "utterances": tuple[str, ...], "precision": str,
    "amp_scale": float | None,
}  # fmt: skip
FIELDS = ("batch", "random", "state_dict", "loss", *CARD, *TYPES)
DIMENSIONS = {
    "mel": 3,
    "reference": 3,
    "embedding": 2,
    "codes": 3,
    "durations": 2,
    "pitch": 2,
    "energy": 2,
    "audio": 2,
    "tokens": 2,
}


def read_bundle(path: str) -> PlainData:
    """Return the checked content of a bundle, its batch as a Batch or Clips.

    ``corpus_facts`` is added: its facts as CorpusFacts. Raises a UserError that names the file and
    the field.
    """
    bundle = load_checkpoint(path)
    if missing := [name for name in FIELDS if name not in bundle]:
        raise UserError(f"{path} is no bundle of a skipped step: it lacks {', '.join(missing)}")
    facts = require_card(bundle, path)
    for name, hint in TYPES.items():
        require_plain(bundle[name], f"{path}, {name}")
        conform(bundle[name], hint, f"{path}, {name}")
    if type(bundle["loss"]) not in (int, float):
        raise UserError(f"{path}, loss: expected a number, not {quoted(bundle['loss'])}")
    if bundle["step"] < 0:
        raise UserError(f"{path}, step: expected 0 or more, not {bundle['step']}")
    for name in ("random", "state_dict"):
        _require_tensors(bundle[name], f"{path}, {name}")
    return bundle | {"corpus_facts": facts, "batch": _batch(bundle["batch"], f"{path}, batch")}


def _batch(fields: object, where: str) -> Batch | Clips:
    """Return the batch of ``fields``. Raises UserError for tensors that fit no batch."""
    _require_tensors(fields, where)
    assert isinstance(fields, dict)
    kind = Clips if "audio" in fields else Batch
    needed = set(kind._fields) - set(kind._field_defaults)
    if wrong := sorted(needed - set(fields)) + sorted(set(fields) - set(kind._fields)):
        raise UserError(f"{where}: the field {quoted(wrong[0])} is missing or unknown")
    for name, tensor in fields.items():
        if tensor.ndim != DIMENSIONS.get(name, 1) or len(tensor) != len(fields["frame_lengths"]):
            raise UserError(f"{where}.{name}: does not have the shape of a batch")
    limits = {"token_lengths": "tokens", "frame_lengths": "mel", "code_lengths": "codes",
              "reference_lengths": "reference"}  # fmt: skip
    for name, padded in limits.items():
        if name in fields and padded in fields:
            _require_range(fields[name], fields[padded].shape[1], f"{where}.{name}")
    if "durations" in fields and "mel" in fields:
        _require_range(fields["durations"].sum(1), fields["mel"].shape[1], f"{where}.durations")
        _require_range(fields["durations"], fields["mel"].shape[1], f"{where}.durations")
    return kind(**fields)


def _require_range(lengths: Tensor, most: int, where: str) -> None:
    whole = not lengths.is_floating_point() and not lengths.is_complex()
    if not whole or not bool(((lengths >= 0) & (lengths <= most)).all()):
        raise UserError(f"{where}: expected whole numbers from 0 to {most}")


def _require_tensors(values: object, where: str) -> None:
    if not isinstance(values, dict) or not values:
        raise UserError(f"{where}: expected a mapping of tensors")
    for name, value in values.items():
        dense = isinstance(value, Tensor) and value.layout == torch.strided
        if not isinstance(name, str) or not dense or value.device.type != "cpu":
            raise UserError(f"{where}: {quoted(name)} is not a tensor")
        if value.untyped_storage().nbytes() < value.numel() * value.element_size():
            raise UserError(f"{where}: {quoted(name)} is not a dense tensor")
