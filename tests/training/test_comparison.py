"""Comparison of runs of which some are damaged."""

import json
import re
from pathlib import Path

import pytest

from tts.training.comparison import compare, short_keys
from tts.training.comparison_page import PageRun, comparison_page

WHOLE = {"status": "done", "seconds": 1.0, "metrics": {"best/val/loss": 1.5, "steps": 3}}
DAMAGED = {
    "cut": b'{"status": "do',
    "binary": b"\xff\x00\xfe",
    "list": b"[]",
    "null": b"null",
    "no metrics": b'{"status": "done"}',
    "null metric": b'{"status": "done", "metrics": {"val/loss": null}}',
    "word": b'{"status": "done", "metrics": {"val/loss": "abc"}}',
    "infinite steps": b'{"status": "done", "metrics": {"steps": Infinity}}',
    "deep": b"[" * 100_000,
    "huge": b'{"status": "done", "metrics": {"val/loss": ' + b"9" * 400 + b"}}",
}


def run(folder: Path, summary: bytes, overrides: bytes = b"- seed=1\n") -> Path:
    (folder / ".hydra").mkdir(parents=True)
    (folder / ".hydra/overrides.yaml").write_bytes(overrides)
    (folder / "summary.json").write_bytes(summary)
    return folder


def test_a_damaged_run_is_a_row_and_hides_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = json.dumps(WHOLE).encode()
    run(tmp_path / "whole [red] run", whole, b"- data.speaker='[/x]'\n")
    for name, content in DAMAGED.items():
        run(tmp_path / name, content)
    for name, content in {
        "mapping": b"a: b",
        "tag": b"!!x",
        "bytes": b"\xff",
        "lists": b"- [1]",
    }.items():
        run(tmp_path / f"overrides {name}", whole, content)
    (tmp_path / "whole [red] run/summary.json").chmod(0o644)
    (tmp_path / "comparison/whole [red] run/events.1").mkdir(parents=True)
    found = compare([str(tmp_path)])
    status = {row.folder.name: row.facts["status"] for row in found.rows}
    assert status.pop("whole [red] run") == "done"
    assert set(status.values()) == {"damaged"}
    assert len(status) == len(DAMAGED) + 4
    out = capsys.readouterr().out
    assert "whole [red] run" in out.replace("\n", "")
    assert out.count(" damaged: ") == len(status)
    assert (tmp_path / "comparison.csv").read_text().count("\n") == len(status) + 2


def test_many_overrides_are_listed_below_the_results(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tts.console.WIDTH", 80)
    for number in range(6):
        keys = [f"callbacks.part{number}.setting{n}" for n in range(4)]
        overrides = "".join(f"- {key}={n}.25\n" for n, key in enumerate(keys))
        run(tmp_path / str(number), json.dumps(WHOLE).encode(), overrides.encode())
    compare([str(tmp_path)])
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines()[:12])) <= 80
    for heading in ("status", "parameters", "steps", "frames/s", "seconds", "best loss"):
        assert heading in out
    for number in range(6):
        assert f"run {number}: callbacks.part{number}.setting0=0.25" in out


def test_headings_are_the_shortest_that_differ() -> None:
    keys = ["model.encoder.depth", "model.decoder.depth", "optimizer.lr", "model/size", "size"]
    assert list(short_keys(keys).values()) == [
        "encoder.depth", "decoder.depth", "lr", "model/size", "size",
    ]  # fmt: skip


def test_the_page_shows_runs_with_their_overrides_and_numbers() -> None:
    runs = [
        PageRun("0", "done", {"size": "tiny"}, {"parameters": 1e6, "best/val/mel": 0.7}),
        PageRun("1", "failed", {"size": "</script>"}, {}),
    ]
    page = comparison_page("a sweep", runs, ["size"], ["best/val/mel"])
    found = re.search(r"<script id=data type=application/json>(.*?)</script>", page)
    assert found is not None
    assert json.loads(found[1])["runs"][1]["overrides"] == {"size": "</script>"}
    assert "<td data-value=0.7>0.7" in page
    assert "&lt;/script&gt;" in page
    assert "<svg" not in comparison_page("nothing measured", runs[1:], ["size"], [])
