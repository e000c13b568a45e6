"""Harmonic-plus-noise source of a vocoder, whose phases follow a pitch predicted from the mel.

A phase is the integral of the frequency since a voiced sound began, and a convolution sees half a
second. So the pitch is predicted from the mel and summed over time, which gives the phases of all
harmonics (neural source-filter models, Wang et al. 2019, section II; with the pitch predicted from
the mel, HiFTNet, Li et al. 2023). A vocoder predicts filters of this source.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from tts.bounds import Channels, Depth, Positive
from tts.contract import MelContract
from tts.errors import UserError
from tts.modules.conv import ChannelsLastConv1d
from tts.vocoders.convnext import KERNEL, Blocks

OCTAVE = math.log(2)
CLASSES = 36  # of pitch, per octave
NEIGHBORS = 2  # classes on either side of the likeliest one whose mean is the pitch
TOLERANCE = OCTAVE / 24  # of a predicted pitch in training, beyond which the recording's is taken
NOISE_FRAMES = 256  # after which the noise of synthesis repeats: three seconds
NEAR_PULSE = 1e-4  # cycles from an impulse, where its closed form is 0 / 0


class SourceState(NamedTuple):
    """Where an excitation goes on."""

    frames: int  # so far
    phase: Tensor  # (B,) cycles, float64


class HarmonicSource(nn.Module):
    """Predicts the pitch of a mel, and makes the excitation that follows from it.

    The excitation is an impulse train with all harmonics up to half the sample rate, each of
    amplitude 1, and white noise of standard deviation 1. Both go on in unvoiced frames and in
    silence, where the filters of the vocoder suppress what is not heard: no decision on voicing
    can be wrong. Synthesis takes the same noise in every call, so it is deterministic.

    ``dim``, ``hidden``, ``depth``: channels, inner channels and ConvNeXt blocks of the network that
    predicts the pitch; ``lowest``, ``highest``: Hz, its range. Raises UserError for an empty range.
    """

    def __init__(
        self,
        contract: MelContract,
        dim: Channels = 128,
        hidden: Channels = 256,
        depth: Depth = 3,
        lowest: Positive = 60.0,
        highest: Positive = 520.0,
    ) -> None:
        super().__init__()
        if not lowest < highest <= contract.sample_rate / 4:
            raise UserError(
                f"model.source.lowest={lowest:g} must lie below model.source.highest={highest:g}, "
                f"and that at or below a quarter of the sample rate ({contract.sample_rate / 4:g})"
            )
        self.hop, self.rate = contract.hop, contract.sample_rate
        self.embed = ChannelsLastConv1d(contract.bands, dim, KERNEL, padding=KERNEL // 2)
        self.blocks = Blocks(dim, hidden, depth)
        count = math.ceil(math.log2(highest / lowest) * CLASSES) + 1
        self.classes = nn.Linear(dim, count)
        # the convolutions, and the pitch of the next frame, to which the pitch moves
        self.context = KERNEL // 2 * (depth + 1) + 1
        log_hertz = math.log(lowest) + torch.arange(count) * OCTAVE / CLASSES
        generator = torch.Generator().manual_seed(0)
        noise = torch.randn(NOISE_FRAMES, self.hop, generator=generator)
        place = 2 * (torch.arange(self.hop) + 0.5) / self.hop - 1  # in (-1, 1), 0 = the middle
        weights = torch.stack([(-place).clamp(min=0), 1 - place.abs(), place.clamp(min=0)])
        self.register_buffer("log_hertz", log_hertz, persistent=False)  # (C,)
        self.register_buffer("noise", noise, persistent=False)  # (NOISE_FRAMES, hop)
        self.register_buffer("weights", weights, persistent=False)  # (3, hop) of a track
        self.log_hertz: Tensor
        self.noise: Tensor
        self.weights: Tensor

    def logits(self, mel: Tensor) -> Tensor:
        """Map a log mel ``(B, T, M)`` to scores of the classes of pitch, ``(B, T, C)``."""
        with torch.autocast(mel.device.type, enabled=False):  # a pitch needs four digits
            logits: Tensor = self.classes(self.blocks(self.embed(mel.float())))
        return logits

    def log_pitch(self, logits: Tensor) -> Tensor:
        """Return the natural log of the pitch in Hz, ``(B, T)``, the mean of the likeliest classes.

        As in CREPE (Kim et al. 2018, section 2.2).
        """
        place = torch.arange(logits.shape[-1], device=logits.device)
        near = (place - logits.argmax(-1, keepdim=True)).abs() <= NEIGHBORS
        share = logits.masked_fill(~near, -math.inf).softmax(-1)
        return (share * self.log_hertz).sum(-1)  # no product of matrices: autocast would round it

    def pitch(self, mel: Tensor) -> Tensor:
        """Return the pitch of a log mel, ``(B, T)`` Hz; arbitrary where nothing is voiced."""
        return self.log_pitch(self.logits(mel)).exp()

    def track(self, mel: Tensor) -> Tensor:
        """Return the log of the pitch ``(B, T, 3)`` at start, middle and end of each frame."""
        return moving(self.log_pitch(self.logits(mel)))

    def training_impulses(self, mel: Tensor, recorded: Tensor) -> tuple[Tensor, Tensor]:
        """Return a clip's impulse train ``(B, T, hop)`` and its :meth:`pitch_loss`.

        ``recorded (B, T)``: the recording's pitch in Hz, 0 = unvoiced.
        """
        logits = self.logits(mel)
        train, _ = self.impulse_train(moving(self.corrected(logits, recorded)))
        return train, self.pitch_loss(logits, recorded)

    def corrected(self, logits: Tensor, recorded: Tensor) -> Tensor:
        """Return :meth:`log_pitch`, with the recording's pitch where it differs too much.

        So the filters learn from the first step, before the pitch is right. ``recorded (B, T)`` Hz,
        0 = unvoiced, where any pitch will do.
        """
        predicted, known = self.log_pitch(logits.detach()), recorded.clamp(min=1.0).log()
        wrong = (recorded > 0) & ((predicted - known).abs() > TOLERANCE)
        return torch.where(wrong, known, predicted)

    def pitch_loss(self, logits: Tensor, recorded: Tensor) -> Tensor:
        """Return the cross-entropy of the pitch of the voiced frames, in nats; a scalar.

        ``recorded (B, T)`` Hz, 0 = unvoiced. It is divided between the two nearest classes.
        """
        last = logits.shape[-1] - 1
        place = (recorded.clamp(min=1.0).log() - self.log_hertz[0]) * CLASSES / OCTAVE
        voiced = (recorded > 0) & (place >= 0) & (place <= last)
        lower = place.clamp(0, last - 1).floor()
        share = (place.clamp(0, last) - lower)[..., None]
        index = lower.long()[..., None]
        scores = logits.log_softmax(-1)
        likely = torch.lerp(scores.gather(-1, index), scores.gather(-1, index + 1), share)[..., 0]
        return -(likely * voiced).sum() / voiced.sum().clamp(min=1)

    def excitation(
        self, track: Tensor, state: SourceState | None = None
    ) -> tuple[Tensor, SourceState]:
        """Return impulse train and noise ``(B, T, 2, hop)`` of a track, and where they go on.

        ``track (B, T, 3)``: of :meth:`track`; ``state``: None at the start.
        """
        batch, frames = track.shape[:2]
        done = 0 if state is None else state.frames
        train, phase = self.impulse_train(track, None if state is None else state.phase)
        place = torch.arange(done, done + frames, device=track.device) % NOISE_FRAMES
        noise = self.noise[place].expand(batch, -1, -1)
        return torch.stack([train, noise], 2), SourceState(done + frames, phase)

    def impulse_train(self, track: Tensor, start: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return the impulses ``(B, T, hop)`` of a track ``(B, T, 3)``, and the phase at their end.

        ``start``, and what is returned: ``(B,)`` cycles, float64.
        """
        left, middle, right = (part[..., None] for part in track.unbind(-1))
        hertz = (left * self.weights[0] + middle * self.weights[1] + right * self.weights[2]).exp()
        cycles = (hertz / self.rate).cumsum(-1)  # since the start of the frame
        total = cycles[..., -1].double()  # float32 would lose the phase of a long text
        ends = total.cumsum(1)
        if start is not None:
            ends = ends + start[:, None]
        before = ends - total
        phase = (before - before.floor()).float()[..., None] + cycles
        phase = phase - phase.round()  # cycles from the nearest impulse, in [-1/2, 1/2]
        # the sum of cos(2 pi k phase) over k = 1 ... count, in closed form
        count = (self.rate / 2 / hertz).floor()
        pulse = phase.abs() < NEAR_PULSE
        sine = (math.pi * torch.where(pulse, 0.25, phase)).sin()
        train = ((2 * count + 1) * math.pi * phase).sin() / (2 * sine) - 0.5
        return torch.where(pulse, count, train), ends[:, -1] - ends[:, -1].floor()


def moving(values: Tensor) -> Tensor:
    """Return ``(B, T, 3)`` values at start, middle and end of frames from those in the middle."""
    padded = torch.cat([values[:, :1], values, values[:, -1:]], 1)
    between = (padded[:, 1:] + padded[:, :-1]) / 2
    return torch.stack([between[:, :-1], values, between[:, 1:]], -1)
