"""Vocos with a harmonic-plus-noise source: the network predicts filters, and no absolute phase.

Vocos (Siuzdak 2023) predicts each frame's phases from the half second around it, although they are
sums of the frequency since a sound began. Here a source has these sums
(:class:`~tts.vocoders.harmonic_source.HarmonicSource`), and the network filters it in the STFT
domain: the sum of harmonics and noise of Stylianou 2001, with a harmonic prior as in Wavehax
(Yoneyama et al. 2024).
"""

from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor, nn

from tts.bounds import Channels, Depth, Iterations, Share
from tts.chunks import as_they_come
from tts.contract import MelContract
from tts.vocoders.frame_vocoder import MAX_MAGNITUDE, FrameVocoder
from tts.vocoders.harmonic_source import HarmonicSource
from tts.vocoders.polar import magnitude_of, polar
from tts.vocoders.vocoder import VocoderOutput

NOISE_LEVEL = -2.0  # natural log of the gain of the noise at first


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
        refinements: Iterations = 2,
        magnitude_weight: Share = 0.3,
    ) -> None:
        super().__init__(contract, dim, hidden, depth)
        self.spectrum = nn.Linear(dim, contract.n_fft + 2)
        self.noise = nn.Linear(dim, contract.n_fft // 2 + 1)
        self.add_inversion(refinements, magnitude_weight)
        self.context += (
            contract.n_fft // contract.hop // 2 + 1
        )  # cutting the excitation into frames
        self.initialize()
        nn.init.constant_(self.noise.bias, NOISE_LEVEL)
        self.source = source(contract)

    def prepare(self, mel: Tensor) -> tuple[Tensor, ...]:
        """Return the mel and its excitation ``(B, T, 2, hop)``."""
        parts = zip(*self.prepare_pieces([mel]), strict=True)
        return tuple(torch.cat(part, 1) for part in parts)

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
        pitch_loss = None
        if pitch is None:
            mel, excitation = self.prepare(mel)
        else:
            excitation, pitch_loss = self.source.training_excitation(mel, pitch)
        frames = self.predict_spectrum(mel, excitation)
        wave = self.reconstruct(frames, mel)
        return VocoderOutput(wave, *self.target_spectrum(audio, frames), pitch_loss=pitch_loss)

    def predict_spectrum(self, mel: Tensor, excitation: Tensor) -> Tensor:
        """Map ``(B, T, M)`` and the excitation to the complex ``(B, T, n_fft // 2 + 1)``."""
        x = self.features(mel)
        with torch.autocast(x.device.type, enabled=False):
            x, mel = self.last_norm(x).float(), mel.float()
            magnitude, phase = self.spectrum(x).chunk(2, -1)
            impulses, noise = (
                self.inverse_stft.stft(part.flatten(1)) for part in excitation.unbind(2)
            )
            # a sinusoid of amplitude 1 has a peak of half the sum of the window
            impulses = impulses * (2 / self.inverse_stft.window.sum())
            noise = noise / magnitude_of(noise)
            gains = self.inverse_mel.band_gains
            voiced = magnitude.exp() * gains(magnitude_of(impulses), mel)
            unvoiced = self.noise(x).exp() * gains(torch.ones_like(magnitude), mel)
            voiced, unvoiced = (part.clamp(max=MAX_MAGNITUDE) for part in (voiced, unvoiced))
            return polar(voiced, phase) * impulses + unvoiced * noise
