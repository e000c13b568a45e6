"""Base class of all vocoders: log mel in, waveform out, for one mel contract."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from tts.chunks import in_chunks
from tts.contract import Contract, MelContract
from tts.errors import UserError


class VocoderOutput(NamedTuple):
    """A vocoder's output in training, which its losses read."""

    wave: Tensor  # (B, S) generated samples
    spectrum: Tensor | None = None  # (B, T, F) complex, of a vocoder that predicts one
    target: Tensor | None = None  # (B, T, F) complex, the recording's spectrum
    mel: Tensor | None = None  # (B, T, M) log mel, of a codec that decodes one
    commitment: Tensor | None = None  # scalar, of a codec with codebooks
    second: Tensor | None = None  # (B, S) the same with other noise, of a vocoder with noise
    pitch_loss: Tensor | None = None  # scalar, of a vocoder that predicts the pitch of its source


class Vocoder(nn.Module):
    """Maps log mels of its contract to waveforms; T frames give exactly T * hop samples."""

    # frames on either side that the samples of a frame depend on; None: all frames
    context: int | None = None
    predicts_spectrum = False  # whether its output in training has one
    weight_normalized = False  # whether to train with weight normalization

    def __init__(self, contract: MelContract) -> None:
        super().__init__()
        self.contract = contract

    @property
    def sample_rate(self) -> int:
        return self.contract.sample_rate

    def require(self, contract: Contract, owner: str) -> None:
        """Raise ContractError with the fields in which the ``contract`` of ``owner`` differs."""
        self.contract.require(contract, type(self).__name__, owner)

    def forward(self, mel: Tensor) -> Tensor:
        """Map a natural-log mel ``(B, T, M)`` to samples ``(B, T * hop)`` in [-1, 1]."""
        raise NotImplementedError

    def prepare(self, mel: Tensor) -> tuple[Tensor, ...]:
        """Return the arguments of :meth:`forward` at synthesis: the mel, and any noise.

        Each is ``(B, T, ...)``; a stream cuts them into chunks, so all chunks share one noise.
        """
        return (mel,)

    def prepare_pieces(self, pieces: Iterable[Tensor]) -> Iterator[tuple[Tensor, ...]]:
        """Yield :meth:`prepare` of a mel that arrives in pieces, in pieces that may be others."""
        for piece in pieces:
            yield self.prepare(piece)

    def use_bfloat16(self) -> None:
        """Compute in bf16 from now on where the time goes, for synthesis; by default nowhere."""

    def training_output(
        self, mel: Tensor, audio: Tensor, pitch: Tensor | None = None
    ) -> VocoderOutput:
        """Return what the losses read of a clip: log mel ``(B, T, M)``, samples ``(B, T * hop)``.

        ``pitch (B, T)``: of the recording in Hz, 0 = unvoiced, for a vocoder with a source.

        A vocoder with losses of its own, such as on a predicted spectrum, overrides this.
        """
        return VocoderOutput(self(mel))

    def synthesize(self, mel: Tensor, frames: int | None = None) -> Tensor:
        """Return :meth:`forward` of a checked mel, without gradients: ``(B, T * hop)``.

        ``frames``: process that many at a time, with constant memory and the same samples. Raises
        UserError for an invalid mel.
        """
        return torch.cat(list(self.stream(mel, frames)), -1)

    def copy(self, mel: Tensor, waveform: Tensor) -> Tensor:
        """Return the copy of a recording, ``(B, T * hop)``, from its mel ``(B, T, M)``.

        ``waveform (B, S)``: the recording, which a codec encodes itself.
        """
        return self.synthesize(mel)

    def stream(self, mel: Tensor, frames: int | None = None) -> Iterator[Tensor]:
        """Yield the samples of :meth:`synthesize` in chunks ``(B, frames * hop)``."""
        self.check_mel(mel)
        if frames is not None and frames < 1:
            raise UserError(f"frames={frames} must be at least 1")
        total, hop = mel.shape[1], self.contract.hop
        inputs = self.prepare(mel)
        if frames is None or self.context is None or total <= frames:
            with torch.inference_mode():
                wave = self(*inputs).clamp(-1, 1)
            yield wave  # outside of inference mode, which would also hold in the caller
            return
        for start in range(0, total, frames):
            stop = min(start + frames, total)
            before, after = max(start - self.context, 0), min(stop + self.context, total)
            with torch.inference_mode():
                wave = self(*(x[:, before:after] for x in inputs)).clamp(-1, 1)
            yield wave[:, (start - before) * hop : (stop - before) * hop]

    def stream_pieces(
        self, pieces: Iterable[Tensor], frames: int, first: int | None = None
    ) -> Iterator[Tensor]:
        """Yield the samples of a mel that arrives in pieces ``(B, t, M)``, as :meth:`stream` does.

        ``first``: frames of the first chunk, which later ones double up to ``frames``. Samples
        follow as soon as the frames are there that they depend on. A vocoder that is not local
        waits for the last piece.
        """
        if self.context is None:
            yield from self.stream(torch.cat(list(pieces), 1), frames)
            return

        def checked() -> Iterator[Tensor]:
            for piece in pieces:
                self.check_mel(piece)
                yield piece

        def samples(*chunk: Tensor) -> Tensor:
            with torch.inference_mode():
                return self(*chunk).clamp(-1, 1)

        inputs = self.prepare_pieces(checked())
        yield from in_chunks(inputs, samples, self.context, frames, self.contract.hop, first)

    def check_mel(self, mel: Tensor) -> None:
        """Raise UserError unless ``mel`` is ``(B, T, M)`` with T > 0 and finite."""
        bands = self.contract.bands
        if mel.ndim != 3 or mel.shape[2] != bands:
            raise UserError(
                f"{type(self).__name__} needs a mel of shape (utterances, frames, {bands}), not "
                f"{tuple(mel.shape)}"
            )
        if mel.shape[1] == 0:
            raise UserError("the mel has zero frames: nothing can be synthesized")
        if not torch.isfinite(mel).all():
            count = int((~torch.isfinite(mel)).sum())
            raise UserError(f"the mel has {count} values that are NaN or infinite")
