"""Writes of a run from elsewhere: inside its folder, or where the user names a place."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from fakes import compose_train, fake_overrides

from tts.config.compose import to_plain
from tts.config.option_checks import check_options
from tts.config.resume_overrides import INHERITED, inherit_overrides
from tts.containment import (
    ContainmentError,
    require_corpora_inside,
    require_links_inside,
    require_writes_inside,
)
from tts.errors import UserError
from tts.training.comparison import write

OUTSIDE: dict[str, Any] = {
    "callbacks.checkpoints.folder": "/elsewhere",
    "callbacks.bad_steps.folder": "{run}/../x",
    "callbacks.metric_history.folder": "failures",
    "callbacks.mine.filename": "~/.bashrc",
    "callbacks.mine.note": "~/.bashrc",
    "callbacks.mine.parts[0].x": "/elsewhere",
    "logger.tensorboard.save_dir": "$HOME",
    "logger.csv.save_dir": "s3://bucket/x",
    "logger.csv.save_dir ": "",
    "logger.csv.name": "../../x",
    "logger.csv.version": "/elsewhere",
    "trainer.default_root_dir": "/elsewhere",
    "trainer.strategy.config.csv_monitor.output_path": "x",
    "trainer.strategy.nvme_path": "{run}-other",
    "data.prepared_dir": "/elsewhere",
    "data.prepared_dir ": "elsewhere",
    "data.download_to": "{run}/../x",
}
INSIDE = {
    "callbacks.checkpoints.folder": "{run}/checkpoints",
    "callbacks.checkpoints.monitor": "val/loss",
    "callbacks.samples.folder": None,
    "logger.tensorboard.save_dir": "{run}",
    "logger.tensorboard.name": "",
    "trainer.default_root_dir": "{run}/.",
    "trainer.accelerator": "cpu",
    "data.prepared_dir": "prepared",
    "data.download_to": "downloads",
    "data.prepared_dir ": "{run}/prepared",
    "data.root": "/corpora/x",
}


def nested(key: str, value: object) -> Mapping[str, Any]:
    for part in reversed(key.strip().replace("[0]", ".[]").split(".")):
        value = [value] if part == "[]" else {part: value}
    assert isinstance(value, dict)
    return value


@pytest.mark.parametrize("key", OUTSIDE)
def test_a_config_that_writes_elsewhere_is_refused_unless_the_user_names_it(
    key: str, tmp_path: Path
) -> None:
    run, value = tmp_path / "run", OUTSIDE[key].replace("{run}", f"{tmp_path}/run")
    config, key = nested(key, value), key.strip()
    with pytest.raises(ContainmentError) as caught:
        require_writes_inside(config, run, "config.yaml")
    assert str(caught.value).startswith(f"config.yaml: {key}={value!r} is outside the run's folder")
    assert "\n" not in str(caught.value)
    for given in (key, key.rpartition(".")[0].partition("[")[0]):
        require_writes_inside(config, run, "config.yaml", [given])
    with pytest.raises(ContainmentError):
        require_writes_inside(config, run, "config.yaml", [key[:-1], f"{key}.x"])


def test_a_config_that_writes_to_its_run_is_accepted(tmp_path: Path) -> None:
    for key, value in INSIDE.items():
        value = value and value.replace("{run}", f"{tmp_path}/run")
        require_writes_inside(nested(key, value), tmp_path / "run", "config.yaml")
    for section in (None, [], {}, 7):
        require_writes_inside({"callbacks": section, "data": section}, tmp_path, "config.yaml")


def test_a_resumed_run_is_checked_with_the_overrides_of_the_command_line(tmp_path: Path) -> None:
    more = ("callbacks.checkpoints.folder=/elsewhere", "logger=csv")
    config = compose_train(*fake_overrides(tmp_path, *more))
    plain = to_plain(config)
    check_options(config, plain, resuming=False, overrides=more)
    check_options(config, plain, resuming=True, overrides=more)
    with pytest.raises(ContainmentError, match=r"config\.yaml: callbacks\.checkpoints\.folder="):
        check_options(config, plain, resuming=True, overrides=["callbacks=default"])


def test_corpora_are_prepared_where_others_are(tmp_path: Path) -> None:
    place, run = tmp_path / "corpora", tmp_path / "run"
    data = {"prepared_dir": str(place)}
    with pytest.raises(ContainmentError, match=r"x, data|x: data\.prepared_dir"):
        require_corpora_inside(data, run, "x")
    (place / "demo-1" / "shards").mkdir(parents=True)
    require_corpora_inside(data, run, "x")
    (place / "demo-1" / "report.txt").symlink_to(tmp_path / "victim")
    with pytest.raises(ContainmentError, match=r"report\.txt is a link to .*victim"):
        require_corpora_inside(data, run, "x")


def test_links_lead_out_of_a_run_only_where_the_user_names_their_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(INHERITED, "")
    monkeypatch.delenv(INHERITED)
    run, other = tmp_path / "run", tmp_path / "other"
    (run / ".hydra").mkdir(parents=True)
    (run / ".hydra" / "overrides.yaml").write_text("- seed=3\n")
    (run / "report.txt").symlink_to("train.log")
    assert inherit_overrides([f"resume={run}"])
    monkeypatch.delenv(INHERITED)
    for name in ("train.log", "checkpoints", ".hydra/x"):
        link = run / name
        link.symlink_to(other / name)
        with pytest.raises(UserError, match=rf"{name} is a link to {other}/.*, outside {run}; "):
            inherit_overrides([f"resume='{run}/checkpoints/last.ckpt'"])
        named = f"callbacks.checkpoints.folder={other}"
        assert named in inherit_overrides([f"resume={run}", named])
        monkeypatch.delenv(INHERITED)
        link.unlink()
    (run / "comparison").mkdir()
    (run / "comparison" / "a").symlink_to(other)
    require_links_inside(run, "", ["comparison.csv", "evaluation"])
    with pytest.raises(ContainmentError, match="give --out FOLDER"):
        write(None, run)  # type: ignore[arg-type]
