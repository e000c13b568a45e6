"""Base of autoregressive models: read a text by cross-attention, write one step after another.

A subclass decides what a step writes: :mod:`tts.models.autoregressive_mel` mel frames,
:mod:`tts.models.autoregressive_codes` the tokens of a codec. Legend: B utterances, N tokens of the
text, S decoder steps, r frames of a step, T frames, C channels that the prenet reads.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, Any, NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from tts.alignment.aligner import Aligner
from tts.batch import Batch, Prompt
from tts.bounds import Bound, Channels, Depth, Heads, NonNegative, Positive, Share, Temperature
from tts.chunks import in_chunks
from tts.controls import SynthesisControls
from tts.corpus import CorpusFacts
from tts.errors import UserError
from tts.masks import mask_from_lengths
from tts.models.acoustic import Generated, Reading
from tts.models.aligned import Path, aligned, path_of_steps
from tts.models.decoding import History, decode
from tts.models.mel_model import MelModel
from tts.models.sampling import FIXED_SEED, Sampling
from tts.models.speaking import speak_safely
from tts.models.spoken_path import durations_of, failure
from tts.modules.context import Context
from tts.modules.cross_attention import LEAST, CrossAttention
from tts.modules.dropout import without_dropout
from tts.modules.positional import Sinusoidal
from tts.modules.postnet import Postnet
from tts.modules.prenet import Prenet
from tts.modules.stack import MixerWithCross, Stack, StackState
from tts.modules.style import Style, StyleOutput

STREAMED_STEPS = 4  # decoder steps of a streamed piece
Output = TypeVar("Output")


class Parts(NamedTuple):
    """What an autoregressive model consists of; the factories get the arguments in the comments."""

    dim: Channels  # channels of encoder and decoder
    encoder: Callable[..., nn.Module]  # dim, style_dim
    decoder: Callable[..., Stack]  # dim, mixer, style_dim
    mixer: Callable[..., nn.Module]  # dim, positional; causal
    cross_attention: Callable[..., nn.Module]  # dim
    prenet: Callable[..., Prenet]  # bands, dim
    output: Callable[..., "Autoregressive[Any]"] | None = None  # facts, parts; None: mels
    style: Callable[..., Style] | None = None  # facts; None: no conditioning
    postnet: Callable[..., Postnet] | None = None  # bands
    frames_per_step: Annotated[int, Bound(least=1, most=4)] = 2  # frames per decoder step
    # the first heads of the last layers carry the alignment; None: two, or the only one
    alignment_heads: Heads | None = None
    alignment_layers: Depth | None = None
    aligner: Callable[..., Aligner] | None = None  # token_dim, mel_bands; None: given durations
    attention_forcing: Share = 0.5  # share of utterances that read as aligned, in training
    scheduled_sampling: Share = 0.5  # share of utterances that read predictions, in training
    scheduled_sampling_passes: Annotated[int, Bound(least=1)] = 2  # errors add up over so many
    input_noise: NonNegative = 0.0  # standard deviation added to the inputs, in training
    temperature: Temperature = 0.0  # of the sampling in speaking
    max_length: Positive = 30.0  # seconds of an utterance
    forced_order: bool = True  # whether speaking always reads in order, not only after a failure


class Decoded(NamedTuple):
    """What the decoder read and made of an utterance."""

    states: Tensor  # (B, S, dim)
    head_alignments: Tensor  # (B, A, S, N) log-weights of the heads that carry the alignment
    token_mask: Tensor  # (B, N) bool
    style: StyleOutput
    targets: Path | None  # where those heads have to read; None without attention forcing
    log_attention: Tensor | None  # (B, T, N) the aligner's; None without one


def aligned_part(decoder: nn.Module, parts: Parts) -> tuple[int, int]:
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


class Autoregressive(MelModel[Output]):
    """Transformer TTS, assembled from ``parts``.

    ``facts`` size the embeddings and carry the corpus statistics. ``inputs``: channels that the
    prenet reads of the step before; ``outputs``: channels of the projection that a step is written
    from. A subclass implements the methods that raise NotImplementedError.
    """

    reads = True
    delay = 0  # steps until all of a step's frames are written
    fine_temperature = 0.0  # of all codebooks but the first

    def __init__(self, facts: CorpusFacts, parts: Parts, inputs: int, outputs: int) -> None:
        dim = parts.dim
        super().__init__(facts, dim, parts.style)
        self.frames_per_step = parts.frames_per_step
        self.scheduled_sampling, self.input_noise = parts.scheduled_sampling, parts.input_noise
        self.scheduled_sampling_passes = parts.scheduled_sampling_passes
        self.temperature, self.max_length = parts.temperature, parts.max_length
        self.forced_order = parts.forced_order
        self.frames_per_second = facts.contract_of(self.features).frames_per_second
        self.encoder = parts.encoder(dim=dim, style_dim=self.style_dim)
        self.attention_forcing = parts.attention_forcing
        self.aligner = None
        if parts.attention_forcing and parts.aligner is not None:
            self.aligner = parts.aligner(token_dim=dim, mel_bands=facts.contract.bands)
        self.mel_frames_per_frame = facts.contract.frames_per_second / self.frames_per_second
        self.memory_position = Sinusoidal()
        self.memory_position_scale = nn.Parameter(torch.ones(1))
        self.first_frame = nn.Parameter(torch.zeros(inputs))  # in place of an earlier one
        self.prenet = parts.prenet(bands=inputs, dim=dim)
        layers = MixerWithCross(parts.mixer, parts.cross_attention)
        self.decoder = parts.decoder(dim=dim, mixer=layers, style_dim=self.style_dim)
        self.alignment_layers, self.alignment_heads = aligned_part(self.decoder, parts)
        self.project = nn.Linear(dim, outputs)
        self.stop = nn.Linear(dim, 1)

    @property
    def controls(self) -> frozenset[str]:
        return frozenset({"temperature", "candidates"}) | self.style_controls

    def read_by_prenet(self, content: Tensor) -> Tensor:
        """Return what the prenet reads at each step of ``content``, ``(B, S, C)``."""
        raise NotImplementedError

    def predicted_content(self, states: Tensor, content: Tensor) -> Tensor:
        """Return the content that the ``states (B, S, dim)`` predict, shaped as ``content``."""
        raise NotImplementedError

    def next_input(self, frames: Tensor) -> Tensor:
        """Return what the prenet reads after the frames of a step, ``(B, C)``."""
        raise NotImplementedError

    def write(
        self, x: Tensor, history: History, sampling: Sampling, generator: torch.Generator | None
    ) -> tuple[Tensor, Tensor]:
        """``(B, dim)`` -> the frames ``(B, r, ...)`` of a step, their log-likelihood ``(B,)``."""
        raise NotImplementedError

    def complete(self, steps: Iterable[Tensor]) -> Iterator[Tensor]:
        """Yield the frames of ``steps``, each as soon as it is complete."""
        yield from steps

    def finished(self, frames: Tensor, mask: Tensor, controls: SynthesisControls) -> Tensor:
        """Return features ``(B, T, ...)`` from written frames; ``mask (B, T)``."""
        raise NotImplementedError

    def frame_attention(self, head_alignments: Tensor, frames: int) -> Tensor:
        """Return the heads' mean log-weights of each frame: ``(B, A, S, N) -> (B, frames, N)``."""
        attention = head_alignments.exp().mean(1).clamp(min=LEAST)
        return attention.log().repeat_interleave(self.frames_per_step, 1)[:, :frames]

    @property
    def context_frames(self) -> int:
        """Frames on either side that :meth:`finished` needs."""
        return 0

    @torch.inference_mode()
    def generate(self, prompt: Prompt) -> Generated:
        """Speak step by step; an utterance that fails is tried again, then read in forced order."""
        context, sampling = self.begin(prompt)
        spoken, notes = speak_safely(self, context, sampling)
        frame_lengths = spoken.steps * self.frames_per_step
        frame_mask = mask_from_lengths(frame_lengths)
        frames = spoken.frames[:, : frame_mask.shape[1]]
        durations = durations_of(
            spoken.attention, prompt.token_lengths, spoken.steps, self.frames_per_step
        )
        features = self.finished(frames, frame_mask, prompt.controls)
        reading = Reading(spoken.attention, spoken.steps, self.frames_per_step, spoken.failed)
        return Generated(features, frame_lengths, durations, notes=notes, reading=reading)

    @torch.inference_mode()
    def stream(self, prompt: Prompt) -> Iterator[Generated]:
        """Yield the frames of one utterance as they are written, with constant memory.

        What is already spoken cannot be tried again: an utterance that is stuck goes on in forced
        order. Candidates, a beam and a variance scale need the complete utterance.
        """
        context, sampling = self.begin(prompt)
        if max(sampling.candidates, sampling.beam) > 1 or prompt.controls.variance_scale:
            yield self.generate(prompt)
            return

        path: list[Tensor] = []
        stopped = False

        def written() -> Iterator[Tensor]:
            nonlocal stopped
            for step in decode(self, context, sampling, self.forced_order, rescue=True):
                if bool(step.active[0]):
                    path.append(step.attention[0].argmax())
                stopped = stopped or bool(step.stopped[0])
                yield step.frames

        def finished(frames: Tensor) -> Tensor:
            real = torch.ones(frames.shape[:2], dtype=torch.bool, device=frames.device)
            return self.finished(frames, real, prompt.controls)

        pieces = ((frames,) for frames in self.complete(written()))
        size = STREAMED_STEPS * self.frames_per_step
        for features in in_chunks(pieces, finished, self.context_frames, size):
            length = torch.tensor([features.shape[1]], device=features.device)
            yield Generated(features, length)
        if reason := failure(torch.stack(path), prompt.tokens.shape[1], stopped):
            nothing = features[:, :0]
            yield Generated(
                nothing, torch.zeros_like(prompt.token_lengths), notes=(f"speech {reason}",)
            )

    def begin(self, prompt: Prompt) -> tuple[Context, Sampling]:
        """Read the text; return what all decoder steps see, and how they are sampled."""
        self.require_controls(prompt.controls)
        token_mask = mask_from_lengths(prompt.token_lengths, prompt.tokens.shape[1])
        style = self.prompt_style(prompt).vector
        embedded = self.embedded(prompt.tokens, prompt.language, token_mask)
        memory = self.encode(embedded, token_mask, style)
        context = Context(token_mask, memory, token_mask, style)
        sampling = Sampling.of(
            prompt.controls, self.temperature, self.fine_temperature, prompt.generator
        )
        return context, sampling

    def decoded(self, batch: Batch, content: Tensor, step_mask: Tensor) -> Decoded:
        """Read a text and its own earlier ``content`` in one pass (teacher forcing)."""
        token_mask = mask_from_lengths(batch.token_lengths, batch.tokens.shape[1])
        mel = None
        if batch.mel is not None:
            frame_mask = mask_from_lengths(batch.frame_lengths, batch.mel.shape[1])
            mel = self.normalized(batch.mel) * frame_mask[..., None]
        styled = self.training_style(batch, mel)
        style = styled.vector
        embedded = self.embedded(batch.tokens, batch.language, token_mask)
        targets = log_attention = forced = None
        if self.attention_forcing:
            assert mel is not None
            durations, log_attention = aligned(self.aligner, embedded, mel, batch)
            targets = path_of_steps(
                durations, step_mask.shape[1], self.frames_per_step, self.mel_frames_per_frame
            )
            if self.training:
                rows = torch.rand(len(durations), device=durations.device) < self.attention_forcing
                forced = targets.weights * rows[:, None, None]
        memory = self.encode(embedded, token_mask, style)
        context = Context(
            step_mask, memory, token_mask, style, aligned_blocks=self.alignment_layers,
            forced_alignment=forced, forced_heads=self.alignment_heads,
        )  # fmt: skip
        alignments: list[Tensor] = []
        inputs = self._inputs(content, context)

        def keep(log_weights: Tensor) -> None:  # torch.compile cannot trace alignments.append
            alignments.append(log_weights)

        states = self.decoder(inputs, context._replace(report=keep))
        chosen = torch.cat([layer[:, : self.alignment_heads] for layer in alignments], 1)
        return Decoded(states, chosen, token_mask, styled, targets, log_attention)

    def encode(self, embedded: Tensor, mask: Tensor, style: Tensor | None) -> Tensor:
        """Return the memory ``(B, N, dim)`` of embedded tokens.

        Encoded positions tell the decoder which token it reads (Li et al. 2019, section 3.2).
        """
        states = self.encoder(embedded, Context(mask=mask, style=style))
        position = self.memory_position.add(torch.zeros_like(states))
        return states + self.memory_position_scale * position

    def _inputs(self, content: Tensor, context: Context) -> Tensor:
        """Return the decoder's inputs ``(B, S, dim)``."""
        if not self.training:
            return self.prenet(self.read_by_prenet(content), self._fixed_generator())
        if self.scheduled_sampling:
            content = self._with_predictions(content, context)
        return self.prenet(self._noisy(content))

    def _noisy(self, content: Tensor) -> Tensor:
        """Return what the prenet reads in training, ``(B, S, C)``."""
        before = self.read_by_prenet(content)
        if self.input_noise:
            before = before + self.input_noise * torch.randn_like(before)
        return before

    @torch.no_grad()
    def _with_predictions(self, content: Tensor, context: Context) -> Tensor:
        """Replace the content of a share of the utterances by the decoder's own predictions.

        Each pass over all steps in parallel (Mihaylova and Martins 2019, section 3) predicts from
        the predictions of the pass before, so that the errors of as many steps add up.
        """
        content = content.clone()
        passes = self.drawn_passes(len(content))
        count = self.scheduled_sampling_passes if self.sharded else int(passes.max())
        with without_dropout(self.decoder):  # as in speaking; the prenet's is on in both
            for done in range(count):
                chosen = (passes > done).nonzero()[:, 0].to(content.device)
                # a pass without utterances runs on one and changes nothing
                rows = chosen if len(chosen) else chosen.new_zeros(1)
                given = content[rows]
                states = self.decoder(self.prenet(self._noisy(given)), context.rows(rows))
                predicted = self.predicted_content(states, given).to(content.dtype)
                content[chosen] = predicted[: len(chosen)]
        return content

    def drawn_passes(self, utterances: int) -> Tensor:
        """Return how many passes each utterance gets, ``(B,)`` on the CPU; 0: it reads itself."""
        passes = torch.randint(1, self.scheduled_sampling_passes + 1, (utterances,))
        return passes * (torch.rand(utterances) < self.scheduled_sampling)

    def attended(self, state: StackState) -> Tensor:
        """Return the mean weights of the chosen heads in the last step, ``(B, N)``."""
        layers = [block[1].weights for block in state.blocks[-self.alignment_layers :]]
        return torch.cat([layer[:, : self.alignment_heads] for layer in layers], 1).mean(1)

    def _fixed_generator(self) -> torch.Generator:
        return torch.Generator(self.first_frame.device).manual_seed(FIXED_SEED)
