"""Exported graphs: ONNX equals torch, and speaks without it."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from models.assemble import build, facts

from tts.build import build as build_part
from tts.checkpoint import Run
from tts.contract import MelContract
from tts.controls import SynthesisControls
from tts.errors import UserError
from tts.export.check import Difference, compare_voice, require_equal, require_similar
from tts.export.graph_files import (
    VoiceParts,
    export_onnx,
    export_torch,
    export_vocoder,
    require_suffix,
)
from tts.export.graphs.stft import RealSTFT
from tts.export.graphs.voice import require_exportable, vocoder_graph
from tts.export.onnx_files import run_onnx
from tts.export.program import export_program, to_onnx
from tts.export.sherpa import export_sherpa, tokens_text
from tts.modules.ssd import ssd, ssd_of_any_length
from tts.onnx_voice.random_normal import TorchNormal
from tts.plain_data import PlainData
from tts.server.settings import Loading
from tts.server.voices import load_voices
from tts.synthesizer import Synthesizer
from tts.text.frontend import Frontend
from tts.text.symbols import SYMBOLS
from tts.vocoders.griffin_lim import GriffinLim
from tts.vocoders.harmonic_source import HarmonicSource
from tts.vocoders.harmonic_vocos import HarmonicVocos
from tts.vocoders.hifigan import HiFiGAN
from tts.vocoders.load import default_vocoder
from tts.vocoders.vocos import Vocos
from tts.warnings_once import warn_once

SMALL = (  # the graph is traced operation by operation
    "model/adaptor=flow", "model/flow=residual", "model.adaptor.flow.steps=1", "model.flow.steps=1",
    "model.encoder.depth=1", "model.decoder.depth=1", "model.flow.velocity_net.depth=1",
    "model.adaptor.flow.velocity_net.depth=1",
)  # fmt: skip


def vocos(
    contract: MelContract, refinements: int = 1, source: bool = False
) -> Vocos | HarmonicVocos:
    torch.manual_seed(0)
    made: Vocos | HarmonicVocos = Vocos(contract, 16, 32, 1, True, refinements, 0.3)
    if source:
        made = HarmonicVocos(contract, HarmonicSource, 16, 32, 1, refinements, 0.3)
    made.eval()
    with torch.no_grad():  # phases that matter
        made.spectrum.weight.mul_(20)
    return made


@pytest.fixture(scope="module")
def parts() -> VoiceParts:
    """A voice of two speakers and languages, small but with every input."""
    return voice_parts(*SMALL)


def voice_parts(*overrides: str) -> VoiceParts:
    import models.assemble as assemble

    corpus = replace(facts(2, 2), symbols=SYMBOLS)
    before, assemble.SYMBOLS = assemble.SYMBOLS, SYMBOLS
    try:
        model, _ = build(*overrides, speakers=2, languages=2)
    finally:
        assemble.SYMBOLS = before
    with torch.no_grad():  # as after a training: flows that change with their noise
        for parameter in model.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    speaking = {"variance_scale": 1.1, "pitch_range": 1.15}
    run = Run(Path("tiny"), {}, corpus.contract, corpus, Frontend().to_dict(), {}, 0, speaking)
    return VoiceParts(run, model, vocos(corpus.contract), corpus, SynthesisControls.parse(speaking))


@pytest.fixture(scope="module")
def voice(parts: VoiceParts, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("onnx") / "voice.onnx"
    assert "largest difference from torch" in export_onnx(parts, path, {"license": "MIT"}, None)
    return path


def test_a_voice_in_onnx_says_what_torch_says(parts: VoiceParts, voice: Path) -> None:
    onnx = Synthesizer.load(voice)
    model = Synthesizer(parts.model, parts.vocoder, Frontend(), parts.facts, parts.speaking)
    text = "Good morning. It is three."
    for changes in ({}, {"rate": 1.4, "pitch": 2.0, "temperature": 0.3}):
        expected = model.speak(text, speaker="speaker1", seed=3, **changes).waveform
        found = onnx.speak(text, speaker="speaker1", seed=3, **changes).waveform
        assert found.shape == expected.shape
        assert np.abs(found - expected).max() < 2e-3
    told = list(onnx.sentences(text, seed=3))
    again = list(model.sentences(text, seed=3))
    for sentence, expected_sentence in zip(told, again, strict=True):
        assert sentence.log_variance is not None
        assert expected_sentence.log_variance is not None
        np.testing.assert_allclose(sentence.log_variance, expected_sentence.log_variance, atol=1e-4)
    told = [sentence._replace(log_variance=None) for sentence in told]
    again = [sentence._replace(log_variance=None) for sentence in again]
    assert onnx.timings(told) == model.timings(again)
    streamed = np.concatenate(list(onnx.stream(text, seed=3)))
    np.testing.assert_array_equal(streamed, onnx.speak(text, seed=3).waveform)


def test_a_program_of_torch_export_takes_any_length(tmp_path: Path) -> None:
    parts = voice_parts("model.encoder.depth=1", "model.decoder.depth=1")
    plain = parts._replace(vocoder=vocos(parts.facts.contract, refinements=0))
    # checked against the model with three lengths, or it raises
    assert "largest difference" in export_torch(plain, tmp_path / "voice.pt2", {})
    assert (tmp_path / "voice.pt2").is_file()


def test_a_voice_in_onnx_speaks_without_torch(voice: Path, tmp_path: Path) -> None:
    code = (
        "import sys\nfrom tts.synthesizer import Synthesizer\n"
        "assert 'tts.text.frontend' not in sys.modules, 'imported while the graph is loaded'\n"
        f"waveform, rate = Synthesizer.load({str(voice)!r}).speak('Hello.', seed=1, rate=1.1)\n"
        "assert rate == 22050 and len(waveform) > 1000\n"
        "assert not {'torch', 'lightning', 'hydra'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_a_voice_in_onnx_rejects_what_its_graph_does_not_take(voice: Path, tmp_path: Path) -> None:
    synthesizer = Synthesizer.load(voice)
    with pytest.raises(UserError, match="does not take steps"):
        synthesizer.speak("Hello.", steps=4)
    with pytest.raises(UserError, match="was not trained with model/style=reference"):
        synthesizer.speak("Hello.", reference="anna.wav")
    with pytest.raises(UserError, match="its own vocoder"):
        Synthesizer.load(voice, device="cuda")
    for needs_torch in (
        lambda: synthesizer.model,
        lambda: next(synthesizer.stream_sentences("Hello.")),
        lambda: synthesizer.speak_tokens([1, 2]),
        lambda: load_voices([str(voice)], Loading(default_vocoder)),
    ):
        with pytest.raises(UserError, match="that it was exported from"):
            needs_torch()
    (tmp_path / "other.onnx").write_bytes(b"no graph")
    with pytest.raises(UserError, match="not an ONNX file"):
        Synthesizer.load(tmp_path / "other.onnx")
    with pytest.raises(UserError, match="there is no voice"):
        Synthesizer.load(tmp_path / "none.onnx")


def test_a_graph_that_differs_is_noticed(parts: VoiceParts) -> None:
    from tts.onnx_voice.graph_speaker import GraphSpeaker, Spoken

    graph = parts.graph()
    inputs = graph.acoustic.examples(5, 5)

    def run(given, noise: float):
        with torch.inference_mode():
            outputs = graph({name: torch.from_numpy(value) for name, value in given.items()})
        spoken = Spoken(*(output.numpy() for output in outputs))
        return spoken._replace(mel=spoken.mel + noise)

    for noise, equal in ((0.0, True), (0.02, False)):
        card = parts.card({})
        speaker: GraphSpeaker = parts.speaker(lambda given, n=noise: run(given, n), inputs, card)
        difference = compare_voice(
            speaker.speak, parts.model, parts.vocoder, parts.facts, parts.speaking
        )
        if equal:
            require_equal(difference, "voice.onnx")
            assert difference.mel < 1e-3
        else:
            with pytest.raises(UserError, match="is not written"):
                require_equal(difference, "voice.onnx")


def test_int8_is_held_to_the_mean_and_says_so() -> None:
    rounded = Difference(mel=0.35, mel_mean=0.06, waveform=0.3, durations=2, compared=3)
    require_similar(rounded, "voice.onnx")
    with pytest.raises(UserError, match="is not written"):
        require_equal(rounded, "voice.onnx")
    with pytest.raises(UserError, match=r"in int8 its mel differs by 1\.5 nats"):
        require_similar(rounded._replace(mel_mean=1.5), "voice.onnx")
    assert "(int8 rounds: not held to 0.005 nats)" in rounded.words(quantized=True)
    assert "int8" not in rounded.words()
    assert "durations in all 3" in Difference(0, 0, 0, 9).words(quantized=True)


def test_noise_is_torchs_noise() -> None:
    for seed in (0, 12345):
        generator, numbers = torch.Generator().manual_seed(seed), TorchNormal(seed)
        for shape in ((20, 3), (5,), (1,), (57, 3), (16,), (3, 160), (7,)):
            expected = torch.randn(shape, generator=generator).numpy()
            np.testing.assert_allclose(numbers.draw(*shape), expected, atol=5e-6)


@pytest.mark.parametrize(
    "settings", [{}, {"centered": True}, {"hop": 300, "window": 1000}, {"hop": 512}]
)
@pytest.mark.parametrize("refinements", [0, 3])
@pytest.mark.parametrize("source", [False, True])
def test_real_vocos_equals_vocos(
    settings: dict[str, object], refinements: int, source: bool
) -> None:
    contract = MelContract(**settings)  # type: ignore[arg-type]
    vocoder = vocos(contract, refinements, source)
    graph = vocoder_graph(vocoder)
    for frames in (1, 2, 37):
        mel = torch.randn(1, frames, 80, generator=torch.Generator().manual_seed(frames)) - 3
        with torch.inference_mode():
            torch.testing.assert_close(graph(mel), vocoder.synthesize(mel), atol=1e-3, rtol=0)


@pytest.mark.parametrize("source", [False, True], ids=["samples", "source"])
def test_a_vocos_is_exported_for_mels_of_any_length(tmp_path: Path, source: bool) -> None:
    model: PlainData = {"_partial_": True, "dim": 16, "hidden": 32, "depth": 1}
    if source:
        part = "tts.vocoders.harmonic_source.HarmonicSource"
        model["_target_"] = "tts.vocoders.harmonic_vocos.HarmonicVocos"
        model["source"] = {"_target_": part, "_partial_": True}
    else:
        model |= {"_target_": "tts.vocoders.vocos.Vocos", "head": "samples"}
    torch.manual_seed(0)
    vocoder = build_part(model)(MelContract()).eval()
    run = Run(None, {"model": model}, vocoder.contract, None, None, vocoder.state_dict(), 1)  # type: ignore[arg-type]
    onnx, program = tmp_path / "vocoder.onnx", tmp_path / "vocoder.pt2"
    export_vocoder(run, onnx, "onnx")
    export_vocoder(run, program, "torch_export")
    loaded = torch.export.load(program).module()
    for frames in (2, 37, 300):
        mel = torch.randn(1, frames, 80) - 3
        expected = vocoder.synthesize(mel)
        found = torch.from_numpy(run_onnx(onnx, {"mel": mel.numpy()})[0])
        # with a source, the rounding of the pitch adds up in the phases
        most = (1e-2 if source else 1e-4) * expected.norm()
        assert (found - expected).norm() < most
        assert (loaded({"mel": mel})[0] - expected).norm() < most


@pytest.mark.parametrize("size", [1024, 1200, 50, 14, 9])
def test_a_factorized_transform_is_the_transform(size: int) -> None:
    window = torch.hann_window(size)
    stft = RealSTFT(window, size // 2)
    wave = torch.randn(1, size // 2 * 9)
    hops = torch.arange(9 - stft.pieces)[:, None] * (size // 2)
    framed = wave[0, hops + torch.arange(size)] * window
    expected = stft.arranged(torch.fft.rfft(framed)[None])
    real, imaginary = stft.forward_stft(wave)
    torch.testing.assert_close(real, expected.real, atol=1e-4, rtol=0)
    torch.testing.assert_close(imaginary * stft.signs[:, None], expected.imag, atol=1e-4, rtol=0)
    found = stft.inverse(real, imaginary)
    torch.testing.assert_close(found, stft.overlap_add((framed * window)[None]), atol=1e-5, rtol=0)


@pytest.mark.parametrize("frames", [1, 16, 37, 100])
def test_the_scan_without_a_loop_equals_the_scan(frames: int) -> None:
    random = torch.Generator().manual_seed(frames)
    X = torch.randn(2, frames, 3, 8, generator=random)
    B, C = (torch.randn(2, frames, 4, generator=random) for _ in range(2))
    dt = torch.rand(2, frames, 3, generator=random)
    dA = -2 * torch.rand(2, frames, 3, generator=random)
    found = ssd_of_any_length(X, dt, dA, B, C, 16)
    torch.testing.assert_close(found, ssd(X, dt, dA, B, C, 16), atol=1e-5, rtol=1e-4)


def test_hifigan_has_a_graph_and_other_vocoders_name_those_that_have() -> None:
    contract = MelContract()
    hifigan = HiFiGAN(contract, 16, (8, 8, 4), (16, 16, 8), (3,), ((1,),), False).eval()
    mel = torch.randn(1, 5, 80)
    with torch.inference_mode():
        torch.testing.assert_close(vocoder_graph(hifigan)(mel), hifigan.synthesize(mel))
    with pytest.raises(
        UserError, match=r"GriffinLim cannot be exported.*HarmonicVocos, HiFiGAN can"
    ):
        vocoder_graph(GriffinLim(contract))
    with pytest.raises(UserError, match="model=fastspeech can"):
        require_exportable(torch.nn.Linear(1, 1))
    with pytest.raises(UserError, match=r"give a name with \.onnx"):
        require_suffix(Path("voice"), ".onnx", "onnx")


def test_an_operator_without_a_form_in_the_graph_is_one_line() -> None:
    class Transform(torch.nn.Module):
        def forward(self, inputs: dict[str, torch.Tensor]) -> tuple[torch.Tensor]:
            return (torch.fft.fft2(inputs["mel"]).real,)

    class Branch(torch.nn.Module):
        def forward(self, inputs: dict[str, torch.Tensor]) -> tuple[torch.Tensor]:
            return (inputs["mel"] if inputs["mel"].sum() > 0 else -inputs["mel"],)

    inputs = {"mel": torch.randn(1, 8, 4)}
    message = "^the model cannot be exported as a graph: aten::fft_fft2; use format=voice$"
    with pytest.raises(UserError, match=message):
        to_onnx(Transform(), inputs, ("mel",))
    with pytest.raises(UserError, match=r"^the model cannot be exported .*; use format=voice$"):
        export_program(Branch(), inputs)


def test_sherpa_onnx_speaks_the_package_made_for_it(parts: VoiceParts, tmp_path: Path) -> None:
    import sherpa_onnx

    export_sherpa(parts, tmp_path, {}, None)
    matcha = sherpa_onnx.OfflineTtsMatchaModelConfig(
        acoustic_model=str(tmp_path / "acoustic.onnx"), vocoder=str(tmp_path / "vocoder.onnx"),
        tokens=str(tmp_path / "tokens.txt"),
    )  # fmt: skip
    model = sherpa_onnx.OfflineTtsModelConfig(matcha=matcha, num_threads=1)
    speaker = sherpa_onnx.OfflineTts(sherpa_onnx.OfflineTtsConfig(model=model))
    lengths = []
    for sid, speed in ((0, 1.0), (1, 2.0)):
        settings = sherpa_onnx.GenerationConfig()
        settings.sid, settings.speed = sid, speed
        settings.phoneme_codepoints = [[ord(symbol) for symbol in "həlˈoʊ wˈɜːld."]]
        speech = speaker.generate("Hello world.", settings)
        assert speech.sample_rate == 22050
        assert np.isfinite(speech.samples).all()
        lengths.append(len(speech.samples))
    assert lengths[0] > lengths[1] > 0
    assert not any(length % parts.facts.contract.hop for length in lengths)


def test_the_symbols_of_sherpa_onnx_have_one_line_each() -> None:
    rows = [line.rsplit(" ", 1) for line in tokens_text(SYMBOLS).splitlines()]
    table = {symbol: int(number) for symbol, number in rows}
    assert len(table) == len(rows)
    assert table["^"] == table["$"] == table[" "] == SYMBOLS.index(" ")
    assert all(table[symbol] == SYMBOLS.index(symbol) for symbol in SYMBOLS[1:])


def test_a_composed_style_is_cloned_weighted_and_drawn_in_onnx(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    parts = voice_parts(
        "model.encoder.depth=1", "model.decoder.depth=1", "model/style=composed",
        "model/style/parts=[speaker,language,prosody,reference,tokens,variational,embedding]",
        "model.style.encoder.backbone.depth=1",
    )  # fmt: skip
    # compared with torch: with a reference, of an unknown speaker, and without a reference
    export_onnx(parts, tmp_path / "voice.onnx", {}, None)
    onnx = Synthesizer.load(tmp_path / "voice.onnx")
    model = Synthesizer(parts.model, parts.vocoder, Frontend(), parts.facts, parts.speaking)
    for changes in (
        {"style_tokens": {3: 1.5}},
        {"style_tokens": "drawn", "style_temperature": 0.5},
        {"style_weights": {"speaker": 0.5, "language": 0.0}, "style_temperature": 1.0},
    ):
        found, expected = (
            one.speak("Hello.", seed=3, prosody_temperature=0.0, **changes).waveform
            for one in (onnx, model)
        )
        assert found.shape == expected.shape
        assert np.abs(found - expected).max() < 2e-3, changes
    for one in (onnx, model):
        caplog.clear()
        warn_once.cache_clear()
        one.speak("Hello.", style_weights={"reference": 1.0})
        assert "style_weights={reference: 1} has no effect" in caplog.text
    with pytest.raises(UserError, match="12 style tokens; choose from 0 to 11"):
        onnx.speak("Hello.", style_tokens={99: 1.0})
    with pytest.raises(UserError, match="no such style; choose from speaker, language"):
        onnx.speak("Hello.", style_weights={"mood": 1.0})
