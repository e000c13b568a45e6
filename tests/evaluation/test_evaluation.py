"""Tests of the evaluation of audio folders: scores, unreadable files, and the HTML report."""

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
from tts.evaluation.interval_plot import interval_plot
from tts.evaluation.labels import short_labels
from tts.evaluation.report_clips import mark_errors
from tts.evaluation.run import evaluate, parse_paths
from tts.evaluation.wav_folders import shortest_names
from tts.metrics.bootstrap import Estimate
from tts.warnings_once import warn_once

RATE = 22050
SLOW = ("wer", "cer", "whisper", "dnsmos_p808", "dnsmos_ovrl", "plcmos", "distillmos")
LIGHT = [f"metrics.{name}=null" for name in SLOW]
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")


def speech(seed: int, seconds: float = 1.0, rate: int = RATE) -> np.ndarray:
    """Return a random F0 contour with harmonics, voiced throughout."""
    random = np.random.default_rng(seed)
    time = np.arange(int(seconds * rate)) / rate
    pitch = 120 + 20 * np.sin(2 * np.pi * random.uniform(1, 3) * time)
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    wave = sum(np.sin(n * phase) / n for n in range(1, 20)) * (1 + np.sin(9 * time))
    return (0.1 * wave).astype(np.float32)


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """Write recordings, a good and a bad system and texts of the sentences a, b and c."""
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


def test_the_better_folder_is_significantly_better(folders: Path) -> None:
    result = run(folders, "aligned=true")
    assert list(result["systems"]) == ["recordings", "bad", "good"]
    assert result["baseline"] == "bad"
    for measure, sign in (("mcd", -1), ("mel_snr", 1), ("stoi", 1)):
        value, low, high = result["differences"]["good"][measure]
        assert sign * value > 0, measure
        assert low > 0 or high < 0, measure
    assert result["problems"] == []
    saved = json.loads((folders / "out" / "report.json").read_text())
    assert saved["systems"]["good"]["mcd"] == pytest.approx(list(result["systems"]["good"]["mcd"]))


def test_the_same_seed_gives_the_same_report(folders: Path) -> None:
    assert run(folders)["systems"] == run(folders)["systems"]


def test_the_table_is_printed_where_the_report_cannot_be_written(
    folders: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def write_report(*_: object) -> list[Path]:
        raise UserError("report.html: no space left")

    monkeypatch.setattr("tts.evaluation.run.write_report", write_report)
    with pytest.raises(UserError, match="no space left"):
        run(folders, systems="{0}/good")
    assert "recordings" in capsys.readouterr().out


def test_two_workers_score_as_one_and_warn_once(
    folders: Path, caplog: pytest.LogCaptureFixture
) -> None:
    no_weights = (
        "metrics.whisper={_target_: tts.metrics.whisper.WhisperWordErrorRate, weights: /nowhere}"
    )
    warn_once.cache_clear()
    with caplog.at_level(logging.WARNING):
        both = run(folders, "workers=2", no_weights)
    messages = [record.getMessage() for record in caplog.records]
    assert len([m for m in messages if "(Whisper) is skipped" in m]) == 1
    assert both["systems"] == run(folders, no_weights)["systems"]


def test_unusable_files_are_reported_and_the_rest_is_scored(folders: Path) -> None:
    bad = folders / "bad"
    soundfile.write(bad / "a.wav", np.zeros(RATE), RATE)
    soundfile.write(bad / "b.wav", np.zeros(1), RATE)
    soundfile.write(bad / "d.wav", speech(9), RATE)
    (folders / "good" / "b.wav").write_text("not audio")
    soundfile.write(folders / "good" / "c.wav", speech(2, rate=16000), 16000)
    result = run(folders)
    problems = "\n".join(result["problems"])
    for expected in (
        "1 audio files have no text; the first is d",
        "a.wav: silent",
        "b.wav: 0.0 ms are too short",
        "good/b.wav: not audio",
    ):
        assert expected in problems, expected
    scored = {(s["system"], s["id"]) for s in result["sentences"]}
    usable = {("bad", "c"), ("good", "a"), ("good", "c")}
    assert scored == usable | {("recordings", i) for i in "abc"}
    # another sample rate does not change the scores
    value = next(s for s in result["sentences"] if (s["system"], s["id"]) == ("good", "c"))
    assert value["values"]["f0_rmse"] < 0.2


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["wavs=null"], "give exactly one of run=RUN and wavs=DIR"),
        (["wavs=nowhere"], "nowhere: there is no such folder"),
        (["text=nowhere.csv"], "there is no such file"),
        (["worst_by=beauty"], "worst_by=beauty: choose from"),
    ],
)
def test_an_invalid_option_raises_an_error(
    folders: Path, overrides: list[str], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        run(folders, *overrides)


def test_empty_folders_and_unknown_ids_raise_an_error(folders: Path) -> None:
    (folders / "empty").mkdir()
    with pytest.raises(UserError, match=r"empty: the folder has no \.wav"):
        run(folders, systems="{0}/empty")
    (folders / "texts.csv").write_text("x|Not synthesized\n")
    with pytest.raises(UserError, match="no id matches"):
        run(folders)
    (folders / "texts.csv").write_text("a|One\njust a line\n")
    with pytest.raises(UserError, match=r"row 2: expected id\|text"):
        run(folders)


def test_paths_may_contain_commas(tmp_path: Path) -> None:
    for name in ("a=1,b=2", "c"):
        (tmp_path / name).mkdir()
    both = [str(tmp_path / "a=1,b=2"), str(tmp_path / "c")]
    assert parse_paths(f"[{both[0]},{both[1]}]") == both
    assert parse_paths(f"{tmp_path}/*") == both
    assert parse_paths("plain") == ["plain"]
    with pytest.raises(UserError, match="no path matches"):
        parse_paths(f"{tmp_path}/x*")


def test_names_are_as_short_as_possible() -> None:
    assert shortest_names([Path("/a/x/one"), Path("/a/x/two")]) == ["one", "two"]
    assert shortest_names([Path("/a/x/wavs"), Path("/a/y/wavs")]) == ["x/wavs", "y/wavs"]
    with pytest.raises(UserError, match="given twice"):
        shortest_names([Path("/a"), Path("/a")])


def test_labels_are_short_and_different() -> None:
    long = [
        "2026-11-26_10-20-30_model.encoder=transformer,optimizer.lr=0.001",
        "2026-11-26_10-20-31_model.encoder=conv,optimizer.lr=0.001",
        "a-name-that-nobody-could-shorten",
    ]
    labels = short_labels(["recordings", *long[:2]])
    assert list(labels.values()) == ["recordings", "encoder=transformer", "encoder=conv"]
    assert list(short_labels(["run A", long[2]]).values()) == ["run A", "run B"]
    assert short_labels(long[:1])[long[0]] == "run A"


def test_an_interval_plot_has_a_row_per_system_and_a_band_per_reference() -> None:
    estimates = {n: Estimate(v, v - 0.1, v + 0.1) for n, v in (("a", 3.0), ("<b>", 3.5))}
    bands = {"recordings": Estimate(4.0, 3.9, 4.1), "none": Estimate(float("nan"), 0, 0)}
    svg = interval_plot(estimates, bands, 2)
    assert svg.count("<circle") == 2
    assert svg.count("<rect class='band") == 1
    assert "&lt;b&gt;: 3.50 [3.40, 3.60]" in svg
    same = {"a": Estimate(0.0, 0.0, 0.0)}
    assert "<circle" in interval_plot(same, {}, 1)
    assert interval_plot({"a": bands["none"]}, bands, 1) == ""


def test_wrong_words_are_marked() -> None:
    marked = mark_errors("The cat sat.", "the bat sat on")
    assert "<mark title='expected: cat'>bat</mark>" in marked
    assert "<mark title='not in the text'>on</mark>" in marked
    assert mark_errors("It is", "") == ""
    assert "<mark" not in mark_errors("Yes, it is.", "Yes, it is.")
    assert "<mark" not in mark_errors("A well-known cat", "a well-known cat")


CHECK = """
<script>
const done = result => document.body.dataset.result = JSON.stringify(result);
const table = document.querySelector('table.sortable');
const column = [...table.tHead.rows[0].cells].findIndex(c => c.textContent.startsWith('mel-cep'));
table.tHead.rows[0].cells[column].click();
const sorted = [...table.tBodies[0].rows].map(r => parseFloat(r.cells[column].dataset.value));
const sounds = [...document.querySelectorAll('audio')].map(audio => new Promise(resolve => {
  audio.onloadedmetadata = () => resolve(audio.duration);
  audio.onerror = () => resolve(-1);
  audio.preload = 'metadata'; audio.load();
}));
const height = image => image.decode().then(() => image.naturalHeight);
const images = [...document.querySelectorAll('img')].map(height);
const line = () => {
  const first = document.querySelector('.spectrogram');
  const sound = first.parentElement.querySelector('audio');
  sound.currentTime = 0.5;
  sound.onseeked();
  return first.querySelector('b').style.left;
};
Promise.all([Promise.all(sounds), Promise.all(images)]).then(([sounds, images]) =>
  done({sorted, sounds, images, line: line(), requests: performance.getEntriesByType('resource')
    .map(r => r.name).filter(n => !n.startsWith('data:'))}));
</script>
"""


@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
def test_the_page_opens_from_disk_in_a_browser(folders: Path) -> None:
    run(folders)
    page = (folders / "out" / "report.html").read_text()
    assert "<b>word</b>" not in page, "texts are escaped"
    # the browser sorts a table, loads audio and images, and lists network requests
    (folders / "check.html").write_text(page.replace("</html>", CHECK + "</html>"))
    flags = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--no-first-run",
             f"--user-data-dir={folders}/profile", "--timeout=20000", "--dump-dom")  # fmt: skip
    done = subprocess.run(
        [str(BROWSER), *flags, f"file://{folders}/check.html"],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    encoded = done.stdout.split('data-result="')[1].split('"')[0].replace("&quot;", '"')
    result = json.loads(encoded)
    assert len(result["sorted"]) == 3
    assert result["sorted"] == sorted(result["sorted"])
    assert result["sounds"] == pytest.approx([1.0] * 9, abs=0.01)
    assert result["images"] == [80] * 9
    assert result["line"] == "50%", "the line in the mel is where the sound is"
    assert result["requests"] == []
