"""Codes of a codec beside mel frames: frame rates, durations, and codes that a prompt gives."""

import torch
from torch import Tensor

from tts.batch import GivenCodes
from tts.contract import CodecContract, MelContract
from tts.errors import UserError
from tts.masks import mask_from_lengths


def frames_per_code(codec: CodecContract, mel: MelContract) -> int:
    """Return the mel frames of one code frame. Raises UserError where it is no whole number."""
    if codec.sample_rate != mel.sample_rate or codec.hop % mel.hop:
        raise UserError(
            f"a code of {codec.name} has {codec.hop} samples at {codec.sample_rate} Hz, and a mel "
            f"frame {mel.hop} at {mel.sample_rate} Hz: prepare the corpus with "
            f"audio.sample_rate={codec.sample_rate} and an audio.hop that divides {codec.hop}"
        )
    return codec.hop // mel.hop


def code_durations(durations: Tensor, stride: int) -> Tensor:
    """Return durations ``(B, N)`` in mel frames as code frames of ``stride`` mel frames.

    The ends are rounded up, so that the sum is the number of code frames; a token within another's
    code frame gets 0.
    """
    ends = -(-torch.cumsum(durations, -1) // stride)
    return torch.diff(ends, dim=-1, prepend=torch.zeros_like(ends[:, :1]))


def kept_frames(given: Tensor, frame_lengths: Tensor, frames: int, stride: int) -> Tensor:
    """Return the mel frames ``(B, frames)`` of the ``given (B, T)`` code frames; all real frames
    of an utterance without any."""
    real = mask_from_lengths(frame_lengths, frames)
    kept = given.repeat_interleave(stride, 1)[:, :frames]
    missing = torch.zeros_like(real)
    missing[:, : kept.shape[1]] = ~kept
    return real & ~(missing & given.any(-1, keepdim=True))


def compacted(mel: Tensor, kept: Tensor) -> tuple[Tensor, Tensor]:
    """Return the ``kept (B, T)`` frames of ``mel (B, T, M)`` one after the other, and how many."""
    order = (~kept).long().argsort(dim=-1, stable=True)
    lengths = kept.sum(-1)
    moved = mel.gather(1, order[..., None].expand_as(mel))
    return moved * mask_from_lengths(lengths, mel.shape[1])[..., None], lengths


def require_fitting(given: GivenCodes, codec: CodecContract, lengths: Tensor) -> None:
    """Raise UserError unless ``given`` are codes of ``codec``, and as many frames as ``lengths``.

    ``lengths (B,)``: code frames that the durations of the text add up to. Raises ContractError
    that names the field for another codec's codes.
    """
    codec.require(given.codec, "the model", "the given codes")
    expected = (len(lengths), int(lengths.max()), codec.codebooks)
    for name in ("codes", "kept"):
        found = tuple(getattr(given, name).shape)
        if found != expected:
            raise UserError(
                f"given.{name} has the shape {found}, and the durations of the text and the codec "
                f"make (utterances, frames, codebooks) = {expected}"
            )
    codes = given.codes[given.kept]
    if codes.numel() and not 0 <= int(codes.min()) <= int(codes.max()) < codec.codebook_size:
        raise UserError(
            f"given.codes must lie in 0..{codec.codebook_size - 1}; these reach from "
            f"{int(codes.min())} to {int(codes.max())}"
        )
