"""LightningModule that trains a neural codec with discriminators."""

from torch import Tensor

from tts.batch import Clips
from tts.metrics.codebooks import CodebookUse
from tts.systems.vocoder import VocoderSystem
from tts.vocoders.codec import Codec


class CodecSystem(VocoderSystem):
    """Trains a codec as a vocoder, and logs in validation how its codebooks are used.

    ``val/usage_<level>``: share of the codes that occur; ``val/perplexity_<level>``: at most the
    codebook's size; ``val/kbps`` and ``val/kbps_entropy``: kbit/s of the codes, and at the entropy
    of their distribution. Arguments: see ``GANSystem``.
    """

    model: Codec
    use: CodebookUse | None = None  # of the running validation

    @property
    def metric_directions(self) -> dict[str, bool | None]:
        levels = range(1, self.model.codebooks + 1)
        names = [f"val/{name}_{level}" for name in ("usage", "perplexity") for level in levels]
        undirected = dict.fromkeys(("val/kbps", "val/kbps_entropy"))
        return {**super().metric_directions, **dict.fromkeys(names, True), **undirected}

    @property
    def codec(self) -> Codec:
        """The codec that validates and synthesizes."""
        assert isinstance(self.generator, Codec)
        return self.generator

    def forward(self, waveform: Tensor) -> Tensor:
        return self.codec.decode(self.codec.encode(waveform))

    def copy_synthesis(self, batch: Clips) -> Tensor:
        """Return the copies ``(B, S)`` through codes of a batch's recordings; count the codes."""
        codes = self.codec.encode(batch.audio)
        if self.use is not None:
            self.use.add(codes)
        return self.codec.decode(codes)[:, : batch.audio.shape[1]]

    def on_validation_epoch_start(self) -> None:
        self.use = CodebookUse(self.model.codebooks, self.model.codebook_size)

    def on_validation_epoch_end(self) -> None:
        if self.use is None:
            return
        self.use.sum_over_ranks(self.device)
        frames_per_second = self.rate / self.model.hop
        values = {
            "val/kbps": self.model.bits_per_second / 1000,
            "val/kbps_entropy": float(self.use.entropy().sum()) * frames_per_second / 1000,
        }
        by_level = zip(self.use.usage().tolist(), self.use.perplexity().tolist(), strict=True)
        for level, (usage, perplexity) in enumerate(by_level, start=1):
            values |= {f"val/usage_{level}": usage, f"val/perplexity_{level}": perplexity}
        self.log_dict(values)
        self.use = None
