"""End-to-end tests of the commands on the demo corpus: train, resume, synthesize, evaluate."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from fakes import composed
from omegaconf import OmegaConf
from processes import ROOT, command

from tts.checkpoint import CheckpointError, Run, load_checkpoint, save_atomic, save_voice
from tts.contract import MelContract
from tts.controls import SynthesisControls
from tts.errors import UserError
from tts.evaluation.run import evaluate
from tts.export.voice import export_voice
from tts.synthesis.run import synthesize
from tts.synthesizer import Synthesizer
from tts.vocoders.vocos import Vocos

# measures with a neural network
SLOW = (
    "wer",
    "cer",
    "whisper",
    "dnsmos_p808",
    "dnsmos_ovrl",
    "plcmos",
    "distillmos",
    "similarity",
    "f0_rmse",
    "f0_std",
)


def fresh(program: str) -> str:
    """Return what ``program`` prints in a new Python process."""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=400
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, prepared: Path) -> Path:
    """A run of a few steps, stopped and resumed."""
    base = tmp_path_factory.mktemp("run")
    folder = base / "demo"
    command(
        "train.py", "experiment=demo", "trainer=cpu", "data.limit=40", "trainer.max_steps=3",
        "trainer.val_check_interval=3", "data.workers=0", f"data.prepared_dir={prepared}",
        "callbacks.validation_metrics.every_n_validations=1",
        "callbacks.validation_metrics.count=2", "monitor=metrics/mcd",
        *(f"callbacks.validation_metrics.measures.{slow}=null"
          for slow in ("wer", "dnsmos_p808", "dnsmos_ovrl")),
        f"hydra.run.dir={folder}",
    )  # fmt: skip
    command("train.py", f"resume={folder}", "trainer.max_steps=5")
    return folder


@pytest.fixture(scope="module")
def voice(run: Path) -> Synthesizer:
    return Synthesizer.load(run)


def test_a_run_leaves_checkpoints_config_log_and_events(run: Path) -> None:
    assert load_checkpoint(run / "checkpoints" / "last.ckpt")["global_step"] == 5
    assert (run / "checkpoints" / "best.ckpt").is_file()
    assert (run / "config.yaml").is_file()
    assert (run / "train.log").is_file()
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(run))
    events.Reload()
    scalars = set(events.Tags()["scalars"])
    terms = ("mel", "duration", "pitch", "energy", "forward_sum", "binarization")
    assert scalars >= {f"val/{term}" for term in terms}
    assert scalars >= {"metrics/mcd", "metrics/f0_std", "metrics/similarity"}
    best = min(event.value for event in events.Scalars("metrics/mcd"))
    kept = load_checkpoint(run / "checkpoints" / "best.ckpt")["callbacks"]
    assert any(state.get("best_score") == pytest.approx(best) for state in kept.values())
    kinds = {tag.split("/")[0] for tag in events.Tags()["images"]}
    assert kinds >= {"mel", "alignment", "pitch"}
    assert events.Tags()["audio"]


def test_resuming_takes_overrides_of_the_runs_own_parts(tmp_path: Path, prepared: Path) -> None:
    short = ("data.limit=24", "data.workers=0", f"data.prepared_dir={prepared}",
             "trainer=cpu", "trainer.max_steps=1", "logger=none", "callbacks.metric_history=null",
             "callbacks.samples=null")  # fmt: skip
    folder = tmp_path / "run"
    command("train.py", "model=vocos", "model/size=tiny", "data.clips.frames=16",
            "data.clips.validation_clips=2", "discriminator=none",
            f"hydra.run.dir={folder}", *short)  # fmt: skip
    last = folder / "checkpoints" / "last.ckpt"
    # an override of the run that the command line repeats is applied
    command("train.py", f"resume={folder}", "data.clips.per_batch=4", "trainer.max_steps=3")
    assert load_checkpoint(last)["global_step"] == 3
    command("train.py", f"resume={folder}", "trainer.max_steps=2", "optimizer.lr=1e-5")
    assert load_checkpoint(last)["global_step"] == 3
    assert OmegaConf.load(folder / "config.yaml").trainer.max_steps == 2
    # the overrides of the run's start are kept for the next time
    kept = OmegaConf.load(folder / ".hydra" / "overrides.yaml")
    assert {"model=vocos", "data.clips.frames=16", "data.clips.per_batch=4"} <= set(kept)
    config = OmegaConf.load(folder / "config.yaml")
    assert config.data.clips == {**config.data.clips, "frames": 16, "per_batch": 4}
    # the trained vocoder resynthesizes recordings
    light = [f"metrics.{slow}=null" for slow in SLOW]
    scores = evaluate(composed("evaluate", f"run={folder}", "utterances=2", "workers=1", *light,
                               "reference_iterations=2", f"out={tmp_path / 'report'}"))  # fmt: skip
    assert list(scores["systems"]) == ["recordings", "griffin-lim", "run"]
    assert scores["models"]["run"]["mel_distance"][0] > 0


def test_synthesize_writes_files_from_text_and_standard_input(run: Path, tmp_path: Path) -> None:
    one = tmp_path / "one.wav"
    command("synthesize.py", f"run={run}", "text=Well, hello: it's me!", f"out={one}",
            "pictures=true", "timings=[json,srt]", "rate=1.2", "pitch=2", "energy=-3",
            "speaker=ben")  # fmt: skip
    wave, rate = soundfile.read(one)
    assert rate == 22050
    assert len(wave) > 1000
    assert one.with_suffix(".png").is_file()
    [timing] = json.loads(one.with_suffix(".json").read_text())["sentences"]
    assert [word["word"] for word in timing["words"]] == ["Well", "hello", "it's", "me"]
    assert timing["end"] == pytest.approx(len(wave) / rate, abs=1e-6)
    assert one.with_suffix(".srt").read_text().startswith("1\n00:00:00,000 --> ")
    model = {"_target_": "tts.vocoders.vocos.Vocos", "_partial_": True, "dim": 8, "hidden": 8,
             "depth": 1}  # fmt: skip
    contract = MelContract()
    weights = Vocos(contract, 8, 8, 1).state_dict()
    save_voice(Run(run, {"model": model}, contract, None, None, weights, 0), tmp_path / "v", {})
    neural = tmp_path / "neural.wav"
    command("synthesize.py", f"run={run}", "text=Hello.", f"out={neural}", "vocoder=vocos",
            f"vocoder.path={tmp_path}/v")  # fmt: skip
    assert soundfile.info(neural).frames % 256 == 0
    done = command("synthesize.py", f"run={run}", f"out={tmp_path}/many", stdin="One.\n\nTwo.\n")
    assert len(list((tmp_path / "many").glob("*.wav"))) == 2
    assert done.stdout.count(".wav") == 2


@pytest.mark.parametrize(
    ("arguments", "culprit"),
    [
        (("text=hi", "speaker=carla"), "choose from anna, ben"),
        (("text=hi", "color=red"), "color"),
        (
            ("text=hi", "vocoder=magic"),
            "choose from bigvgan, default, griffin_lim, harmonic_vocos, hifigan, univnet, vocos",
        ),
    ],
)
def test_a_wrong_command_about_a_run_is_one_line(
    run: Path, tmp_path: Path, arguments: tuple[str, ...], culprit: str
) -> None:
    done = command("synthesize.py", f"run={run}", f"out={tmp_path}/x", *arguments, code=2)
    assert done.stderr.startswith("error:")
    assert culprit in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "culprit"),
    [
        (("-m", "tts", "export", "out=x"), "run: not given; add run="),
        (
            ("train.py", "data=recording"),
            "data.audio has no value: data=recording needs data.audio=FILE",
        ),
        (("train.py", "trainer.accelerator=tpu"), "another trainer.accelerator="),
        (("train.py", "model/size=huge"), "choose from base, big, c16, c32, large, medium, "),
    ],
)
def test_a_wrong_command_is_one_line(
    tmp_path: Path, arguments: tuple[str, ...], culprit: str
) -> None:
    words = [f"hydra.run.dir={tmp_path}/run", f"data.prepared_dir={tmp_path}/prepared"]
    done = command(*arguments, *(words if arguments[0] == "train.py" else ()), code=2)
    assert done.stderr.startswith("error:")
    assert culprit in done.stderr
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("key", "value", "culprit"),
    [
        ("language", "zz", "language='zz'"),
        ("rate", 0, "rate=0"),
        ("rate", "fast", "rate=fast: expected a number"),
        ("prosody_temperature", "hot", "temperature=hot: expected a number"),
        ("steps", 4, "steps=4: .*model/flow=residual"),
        ("pitch", [1.0, 2.0], "pitch has 2 values"),
        ("pitch_range", -1, "pitch_range=-1: expected a number from 0 to 5"),
        ("variance_scale", 9, "variance_scale=9: expected a number above 0 and at most 2"),
        ("reference", "some.wav", "reference=some.wav"),
        ("text", "...", "no letter and no digit"),
        ("text", "你好.", "Chinese"),
        ("file", "/no/such.txt", "/no/such.txt"),
        ("out", "a.docx", r"a\.docx: cannot write"),
        ("run", "/no/such/run", "/no/such/run"),
    ],
)
def test_a_wrong_request_names_its_key(
    run: Path, tmp_path: Path, key: str, value: object, culprit: str
) -> None:
    config = composed("synthesize", f"run={run}", f"out={tmp_path}/x", "text=hi")
    if key == "file":
        config.text = None
    config[key] = value
    with pytest.raises(UserError, match=culprit):
        synthesize(config)
    assert not list(tmp_path.iterdir())


def test_an_exported_voice_equals_its_run(run: Path, voice: Synthesizer, tmp_path: Path) -> None:
    command("-m", "tts", "export", f"run={run}", f"out={tmp_path}/anna", "license=CC0-1.0")
    assert sorted(path.name for path in (tmp_path / "anna").iterdir()) == [
        "voice.json", "weights.safetensors",
    ]  # fmt: skip
    exported = Synthesizer.load(tmp_path / "anna")
    spoken = exported.speak("A short sentence.").waveform
    assert np.array_equal(spoken, voice.speak("A short sentence.").waveform)

    def export(name: str, *more: str) -> None:
        export_voice(composed("export", f"run={run}", f"out={tmp_path}/{name}", *more))

    export("small", "half=true")
    sizes = [(tmp_path / n / "weights.safetensors").stat().st_size for n in ("small", "anna")]
    assert 0.4 < sizes[0] / sizes[1] < 0.6
    near = Synthesizer.load(tmp_path / "small").speak("A short sentence.").waveform
    assert len(near) == pytest.approx(len(spoken), rel=0.02)
    export("ben", "speaker=ben")
    export("clear", "variance_scale=1.1", "pitch_range=1.2")
    clear = Synthesizer.load(tmp_path / "clear").speak("A short sentence.").waveform
    asked = voice.speak("A short sentence.", variance_scale=1.1, pitch_range=1.2).waveform
    assert np.array_equal(clear, asked)
    assert not np.array_equal(clear, spoken)
    for setting, why in (
        ("magnitude_weight=0.2", "magnitude_weight: an acoustic model has no such"),
        ("variance_scale=9", "at most 2"),
        ("steps=2", "steps is taken by models trained with model/flow=residual"),
    ):
        with pytest.raises(UserError) as error:
            export("x", setting)
        assert why in str(error.value)
    alone = Synthesizer.load(tmp_path / "ben")
    assert alone.facts.speakers == ("ben",)
    as_ben = voice.speak("A short sentence.", speaker="ben").waveform
    assert np.array_equal(alone.speak("A short sentence.").waveform, as_ben)
    done = command("-m", "tts", "export", f"run={run}", f"out={tmp_path}/x", "speaker=carla",
                   code=2)  # fmt: skip
    assert "speaker=carla: choose from anna, ben" in done.stderr
    assert json.loads((tmp_path / "anna/voice.json").read_text())["about"]["license"] == "CC0-1.0"


def test_a_line_that_fails_does_not_stop_the_others(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = tmp_path / "lines.txt"
    lines.write_text("One ☃.\n...\n<b>Two</b>\nThree.\n", encoding="utf-8")
    config = composed("synthesize", f"run={run}", f"out={tmp_path}/wavs", f"file={lines}")
    with pytest.raises(UserError, match=r"1 of 4 lines not synthesized\s+line 3"):
        synthesize(config)
    assert sorted(path.name for path in (tmp_path / "wavs").iterdir()) == ["001.wav", "004.wav"]
    printed = capsys.readouterr().err
    assert "line 1: left out, because no symbol exists: ☃" in printed
    assert "line 2: skipped: nothing in the text" in printed


def test_an_evaluation_scores_recordings_copies_and_the_model(run: Path, tmp_path: Path) -> None:
    command("-m", "tts", "evaluate", f"run={run}", "utterances=2", "workers=1",
            f"out={tmp_path}")  # fmt: skip
    result = json.loads((tmp_path / "report.json").read_text())
    assert list(result["systems"]) == ["recordings", "copy synthesis", "demo"]
    assert result["systems"]["copy synthesis"]["duration_error"][0] == pytest.approx(0.0, abs=2)
    assert result["differences"]["copy synthesis"]["mcd"][2] < 0, "copies are nearer"
    assert set(result["speakers"]) <= {"anna", "ben"}
    assert len(result["sentences"]) == 6
    model = result["models"]["demo"]
    assert model["mel_l1"][0] > 0
    assert model["boundary_error_ms"] > 0  # the demo corpus has true durations
    page = (tmp_path / "report.html").read_text()
    assert page.count("<audio") == 6
    assert all(sentence["text"] in page for sentence in result["sentences"])


def test_synthesis_imports_no_slow_packages(run: Path) -> None:
    program = (
        "import sys\nfrom tts.synthesizer import Synthesizer\n"
        f"waveform, rate = Synthesizer.load({str(run)!r}).speak('Hello.')\n"
        "assert len(waveform) and rate == 22050\n"
        "heavy = {'lightning', 'pytorch_lightning', 'matplotlib', 'hydra', 'numba', 'librosa', "
        "'scipy', 'pandas', 'torchmetrics', 'torch._dynamo'} & sys.modules.keys()\n"
        "assert not heavy, heavy"
    )
    fresh(program)


@pytest.mark.parametrize("script", ["train.py", "synthesize.py"])
def test_help_imports_neither_torch_nor_lightning(script: str) -> None:
    program = (
        f"import sys, runpy\nsys.argv = [{script!r}, '--help']\n"
        f"runpy.run_path({script!r}, run_name='__main__')\n"
        "assert 'torch' not in sys.modules and 'lightning' not in sys.modules"
    )
    assert "model" in fresh(program) or script == "synthesize.py"


def test_synthesis_is_repeatable(voice: Synthesizer, run: Path) -> None:
    one = voice.speak("A short sentence.").waveform
    assert np.array_equal(one, voice.speak("A short sentence.").waveform)
    again = Synthesizer.load(run).speak("A short sentence.").waveform
    assert np.array_equal(one, again)


def test_a_seed_makes_a_temperature_repeatable(voice: Synthesizer) -> None:
    def speak(seed: int) -> np.ndarray:
        return voice.speak("A short sentence.", prosody_temperature=1.0, seed=seed).waveform

    assert np.array_equal(speak(1), speak(1))
    assert not np.array_equal(speak(1), speak(2))


def test_sentences_are_joined_with_their_pauses(voice: Synthesizer) -> None:
    parts = list(voice.sentences("One sentence. Another one, longer. The end."))
    assert len(parts) == 3
    assert parts[0].pause > 0
    full = voice.speak("One sentence. Another one, longer. The end.").waveform
    pauses = sum(round(p.pause * 22050) for p in parts[:-1])
    assert len(full) == sum(len(p.waveform) for p in parts) + pauses
    for part in parts:
        assert len(part.waveform) == len(part.features) * 256 == int(part.durations.sum()) * 256
        assert len(part.durations) == len(part.phonemes)


def test_a_stream_equals_the_full_waveform(voice: Synthesizer) -> None:
    torch.manual_seed(1)
    neural = Synthesizer(
        voice.model, Vocos(voice.facts.contract, 16, 32, 2), voice.frontend, voice.facts
    )
    text = "One sentence. Another one, longer."
    pieces = list(neural.stream(text, frames=20))
    assert max(map(len, pieces)) <= max(20 * 256, 22050)
    assert len(pieces) > 5
    full = neural.speak(text).waveform
    assert np.abs(np.concatenate(pieces) - full).max() < 1e-4
    with pytest.raises(UserError, match="Chinese"):
        next(neural.stream("你好."))


def test_controls_per_token(voice: Synthesizer) -> None:
    (plain,) = voice.sentences("Hello there.")
    rates = [1.0] * len(plain.phonemes)
    rates[3] = 0.25
    (slow,) = voice.sentences("Hello there.", controls=SynthesisControls(rate=rates))
    assert slow.durations[3] > plain.durations[3]
    assert len(slow.features) > len(plain.features)
    with pytest.raises(UserError, match="tokens"):
        list(voice.sentences("Hello there.", controls=SynthesisControls(rate=[1.0, 2.0])))
    with pytest.raises(UserError, match="one sentence"):
        list(voice.sentences("Hello there. You.", controls=SynthesisControls(rate=rates)))


def test_a_tampered_checkpoint_is_rejected(run: Path, tmp_path: Path) -> None:
    good = load_checkpoint(run / "checkpoints" / "last.ckpt")

    def load(change: dict[str, object]) -> None:
        path = tmp_path / "bad.ckpt"
        save_atomic(good | change, path)
        Synthesizer.load(path)

    config = json.loads(json.dumps(good["config"]))
    config["model"]["_target_"] = "os.system"
    with pytest.raises(UserError, match=r"os\.system"):
        load({"config": config})
    weights = dict(good["state_dict"])
    weights.pop("model.project.weight")
    with pytest.raises(CheckpointError, match=r"project\.weight"):
        load({"state_dict": weights})
    truncated = tmp_path / "cut.ckpt"
    truncated.write_bytes((run / "checkpoints" / "last.ckpt").read_bytes()[:5000])
    with pytest.raises(CheckpointError, match=r"cut\.ckpt"):
        Synthesizer.load(truncated)


def test_another_contract_is_rejected(voice: Synthesizer) -> None:
    from dataclasses import replace

    from tts.contract import ContractError
    from tts.vocoders.griffin_lim import GriffinLim

    other = GriffinLim(replace(voice.facts.contract, fmax=7600.0))
    with pytest.raises(ContractError, match="fmax"):
        Synthesizer(voice.model, other, voice.frontend, voice.facts)


def test_the_notebooks_run(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one kernel, without the names of the notebook before: it imports torch once."""
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    monkeypatch.setenv("TTS_RUN", str(run))
    monkeypatch.setenv("TTS_SWEEP", str(run))
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    names = ("listen_and_look", "prosody_control", "compare_runs")
    notebooks = [
        nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4) for name in names
    ]
    together = nbformat.v4.new_notebook(metadata=notebooks[0].metadata)
    for name, notebook in zip(names, notebooks, strict=True):
        assert any(cell.get("outputs") for cell in notebook.cells), f"{name} is kept with outputs"
        assert notebook.metadata.kernelspec == together.metadata.kernelspec
        together.cells += [nbformat.v4.new_code_cell("%reset -f"), *notebook.cells]
    resources = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(together, timeout=200, resources=resources).execute()
    for name, notebook in zip(names, notebooks, strict=True):
        shown = {kind for cell in notebook.cells for output in cell.get("outputs") or ()
                 for kind in output.get("data", {})}  # fmt: skip
        assert "image/png" in shown, name
        assert ("text/html" in shown) == (name != "compare_runs"), "there is something to listen to"
