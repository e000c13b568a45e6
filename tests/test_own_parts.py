"""Parts of a user's own package: those of docs/own_parts.md train, resume, speak and export."""

import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile
from fakes import composed

from tts.checkpoint import load_checkpoint
from tts.config.package_configs import search_trusted_packages
from tts.data.corpora.demo import Demo
from tts.evaluation.run import evaluate
from tts.export.voice import export_voice
from tts.project_files import REPOSITORY
from tts.synthesis.run import synthesize
from tts.synthesizer import Synthesizer
from tts.training.run import train
from tts.trust import TrustError

FILES = re.compile(r'^```\w+ title="(?P<path>my_parts/[^"]+)"\n(?P<text>.*?)^```$', re.M | re.S)
TRUST = "trust=my_parts"
CHOICES = ("model/activation=mish", "model/encoder=fourier", "model/loss=loudness",
           "frontend=letters", "data=pairs")  # fmt: skip
QUICK = ("trainer=cpu", "trainer.max_steps=2", "trainer.val_check_interval=2", "data.workers=0",
         "model/size=tiny", "callbacks.validation_metrics=null", "callbacks.samples=null",
         "data.prepare_workers=0", "data.prepare.max_outlier=100", "logger=none",
         "callbacks.metric_history=null", "trainer.precision=32-true")  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the page's package, importable, and a corpus in the page's format."""
    folder = tmp_path_factory.mktemp("own")
    page = (REPOSITORY / "docs/own_parts.md").read_text(encoding="utf-8")
    for found in FILES.finditer(page):
        (folder / found["path"]).parent.mkdir(parents=True, exist_ok=True)
        (folder / found["path"]).write_text(found["text"], encoding="utf-8")
    (folder / "my_parts/__init__.py").touch()
    (folder / "pairs").mkdir()
    for source in Demo(speakers={"anna": "f1"}, limit=12).sources():
        assert source.samples is not None
        assert source.sample_rate is not None
        soundfile.write(folder / f"pairs/{source.id}.wav", source.samples, source.sample_rate)
        (folder / f"pairs/{source.id}.txt").write_text(source.text)
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.partition(".")[0] == "my_parts"]:
        del sys.modules[name]


@pytest.fixture(scope="module")
def run(place: Path) -> Path:
    """A run of two steps with all five parts, resumed for a third."""
    folder, log = place / "run", logging.getLogger("tts.training.run")
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    log.addHandler(handler)
    level = log.level
    log.setLevel(logging.INFO)
    try:
        words = [*CHOICES, *QUICK, f"data.root={place}/pairs", f"run_dir={folder}",
                 f"data.prepared_dir={place}/prepared"]  # fmt: skip
        train(composed("train", *search_trusted_packages([TRUST, *words])), words)
        assert any(line.endswith(f"with this run, add {TRUST}") for line in lines)
    finally:
        log.setLevel(level)
        log.removeHandler(handler)
    again = [f"resume={folder}", "trainer.max_steps=3", f"run_dir={folder}"]
    with pytest.raises(TrustError, match=f"add {TRUST}"):
        train(composed("train", *again, *QUICK[3:]), again)
    train(composed("train", *search_trusted_packages([TRUST, *again]), *QUICK[3:]), again)
    return folder


def test_a_run_with_them_resumes(run: Path) -> None:
    assert load_checkpoint(run / "checkpoints/last.ckpt")["global_step"] == 3


def test_a_run_with_them_speaks_and_is_exported(run: Path, place: Path) -> None:
    voice, wav = place / "voice", place / "a.wav"
    with pytest.raises(TrustError, match=f"add {TRUST}"):
        Synthesizer.load(run)
    synthesize(composed("synthesize", TRUST, f"run={run}", f"out={wav}", "text=Good morning."))
    assert soundfile.info(wav).duration > 0.1
    export_voice(composed("export", TRUST, f"run={run}", f"out={voice}"))
    spoken = Synthesizer.load(voice, trust=["my_parts"])
    assert set(spoken.frontend.symbols) >= set("abc")
    assert len(spoken.speak("Good morning.").waveform) > 1000


def test_a_run_with_them_is_evaluated(run: Path, place: Path) -> None:
    measures = composed("evaluate").metrics
    left_out = [f"metrics.{name}=null" for name in measures if name != "mcd"]
    words = [TRUST, f"run={run}", "utterances=1", "workers=1", f"out={place}/report", "worst=0",
             "vocoder=griffin_lim", "vocoder.iterations=1", *left_out]  # fmt: skip
    report = evaluate(composed("evaluate", *words))
    assert report["systems"]["run"]["mcd"].value > 0


@pytest.mark.parametrize(
    ("words", "place_of_path"),
    [
        (["a=1", "trust=my_parts", "b=2"], 1),
        (["trust=[my_parts]"], 0),
        (["trust='my_parts'"], 0),
        (["trust=my_parts", "hydra.searchpath=[file://x]"], None),
        (["trust=json"], None),
        (["trust=null"], None),
        (["a=1"], None),
    ],
)
def test_choices_are_found_in_trusted_packages(
    place: Path, words: list[str], place_of_path: int | None
) -> None:
    expected = words.copy()
    if place_of_path is not None:
        expected.insert(place_of_path, f"hydra.searchpath=['file://{place}/my_parts/conf']")
    assert search_trusted_packages(words) == expected
