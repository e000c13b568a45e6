"""Tests of the benchmark command on tiny shapes, and of its operation counts."""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from compose_once import composing
from fakes import composed
from hydra.core.override_parser.overrides_parser import OverridesParser
from processes import command
from torch import Tensor

from tts.benchmark import busy, startup
from tts.benchmark.machine import count_gflop
from tts.benchmark.report import Section
from tts.benchmark.run import benchmark
from tts.benchmark.server import voices_word
from tts.benchmark.timing import PairedTimer, Times
from tts.config.value_checks import check_values
from tts.errors import UserError
from tts.modules.ssd import chunk_decays, ssd, ssd_backward, ssd_forward

TINY = (
    "seconds=0.01", "rounds=1", "sizes=[tiny]", "lengths=[32]", "chunks=[16]", "batch=2",
    "tokens=20", "frames=60", "width=32", "rows=3000", "steps=[1,2]", "vocoders=[vocos/tiny]",
    "precision=32-true",
)  # fmt: skip


def test_every_section_measures_something(tmp_path: Path) -> None:
    out = tmp_path / "benchmark.json"
    texts = tmp_path / "texts.csv"
    texts.write_text("a|Good morning.\n")
    voices = ("voices=[voices/lj]", f"texts={texts}", f"wavs={tmp_path}/wavs")
    names = [name for name in composed("benchmark").sections if name not in ("startup", "busy")]
    printed = command(
        "-m", "tts", "benchmark", *TINY, *voices, f"out={out}", f"sections=[{','.join(names)}]"
    ).stdout
    sections = json.loads(out.read_text())
    assert list(sections) == ["machine", *names]
    assert (tmp_path / "wavs" / "lj" / "a.wav").is_file()
    for section in sections.values():
        assert_measured(section["rows"])
        for goal in section["goals"]:
            assert goal["name"] in printed
            assert goal["met"] == (
                goal["value"] >= goal["bound"]
                if goal["at_least"]
                else goal["value"] <= goal["bound"]
            )


def assert_measured(rows: list[dict[str, Any]]) -> None:
    numbers = [n for row in rows for n in row.values() if isinstance(n, float)]
    assert numbers
    assert min(numbers) > 0


class Once(PairedTimer):
    """Runs every task once, without a warm-up."""

    __slots__ = ()

    def compare(self, tasks: Mapping[str, Callable[[], object]]) -> Times:
        return Times({name: [self._time(task)] for name, task in tasks.items()})


ONCE = Once(1, 0.01, torch.device("cpu"))


def rows_of(section: Section) -> list[dict[str, Any]]:
    return [row._asdict() for row in section.rows]


def test_startup_runs_real_commands(monkeypatch: pytest.MonkeyPatch, prepared: Path) -> None:
    real = startup.run_python

    def forked(folder: str, *arguments: str) -> None:
        if arguments[0] == "-c":
            compile(arguments[1], "import", "exec")
        elif "experiment=demo" in arguments:
            command(*arguments, "data.limit=24", f"data.prepared_dir={prepared}", TMPDIR=folder)
        else:
            command(*arguments, TMPDIR=folder)

    monkeypatch.setattr(startup, "run_python", forked)
    rows = rows_of(startup.benchmark_startup(ONCE))
    assert_measured(rows)
    assert [row["process"] for row in rows][1:] == [
        startup.HELP, startup.FIRST_STEP, startup.SYNTHESIS,
    ]  # fmt: skip
    with pytest.raises(UserError, match=r"-c raise SystemExit.* failed: why"):
        real("/tmp", "-c", "raise SystemExit('why')")


def test_neighbors_keep_their_cpus_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    def children() -> list[int]:
        return [
            int(number)
            for task in Path("/proc/self/task").iterdir()
            for number in (task / "children").read_text().split()
        ]

    def cpu_ticks(process: int) -> int:
        return sum(
            map(int, Path(f"/proc/{process}/stat").read_text().split(")")[-1].split()[11:13])
        )

    spoken: list[int] = []

    def spin(*_: str) -> None:
        neighbors = set(children()) - former
        if spoken:  # the second time is beside them
            [neighbor] = neighbors if busy.usable_cpus() <= 2 else [min(neighbors)]
            before, end = cpu_ticks(neighbor), time.monotonic() + 20
            while cpu_ticks(neighbor) <= before:
                assert time.monotonic() < end, "the neighbor waits"
        else:
            assert not neighbors
        spoken.append(len(neighbors))

    former = set(children())
    monkeypatch.setattr(busy, "run_python", spin)
    section = busy.benchmark_busy(ONCE)
    assert_measured(rows_of(section))
    assert spoken == [0, max(busy.usable_cpus() - 1, 1)]
    assert set(children()) == former


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
        ("voices=nowhere", "voices=nowhere: there is no such voice"),
    ],
)
def test_an_invalid_option_fails_before_any_measurement(
    override: str,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(PairedTimer, "compare", pytest.fail)

    def run() -> None:
        config = compose("benchmark", [override])
        check_values("benchmark", config, [override])
        benchmark(config)

    with composing() as compose, pytest.raises(UserError) as error:
        run()
    assert message in str(error.value)
    assert len(str(error.value).splitlines()) == 1
    assert not capsys.readouterr().out


def test_an_error_of_the_benchmark_is_one_line() -> None:
    done = command("-m", "tts", "benchmark", "sizes=[huge]", code=2)
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 1
    assert not done.stdout


def test_voices_of_any_path_reach_the_server() -> None:
    paths = ["voices/lj", "/home/Çağrı person/a, b", "it's", "[x]", "50%"]
    assert OverridesParser.create().parse_override(voices_word(paths)).value() == paths
