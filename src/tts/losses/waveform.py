"""Spectral losses of waveforms: mel, multi-resolution STFT, amplitude and phase."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tts.audio.mel_filters import mel_filter_bank
from tts.batch import Clips
from tts.bounds import Counts, SampleRate, Share, Windows, require_equal_lengths
from tts.errors import UserError
from tts.losses.term import LossTerm
from tts.vocoders.vocoder import VocoderOutput

FLOOR = 1e-5  # lowest magnitude, before the logarithm


class WaveMelLoss(LossTerm):
    """L1 distance of log mels from 0 Hz to half the sample rate, in natural-log units; a scalar.

    One window: the mel loss of HiFi-GAN (Kong et al. 2020, equation 5), whose band is wider than
    that of the vocoder's input. Several ``windows`` (samples; the hop is a quarter) with as many
    ``bands``: their mean, the multi-scale mel loss of DAC (Kumar et al. 2023, section 3.5).

    Of an output with a second sample of its noise: the mean of both samples' distances to the
    recording, less half of ``repulsion`` times their own. 1 is the energy distance (Gritsenko et
    al. 2020, equation 5), which is least for the distribution of the recordings. At 0 a harmonic is
    nearer to recorded noise than other noise is, and the voice buzzes. In between, noise stands in
    for less of what the model cannot predict yet.
    """

    def __init__(
        self, sample_rate: SampleRate, windows: Windows, bands: Counts, repulsion: Share = 0.5
    ) -> None:
        super().__init__()
        self.repulsion = repulsion
        require_equal_lengths(windows=windows, bands=bands)
        self.windows, self.least_samples = tuple(windows), least_samples(windows)
        for number, (size, count) in enumerate(zip(windows, bands, strict=True)):
            filters = mel_filter_bank(size // 2 + 1, 0.0, sample_rate / 2, count, sample_rate)
            self.register_buffer(f"filters_{number}", filters, persistent=False)  # (F, M)
            self.register_buffer(f"window_{number}", torch.hann_window(size), persistent=False)

    def forward(self, output: VocoderOutput, batch: Clips) -> Tensor:
        real, fake = self._log_mels(batch.audio), self._log_mels(output.wave)
        if output.second is None:
            return _distance(fake, real)
        second = self._log_mels(output.second)
        apart = self.repulsion * _distance(fake, second)
        return (_distance(fake, real) + _distance(second, real) - apart) / 2

    def distance(self, wave: Tensor, target: Tensor) -> Tensor:
        """Return the distance of two waveforms ``(B, S)``; a scalar."""
        return _distance(self._log_mels(wave), self._log_mels(target))

    def _log_mels(self, wave: Tensor) -> list[Tensor]:
        """Return the log mels ``(B, T, M)`` of ``(B, S)``, one for each window."""
        mels = []
        for number, size in enumerate(self.windows):
            window, filters = getattr(self, f"window_{number}"), getattr(self, f"filters_{number}")
            mel = magnitude(wave, size, size // 4, window) @ filters
            mels.append(mel.clamp(min=FLOOR).log())
        return mels


class MultiResolutionSTFT(LossTerm):
    """Spectral convergence and log-magnitude distance at several resolutions, averaged.

    Yamamoto et al. 2020 (Parallel WaveGAN), equations 4 to 7. ``windows`` in samples; a quarter of
    each is the hop.
    """

    def __init__(self, windows: Windows = (512, 1024, 2048)) -> None:
        super().__init__()
        self.windows, self.least_samples = tuple(windows), least_samples(windows)
        for size in windows:
            self.register_buffer(f"window_{size}", torch.hann_window(size), persistent=False)

    def forward(self, output: VocoderOutput, batch: Clips) -> Tensor:
        return self.distance(output.wave, batch.audio)

    def distance(self, wave: Tensor, target: Tensor) -> Tensor:
        """Return the loss between two waveforms ``(B, S)``; a scalar."""
        parts = []
        for size in self.windows:
            window = getattr(self, f"window_{size}")
            fake, real = (magnitude(x, size, size // 4, window) for x in (wave, target))
            convergence = (real - fake).norm(dim=(1, 2)) / real.norm(dim=(1, 2)).clamp(min=FLOOR)
            logarithms = F.l1_loss(fake.clamp(min=FLOOR).log(), real.clamp(min=FLOOR).log())
            parts.append(convergence.mean() + logarithms)
        return torch.stack(parts).mean()


class SpectrumTerm(LossTerm):
    """Base of the terms that compare predicted spectra.

    Raises UserError when it is attached to a vocoder that predicts samples alone.
    """

    def attach(self, model: nn.Module) -> None:
        if getattr(model, "predicts_spectrum", True):
            return
        kind, term = type(model).__name__, type(self).__name__
        raise UserError(
            f"model.loss.weights: {term} needs a predicted spectrum, which this {kind} does not "
            "have; set the weight to 0, or with model=vocos model.head=spectrum"
        )


class AmplitudeLoss(SpectrumTerm):
    """L1 distance of log magnitudes per bin, in natural-log units; a scalar.

    The amplitude loss of APNet (Ai & Ling 2023, section II-C), for a vocoder that predicts a
    spectrum; it does not depend on the phases.
    """

    def forward(self, output: VocoderOutput, batch: Clips) -> Tensor | None:
        if output.spectrum is None or output.target is None:
            return None
        fake, real = (x.abs().clamp(min=FLOOR).log() for x in (output.spectrum, output.target))
        return F.l1_loss(fake, real)


class PhaseLoss(SpectrumTerm):
    """Distance of instantaneous frequency and group delay, in radians; a scalar.

    Both are differences of the phase, over time and over frequency, compared modulo 2 pi
    (anti-wrapping losses of APNet, Ai & Ling 2023, section II-C). The absolute phase is not
    compared, since a mel does not determine it. Bins are weighted by the square root of their
    magnitude: the phase of a silent bin is noise.
    """

    def forward(self, output: VocoderOutput, batch: Clips) -> Tensor | None:
        if output.spectrum is None or output.target is None:
            return None
        fake, real = output.spectrum.angle(), output.target.angle()
        weight = output.target.abs().sqrt()
        parts = []
        for dim in (1, 2):  # over time, over frequency
            error = fake.diff(dim=dim) - real.diff(dim=dim)
            error = (error - 2 * torch.pi * (error / (2 * torch.pi)).round()).abs()
            size = weight.shape[dim] - 1
            loud = torch.minimum(weight.narrow(dim, 1, size), weight.narrow(dim, 0, size))
            parts.append((error * loud).sum() / loud.sum().clamp(min=FLOOR))
        return torch.stack(parts).mean()


class SourcePitchLoss(LossTerm):
    """Cross-entropy of the pitch that a source predicts from the mel, in nats; a scalar.

    See :meth:`HarmonicSource.pitch_loss`.
    """

    def forward(self, output: VocoderOutput, batch: Clips) -> Tensor | None:
        return output.pitch_loss


def _distance(first: Sequence[Tensor], second: Sequence[Tensor]) -> Tensor:
    """Return the mean of the L1 distances of log mels at several resolutions."""
    pairs = zip(first, second, strict=True)
    return torch.stack([F.l1_loss(one, other) for one, other in pairs]).mean()


def least_samples(windows: Sequence[int]) -> int:
    """Return the samples of the shortest wave that ``windows`` fit: reflection pads by a half."""
    return max(windows) // 2 + 1


def magnitude(wave: Tensor, size: int, hop: int, window: Tensor) -> Tensor:
    """Return STFT magnitudes ``(B, T, F)`` of ``(B, S)``, in float32 also under autocast."""
    with torch.autocast(wave.device.type, enabled=False):
        spectrum = torch.stft(
            wave.float(), size, hop, window=window, pad_mode="reflect", return_complex=True
        )
        # the gradient of a square root is infinite at zero, which digital silence is
        power = torch.view_as_real(spectrum).square().sum(-1)
        return (power + 1e-9).sqrt().mT
