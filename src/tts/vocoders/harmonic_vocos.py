"""Vocos with a harmonic-plus-noise source: the network predicts filters, and no absolute phase.

Vocos (Siuzdak 2023) predicts each frame's phases from the half second around it, although they are
sums of the frequency since a sound began. Here a source has these sums
(:class:`~tts.vocoders.harmonic_source.HarmonicSource`), and the network filters it in the STFT
domain: the sum of harmonics and noise of Stylianou 2001, with a harmonic prior as in Wavehax
(Yoneyama et al. 2024).
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from tts.bounds import Channels, Depth, Iterations, Share
from tts.chunks import as_they_come
from tts.contract import MelContract
from tts.vocoders.frame_vocoder import MAX_MAGNITUDE, FrameVocoder
from tts.vocoders.harmonic_source import HarmonicSource
from tts.vocoders.inverse_stft import BLOCK
from tts.vocoders.vocoder import VocoderOutput

TINY = 1e-16  # least square of a magnitude
NOISE_LEVEL = -2.0  # natural log of the gain of the noise at first


class _Filtered(NamedTuple):
    """Filtered impulses and the magnitudes of the noise, ``(B, T, F)`` each."""

    real: Tensor
    imaginary: Tensor
    unvoiced: Tensor


class HarmonicVocos(FrameVocoder):
    """Vocos of ``depth`` ConvNeXt blocks with ``dim`` channels that filters a source.

    The spectrum is ``gain * filter * impulses + gain * noise``, bin by bin: complex filters of the
    impulse train, and magnitudes of a noise of which only the phases are random. The gains are
    those with which either part alone has the mel, so that the network predicts shares.

    ``source(contract)``: makes a :class:`HarmonicSource`; ``hidden``: channels inside a block;
    ``refinements``, ``magnitude_weight``: as in :class:`~tts.vocoders.vocos.Vocos`.
    """

    predicts_spectrum = True

    def __init__(
        self,
        contract: MelContract,
        source: Callable[..., HarmonicSource],
        dim: Channels = 512,
        hidden: Channels = 1536,
        depth: Depth = 8,
        refinements: Iterations = 4,
        magnitude_weight: Share = 0.3,
    ) -> None:
        super().__init__(contract, dim, hidden, depth)
        self.spectrum = nn.Linear(dim, contract.n_fft + 2)
        self.noise = nn.Linear(dim, contract.n_fft // 2 + 1)
        self.add_inversion(refinements, magnitude_weight)
        # the excitation is cut into frames too
        self.context += contract.n_fft // contract.hop // 2 + 1
        self.initialize()
        nn.init.constant_(self.noise.bias, NOISE_LEVEL)
        self.source = source(contract)

    def prepare(self, mel: Tensor) -> tuple[Tensor, ...]:
        """Return the mel and its excitation ``(B, T, 2, hop)``."""
        with torch.no_grad():
            return mel, self.source.excitation(self.source.track(mel))[0]

    def prepare_pieces(self, pieces: Iterable[Tensor]) -> Iterator[tuple[Tensor, ...]]:
        def track(mel: Tensor) -> Tensor:
            with torch.no_grad():
                return self.source.track(mel)

        state = None
        for mel, pitch in as_they_come(pieces, track, self.source.context):
            excitation, state = self.source.excitation(pitch, state)
            yield mel, excitation

    def forward(self, mel: Tensor, excitation: Tensor | None = None) -> Tensor:
        """Map ``(B, T, M)`` to ``(B, T * hop)``.

        ``excitation (B, T, 2, hop)``: of the source; None: that of :meth:`prepare`.
        """
        if excitation is None:
            mel, excitation = self.prepare(mel)
        return self.reconstruct(self.predict_spectrum(mel, excitation), mel)

    def training_output(
        self, mel: Tensor, audio: Tensor, pitch: Tensor | None = None
    ) -> VocoderOutput:
        """Return what the losses read, with a second wave of the same filters and other noise."""
        if pitch is None:
            impulses, pitch_loss = self.prepare(mel)[1][:, :, 0], None
        else:
            impulses, pitch_loss = self.source.training_impulses(mel, pitch)
        cut = self.inverse_stft.cut
        filtered = self._filter_impulses(self._last_states(mel), mel, cut(impulses.flatten(1)))
        noises = (torch.randn_like(impulses).flatten(1) for _ in range(2))
        frames, others = (self._add_noise(filtered, cut(noise)) for noise in noises)
        wave, second = self.reconstruct(frames, mel), self.reconstruct(others, mel)
        spectra = self.target_spectrum(audio, frames)
        return VocoderOutput(wave, *spectra, pitch_loss=pitch_loss, second=second)

    def predict_spectrum(self, mel: Tensor, excitation: Tensor) -> Tensor:
        """Map ``(B, T, M)`` and the excitation to the complex ``(B, T, n_fft // 2 + 1)``."""
        x = self._last_states(mel)
        impulses, noise = (self.inverse_stft.cut(x.flatten(1)) for x in excitation.unbind(2))
        # blocks stay in a CPU's cache, which saves a tenth of the time
        size = BLOCK if mel.device.type == "cpu" else mel.shape[1]
        parts = (whole.split(size, 1) for whole in (x, mel, impulses, noise))
        return torch.cat([self._spectrum_of(*block) for block in zip(*parts, strict=True)], 1)

    def _spectrum_of(self, x: Tensor, mel: Tensor, impulses: Tensor, noise: Tensor) -> Tensor:
        return self._add_noise(self._filter_impulses(x, mel, impulses), noise)

    def _last_states(self, mel: Tensor) -> Tensor:
        """Return what the last layers read, ``(B, T, dim)``."""
        x = self.features(mel)
        with torch.autocast(x.device.type, enabled=False):
            return self.last_norm(x).float()

    # in real numbers: a CPU takes three times as long for complex ones

    def _filter_impulses(self, x: Tensor, mel: Tensor, impulses: Tensor) -> "_Filtered":
        """Filter ``impulses (B, T, n_fft)``, and predict the magnitudes of the noise."""
        with torch.autocast(x.device.type, enabled=False):
            mel = mel.float()
            magnitude, phase = self.spectrum(x).chunk(2, -1)
            real, imaginary, size = self._transformed_part(impulses)
            voiced = magnitude.exp() * self.inverse_mel.band_gains(size, mel)
            unvoiced = self.noise(x).exp() * self.inverse_mel.band_gains(None, mel)
            voiced, unvoiced = (part.clamp(max=MAX_MAGNITUDE) for part in (voiced, unvoiced))
            cosine, sine = voiced * phase.cos(), voiced * phase.sin()
            return _Filtered(
                torch.addcmul(cosine * real, sine, imaginary, value=-1),
                torch.addcmul(cosine * imaginary, sine, real),
                unvoiced,
            )

    def _add_noise(self, filtered: "_Filtered", noise: Tensor) -> Tensor:
        """Return the complex sum of filtered impulses and of ``noise (B, T, n_fft)``."""
        with torch.autocast(noise.device.type, enabled=False):
            real, imaginary, size = self._transformed_part(noise)
            level = filtered.unvoiced / size
            return torch.complex(
                torch.addcmul(filtered.real, level, real),
                torch.addcmul(filtered.imaginary, level, imaginary),
            )

    def _transformed_part(self, frames: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return real part, imaginary part and magnitude of the transform of ``(B, T, n_fft)``.

        Scaled to a peak of 1 for a sinusoid of amplitude 1, which has half the sum of the window.
        """
        window = self.inverse_stft.window
        spectrum = torch.view_as_real(torch.fft.rfft(frames * (window * (2 / window.sum()))))
        real, imaginary = spectrum.unbind(-1)
        square = torch.addcmul(real * real, imaginary, imaginary)
        return real, imaginary, square.clamp(min=TINY).sqrt()
