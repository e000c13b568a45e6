"""Export of a run as a graph: ONNX, a package for sherpa-onnx, or a program of torch.export."""

import json
import platform
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.export import ExportedProgram

from tts.checkpoint import Run
from tts.contract import MelContract
from tts.controls import SynthesisControls
from tts.corpus import CorpusFacts
from tts.errors import UserError
from tts.export.check import Difference, compare_voice, require_equal, require_similar
from tts.export.graphs.acoustic import AcousticGraph
from tts.export.graphs.voice import (
    VocoderGraph,
    VoiceGraph,
    require_exportable,
    vocoder_graph,
)
from tts.export.onnx_files import run_onnx, set_metadata, write_optimized
from tts.export.program import export_program, to_onnx
from tts.files import atomic_path, write_bytes
from tts.models.fastspeech import FastSpeech
from tts.onnx_voice.graph_speaker import Arrays, GraphSpeaker, Spoken
from tts.onnx_voice.voice import FORMAT, KEY, OnnxVoice
from tts.plain_data import PlainData
from tts.vocoders.vocoder import Vocoder

TOKENS, FRAMES = 57, 120  # of the example that is traced
SUFFIXES = {"onnx": ".onnx", "torch_export": ".pt2"}
OUTPUTS = ("waveform", "mel", "durations", "log_variance")


class VoiceParts(NamedTuple):
    """What a graph of a voice is made of."""

    run: Run
    model: FastSpeech
    vocoder: Vocoder
    facts: CorpusFacts
    speaking: SynthesisControls

    @classmethod
    def of(cls, run: Run, vocoder: Callable[..., Vocoder]) -> "VoiceParts":
        """Build a run's model and its vocoder. Raises UserError for a family without a graph."""
        model = require_exportable(run.build()).eval()
        facts = run.require_facts()
        made = vocoder(facts.contract).eval()
        made.require(facts.contract, str(run.path))
        vocoder_graph(made)
        return cls(run, model, made, facts, SynthesisControls.parse(run.speaking))

    def acoustic(self) -> AcousticGraph:
        return AcousticGraph(self.model, self.facts, self.speaking)

    def graph(self) -> VoiceGraph:
        return VoiceGraph(self.acoustic(), vocoder_graph(self.vocoder)).eval()

    def card(self, about: PlainData) -> PlainData:
        """Return what a voice in ONNX carries besides its graph."""
        composed = self.acoustic().composed
        fixed = {"steps", "solver", "guidance"}
        flow, adaptor = self.model.flow, self.model.adaptor.flow
        return {
            "format": FORMAT,
            "facts": self.facts.to_dict(),
            "frontend": self.run.frontend,
            "speaking": {k: v for k, v in self.run.speaking.items() if k not in fixed},
            "neutral": {  # inputs where neither the caller nor the voice sets them
                "variance_scale": 1.0,
                "prosody_temperature": 0.0 if adaptor is None else adaptor.settings.temperature,
                "temperature": 0.0 if flow is None else flow.settings.temperature,
            },
            **({} if composed is None else {"style": composed.card()}),
            "stride": self.model.stride,
            "step": self.run.step,
            "about": about,
            "made_from": {
                "model": type(self.model).__name__,
                "vocoder": type(self.vocoder).__name__,
                "torch": torch.__version__,
                "system": platform.system(),
            },
        }

    def metadata(self) -> dict[str, str]:
        """Return what other programs read of a voice in ONNX, beside the card."""
        facts = self.facts
        named = {"symbols": facts.symbols, "speakers": facts.speakers, "languages": facts.languages}
        texts = {name: json.dumps(value, ensure_ascii=False) for name, value in named.items()}
        return contract_metadata(facts.contract) | texts

    def speaker(self, run: Any, inputs: Mapping[str, Tensor], card: PlainData) -> GraphSpeaker:
        """Return what speaks with a graph that ``run`` runs."""
        channels = {name: value.shape[-1] for name, value in inputs.items()}
        return GraphSpeaker(run, channels, card, self.facts.contract.frames_per_second)

    def compare(self, speak: Callable[..., Any]) -> Difference:
        return compare_voice(speak, self.model, self.vocoder, self.facts, self.speaking)


def export_torch(parts: VoiceParts, out: Path, about: PlainData) -> str:
    """Write the program of torch.export to ``out``, and return a line on it.

    The card is an extra file inside, ``voice.json``.
    """
    require_suffix(out, ".pt2", "torch_export")
    graph = parts.graph()
    inputs = graph.acoustic.examples(TOKENS, FRAMES)
    program = export_program(graph, inputs)
    module = program.module()

    def run(given: Arrays) -> Spoken:
        ordered = {name: torch.from_numpy(given[name].copy()) for name in inputs}
        with torch.inference_mode():
            return Spoken(*(output.numpy() for output in module(ordered)))

    card = parts.card(about)
    difference = parts.compare(parts.speaker(run, inputs, card).speak)
    require_equal(difference, out)
    extra = {"voice.json": json.dumps(card | {"inputs": list(inputs)}, ensure_ascii=False)}
    _save(program, out, extra)
    return difference.words()


def export_onnx(parts: VoiceParts, out: Path, about: PlainData, quantize: str | None) -> str:
    """Write a voice in ONNX to ``out``, one file that needs nothing besides, and return a line.

    Raises UserError where its speech differs from torch's, in int8 by more than rounding does.
    """
    require_suffix(out, ".onnx", "onnx")
    graph = parts.graph()
    inputs = graph.acoustic.examples(TOKENS, FRAMES)
    model = to_onnx(graph, inputs, OUTPUTS)
    card = parts.card({**about, "quantized": quantize})
    with TemporaryDirectory(prefix="tts-") as folder:
        file = Path(folder) / "voice.onnx"
        write_optimized(model, file, quantize)
        set_metadata(file, parts.metadata() | {KEY: json.dumps(card, ensure_ascii=False)})
        difference = parts.compare(OnnxVoice(file).speak)
        (require_equal if quantize is None else require_similar)(difference, out)
        card["difference"] = difference._asdict()
        set_metadata(file, {KEY: json.dumps(card, ensure_ascii=False)})
        write_bytes(out, file.read_bytes())
    return difference.words(quantized=quantize is not None)


def export_vocoder(run: Run, out: Path, form: str) -> str:
    """Write the graph of a vocoder, ``mel (1, T, M)`` -> ``waveform (1, S)``; return a line."""
    vocoder = run.build(**run.speaking).eval()
    if not isinstance(vocoder, Vocoder):
        raise UserError(f"{run.path}: a codec cannot be exported as a graph; use format=voice")
    graph = VocoderGraph(vocoder_graph(vocoder)).eval()
    require_suffix(out, SUFFIXES[form], form)
    inputs = {"mel": torch.randn(1, FRAMES, run.contract.bands) - 4}
    mel = torch.randn(1, 77, run.contract.bands) - 4
    with torch.inference_mode():
        expected = vocoder.synthesize(mel)
    if form == "torch_export":
        program = export_program(graph, inputs)
        with torch.inference_mode():
            found = program.module()({"mel": mel})[0]
        _save(program, out, {})
    else:
        model = to_onnx(graph, inputs, OUTPUTS[:1])
        with TemporaryDirectory(prefix="tts-") as folder:
            file = Path(folder) / "vocoder.onnx"
            write_optimized(model, file, None)
            set_metadata(file, contract_metadata(run.contract))
            found = torch.from_numpy(run_onnx(file, {"mel": mel.numpy()})[0])
            write_bytes(out, file.read_bytes())
    return f"largest difference from torch: waveform {float((found - expected).abs().max()):.1e}"


def contract_metadata(contract: MelContract) -> dict[str, str]:
    """Return the sample rate and the mel's settings, for a file's metadata."""
    return {name: str(value) for name, value in contract.to_dict().items()}


def require_suffix(out: Path, suffix: str, form: str) -> None:
    """Raise UserError for a file name that does not say what the file is."""
    if out.suffix.lower() != suffix:
        raise UserError(f"out={out}: format={form} writes one file: give a name with {suffix}")


def _save(program: ExportedProgram, out: Path, extra: dict[str, Any]) -> None:
    with atomic_path(out) as temporary, temporary.open("wb") as file:
        torch.export.save(program, file, extra_files=extra)
