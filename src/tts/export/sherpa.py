"""Package for sherpa-onnx, which runs on phones, in browsers and in a dozen languages.

It reads a voice as a Matcha-TTS model: an acoustic model with the inputs of icefall's, a vocoder, a
table of symbols and, before version 2, espeak-ng's data. Since then it takes phonemes or a lexicon.
A voice of several languages speaks its first.
"""

import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor, nn

from tts.errors import UserError
from tts.export.check import MEL_LIMIT, QUANTIZED
from tts.export.graph_files import FRAMES, TOKENS, VoiceParts, contract_metadata
from tts.export.graphs.acoustic import AcousticGraph
from tts.export.graphs.voice import vocoder_graph
from tts.export.onnx_files import run_onnx, set_metadata, write_optimized
from tts.export.program import BY_BAND, to_onnx
from tts.files import make_folder, write_bytes, write_text
from tts.plain_data import PlainData
from tts.text.symbols import BOUNDARY, PADDING

NOISE_SEED = 1  # of the noise that the graph contains
NOISE_TOKENS, NOISE_STEPS = 1024, 512  # repeated in longer texts
START, END = "^", "$"  # sherpa-onnx puts them around a text
ALIASES = {"g": "ɡ", "'": "ˈ"}  # espeak-ng's spelling -> the table's


class SherpaAcoustic(nn.Module):
    """The inputs of icefall's Matcha -> mel ``(1, M, T)``.

    ``x (1, 2 N + 1)``: a blank around each symbol, which is left out. The noise is fixed, so that
    a text always sounds the same.
    """

    def __init__(self, acoustic: AcousticGraph, parts: VoiceParts) -> None:
        super().__init__()
        self.acoustic = acoustic
        speaking = parts.speaking
        self.pitch, self.energy = float(speaking.pitch), float(speaking.energy)  # type: ignore[arg-type]
        self.rate, self.pitch_range = float(speaking.rate), float(speaking.pitch_range)  # type: ignore[arg-type]
        self.variance_scale = speaking.variance_scale or 1.0
        random = torch.Generator().manual_seed(NOISE_SEED)
        inputs = acoustic.examples(1, 1)
        for name, count in (("prosody_noise", NOISE_TOKENS), ("noise", NOISE_STEPS)):
            if name in inputs:
                noise = torch.randn(1, count, inputs[name].shape[-1], generator=random)
                self.register_buffer(name, noise, persistent=False)

    def forward(self, inputs: Mapping[str, Tensor]) -> tuple[Tensor]:
        tokens = inputs["x"][:, : inputs["x_length"][0]][:, 1::2]
        count = tokens.shape[1]
        repeated = torch.arange(count) % NOISE_TOKENS
        ones = torch.ones_like(tokens, dtype=torch.float32)
        given = {
            "tokens": tokens,
            "rate": ones * (self.rate / inputs["length_scale"]),
            "pitch": ones * self.pitch,
            "energy": ones * self.energy,
            "pitch_range": ones * self.pitch_range,
            "variance_scale": torch.full((1,), self.variance_scale),
            "prosody_temperature": inputs["noise_scale"],
            "prosody_noise": self.get_buffer("prosody_noise")[:, repeated],
        }
        if "sid" in inputs:
            given["speaker"] = inputs["sid"]
        if hasattr(self, "noise"):
            given |= {"temperature": inputs["noise_scale"], "noise": self.get_buffer("noise")}
        mel, _, _ = self.acoustic(given)
        return (mel.mT,)


class SherpaVocoder(nn.Module):
    """``mel (1, M, T)`` -> samples ``(1, S)``."""

    def __init__(self, vocoder: nn.Module) -> None:
        super().__init__()
        self.vocoder = vocoder

    def forward(self, inputs: Mapping[str, Tensor]) -> tuple[Tensor]:
        return (self.vocoder(inputs[BY_BAND].mT),)


def export_sherpa(parts: VoiceParts, out: Path, about: PlainData, quantize: str | None) -> str:
    """Write ``acoustic.onnx``, ``vocoder.onnx``, ``tokens.txt`` and ``espeak-ng-data`` to ``out``.

    Raises UserError for a voice that sherpa-onnx cannot read, or whose mel differs from torch's.
    """
    _require_readable(parts)
    facts = parts.facts
    acoustic = SherpaAcoustic(parts.acoustic(), parts).eval()
    inputs = {
        "x": torch.ones(1, 2 * TOKENS + 1, dtype=torch.long),
        "x_length": torch.tensor([2 * TOKENS + 1]),
        "noise_scale": torch.full((1,), 0.667),
        "length_scale": torch.ones(1),
    }
    if len(facts.speakers) > 1:
        inputs["sid"] = torch.zeros(1, dtype=torch.long)
    mel = {BY_BAND: torch.randn(1, facts.contract.bands, FRAMES) - 4}
    vocoder = SherpaVocoder(vocoder_graph(parts.vocoder)).eval()
    language = facts.languages[0]
    metadata = {
        "model_type": "matcha-tts", "language": language, "voice": language, "has_espeak": "1",
        "jieba": "0", "n_speakers": str(len(facts.speakers)), "use_eos_bos": "1", "pad_id": "0",
        "version": "1", "sample_rate": str(facts.contract.sample_rate),
        "num_ode_steps": "0", "model_author": str(about.get("data", "")),
        "license": str(about.get("license", "")),
    }  # fmt: skip
    if out.is_dir() and any(out.iterdir()) and not (out / "acoustic.onnx").is_file():
        raise UserError(f"out={out} holds other files: give a new folder")
    folder = make_folder(out)
    with TemporaryDirectory(prefix="tts-") as temporary:
        file = Path(temporary) / "acoustic.onnx"
        exported = to_onnx(acoustic, inputs, ("mel",))
        write_optimized(exported, file, quantize)
        set_metadata(file, metadata)
        difference = _difference(acoustic, inputs, file)
        if quantize is None and not difference <= MEL_LIMIT:
            raise UserError(f"{out} is not written: its mel differs by {difference:.1e} nats")
        write_bytes(folder / "acoustic.onnx", file.read_bytes())
        file = Path(temporary) / "vocoder.onnx"
        write_optimized(to_onnx(vocoder, mel, ("audio",)), file, quantize)
        # what it calls hifigan is any graph from a mel to samples
        set_metadata(file, {"model_type": "hifigan"} | contract_metadata(facts.contract))
        write_bytes(folder / "vocoder.onnx", file.read_bytes())
    write_text(folder / "tokens.txt", tokens_text(facts.symbols))
    _copy_espeak_data(folder / "espeak-ng-data", language)
    found = f"mel {difference:.1e} nats" if math.isfinite(difference) else "durations"
    words = f"largest difference from torch: {found}"
    return words if quantize is None else f"{words} ({QUANTIZED})"


def tokens_text(symbols: tuple[str, ...]) -> str:
    """Return the table of symbols: one line each, the symbol and its id."""
    ids = {symbol: number for number, symbol in enumerate(symbols) if symbol != PADDING}
    ids |= {START: ids[BOUNDARY], END: ids[BOUNDARY]}
    ids |= {alias: ids[name] for alias, name in ALIASES.items() if name in ids}
    return "".join(f"{symbol} {number}\n" for symbol, number in ids.items())


def _difference(graph: SherpaAcoustic, inputs: Mapping[str, Tensor], file: Path) -> float:
    """Return the largest difference between the mels of a graph in torch and its file."""
    count = 2 * 31 + 1
    x = 1 + torch.arange(count)[None] % (len(graph.acoustic.facts.symbols) - 1)
    given = {**inputs, "x": x, "x_length": torch.tensor([count])}
    (found,) = run_onnx(file, {name: value.numpy() for name, value in given.items()})
    with torch.inference_mode():
        (expected,) = graph(given)
    if found.shape != tuple(expected.shape):
        return float("inf")
    return float((torch.from_numpy(found) - expected).abs().max())


def _require_readable(parts: VoiceParts) -> None:
    phonemizer = str((parts.run.frontend or {}).get("phonemizer", ""))
    if not phonemizer.endswith("EspeakPhonemizer"):
        raise UserError(
            f"{parts.run.path} was trained with {phonemizer}, and sherpa-onnx has only espeak-ng: "
            "use format=onnx"
        )
    if parts.model.reference == "required":
        raise UserError(
            f"{parts.run.path} copies the style of a recording, which sherpa-onnx cannot give: "
            "use format=onnx"
        )


def _copy_espeak_data(folder: Path, language: str) -> None:
    """Copy espeak-ng's phonemes and the dictionary of one language."""
    import espeakng_loader

    source = Path(espeakng_loader.get_data_path())
    dictionary = f"{language.partition('-')[0]}_dict"
    kept = [path for path in source.iterdir() if not path.name.endswith("_dict")]
    if (source / dictionary).exists():
        kept.append(source / dictionary)
    shutil.rmtree(folder, ignore_errors=True)
    make_folder(folder)
    for path in kept:
        if path.is_dir():
            shutil.copytree(path, folder / path.name)
        else:
            shutil.copyfile(path, folder / path.name)
