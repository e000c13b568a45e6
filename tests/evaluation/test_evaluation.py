"""Evaluations: folders of anybody's wavs, what cannot be read, and a page that opens from disk."""

import json
import logging
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from fakes import composed

from tts.errors import UserError
from tts.evaluation.html_report import compare
from tts.evaluation.run import evaluate, listed
from tts.evaluation.wav_folders import names_of
from tts.metrics.optional_packages import warn_once

RATE = 22050
LIGHT = [f"metrics.{name}=null" for name in ("wer", "cer", "dnsmos_p808", "dnsmos_ovrl", "plcmos")]
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")


def speech(seed: int, seconds: float = 1.0, rate: int = RATE) -> np.ndarray:
    """A melody with overtones: voiced, and never twice the same."""
    random = np.random.default_rng(seed)
    time = np.arange(int(seconds * rate)) / rate
    pitch = 120 + 20 * np.sin(2 * np.pi * random.uniform(1, 3) * time)
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    wave = sum(np.sin(n * phase) / n for n in range(1, 20)) * (1 + np.sin(9 * time))
    return (0.1 * wave).astype(np.float32)


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """Recordings, a good and a bad system, texts; ids a, b and c."""
    random = np.random.default_rng(0)
    for name, noise in (("real", 0.0), ("good", 0.002), ("bad", 0.05)):
        (tmp_path / name).mkdir()
        for number, sentence in enumerate("abc"):
            wave = speech(number) + noise * random.normal(size=RATE)
            soundfile.write(tmp_path / name / f"{sentence}.wav", wave, RATE)
    (tmp_path / "texts.csv").write_text("a|One <b>word</b>\nb|Two & three\nc|Four\n")
    return tmp_path


def run(folders: Path, *overrides: str, systems: str = "[{0}/bad,{0}/good]") -> dict[str, Any]:
    config = composed(
        "evaluate", f"wavs='{systems.format(folders)}'", f"text={folders}/texts.csv",
        f"ref={folders}/real", "workers=1", f"out={folders}/out", *LIGHT, *overrides,
    )  # fmt: skip
    return evaluate(config)


def test_the_better_folder_is_shown_to_be_better(folders: Path) -> None:
    result = run(folders, "aligned=true")
    assert list(result["systems"]) == ["recordings", "bad", "good"]
    assert result["baseline"] == "bad"
    for measure, sign in (("mcd", -1), ("mel_snr", 1), ("stoi", 1)):
        value, low, high = result["differences"]["good"][measure]
        assert sign * value > 0, measure
        assert low > 0 or high < 0, measure
    assert result["problems"] == []
    kept = json.loads((folders / "out" / "report.json").read_text())
    assert kept["systems"]["good"]["mcd"] == pytest.approx(list(result["systems"]["good"]["mcd"]))


def test_the_same_seed_says_the_same(folders: Path) -> None:
    assert run(folders)["systems"] == run(folders)["systems"]


def test_two_processes_score_as_one_and_say_a_thing_once(
    folders: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nobody = (
        "metrics.whisper={_target_: tts.metrics.whisper.WhisperWordErrorRate, weights: /nowhere}"
    )
    warn_once.cache_clear()
    with caplog.at_level(logging.WARNING):
        both = run(folders, "workers=2", nobody)
    said = [r.getMessage() for r in caplog.records if "Whisper is left out" in r.getMessage()]
    assert len(said) == 1
    assert both["systems"] == run(folders)["systems"]


def test_what_cannot_be_scored_is_told_and_the_rest_is_scored(folders: Path) -> None:
    bad = folders / "bad"
    soundfile.write(bad / "a.wav", np.zeros(RATE), RATE)
    soundfile.write(bad / "b.wav", np.zeros(1), RATE)
    soundfile.write(bad / "d.wav", speech(9), RATE)
    (folders / "good" / "b.wav").write_text("not audio")
    soundfile.write(folders / "good" / "c.wav", speech(2, rate=16000), 16000)
    result = run(folders)
    problems = "\n".join(result["problems"])
    for said in ("1 wavs have no text, the first is d", "a.wav: silent", "b.wav: 0.0 ms are too",
                 "good/b.wav: not audio"):  # fmt: skip
        assert said in problems, said
    scored = {(s["system"], s["id"]) for s in result["sentences"]}
    ours = {("bad", "c"), ("good", "a"), ("good", "c")}
    assert scored == ours | {("recordings", i) for i in "abc"}
    # another rate is no other voice: the third sentence is as it was
    value = next(s for s in result["sentences"] if (s["system"], s["id"]) == ("good", "c"))
    assert value["values"]["f0_rmse"] < 0.2


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["wavs=null"], "give run=... or wavs=DIR"),
        (["wavs=nowhere"], "nowhere: there is no such folder"),
        (["text=nowhere.csv"], "there is no such file"),
        (["worst_by=beauty"], "worst_by=beauty: choose from"),
    ],
)
def test_a_wrong_request_is_one_clear_error(folders: Path, overrides: list[str], said: str) -> None:
    with pytest.raises(UserError, match=said):
        run(folders, *overrides)


def test_empty_folders_and_foreign_ids_are_refused(folders: Path) -> None:
    (folders / "empty").mkdir()
    with pytest.raises(UserError, match=r"empty: it holds no \.wav"):
        run(folders, systems="{0}/empty")
    (folders / "texts.csv").write_text("x|Nobody says this\n")
    with pytest.raises(UserError, match="none of its ids"):
        run(folders)
    (folders / "texts.csv").write_text("a|One\njust a line\n")
    with pytest.raises(UserError, match=r"row 2: give id\|text"):
        run(folders)


def test_paths_are_listed_with_their_commas(tmp_path: Path) -> None:
    for name in ("a=1,b=2", "c"):
        (tmp_path / name).mkdir()
    both = [str(tmp_path / "a=1,b=2"), str(tmp_path / "c")]
    assert listed(f"[{both[0]},{both[1]}]") == both
    assert listed(f"{tmp_path}/*") == both
    assert listed("plain") == ["plain"]
    with pytest.raises(UserError, match="nothing is called like that"):
        listed(f"{tmp_path}/x*")


def test_names_are_as_short_as_they_can_be() -> None:
    assert names_of([Path("/a/x/one"), Path("/a/x/two")]) == ["one", "two"]
    assert names_of([Path("/a/x/wavs"), Path("/a/y/wavs")]) == ["x/wavs", "y/wavs"]
    with pytest.raises(UserError, match="given twice"):
        names_of([Path("/a"), Path("/a")])


def test_misheard_words_are_marked() -> None:
    shown = compare("The cat sat.", "the bat sat on")
    assert "<mark title='cat'>bat</mark>" in shown
    assert "<mark title='nothing was said here'>on</mark>" in shown
    assert compare("It is", "") == ""


CHECK = """
<script>
const done = what => document.body.dataset.found = JSON.stringify(what);
const table = document.querySelector('table.sortable');
const column = [...table.tHead.rows[0].cells].findIndex(c => c.textContent.startsWith('mel-cep'));
table.tHead.rows[0].cells[column].click();
const sorted = [...table.tBodies[0].rows].map(r => parseFloat(r.cells[column].dataset.value));
const sounds = [...document.querySelectorAll('audio')].map(audio => new Promise(resolve => {
  audio.onloadedmetadata = () => resolve(audio.duration);
  audio.onerror = () => resolve(-1);
  audio.preload = 'metadata'; audio.load();
}));
const height = picture => picture.decode().then(() => picture.naturalHeight);
const pictures = [...document.querySelectorAll('img')].map(height);
Promise.all([Promise.all(sounds), Promise.all(pictures)]).then(([sounds, pictures]) =>
  done({sorted, sounds, pictures, requests: performance.getEntriesByType('resource')
    .map(r => r.name).filter(n => !n.startsWith('data:'))}));
</script>
"""


@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
def test_the_page_opens_from_disk_in_a_browser(folders: Path) -> None:
    run(folders)
    page = (folders / "out" / "report.html").read_text()
    assert "<b>word</b>" not in page, "texts are text"
    # what a page asks for beside itself is seen by the browser, which also clicks and listens
    (folders / "check.html").write_text(page.replace("</html>", CHECK + "</html>"))
    flags = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--no-first-run",
             f"--user-data-dir={folders}/profile", "--timeout=20000", "--dump-dom")  # fmt: skip
    done = subprocess.run(
        [str(BROWSER), *flags, f"file://{folders}/check.html"],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    found = done.stdout.split('data-found="')[1].split('"')[0].replace("&quot;", '"')
    seen = json.loads(found)
    assert len(seen["sorted"]) == 3
    assert seen["sorted"] == sorted(seen["sorted"])
    assert seen["sounds"] == pytest.approx([1.0] * 9, abs=0.01)
    assert seen["pictures"] == [80] * 9
    assert seen["requests"] == []
