"""Graph of a FastSpeech for export: tokens, controls and noise to a mel, of one utterance.

It is :meth:`FastSpeech.generate` with numbers as tensors, and with noise as an input. The number of
frames is known only when the graph runs.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from tts.controls import SynthesisControls
from tts.corpus import CorpusFacts
from tts.export.graphs.style import ComposedStyleGraph
from tts.models.fastspeech import FastSpeech
from tts.models.flow import ResidualFlow, SamplerSettings
from tts.models.variance import Deviations, Prosody
from tts.modules.composed_style import ComposedStyle
from tts.modules.conv import DepthwiseConv
from tts.modules.stack import Context
from tts.modules.style import StyleInputs

PROSODY = {"rate": 1.0, "pitch": 0.0, "energy": 0.0, "pitch_range": 1.0}  # per token: neutral value
LONGEST = 1 << 20  # decoder steps, an upper limit for the graph's arithmetic


def merge_kernels(model: nn.Module) -> None:
    """Replace the kernels of multi-scale convolutions by their sum, which is what they compute."""
    for module in model.modules():
        if isinstance(module, DepthwiseConv) and len(module.kernels) > 1:
            summed = nn.Parameter(module.summed_kernel().detach(), requires_grad=False)
            module.weights, module.kernels = nn.ParameterList([summed]), (module.size,)


class AcousticGraph(nn.Module):
    """``inputs`` by name -> mel ``(1, T, M)``, durations and their log-variance ``(1, N)``.

    ``speaking``: the voice's defaults, of which ``steps``, ``solver`` and ``guidance`` are fixed in
    the graph.
    """

    def __init__(self, model: FastSpeech, facts: CorpusFacts, speaking: SynthesisControls) -> None:
        super().__init__()
        self.model, self.facts = model, facts
        self.composed: ComposedStyleGraph | None = None
        if isinstance(model.style, ComposedStyle):
            self.composed = ComposedStyleGraph(model.style, model.bands)
        merge_kernels(model)
        self.sampler: SamplerSettings | None = None
        if model.flow is not None:
            self.sampler = model.flow.settings.updated(speaking)

    def examples(self, tokens: int, frames: int) -> dict[str, Tensor]:
        """Return example inputs: ``tokens`` symbols, and noise and reference of ``frames``.

        An input exists only where it changes something.
        """
        inputs = {"tokens": 1 + torch.arange(tokens)[None] % (len(self.facts.symbols) - 1)}
        if len(self.facts.speakers) > 1:
            inputs["speaker"] = torch.zeros(1, dtype=torch.long)
        if len(self.facts.languages) > 1:
            inputs["language"] = torch.zeros(1, dtype=torch.long)
        if self.composed is not None:
            inputs |= self.composed.examples(frames)
        elif self.model.reference != "none":
            inputs["reference"] = torch.full((1, frames, self.model.bands), -5.0)
        for name, neutral in PROSODY.items():
            inputs[name] = torch.full((1, tokens), neutral)
        inputs["variance_scale"] = torch.ones(1)
        channels = 3 if self.model.adaptor.flow is not None else 1
        inputs["prosody_temperature"] = torch.full((1,), 0.5)
        inputs["prosody_noise"] = torch.randn(1, tokens, channels)
        if self.model.flow is not None:
            inputs["temperature"] = torch.full((1,), 0.5)
            size = self.model.stride * self.model.bands
            inputs["noise"] = torch.randn(1, frames, size)
        return inputs

    def forward(self, inputs: Mapping[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        model, tokens = self.model, inputs["tokens"]
        mask = torch.ones_like(tokens, dtype=torch.bool)
        speaker = inputs.get("speaker", tokens.new_zeros(1))
        language = inputs.get("language", tokens.new_zeros(1))
        style = self._style(inputs, speaker, language)
        states = model.encoder(
            model.embedded(tokens, language, mask), Context(mask=mask, style=style)
        )
        controls = SynthesisControls(
            inputs["rate"], inputs["pitch"], inputs["energy"], inputs["pitch_range"]
        )
        deviations = model.adaptor.normalize.deviations_of(speaker)
        if "statistics" in inputs:
            pitch, energy = inputs["statistics"][:, [1, 3]].clamp(min=1e-3).unbind(-1)
            deviations = Deviations(pitch[:, None], energy[:, None])
        states, (durations, _), prosody = model.adaptor.adapt(
            states, mask, style, deviations, controls, self._sampled(states, mask, style, inputs)
        )

        frames = durations.sum()
        # two or more, because torch.export treats sizes of one as constants
        steps = _size(((frames + model.stride - 1) // model.stride).clamp(min=2), LONGEST)
        frame_mask = (torch.arange(steps * model.stride) < frames)[None]
        states, step_mask = model._decode(states, durations, style, frame_mask)
        _, mel = model._project(states, frame_mask)
        if model.flow is not None:
            assert self.sampler is not None
            repeated = torch.arange(steps) % _length(inputs["noise"])
            x0 = inputs["temperature"] * inputs["noise"][:, repeated]
            residual = _solve(model.flow, x0, states, step_mask, style, self.sampler)
            mel = mel + model._unfold(residual, steps * model.stride)
        mean = (mel * frame_mask[..., None]).sum(1, keepdim=True) / frames
        mel = mean + (mel - mean) * inputs["variance_scale"]
        mel = model.denormalized(mel, frame_mask)
        count = _size(frames, steps * model.stride)  # a text has two boundaries and a phone
        return mel[:, :count], durations, prosody.log_duration_variance.float()

    def _style(
        self, inputs: Mapping[str, Tensor], speaker: Tensor, language: Tensor
    ) -> Tensor | None:
        normalized = {
            name: self.model.normalized(inputs[name])
            for name in ("reference", "reference_steps")
            if name in inputs
        }
        if self.composed is not None and "style_weights" in inputs:
            return self.composed(inputs, normalized.get("reference_steps"), speaker, language)
        given = StyleInputs(speaker, language, normalized.get("reference"))
        return self.model.style_of(given).vector

    def _sampled(
        self, states: Tensor, mask: Tensor, style: Tensor | None, inputs: Mapping[str, Tensor]
    ) -> Prosody:
        """Return ln(frames), and what is added to pitch and energy, for the given noise."""
        adaptor = self.model.adaptor
        mean, log_variance = adaptor._predict_duration(states, mask, style)
        noise = inputs["prosody_temperature"] * inputs["prosody_noise"]
        if adaptor.flow is None:
            deviation = (0.5 * log_variance).exp() * noise[..., 0]
            return Prosody(mean + deviation, log_variance, mean * 0, mean * 0)
        residual = _solve(adaptor.flow, noise, states, mask, style, adaptor.flow.settings)
        return Prosody(mean + residual[..., 0], log_variance, residual[..., 1], residual[..., 2])


def _solve(
    flow: ResidualFlow,
    x0: Tensor,
    states: Tensor,
    mask: Tensor,
    style: Tensor | None,
    settings: SamplerSettings,
) -> Tensor:
    """Return :meth:`ResidualFlow.sample` for given noise ``x0``, already scaled."""
    return flow.solve_ode(x0, states, mask, style, settings) * flow.scale


def _size(number: Tensor, most: int) -> int:
    """Return a size that the graph computes, 2 or more: a number, or what stands for it."""
    if torch.jit.is_tracing():
        return number  # type: ignore[return-value]
    size = number.item()
    torch._check(size >= 2)
    torch._check(size <= most)
    return size  # type: ignore[return-value]


def _length(x: Tensor) -> Tensor:
    """Return the size of axis 1 as a tensor."""
    return torch.ones_like(x[0, :, 0], dtype=torch.long).sum()
