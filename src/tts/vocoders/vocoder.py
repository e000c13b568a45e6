"""What every vocoder is: mel in, samples out, under one contract."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from tts.audio.mel import MelContract
from tts.errors import UserError


class VocoderOutput(NamedTuple):
    """A vocoder's output in training, which its losses read."""

    wave: Tensor  # (B, S) generated samples
    spectrum: Tensor | None = None  # (B, T, F) complex, of a vocoder that predicts one
    target: Tensor | None = None  # (B, T, F) complex, the recording's spectrum


class Vocoder(nn.Module):
    """Turns log mels of its contract into samples; T frames give exactly T * hop samples."""

    # frames on either side of a frame that its samples can depend on; None: all of them
    context: int | None = None

    def __init__(self, contract: MelContract) -> None:
        super().__init__()
        self.contract = contract

    def require(self, contract: MelContract, theirs: str) -> None:
        """Raise ContractError, naming the fields, when ``theirs`` makes another mel."""
        self.contract.require(contract, type(self).__name__, theirs)

    def forward(self, mel: Tensor) -> Tensor:
        """``(B, T, M)`` natural-log mel -> ``(B, T * hop)`` samples in [-1, 1]."""
        raise NotImplementedError

    def training_output(self, mel: Tensor, audio: Tensor) -> VocoderOutput:
        """Return what the losses read of a clip: log mel ``(B, T, M)``, samples ``(B, T * hop)``.

        A vocoder with losses of its own, such as on a predicted spectrum, overrides this.
        """
        return VocoderOutput(self(mel))

    def speak(self, mel: Tensor, frames: int | None = None) -> Tensor:
        """:meth:`forward` for use, not for training: checked, without gradients.

        ``frames`` at a time: memory then does not grow with the length, and the samples are those
        of the whole. Raises UserError for a mel that is none.
        """
        return torch.cat(list(self.stream(mel, frames)), -1)

    def stream(self, mel: Tensor, frames: int | None = None) -> Iterator[Tensor]:
        """The samples of :meth:`speak`, ``(B, n * hop)`` for every ``frames`` as they are made."""
        self.check(mel)
        if frames is not None and frames < 1:
            raise UserError(f"frames={frames} a piece: give at least 1")
        total, hop = mel.shape[1], self.contract.hop
        if frames is None or self.context is None or total <= frames:
            with torch.inference_mode():
                yield self(mel).clamp(-1, 1)
            return
        for start in range(0, total, frames):
            stop = min(start + frames, total)
            before, after = max(start - self.context, 0), min(stop + self.context, total)
            with torch.inference_mode():
                wave = self(mel[:, before:after]).clamp(-1, 1)
            yield wave[:, (start - before) * hop : (stop - before) * hop]

    def check(self, mel: Tensor) -> None:
        """Raise UserError unless ``mel`` is ``(B, T, M)``, finite, and holds a frame."""
        bands = self.contract.bands
        if mel.ndim != 3 or mel.shape[2] != bands:
            raise UserError(
                f"a mel for {type(self).__name__} has the shape (utterances, frames, {bands}), and "
                f"this one {tuple(mel.shape)}"
            )
        if mel.shape[1] == 0:
            raise UserError("a mel of zero frames cannot be spoken")
        if not torch.isfinite(mel).all():
            count = int((~torch.isfinite(mel)).sum())
            raise UserError(f"the mel holds {count} numbers that are not finite")
