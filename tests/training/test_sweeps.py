"""Sweeps: failed jobs, the table of results, and Optuna studies."""

import csv
import math
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from fakes import FAKES
from omegaconf import OmegaConf
from processes import command

from tts.config.value_checks import check_section
from tts.errors import UserError
from tts.project_files import CONF
from tts.training.comparison import collect, compare
from tts.training.optuna_trial import current_trial

ROOT = Path(__file__).parents[2]


def test_a_failed_job_stops_no_other_and_the_table_has_both(tmp_path: Path) -> None:
    done = command(
        "train.py", "-m", f"hydra.searchpath=[file://{FAKES}]",
         "data=fake", "model=fake", "trainer=cpu", "trainer.precision=32-true", "logger=none",
         "callbacks.samples=null", "callbacks.validation_metrics=null",
         "scheduler.warmup_steps=1", "name=sweep",
         "optimizer.lr=0.01,0.001", "trainer.max_steps=-5,2",
        cwd=tmp_path, code=1,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert "error: 2 of the sweep's jobs failed" in done.stderr
    [folder] = tmp_path.glob("outputs/sweep/*_multirun")
    text = (folder / "comparison.csv").read_text()
    rows = list(csv.DictReader(text.splitlines()))
    assert [row["status"] for row in rows] == ["failed", "done"] * 2
    assert [row["optimizer.lr"] for row in rows] == ["0.01"] * 2 + ["0.001"] * 2
    assert all("max_steps" in row["error"] for row in rows if row["status"] == "failed")
    assert all(float(row["best/val/mel"]) > 0 for row in rows if row["status"] == "done")
    assert (folder / "comparison.png").stat().st_size > 1000
    assert (folder / "comparison.html").read_text().count("<tr id=run-") == 4
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    assert len(list((folder / "comparison").glob("*/events.*"))) == 2
    for events in (folder / "comparison").glob("*"):
        board = EventAccumulator(str(events))
        board.Reload()
        assert "best/val/mel" in board.Tags()["scalars"]
    # the comparison can be repeated, and takes unfinished runs
    compare([str(folder)])
    assert (folder / "comparison.csv").read_text() == text
    assert len(list((folder / "comparison").glob("*/events.*"))) == 2
    (folder / "4_" / ".hydra").mkdir(parents=True)
    assert collect([folder]).rows[-1].facts["status"] == "unfinished"
    with pytest.raises(UserError, match="no runs"):
        collect([tmp_path / "outputs" / "sweep" / folder.name / "comparison"])


def test_parallel_jobs_end_like_sequential_ones(tmp_path: Path) -> None:
    # not forked: such a process would wait minutes for joblib's idle workers
    words = [
        sys.executable, str(ROOT / "train.py"), "-m",
        f"hydra.searchpath=[file://{FAKES}]", "hydra/launcher=joblib",
        "hydra.launcher.n_jobs=2", "data=fake", "model=fake", "trainer=cpu",
        "trainer.precision=32-true", "logger=none", "callbacks.samples=null",
        "callbacks.validation_metrics=null", "scheduler.warmup_steps=1", "name=sweep",
        "trainer.max_steps=-5,2",
    ]  # fmt: skip
    environment = os.environ | {"PYTHONPATH": f"{FAKES.parent}:{ROOT / 'src'}"}
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert "error: 1 of the sweep's jobs failed" in done.stderr
    [folder] = tmp_path.glob("outputs/sweep/*_multirun")
    rows = list(csv.DictReader((folder / "comparison.csv").read_text().splitlines()))
    assert [row["status"] for row in rows] == ["failed", "done"]


class Launcher:
    """Launcher whose jobs return the distance of lr from 1e-3, plus 0.5 without swiglu."""

    def __init__(self) -> None:
        self.jobs: list[list[str]] = []
        self.numbers: list[int] = []
        self.fails: set[int] = set()

    def launch(self, overrides: list[list[str]], initial_job_idx: int) -> list[Any]:
        [job] = overrides
        self.jobs.append(job)
        self.numbers.append(initial_job_idx)
        values = dict(o.split("=", 1) for o in job)
        value = abs(math.log10(float(values["optimizer.lr"])) + 3)
        value += 0.5 * (values["model/activation"] != "swiglu")
        trial = current_trial()
        assert trial is not None
        if initial_job_idx in self.fails:
            return [SimpleNamespace(return_value=None)]
        for step in range(3):
            if trial.report(value, step):
                break
        return [SimpleNamespace(return_value=value)]


SPACE = ("model/activation=gelu,swiglu", "optimizer.lr=tag(log,interval(1e-5,1e-1))", "seed=3")


def sweep(folder: Path, trials: int, *space: str, **settings: Any) -> tuple[Launcher, Any]:
    """Run a sweep with the settings of conf/hydra/sweeper/tts_optuna.yaml and the fake launcher."""
    optuna = pytest.importorskip("optuna", reason="the sweep extra is not installed")
    from hydra.utils import instantiate

    from hydra_plugins.tts_optuna import OptunaSweeper

    node: Any = OmegaConf.load(CONF / "hydra" / "sweeper" / "tts_optuna.yaml")
    node.storage, node.seed, node.trials = str(folder / "study.db"), 1, trials
    sweeper: OptunaSweeper = instantiate(OmegaConf.merge(node, settings))
    launcher = Launcher()
    launcher.fails = {2}
    sweeper.launcher = launcher
    sweeper.loader = None
    sweeper.config = OmegaConf.create({"hydra": {"sweep": {"dir": str(folder)}}})
    sweeper.sweep(list(space or SPACE))
    study = optuna.load_study(study_name="sweep", storage=f"sqlite:///{folder}/study.db")
    return launcher, study


def test_a_continued_study_samples_no_point_twice(tmp_path: Path) -> None:
    first, _ = sweep(tmp_path, 6)
    second, study = sweep(tmp_path, 14)
    assert first.numbers == list(range(6))
    assert second.numbers == list(range(6, 14)), "the trials before count"
    sampled = [tuple(job) for job in first.jobs + second.jobs]
    assert len(set(sampled)) == len(sampled)
    assert all("seed=3" in job for job in sampled), "fixed overrides stay"
    states = [trial.state.name for trial in study.trials]
    assert states[2] == "FAIL", "a failed trial is kept"
    assert set(states) <= {"COMPLETE", "PRUNED", "FAIL"}
    assert "PRUNED" in states, "bad trials are pruned"
    third, _ = sweep(tmp_path, 14)
    assert not third.jobs


def test_it_samples_near_good_values(tmp_path: Path) -> None:
    _, study = sweep(tmp_path, 40)
    assert study.best_params["model/activation"] == "swiglu"
    assert 3e-4 < study.best_params["optimizer.lr"] < 3e-3


def test_integers_stay_integers_and_ranges_are_choices(tmp_path: Path) -> None:
    space = (*SPACE, "model.depth=int(interval(2,5))", "model.width=range(8,17,8)")
    launcher, study = sweep(tmp_path, 6, *space)
    for job in launcher.jobs:
        values = dict(o.split("=", 1) for o in job)
        assert values["model.depth"] in "2345"
        assert values["model.width"] in ("8", "16")
    assert study.trials[0].distributions["optimizer.lr"].log


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("trials=abc", "trials='abc': expected a whole number, 1 or more"),
        ("trials=-3", "trials=-3: expected a whole number, 1 or more"),
        ("trials=null", "trials=null: expected a whole number"),
        ("trials=1.5", "trials=1.5: expected a whole number"),
        ("seed=-1", "seed=-1: expected a whole number from 0"),
        ("seed=abc", "seed='abc': expected a whole number from 0"),
        ("direction=up", "direction='up': expected minimize, maximize"),
        ("study=[a]", "study=['a']: expected text"),
        ("sampler=5", "sampler=5: expected a section with _target_"),
        ("sampler.multivariate=abc", "sampler.multivariate='abc': expected true or false"),
        ("pruner=5", "pruner=5: expected a section that names a class"),
    ],
)
def test_wrong_settings_of_the_search_are_named(override: str, message: str) -> None:
    pytest.importorskip("optuna", reason="the sweep extra is not installed")

    node = OmegaConf.load(CONF / "hydra" / "sweeper" / "tts_optuna.yaml")
    node.storage, node.seed = "x.db", 1
    key, _, value = override.partition("=")
    OmegaConf.update(node, key, yaml.safe_load(value))
    config = OmegaConf.create({"hydra": {"sweeper": node}})
    with pytest.raises(UserError, match=re.escape(f"hydra.sweeper.{message}")):
        check_section(config, "hydra.sweeper")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-m", "seed=range(1,5,0)"], "seed=range(1,5,0): the range has no values"),
        (["-m", "seed=range(5,1)"], "seed=range(5,1): the range has no values"),
        (["hydra.sweeper=5"], "hydra.sweeper=5: choose it with hydra/sweeper=NAME"),
        (["-m", "seed=1,2", "hydra.sweeper._target_=os.system"], "Invalid plugin 'os.system'"),
    ],
)
def test_a_sweep_that_cannot_begin_is_one_line(words: list[str], message: str) -> None:
    error = command("train.py", *words, code=2).stderr
    assert message in error
    assert len(error.splitlines()) == 1


@pytest.mark.parametrize(
    ("space", "settings", "message"),
    [
        (("seed=3",), {}, "nothing to sweep"),
        (("seed=1,2",), {}, "sweeps model/activation, optimizer.lr and not seed"),
        (SPACE, {"direction": "maximize"}, "is to minimize"),
        (SPACE, {"direction": "sideways"}, "minimize or maximize"),
        (("optimizer.lr=tag(log,interval(0,1))",), {}, "low above 0"),
    ],
)
def test_a_wrong_sweep_is_one_clear_error(
    tmp_path: Path, space: tuple[str, ...], settings: dict[str, str], message: str
) -> None:
    from hydra.errors import InstantiationException

    sweep(tmp_path, 1)
    with pytest.raises((UserError, InstantiationException)) as raised:
        sweep(tmp_path, 2, *space, **settings)
    assert message in str(raised.value) + str(raised.value.__cause__)
