"""Phone recognizer: the phones of a recording, in any language of the symbol table."""

from collections.abc import Callable, Sequence
from typing import Annotated, NamedTuple

import torch
from torch import Tensor, nn

from tts.batch import Batch
from tts.bounds import Bound, Channels, Count
from tts.corpus import CorpusFacts
from tts.masks import mask_from_lengths
from tts.modules.context import Context
from tts.text.symbol_table import SymbolTable
from tts.text.symbols import LENGTH, MODIFIERS, SILENT, STRESS, TONES

BLANK = 0  # the symbol of padding, which is never spoken
UNCOUNTED = SILENT | frozenset(STRESS + LENGTH + MODIFIERS + TONES)  # marks of phones, not phones


class PhoneOutput(NamedTuple):
    """What the loss and the error rate read."""

    log_probabilities: Tensor  # (B, T, V) of the symbols and, at index 0, of the blank
    lengths: Tensor  # (B,) int64 steps
    phones: Tensor  # (B, N) int64 what is said, padded with 0
    phone_lengths: Tensor  # (B,) int64


class SpectrogramMasks(nn.Module):
    """Replaces bands and spans of a mel by zero in training (SpecAugment, Park et al. 2019).

    ``masks`` of each kind, of up to ``bands`` mel bands and up to ``frames`` frames. Without the
    warp of time.
    """

    def __init__(self, masks: int, bands: int, frames: int) -> None:
        super().__init__()
        self.masks, self.bands, self.frames = masks, bands, frames

    def forward(self, mel: Tensor) -> Tensor:
        """``(B, T, M) -> (B, T, M)``."""
        if not self.training:
            return mel
        for dim, widest in ((1, self.frames), (2, self.bands)):
            for _ in range(self.masks):
                mel = mel.masked_fill(self._spans(mel, dim, widest), 0.0)
        return mel

    @staticmethod
    def _spans(mel: Tensor, dim: int, widest: int) -> Tensor:
        """Return a random span of each utterance along ``dim``, broadcast over the other."""
        size, device = mel.shape[dim], mel.device
        width = (torch.rand(len(mel), 1, device=device) * (min(widest, size) + 1)).floor()
        start = (torch.rand(len(mel), 1, device=device) * (size - width + 1)).floor()
        place = torch.arange(size, device=device)
        inside = (place >= start) & (place < start + width)
        return inside[:, :, None] if dim == 1 else inside[:, None, :]


class PhoneRecognizer(nn.Module):
    """Mel to probabilities of phones, trained with CTC (Graves et al. 2006).

    ``encoder(dim=)`` makes the backbone, of which a step covers ``stride`` frames. The mean of each
    band over an utterance is subtracted, so that a microphone's response does not count. Phones are
    the letters of the symbol table: stress, length, diacritics and tones are marks and not counted.
    ``masks``, ``masked_bands`` and ``masked_frames``: see :class:`SpectrogramMasks`.
    """

    kind = "a phone recognizer"

    def __init__(
        self,
        facts: CorpusFacts,
        encoder: Callable[..., nn.Module],
        dim: Channels = 192,
        stride: Annotated[int, Bound(least=1, most=8)] = 2,
        masks: Annotated[int, Bound(least=0, most=16)] = 2,
        masked_bands: Count = 15,
        masked_frames: Count = 20,
    ) -> None:
        super().__init__()
        self.table, self.stride = SymbolTable(facts.symbols), stride
        self.register_buffer("counted", self.counted_of(facts.symbols), persistent=False)
        self.counted: Tensor
        self.register_buffer("mel_std", torch.tensor(facts.mel_std))
        self.mel_std: Tensor
        self.masks = SpectrogramMasks(masks, masked_bands, masked_frames)
        self.input = nn.Linear(stride * facts.contract.bands, dim)
        self.encoder = encoder(dim=dim)
        self.output = nn.Linear(dim, len(facts.symbols))

    @staticmethod
    def counted_of(symbols: Sequence[str]) -> Tensor:
        """Return which symbols are phones, ``(V,)`` bool."""
        return torch.tensor([symbol not in UNCOUNTED for symbol in symbols])

    def forward(self, batch: Batch) -> PhoneOutput:
        assert batch.mel is not None
        log_probabilities, lengths = self.probabilities(batch.mel, batch.frame_lengths)
        phones, phone_lengths = self.phones_of(batch.tokens, batch.token_lengths)
        return PhoneOutput(log_probabilities, lengths, phones, phone_lengths)

    def probabilities(self, mel: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """``(B, T, M)`` natural-log mels -> log probabilities ``(B, T / stride, V)``, lengths."""
        mask = mask_from_lengths(lengths, mel.shape[1])[..., None]
        mean = (mel * mask).sum(1, keepdim=True) / lengths.clamp(min=1)[:, None, None]
        x = self.masks((mel - mean) / self.mel_std) * mask
        x = nn.functional.pad(x, (0, 0, 0, -x.shape[1] % self.stride))
        x = self.input(x.reshape(len(x), -1, self.stride * x.shape[2]))
        steps = (lengths + self.stride - 1) // self.stride
        x = self.encoder(x, Context(mask=mask_from_lengths(steps, x.shape[1])))
        return self.output(x).float().log_softmax(-1), steps

    def phones_of(self, tokens: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return the phones ``(B, N)`` among ``tokens (B, N)``, padded with 0, and their number."""
        kept = self.counted[tokens] & mask_from_lengths(lengths, tokens.shape[1])
        count = kept.sum(1)
        order = (~kept).to(torch.uint8).argsort(dim=1, stable=True)  # phones first, in their order
        phones = tokens.gather(1, order)
        return phones * mask_from_lengths(count, tokens.shape[1]), count

    def recognize(self, mel: Tensor) -> str:
        """Return the phones of one natural-log mel ``(T, M)``."""
        lengths = torch.tensor([len(mel)], device=mel.device)
        found = recognized(*self.probabilities(mel[None], lengths))[0]
        return self.table.codes(found)

    def phones_in(self, phonemes: str) -> str:
        """Return what counts of a front end's phonemes."""
        counted = self.counted.tolist()
        return self.table.codes(index for index in self.table.ids(phonemes) if counted[index])


def recognized(log_probabilities: Tensor, lengths: Tensor) -> list[list[int]]:
    """Return the most probable symbol of every step, without repetitions and blanks.

    ``(B, T, V)``, ``(B,) -> `` a list of indices per utterance.
    """
    best = log_probabilities.argmax(-1)
    found = []
    for row, length in zip(best, lengths.tolist(), strict=True):
        changes: Sequence[int] = torch.unique_consecutive(row[:length]).tolist()
        found.append([index for index in changes if index != BLANK])
    return found
