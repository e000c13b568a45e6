"""Autoregressive Transformer TTS: tokens to mels, one decoder step after another.

Li et al. 2019, "Neural speech synthesis with Transformer network", after Tacotron 2 (Shen et al.
2018). The main changes: the mixers of encoder and decoder are configurable, one step covers several
frames, the alignment is supervised by guided attention and the forward-sum loss on a few heads, and
a log-variance per band gives the mel a density to sample from.
"""

from collections.abc import Callable, Iterator
from typing import Annotated, NamedTuple

import torch
from torch import Tensor, nn

from tts.batch import Batch, Prompt
from tts.bounds import Bound, Channels, Depth, Heads, NonNegative, Positive, Share, Temperature
from tts.chunks import in_chunks
from tts.corpus import CorpusFacts
from tts.errors import UserError
from tts.masks import mask_from_lengths
from tts.models.acoustic import Diagnostics, Generated, Reading
from tts.models.decoding import FIXED_SEED, SpeakingNoise, decode
from tts.models.mel_model import MelModel
from tts.models.speaking import speak_safely
from tts.models.spoken_path import durations_of, failure
from tts.modules.clamp import returning_clamp
from tts.modules.context import Context
from tts.modules.cross_attention import LEAST, CrossAttention
from tts.modules.positional import Sinusoidal
from tts.modules.postnet import Postnet
from tts.modules.prenet import Prenet
from tts.modules.stack import MixerWithCross, Stack, StackState
from tts.modules.style import Style
from tts.modules.variance_scale import scale_variance

LOG_VARIANCE = (-8.0, 4.0)  # of the normalized mel
STREAMED_STEPS = 4  # decoder steps of a streamed piece


class AutoregressiveOutput(NamedTuple):
    """What the losses read. S decoder steps, A heads that carry the alignment."""

    mel: Tensor  # (B, T, M) natural-log magnitude
    mean: Tensor  # (B, T, M) of the density that is sampled: before the postnet
    log_variance: Tensor  # (B, T, M) of that density
    stop: Tensor  # (B, S) logits of "this step is the last"
    head_alignments: Tensor  # (B, A, S, N) log-weights
    token_mask: Tensor  # (B, N) bool
    frame_mask: Tensor  # (B, T) bool
    step_mask: Tensor  # (B, S) bool
    frames_per_step: int
    mel_before_postnet: Tensor | None = None  # (B, T, M), where there is a postnet


class AutoregressiveParts(NamedTuple):
    """The config choices of an :class:`Autoregressive`. Called with corpus facts, it makes one.

    The factories are called with the arguments in their comments.
    """

    dim: Channels  # channels of encoder and decoder
    encoder: Callable[..., nn.Module]  # dim, style_dim
    decoder: Callable[..., Stack]  # dim, mixer, style_dim
    mixer: Callable[..., nn.Module]  # dim, positional; causal
    cross_attention: Callable[..., nn.Module]  # dim
    prenet: Callable[..., Prenet]  # bands, dim
    style: Callable[..., Style] | None = None  # facts; None: no conditioning
    postnet: Callable[..., Postnet] | None = None  # bands
    frames_per_step: Annotated[int, Bound(least=1, most=4)] = 2  # mel frames per decoder step
    # the first heads of the last layers carry the alignment; None: two, or the only one
    alignment_heads: Heads | None = None
    alignment_layers: Depth | None = None
    scheduled_sampling: Share = 0.0  # share of inputs that are predictions, in training
    input_noise: NonNegative = 0.0  # standard deviation added to normalized inputs, in training
    temperature: Temperature = 0.0  # scale of the noise in speaking
    max_length: Positive = 30.0  # seconds of an utterance

    def __call__(self, facts: CorpusFacts) -> "Autoregressive":
        return Autoregressive(facts, self)


def aligned_part(decoder: nn.Module, parts: AutoregressiveParts) -> tuple[int, int]:
    """Return how many layers of ``decoder``, and how many heads of each, carry the alignment.

    Raises UserError where ``parts`` names more than there are.
    """
    attention = [m for m in decoder.modules() if isinstance(m, CrossAttention)]
    found = {
        "alignment_layers": (parts.alignment_layers, len(attention)),
        "alignment_heads": (parts.alignment_heads, attention[0].heads if attention else 0),
    }
    for name, (given, count) in found.items():
        if attention and given is not None and given > count:  # none: of a class of your own
            raise UserError(f"model.{name}={given}: the decoder has {count}")
    layers, heads = (given or min(2, count or 2) for given, count in found.values())
    return layers, heads


class Autoregressive(MelModel[AutoregressiveOutput]):
    """Transformer TTS, assembled from ``parts``.

    ``facts`` size the embeddings and carry the corpus statistics.
    """

    reads = True

    def __init__(self, facts: CorpusFacts, parts: AutoregressiveParts) -> None:
        dim = parts.dim
        super().__init__(facts, dim, parts.style)
        self.frames_per_step = parts.frames_per_step
        self.scheduled_sampling, self.input_noise = parts.scheduled_sampling, parts.input_noise
        self.temperature, self.max_length = parts.temperature, parts.max_length
        self.frames_per_second = facts.contract.frames_per_second
        self.encoder = parts.encoder(dim=dim, style_dim=self.style_dim)
        self.memory_position = Sinusoidal()
        self.memory_position_scale = nn.Parameter(torch.ones(()))
        self.first_frame = nn.Parameter(torch.zeros(self.bands))  # in place of an earlier one
        self.prenet = parts.prenet(bands=self.bands, dim=dim)
        layers = MixerWithCross(parts.mixer, parts.cross_attention)
        self.decoder = parts.decoder(dim=dim, mixer=layers, style_dim=self.style_dim)
        self.alignment_layers, self.alignment_heads = aligned_part(self.decoder, parts)
        self.project = nn.Linear(dim, 2 * self.frames_per_step * self.bands)
        self.stop = nn.Linear(dim, 1)
        self.postnet = parts.postnet(bands=self.bands) if parts.postnet is not None else None

    @property
    def controls(self) -> frozenset[str]:
        return frozenset({"temperature", "candidates", "variance_scale"})

    def forward(self, batch: Batch) -> AutoregressiveOutput:
        """Predict each step from the recording's frames before it (teacher forcing)."""
        assert batch.mel is not None
        token_mask = mask_from_lengths(batch.token_lengths, batch.tokens.shape[1])
        frame_mask = mask_from_lengths(batch.frame_lengths, batch.mel.shape[1])
        mel = self.normalized(batch.mel) * frame_mask[..., None]
        style = self.style_of(batch.speaker, mel, batch.frame_lengths)
        memory = self._encode(batch.tokens, batch.language, token_mask, style)
        step_mask = frame_mask[:, :: self.frames_per_step]
        context = Context(step_mask, memory, token_mask, style)

        inputs = self._inputs(mel, context)
        alignments: list[Tensor] = []
        wanted = context._replace(alignments=alignments, aligned_blocks=self.alignment_layers)
        states = self.decoder(inputs, wanted)
        mean, log_variance = self._project(states, frame_mask)
        predicted = self.denormalized(mean, frame_mask)
        refined = predicted
        if self.postnet is not None:
            refined = self.denormalized(self.refine(mean, frame_mask), frame_mask)
        return AutoregressiveOutput(
            mel=refined,
            mean=predicted,
            log_variance=log_variance + 2 * self.mel_std.log(),
            stop=self.stop(states).float()[..., 0],
            head_alignments=self._chosen_heads(alignments),
            token_mask=token_mask,
            frame_mask=frame_mask,
            step_mask=step_mask,
            frames_per_step=self.frames_per_step,
            mel_before_postnet=None if self.postnet is None else predicted,
        )

    @torch.inference_mode()
    def generate(self, prompt: Prompt) -> Generated:
        """Speak step by step; an utterance that fails is tried again, then read in forced order."""
        context, noise = self._begin(prompt)
        spoken, notes = speak_safely(self, context, noise)
        frame_lengths = spoken.steps * self.frames_per_step
        frame_mask = mask_from_lengths(frame_lengths)
        mel = spoken.mel[:, : frame_mask.shape[1]] * frame_mask[..., None]
        mel = self.refine(mel, frame_mask)
        if prompt.controls.variance_scale is not None:
            mel = scale_variance(mel, frame_mask, prompt.controls.variance_scale)
        durations = durations_of(
            spoken.attention, prompt.token_lengths, spoken.steps, self.frames_per_step
        )
        mel = self.denormalized(mel, frame_mask)
        reading = Reading(spoken.attention, spoken.steps, self.frames_per_step, spoken.failed)
        return Generated(mel, frame_lengths, durations, notes=notes, reading=reading)

    @torch.inference_mode()
    def stream(self, prompt: Prompt) -> Iterator[Generated]:
        """Yield the frames of one utterance as they are written, with constant memory.

        What is already spoken cannot be tried again: an utterance that is stuck goes on in forced
        order. Candidates and a variance scale need the complete utterance.
        """
        controls = prompt.controls
        if (controls.candidates or 1) > 1 or controls.variance_scale is not None:
            yield self.generate(prompt)
            return
        context, noise = self._begin(prompt)

        path: list[Tensor] = []
        stopped = False

        def written() -> Iterator[tuple[Tensor]]:
            nonlocal stopped
            for step in decode(self, context, noise, rescue=True):
                path.append(step.attention[0].argmax())
                stopped = stopped or bool(step.stopped[0])
                yield (step.frames,)

        def refined(mel: Tensor) -> Tensor:
            real = torch.ones(mel.shape[:2], dtype=torch.bool, device=mel.device)
            return self.denormalized(self.refine(mel, real), real)

        margin = 0 if self.postnet is None else self.postnet.context
        for mel in in_chunks(written(), refined, margin, STREAMED_STEPS * self.frames_per_step):
            yield Generated(mel, torch.tensor([mel.shape[1]], device=mel.device))
        if reason := failure(torch.stack(path), prompt.tokens.shape[1], stopped):
            nothing = mel[:, :0]
            yield Generated(
                nothing, torch.zeros_like(prompt.token_lengths), notes=(f"speech {reason}",)
            )

    def _begin(self, prompt: Prompt) -> tuple[Context, SpeakingNoise]:
        """Read the text; return what all decoder steps see, and the noise."""
        self.require_controls(prompt.controls)
        token_mask = mask_from_lengths(prompt.token_lengths, prompt.tokens.shape[1])
        reference = None if prompt.reference is None else self.normalized(prompt.reference)
        style = self.style_of(prompt.speaker, reference, prompt.reference_lengths)
        memory = self._encode(prompt.tokens, prompt.language, token_mask, style)
        temperature = prompt.controls.temperature
        noise = SpeakingNoise(
            self.temperature if temperature is None else temperature,
            prompt.generator,
            prompt.controls.candidates or 1,
        )
        return Context(token_mask, memory, token_mask, style), noise

    def diagnostics(self, output: AutoregressiveOutput) -> Diagnostics:
        frames = output.mel.shape[1]
        attention = output.head_alignments.exp().mean(1).clamp(min=LEAST)
        each_frame = attention.log().repeat_interleave(self.frames_per_step, 1)[:, :frames]
        return Diagnostics(
            mel=output.mel,
            log_attention=each_frame,
            stop=output.stop,
            stop_lengths=output.step_mask.sum(-1),
        )

    def _encode(
        self, tokens: Tensor, language: Tensor | None, mask: Tensor, style: Tensor | None
    ) -> Tensor:
        """Return the memory ``(B, N, dim)``.

        Encoded positions tell the decoder which token it reads (Li et al. 2019, section 3.2).
        """
        embedded = self.embedded(tokens, language, mask)
        states = self.encoder(embedded, Context(mask=mask, style=style))
        position = self.memory_position.add(torch.zeros_like(states))
        return states + self.memory_position_scale * position

    def _inputs(self, mel: Tensor, context: Context) -> Tensor:
        """Return the decoder's inputs ``(B, S, dim)`` from a normalized mel ``(B, T, M)``."""
        before = self._frames_before(mel)
        if not self.training:
            return self.prenet(before, self._fixed_generator())
        if self.scheduled_sampling:
            before = self._with_predictions(before, mel.shape[1], context)
        if self.input_noise:
            before = before + self.input_noise * torch.randn_like(before)
        return self.prenet(before)

    def _frames_before(self, mel: Tensor) -> Tensor:
        """Return the last frame before each step: ``(B, T, M) -> (B, S, M)``."""
        count = mel[:, :: self.frames_per_step].shape[1] - 1
        earlier = mel[:, self.frames_per_step - 1 :: self.frames_per_step][:, :count]
        first = self.first_frame.expand(len(mel), 1, -1).to(mel.dtype)
        return torch.cat([first, earlier], 1)

    def _with_predictions(self, before: Tensor, frames: int, context: Context) -> Tensor:
        """Replace a share of the inputs by predictions, in two parallel passes (Mihaylova and
        Martins 2019, section 3)."""
        with torch.no_grad():
            states = self.decoder(self.prenet(before), context)
            predicted = self.heads(states)[0][:, :frames]
        chosen = torch.rand(before.shape[:2], device=before.device) < self.scheduled_sampling
        return torch.where(chosen[..., None], self._frames_before(predicted), before)

    def heads(self, states: Tensor) -> tuple[Tensor, Tensor]:
        """``(B, S, dim)`` -> mean and log-variance ``(B, S * r, M)``, normalized, fp32."""
        mean, log_variance = self.project(states).float().chunk(2, -1)
        shape = (len(states), -1, self.bands)
        log_variance = returning_clamp(log_variance, *LOG_VARIANCE)
        return mean.reshape(shape), log_variance.reshape(shape)

    def _project(self, states: Tensor, frame_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log-variance ``(B, T, M)``, normalized, 0 at padding."""
        real = frame_mask[..., None]
        mean, log_variance = self.heads(states)
        frames = frame_mask.shape[1]
        return mean[:, :frames] * real, log_variance[:, :frames] * real

    def refine(self, mel: Tensor, frame_mask: Tensor) -> Tensor:
        """Apply the postnet, if there is one, to a normalized mel ``(B, T, M)``."""
        return mel if self.postnet is None else self.postnet(mel, frame_mask).float()

    def _chosen_heads(self, alignments: list[Tensor]) -> Tensor:
        """Return the alignments of the chosen heads ``(B, A, S, N)``."""
        return torch.cat([layer[:, : self.alignment_heads] for layer in alignments], 1)

    def attended(self, state: StackState) -> Tensor:
        """Return the mean weights of the chosen heads in the last step, ``(B, N)``."""
        layers = [block[1].weights for block in state.blocks[-self.alignment_layers :]]
        return torch.cat([layer[:, : self.alignment_heads] for layer in layers], 1).mean(1)

    def _fixed_generator(self) -> torch.Generator:
        return torch.Generator(self.first_frame.device).manual_seed(FIXED_SEED)
