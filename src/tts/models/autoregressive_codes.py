"""Autoregressive model of codec tokens, with the delay pattern over the codebooks.

After Copet et al. 2023 (MusicGen, section 2): the embeddings of a step's tokens are summed over the
codebooks, and one head per codebook predicts the tokens of the next step. Legend: B utterances, T
frames, S decoder steps, r frames of a step, K codebooks, V entries of a codebook.
"""

from collections.abc import Iterable, Iterator
from types import MappingProxyType
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tts.batch import Batch
from tts.bounds import Temperature
from tts.codebooks import spread_vectors
from tts.controls import SynthesisControls
from tts.corpus import CorpusFacts
from tts.errors import UserError
from tts.masks import mask_from_lengths
from tts.models.acoustic import Diagnostics
from tts.models.aligned import Path
from tts.models.autoregressive_base import Autoregressive, Parts
from tts.models.decoding import History
from tts.models.delay_pattern import delayed, undelayed
from tts.models.mel_model import STYLE_CONTROLS
from tts.models.sampling import Sampling
from tts.models.token_choice import chosen, penalized
from tts.modules.style import StyleOutput


class CodesOutput(NamedTuple):
    """What the losses read. S' = S + K - 1 delayed steps, A heads that carry the alignment."""

    logits: Tensor  # (B, S', r, K, V)
    tokens: Tensor  # (B, S', r, K) int64 the delayed codes; V where there is none
    stop: Tensor  # (B, S') logits of "this step of the first codebook is the last"
    head_alignments: Tensor  # (B, A, S', N) log-weights
    token_mask: Tensor  # (B, N) bool
    frame_mask: Tensor  # (B, T) bool
    step_mask: Tensor  # (B, S') bool, the steps of the first codebook
    frames_per_step: int
    targets: Path | None = None  # where the heads have to read, with attention forcing
    log_attention: Tensor | None = None  # (B, T, N) the aligner's
    style: StyleOutput = StyleOutput(None)


class AutoregressiveCodes(Autoregressive[CodesOutput]):
    """A step writes ``frames_per_step`` frames of a codec's tokens, codebook k with a delay of k.

    The codec is that of ``facts``; every frame of a step has heads and embeddings of its own.
    ``fine_temperature``: of all codebooks but the first, in speaking.
    """

    features = "codes"
    optional_controls = MappingProxyType({**STYLE_CONTROLS, "variance_scale": "model/output=mel"})

    def __init__(
        self, facts: CorpusFacts, parts: Parts, fine_temperature: Temperature = 0.0
    ) -> None:
        if facts.codec is None:
            raise UserError(
                "model/output=codes predicts the tokens of a codec: set data.codec to the folder "
                "of a codec's voice or run"
            )
        if parts.postnet is not None:
            raise UserError("model/postnet refines mels: choose model/postnet=none with codes")
        self.codebooks, self.entries = facts.codec.codebooks, facts.codec.codebook_size
        self.tables = parts.frames_per_step * self.codebooks
        super().__init__(facts, parts, parts.dim, self.tables * self.entries)
        self.fine_temperature = fine_temperature
        self.delay = self.codebooks - 1
        # one table for each frame of a step and codebook; the last entry of each: no token
        self.embed_codes = nn.Embedding(self.tables * (self.entries + 1), parts.dim)
        nn.init.normal_(self.embed_codes.weight, std=self.tables**-0.5)

    @torch.no_grad()
    def start_codes(self, vectors: Tensor) -> None:
        tables = vectors.repeat(self.frames_per_step, 1, 1)
        table = self.embed_codes.weight.unflatten(0, (self.tables, -1))
        dim = table.shape[-1]
        table[:, : self.entries] = self.tables**-0.5 * spread_vectors(tables, dim)
        rows = spread_vectors(tables, dim).flatten(0, 1)
        self.project.weight.copy_(rows * self.project.weight.std() / rows.std())

    @property
    def controls(self) -> frozenset[str]:
        own = {"fine_temperature", "top_k", "top_p", "repetition_penalty", "beam"}
        return super().controls | own

    def forward(self, batch: Batch) -> CodesOutput:
        """Predict each step from the recording's tokens before it (teacher forcing)."""
        assert batch.codes is not None
        assert batch.code_lengths is not None
        frame_mask = mask_from_lengths(batch.code_lengths, batch.codes.shape[1])
        codes = batch.codes.masked_fill(~frame_mask[..., None], self.entries)
        padding = -codes.shape[1] % self.frames_per_step
        codes = F.pad(codes, (0, 0, 0, padding), value=self.entries)
        tokens = delayed(codes.unflatten(1, (-1, self.frames_per_step)), self.entries)
        step_mask = F.pad(frame_mask[:, :: self.frames_per_step], (0, self.delay))
        steps = step_mask.sum(-1) + self.delay
        real = mask_from_lengths(steps, tokens.shape[1])
        decoded = self.decoded(batch, tokens, real)
        return CodesOutput(
            logits=self.logits(decoded.states),
            tokens=tokens,
            stop=self.stop(decoded.states).float()[..., 0],
            head_alignments=decoded.head_alignments,
            token_mask=decoded.token_mask,
            frame_mask=frame_mask,
            step_mask=step_mask,
            frames_per_step=self.frames_per_step,
            targets=decoded.targets,
            log_attention=decoded.log_attention,
            style=decoded.style,
        )

    def diagnostics(self, output: CodesOutput) -> Diagnostics:
        frames = output.frame_mask.shape[1]
        right = (output.logits.argmax(-1) == output.tokens).sum((0, 1, 2))
        count = (output.tokens < self.entries).sum((0, 1, 2))
        return Diagnostics(
            log_attention=self.frame_attention(output.head_alignments, frames),
            stop=output.stop,
            stop_lengths=output.step_mask.sum(-1),
            token_accuracy=right / count,
            code_lengths=output.frame_mask.sum(-1),
        )

    def logits(self, states: Tensor) -> Tensor:
        """``(B, ..., dim)`` -> ``(B, ..., r, K, V)`` fp32."""
        shape = (self.frames_per_step, self.codebooks, self.entries)
        return self.project(states).float().unflatten(-1, shape)

    def read_by_prenet(self, content: Tensor) -> Tensor:
        """Return the embedded tokens before each step: ``(B, S, r, K) -> (B, S, dim)``."""
        earlier = self.embedded_tokens(content[:, :-1])
        first = self.first_frame.expand(len(content), 1, -1).to(earlier.dtype)
        return torch.cat([first, earlier], 1)

    def predicted_content(self, states: Tensor, content: Tensor) -> Tensor:
        likeliest = self.logits(states).argmax(-1)
        return torch.where(content < self.entries, likeliest, self.entries)

    def next_input(self, frames: Tensor) -> Tensor:
        return self.embedded_tokens(frames)

    def embedded_tokens(self, tokens: Tensor) -> Tensor:
        """``(..., r, K)`` -> the sum of their embeddings ``(..., dim)``."""
        first = (self.entries + 1) * torch.arange(self.tables, device=tokens.device)
        return self.embed_codes(tokens.flatten(-2) + first).sum(-2)

    def write(
        self, x: Tensor, history: History, sampling: Sampling, generator: torch.Generator | None
    ) -> tuple[Tensor, Tensor]:
        """``(B, dim)`` -> tokens ``(B, r, K)``, V where none is due; nats in the mean over them."""
        log_probs = self.token_log_probs(x, history, sampling)
        fine = sampling._replace(temperature=sampling.fine_temperature)
        tokens = torch.cat(
            [
                chosen(log_probs[:, :, :1], sampling, generator),
                chosen(log_probs[:, :, 1:], fine, generator),
            ],
            2,
        )
        found = log_probs.gather(-1, tokens[..., None])[..., 0]
        due = self.due(history)
        likelihood = (found * due).sum((1, 2)) / (due.sum((1, 2)) * self.frames_per_step).clamp(1)
        return torch.where(due, tokens, self.entries), likelihood

    def token_log_probs(self, x: Tensor, history: History, sampling: Sampling) -> Tensor:
        """``(B, dim)`` -> log-probabilities ``(B, r, K, V)``, with the penalty for repetition."""
        log_probs = self.logits(x).log_softmax(-1)
        return penalized(log_probs, history.recent, sampling.repetition_penalty)

    def due(self, history: History) -> Tensor:
        """Return the codebooks that a step writes, ``(B, 1, K)``: those that have begun and, behind
        the end of the first, have not ended."""
        k = torch.arange(self.codebooks, device=history.after_end.device)
        return ((k <= history.step) & (k >= history.after_end[:, None]))[:, None]

    def complete(self, steps: Iterable[Tensor]) -> Iterator[Tensor]:
        yield from undelayed(steps)

    def finished(self, frames: Tensor, mask: Tensor, controls: SynthesisControls) -> Tensor:
        """Return codes ``(B, T, K)``, 0 at padding."""
        return frames * mask[..., None]
