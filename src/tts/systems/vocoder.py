"""The LightningModule around a vocoder and its judges."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from tts.audio.bandwidth import limit_band
from tts.batch import Clips
from tts.discriminators.base import DiscriminatorOutput
from tts.losses.waveform import MultiResolutionSTFT, WaveMelLoss
from tts.losses.weighted import WeightedLoss
from tts.metrics.pesq import pesq, pesq_available
from tts.systems.gan import GANSystem
from tts.vocoders.vocoder import Vocoder
from tts.vocoders.vocos import Vocos
from tts.vocoders.weight_norm import normalize_weights


class VocoderOutput(NamedTuple):
    """What the losses read."""

    wave: Tensor  # (B, S) as generated
    real: dict[str, DiscriminatorOutput] | None = None  # None while no judge is at work
    fake: dict[str, DiscriminatorOutput] | None = None
    spectrum: Tensor | None = None  # (B, T, F) complex, of a vocoder that makes one
    target: Tensor | None = None  # (B, T, F) complex, the recording's


class VocoderSystem(GANSystem):
    """Trains a vocoder on clips: mels and their samples. Arguments as in :class:`GANSystem`."""

    def __init__(
        self,
        model: Vocoder,
        loss: WeightedLoss,
        optimizer: Callable[..., torch.optim.Optimizer],
        scheduler: Callable[..., torch.optim.lr_scheduler.LRScheduler],
        card: Mapping[str, Any] | None = None,
        discriminators: Mapping[str, Callable[..., nn.Module]] | None = None,
        averaging: float = 0.999,
        **settings: Any,
    ) -> None:
        rate = model.contract.sample_rate
        super().__init__(
            normalize_weights(model), loss, optimizer, scheduler, card, discriminators,
            {"sample_rate": rate}, averaging=averaging, **settings,
        )  # fmt: skip
        self.rate = rate
        self.mel_distance = WaveMelLoss(rate, (1024,), (100,))
        self.stft_distance = MultiResolutionSTFT()

    @property
    def metric_directions(self) -> dict[str, bool | None]:
        """Of what a validation measures beside distances: whether more is better."""
        return {"val/pesq": True} if pesq_available() else {}

    def forward(self, mel: Tensor) -> Tensor:
        return self.generator(mel)

    def training_step(self, batch: Clips, batch_idx: int) -> None:
        spectrum = target = None
        if isinstance(self.model, Vocos):
            frames = self.model.predict_spectrum(batch.mel)
            wave = self.model.reconstruct(frames, batch.mel)
            # a clip's first and last windows reach into what was cut off
            edge = self.model.contract.n_fft // self.model.contract.hop // 2
            spectrum = frames[:, edge:-edge]
            target = self.model.inverse_stft.stft(batch.audio)[:, edge:-edge]
        else:
            wave = self.model(batch.mel)
        if (limited := self._limited(batch)) is not None:
            # what a recording could not hold is neither asked for nor forbidden
            wave, batch = limited(wave), batch._replace(audio=limited(batch.audio))
            if spectrum is not None and target is not None:
                bins = torch.linspace(0, self.rate / 2, spectrum.shape[-1], device=wave.device)
                known = bins < batch.bandwidth[:, None, None]  # type: ignore[index]
                spectrum = torch.where(known, spectrum, target)
        output = VocoderOutput(wave, None, None, spectrum, target)
        self.adversarial_step(batch, batch_idx, output, wave, batch.audio)

    def _limited(self, batch: Clips) -> Callable[[Tensor], Tensor] | None:
        """What ends a wave where its recording ends, if any in the batch has less than all."""
        if batch.bandwidth is None or not bool((batch.bandwidth < self.rate / 2).any()):
            return None
        return partial(limit_band, cutoff=batch.bandwidth, sample_rate=self.rate)

    def validation_step(self, batch: Clips, batch_idx: int) -> Tensor:
        """Copy-synthesis of a recording: how far the copy is from it."""
        wave = self.generator(batch.mel).float()
        if (limited := self._limited(batch)) is not None:
            wave, batch = limited(wave), batch._replace(audio=limited(batch.audio))
        values = {
            "val/mel": self.mel_distance.distance(wave, batch.audio),
            "val/stft": self.stft_distance.distance(wave, batch.audio),
        }
        self.log_dict(values, batch_size=len(wave), sync_dist=True, on_epoch=True, on_step=False)
        if pesq_available():
            opinion = pesq(batch.audio[0], wave[0], self.rate)
            # a clip in which it finds no speech does not count, on whichever rank it is
            self.log("val/pesq", opinion or 0.0, batch_size=0 if opinion is None else len(wave),
                     sync_dist=True, on_epoch=True, on_step=False)  # fmt: skip
        return wave
