"""Tests of the benchmark command on tiny shapes, and of its operation counts."""

import json
from pathlib import Path

import pytest
import torch
from processes import command
from torch import Tensor

from tts.benchmark.machine import count_gflop
from tts.modules.ssd import chunk_decays, ssd, ssd_backward, ssd_forward

TINY = (
    "seconds=0.01", "rounds=1", "sizes=[tiny]", "lengths=[32]", "chunks=[16]", "batch=2",
    "tokens=20", "frames=60", "width=32", "steps=[1,2]", "vocoders=[vocos/tiny]",
    "precision=32-true",
)  # fmt: skip


def test_every_section_measures_something(tmp_path: Path) -> None:
    out = tmp_path / "benchmark.json"
    texts = tmp_path / "texts.csv"
    texts.write_text("a|Good morning.\n")
    voices = ("voices=[voices/lj]", f"texts={texts}", f"wavs={tmp_path}/wavs")
    printed = command("-m", "tts", "benchmark", *TINY, *voices, f"out={out}").stdout
    sections = json.loads(out.read_text())
    assert list(sections) == [
        "machine", "scan", "block", "chunks", "alignment", "training_step", "synthesis", "vocoders",
        "voices", "startup", "busy",
    ]  # fmt: skip
    assert (tmp_path / "wavs" / "lj" / "a.wav").is_file()
    for section in sections.values():
        numbers = [n for row in section["rows"] for n in row.values() if isinstance(n, float)]
        assert numbers
        assert min(numbers) > 0
        for goal in section["goals"]:
            assert goal["name"] in printed
            assert goal["met"] == (
                goal["value"] >= goal["bound"]
                if goal["at_least"]
                else goal["value"] <= goal["bound"]
            )


def test_the_scan_is_counted_as_its_matrix_products() -> None:
    def inputs(gradients: bool) -> list[Tensor]:
        torch.manual_seed(0)
        shapes = ((2, 64, 3, 8), (2, 64, 3), (2, 64, 3), (2, 64, 6), (2, 64, 6))
        x, dt, log_decay, b, c = (torch.rand(shape) for shape in shapes)
        return [part.requires_grad_(gradients) for part in (x, dt, -log_decay, b, c)]

    def custom_operator() -> None:
        ssd(*inputs(True), chunk=16).sum().backward()

    def matrix_products() -> None:
        x, dt, log_decay, b, c = inputs(False)
        decays, y = chunk_decays(dt, log_decay, 16), torch.empty_like(x)
        before = ssd_forward(x, b, c, decays, y)
        ssd_backward(torch.ones_like(y), x, b, c, decays, y, before, torch.empty_like(y))

    assert count_gflop(custom_operator) == pytest.approx(count_gflop(matrix_products), rel=1e-9)
    assert count_gflop(matrix_products) > 0


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("sections=[scan,unknown]", "unknown"),
        ("precision=8", "precision=8"),
        ("device=unknown", "device=unknown"),
        ("device=cuda:99", "device=cuda:99"),
        ("rounds=0", "rounds=0"),
        ("lengths=[128,-1]", "lengths[1]=-1"),
        ("chunks=[]", "chunks=[]"),
        ("seconds=soon", "seconds='soon'"),
        ("out=/proc/benchmark.json", "/proc/benchmark.json"),
        ("threads=0", "threads=0"),
        ("frames=20", "frames=20"),
        ("sizes=[huge]", "huge"),
        ("vocoders=[vocos/huge]", "vocos/huge"),
    ],
)
def test_an_invalid_option_fails_before_any_measurement(override: str, message: str) -> None:
    done = command("-m", "tts", "benchmark", override, code=2)
    assert message in done.stderr
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 1
    assert not done.stdout
