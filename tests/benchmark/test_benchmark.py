"""The benchmark runs, on shapes that take no time."""

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
    told = command("-m", "tts", "benchmark", *TINY, f"out={out}").stdout
    found = json.loads(out.read_text())
    assert list(found) == [
        "machine", "scan", "block", "chunks", "alignment", "step", "synthesis", "vocoders", "start",
    ]  # fmt: skip
    for section in found.values():
        numbers = [n for row in section["rows"] for n in row.values() if isinstance(n, float)]
        assert numbers
        assert min(numbers) > 0
        for goal in section["goals"]:
            assert goal["what"] in told
            assert goal["met"] == (
                goal["value"] >= goal["bound"]
                if goal["at_least"]
                else goal["value"] <= goal["bound"]
            )


def test_the_scan_is_counted_as_the_products_it_is_made_of() -> None:
    def parts(gradients: bool) -> list[Tensor]:
        torch.manual_seed(0)
        shapes = ((2, 64, 3, 8), (2, 64, 3), (2, 64, 3), (2, 64, 6), (2, 64, 6))
        x, dt, log_decay, b, c = (torch.rand(shape) for shape in shapes)
        return [part.requires_grad_(gradients) for part in (x, dt, -log_decay, b, c)]

    def counted() -> None:
        ssd(*parts(True), chunk=16).sum().backward()

    def plain() -> None:
        x, dt, log_decay, b, c = parts(False)
        decays, y = chunk_decays(dt, log_decay, 16), torch.empty_like(x)
        before = ssd_forward(x, b, c, decays, y)
        ssd_backward(torch.ones_like(y), x, b, c, decays, y, before, torch.empty_like(y))

    assert count_gflop(counted) == pytest.approx(count_gflop(plain), rel=1e-9)
    assert count_gflop(plain) > 0


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ("sections=[scan,naps]", "naps"),
        ("precision=8", "precision=8"),
        ("device=gramophone", "device=gramophone"),
        ("device=cuda:99", "device=cuda:99"),
        ("rounds=0", "rounds=0"),
        ("lengths=[128,-1]", "lengths=[128, -1]"),
        ("chunks=[]", "chunks=[]"),
        ("seconds=soon", "seconds=soon"),
        ("out=/proc/benchmark.json", "out=/proc/benchmark.json"),
        ("threads=0", "threads=0"),
        ("frames=20", "frames=20"),
        ("sizes=[huge]", "huge"),
        ("vocoders=[vocos/huge]", "vocos/huge"),
    ],
)
def test_what_cannot_be_measured_is_refused_before_anything_is(wrong: str, named: str) -> None:
    done = command("-m", "tts", "benchmark", wrong, code=2)
    assert named in done.stderr
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 1
    assert not done.stdout
