"""LightningModule that trains a neural codec with discriminators."""

import torch
import torch.distributed as dist
from torch import Tensor

from tts.batch import Clips
from tts.systems.vocoder import VocoderSystem


class CodecSystem(VocoderSystem):
    """Trains a codec as a vocoder, and logs in validation how its codebooks are used.

    ``val/usage_<level>``: share of the codes that occur; ``val/perplexity_<level>``: exp of the
    entropy of their distribution, at most the codebook's size. ``val/bits_per_second``: bits of
    the codes at that entropy. Arguments: see ``GANSystem``.
    """

    counts: Tensor | None = None  # (K, V) codes of the running validation

    @property
    def metric_directions(self) -> dict[str, bool | None]:
        levels = range(1, self.model.codebooks + 1)
        names = [f"val/{name}_{level}" for name in ("usage", "perplexity") for level in levels]
        return {
            **super().metric_directions, **dict.fromkeys(names, True), "val/bits_per_second": None,
        }  # fmt: skip

    def forward(self, waveform: Tensor) -> Tensor:
        return self.generator.decode(self.generator.encode(waveform))

    def copy_synthesis(self, batch: Clips) -> Tensor:
        """Return the copies ``(B, S)`` through codes of a batch's recordings; count the codes."""
        codes = self.generator.encode(batch.audio)
        if self.counts is None:
            shape = self.model.codebooks, self.model.codebook_size
            self.counts = torch.zeros(shape, dtype=torch.int64, device=codes.device)
        ones = torch.ones_like(codes[..., 0]).flatten()
        for counts, level in zip(self.counts, codes.flatten(0, 1).T, strict=True):
            counts.index_add_(0, level, ones)
        wave: Tensor = self.generator.decode(codes)
        return wave[:, : batch.audio.shape[1]]

    def on_validation_epoch_end(self) -> None:
        if self.counts is None:
            return
        counts, self.counts = self.counts, None
        if dist.is_available() and dist.is_initialized():
            dist.all_reduce(counts)
        share = counts / counts.sum(1, keepdim=True)
        entropy = torch.special.entr(share).sum(1)  # (K,) nats
        frames_per_second = self.model.sample_rate / self.model.hop
        values = {
            "val/bits_per_second": entropy.sum() / torch.log(torch.tensor(2.0)) * frames_per_second
        }
        for level, (used, nats) in enumerate(zip(counts > 0, entropy, strict=True), start=1):
            values[f"val/usage_{level}"] = used.float().mean()
            values[f"val/perplexity_{level}"] = nats.exp()
        self.log_dict(values, rank_zero_only=False)
