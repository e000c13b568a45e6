"""Laws of the YAML files under conf/: comments, paths of groups, no copies, one default."""

import inspect
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from fakes import composed
from hydra.utils import get_object
from omegaconf import OmegaConf

from tts.build import MODEL_SECTIONS, model_arguments
from tts.config.elsewhere import read_elsewhere, set_elsewhere
from tts.config.help import group_purposes
from tts.project_files import CONF

FILES = sorted(CONF.rglob("*.yaml"))
CHOICES = [path for path in FILES if path.parent != CONF]
SHARED_GROUP = "model/size"  # the one group that lands elsewhere: every part reads ${size...}
DIRECTIVES = ("_target_", "_partial_", "_convert_", "_recursive_", "_args_", "defaults")


def name(path: Path) -> str:
    return path.relative_to(CONF).with_suffix("").as_posix()


def load(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text()) or {}


def leaves(node: yaml.Node, prefix: str = "") -> Iterator[tuple[str, int, int]]:
    """Path, first and last line (from 0) of every key that holds a value instead of a section."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value in DIRECTIVES:
                continue
            path = f"{prefix}.{key.value}".lstrip(".")
            sections = isinstance(value, yaml.MappingNode) or (
                isinstance(value, yaml.SequenceNode)
                and any(isinstance(child, yaml.MappingNode) for child in value.value)
            )
            if sections:
                yield from leaves(value, path)
            else:
                yield path, key.start_mark.line, value.end_mark.line
    elif isinstance(node, yaml.SequenceNode):
        for number, child in enumerate(node.value):
            yield from leaves(child, f"{prefix}[{number}]")


def has_comment(lines: list[str], first: int, last: int) -> bool:
    """Whether a comment stands on the key's own lines or directly above it."""
    above = first > 0 and lines[first - 1].lstrip().startswith("#")
    return above or any(" # " in lines[number] for number in {first, min(last, len(lines) - 1)})


@pytest.mark.parametrize("path", FILES, ids=name)
def test_every_key_has_its_comment(path: Path) -> None:
    text = path.read_text()
    node = yaml.compose(text)
    assert node is not None
    lines = text.splitlines()
    bare = [key for key, first, last in leaves(node) if not has_comment(lines, first, last)]
    assert not bare, f"{name(path)}: no comment on {bare}"


@pytest.mark.parametrize("path", CHOICES, ids=name)
def test_every_choice_begins_with_its_purpose(path: Path) -> None:
    lines = [line for line in path.read_text().splitlines() if not line.startswith("# @package")]
    lines = [line for line in lines if not line.startswith("# sets elsewhere:")]
    assert lines[0].startswith("# "), f"{name(path)}: the first line says nothing"


def test_no_two_files_have_the_same_content() -> None:
    same = defaultdict(list)
    for path in FILES:
        same[yaml.safe_dump(load(path), sort_keys=True)].append(name(path))
    assert [names for names in same.values() if len(names) > 1] == []


def package(path: Path) -> str:
    """The config path at which a file's keys land."""
    for line in path.read_text().splitlines():
        if line.startswith("# @package "):
            return line.split()[-1].replace("_global_", "")
    return name(path.parent).replace("/", ".")


def changes(path: Path) -> dict[str, Any]:
    """Everything that a file sets outside its group's path, by group or full key."""
    values = load(path)
    found: dict[str, Any] = {}
    for entry in values.pop("defaults", []):
        if isinstance(entry, dict):
            for key, choice in entry.items():
                if key.startswith("override "):
                    found[key.removeprefix("override ").lstrip("/")] = choice
    own = name(path.parent).replace("/", ".")

    def walk(node: Any, prefix: str) -> None:
        inside = prefix == own or prefix.startswith(f"{own}.")
        if isinstance(node, dict) and not inside and "_target_" not in node:
            for key, child in node.items():
                walk(child, f"{prefix}.{key}".lstrip("."))
        elif not inside:
            found[prefix] = node

    walk(values, package(path))
    return found


@pytest.mark.parametrize("path", CHOICES, ids=name)
def test_a_group_lands_at_its_path(path: Path) -> None:
    """What a file sets elsewhere is in its first line; only ``size`` lands elsewhere."""
    found, listed = changes(path), read_elsewhere(path)
    if name(path.parent) == SHARED_GROUP:
        found = {k: v for k, v in found.items() if not k.startswith("size.")}
    known: dict[str, Any] = {}  # with those of the files that it extends
    for entry in load(path).get("defaults", []):
        if isinstance(entry, str) and (path.parent / f"{entry}.yaml").is_file():
            known |= changes(path.parent / f"{entry}.yaml")
    known |= found
    for key, value in listed.items():
        assert any(k == key or k.startswith(f"{key}.") for k in known), f"{key} is not set"
        if value is not None:
            assert yaml.safe_load(value) == known[key], key
    unlisted = [k for k in found if not any(k == n or k.startswith(f"{n}.") for n in listed)]
    assert not unlisted, f"{name(path)} sets {unlisted} elsewhere: list them in its first line"


def test_the_changes_of_a_choice_can_be_listed() -> None:
    assert set_elsewhere(CONF, {"model": "fastspeech", "data": "demo", "experiment": None}) == []
    [patches] = set_elsewhere(CONF, {"discriminator": "mel_patches"})
    assert patches == "discriminator=mel_patches sets system=acoustic_gan, monitor=null"
    [vocos] = set_elsewhere(CONF, {"model": "vocos"})
    assert "system=vocoder" in vocos
    assert "discriminator=period_resolution" in vocos
    [clipping] = set_elsewhere(
        CONF, {}, ["callbacks=[default,gradient_clipping_adaptive]", "name=x"]
    )
    assert clipping == "callbacks=gradient_clipping_adaptive sets trainer.gradient_clip_val=null"


@pytest.mark.parametrize(
    ("overrides", "monitor"),
    [
        ([], "val/mel"),
        (["model=vocos"], "val/mel"),
        (["model/flow=residual"], "val/mel_flow"),
        (["discriminator=mel_patches"], None),
        (["model/flow=residual", "discriminator=mel_patches"], None),
        (["discriminator=mel_patches", "monitor=metrics/wer"], "metrics/wer"),
    ],
)
def test_choices_name_the_metric_that_picks_the_best(
    overrides: list[str], monitor: str | None
) -> None:
    config = composed("train", *overrides)
    assert config.monitor == config.callbacks.checkpoints.monitor == monitor


@pytest.mark.parametrize(
    ("overrides", "clips", "parts"),
    [
        (["model=vocos"], 8, {"period", "resolution"}),
        (["model=hifigan"], 8, {"period", "scale"}),
        (["model=bigvgan", "discriminator/size=paper"], 16, {"period", "resolution"}),
        (["model=univnet"], 8, {"period", "resolution"}),
        (["model=harmonic_vocos"], 8, {"period", "resolution"}),
        (["model=vocos", "discriminator=period_cqt"], 8, {"period", "cqt"}),
        (["model=vocos", "discriminator=none"], 8, set()),
    ],
)
def test_a_vocoder_has_default_discriminators(
    overrides: list[str], clips: int, parts: set[str]
) -> None:
    config = composed("train", *overrides)
    assert config.data.clips.per_batch == clips
    assert set(config.system.discriminators or ()) == parts


def test_every_group_of_a_training_has_a_purpose() -> None:
    groups = {name(path.parent) for path in CHOICES if not path.stem.startswith("_")}
    own = {group for group in groups if not group.startswith(("hydra", "backbone"))}
    assert own <= set(group_purposes(CONF)), own - set(group_purposes(CONF))


@pytest.mark.parametrize("model", [p.stem for p in sorted((CONF / "model").glob("[!_]*.yaml"))])
def test_building_a_model_leaves_out_what_its_class_does_not_take(model: str) -> None:
    plain = OmegaConf.to_container(composed("train", f"model={model}").model, resolve=True)
    assert isinstance(plain, dict)
    taken = set(inspect.signature(get_object(plain["_target_"])).parameters)
    assert not taken & set(MODEL_SECTIONS)
    assert set(model_arguments(plain)) - set(DIRECTIVES) <= taken


def parts(node: Any) -> Iterator[dict[str, Any]]:
    """Every node of a plain config that names a ``_target_`` of this package."""
    if isinstance(node, dict):
        if str(node.get("_target_")).startswith("tts."):
            yield node
        for child in node.values():
            yield from parts(child)
    elif isinstance(node, list):
        for child in node:
            yield from parts(child)


def literal(value: Any) -> bool:
    """Not interpolated, to be given (???), nor a section of other parts or keys."""
    if isinstance(value, str):
        return "${" not in value and value != "???"
    if isinstance(value, list):
        return all(literal(child) for child in value)
    return not isinstance(value, dict)


def plain(value: Any) -> Any:
    return [plain(child) for child in value] if isinstance(value, tuple | list) else value


@pytest.mark.parametrize("path", FILES, ids=name)
def test_signatures_have_the_defaults_of_the_files_or_none(path: Path) -> None:
    for node in parts(load(path)):
        signature = inspect.signature(get_object(node["_target_"]))
        for key, value in node.items():
            if key not in signature.parameters or not literal(value):
                continue
            default = signature.parameters[key].default
            if default is not inspect.Parameter.empty:
                where = f"{node['_target_']}({key}={default!r})"
                assert plain(default) == value, f"{name(path)} has {value!r}, {where}"
