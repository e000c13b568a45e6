"""LightningModule that trains a vocoder with discriminators."""

from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import Tensor, nn

from tts.audio.bandwidth import limit_band
from tts.batch import Clips
from tts.bounds import ShareBelowOne, Steps
from tts.losses.waveform import MultiResolutionSTFT, WaveMelLoss
from tts.losses.weighted import WeightedLoss
from tts.metrics.pesq import pesq, pesq_available
from tts.optim.optimization import Optimization
from tts.systems.gan import GANSystem
from tts.vocoders.codec import Codec
from tts.vocoders.vocoder import Vocoder
from tts.vocoders.weight_norm import normalize_weights


class VocoderSystem(GANSystem):
    """Trains a vocoder on clips: mels and their samples. Arguments: see ``GANSystem``."""

    model: Vocoder | Codec

    def __init__(
        self,
        model: Vocoder | Codec,
        loss: WeightedLoss,
        optimization: Optimization,
        discriminators: Mapping[str, Callable[..., nn.Module]] | None,
        adversarial_from_step: Steps,
        averaging: ShareBelowOne,
        card: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(
            normalize_weights(model), loss, optimization, discriminators, adversarial_from_step,
            averaging, card,
        )  # fmt: skip
        self.rate = model.sample_rate
        self.mel_distance = WaveMelLoss(self.rate, (1024,), (100,))
        self.stft_distance = MultiResolutionSTFT()

    def discriminator_kwargs(self) -> dict[str, object]:
        return {"sample_rate": self.model.sample_rate}

    @property
    def metric_directions(self) -> dict[str, bool | None]:
        """Whether higher is better, for validation metrics that are not distances."""
        return {"val/pesq": True} if pesq_available() else {}

    def forward(self, mel: Tensor) -> Tensor:
        return self.generator(mel)

    def copy_synthesis(self, batch: Clips) -> Tensor:
        """Return the copies ``(B, S)`` of a batch's recordings, from their mels."""
        return self.generator(batch.mel)

    def training_step(self, batch: Clips, batch_idx: int) -> None:
        output = self.model.training_output(batch.mel, batch.audio, batch.pitch)
        bandwidth = batch.bandwidth
        if bandwidth is not None and (limit := self._band_limit(batch)) is not None:
            # above its recording's bandwidth a clip has no target: the losses ignore that part
            batch = batch._replace(audio=limit(batch.audio))
            second = None if output.second is None else limit(output.second)
            output = output._replace(wave=limit(output.wave), second=second)
            if output.spectrum is not None and output.target is not None:
                bins = output.spectrum.shape[-1]
                hertz = torch.linspace(0, self.rate / 2, bins, device=output.wave.device)
                recorded = hertz < bandwidth[:, None, None]
                spectrum = torch.where(recorded, output.spectrum, output.target)
                output = output._replace(spectrum=spectrum)
        self.adversarial_step(batch, batch_idx, output, output.wave, batch.audio)

    def _band_limit(self, batch: Clips) -> Callable[[Tensor], Tensor] | None:
        """Return the low-pass filter at each clip's bandwidth; None if all clips are full-band."""
        if batch.bandwidth is None:  # decided where it is read: a look at the values would wait
            return None
        return partial(limit_band, cutoff=batch.bandwidth, sample_rate=self.rate)

    def validation_step(self, batch: Clips, batch_idx: int) -> Tensor:
        """Log the distance of a copy-synthesis from its recording; return the copy ``(B, S)``."""
        wave = self.copy_synthesis(batch).float()
        if (limit := self._band_limit(batch)) is not None:
            wave, batch = limit(wave), batch._replace(audio=limit(batch.audio))
        values = {
            "val/mel": self.mel_distance.distance(wave, batch.audio),
            "val/stft": self.stft_distance.distance(wave, batch.audio),
        }
        self.log_dict(values, batch_size=len(wave), sync_dist=True, on_epoch=True, on_step=False)
        if pesq_available():
            score = pesq(batch.audio[0], wave[0], self.rate)
            # a clip in which PESQ finds no speech has weight 0: every rank must log
            self.log("val/pesq", score or 0.0, batch_size=0 if score is None else len(wave),
                     sync_dist=True, on_epoch=True, on_step=False)  # fmt: skip
        return wave
