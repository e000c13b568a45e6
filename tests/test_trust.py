# ruff: noqa: E501, B023
"""Runs, voices, checkpoints and bundles from elsewhere: no command executes anything in them."""

import copy
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from fakes import FACTS, FakeModel, compose_train, composed, fake_overrides, make_batch
from omegaconf import OmegaConf
from processes import command
from safetensors.torch import load_file, save_file

from tts.checkpoint import Run, load_run, save_atomic, save_voice
from tts.config.resume_overrides import INHERITED, inherit_overrides
from tts.contract import MelContract
from tts.errors import UserError
from tts.evaluation.run import evaluate
from tts.export.voice import export_voice
from tts.parts import ALL_NAMES
from tts.project_files import CONF
from tts.synthesizer import OWN_VOICE, Synthesizer
from tts.training.comparison import compare
from tts.training.distillation import distill
from tts.training.replay import replay
from tts.training.resume import SECTIONS, intact_step, read_config, resume_point
from tts.training.run import train
from tts.training.teacher_forced_mels import use_teacher_forced_mels
from tts.training.warm_start import start_from
from tts.trust import TrustError, locate, require_package, require_trusted, trusting
from tts.vocoders.codec import load_codec
from tts.vocoders.load import load_vocoder
from tts.vocoders.vocos import Vocos
from tts.weights import sha256

MODEL = {"_target_": "tts.vocoders.vocos.Vocos", "_partial_": True, "dim": 8, "hidden": 8,
         "depth": 1}  # fmt: skip
FRONTEND = {"phonemizer": "tts.text.phonemes.EspeakPhonemizer", "max_characters": 100,
            "symbols": list(FACTS.symbols)}  # fmt: skip


@pytest.fixture
def marker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file that only an executed poison writes; ``poison`` is a module that writes it."""
    path = tmp_path / "executed"
    (tmp_path / "poison.py").write_text(
        f"open({str(path)!r}, 'w')\nimport os\nclass Part: pass\ndef make(*a, **k): pass\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("MARKER", str(path))
    OmegaConf.register_new_resolver("poison", lambda: path.write_text(""), replace=True)
    yield path
    OmegaConf.clear_resolver("poison")
    sys.modules.pop("poison", None)
    assert not path.exists(), "the poison was executed"


def poisons(path: Path) -> dict[str, dict[str, Any]]:
    """Config nodes that write ``path`` when a command acts on them."""
    write = f"open({str(path)!r}, 'w')"
    return {
        "a module of anybody": {"_target_": "poison.Part"},
        "a shell": {"_target_": "os.system", "command": f"touch {path}"},
        "an import by torch": {
            "_target_": "torch.nn.attention._fa3.register_flash_attention_fa3",
            "module_path": "poison",
        },
        "an import of an import": {"_target_": "tts.checkpoint.os.system", "command": f"touch {path}"},
        "a partial": {"_target_": "functools.partial", "_args_": [{"_target_": "poison.make"}]},
        "a method": {"_target_": "pathlib.Path.touch", "self": {"_target_": "pathlib.Path", "_args_": [str(path)]}},
        "hydra": {"_target_": "hydra.utils.get_class", "path": "poison.Part"},
        "code": {"_target_": "builtins.exec", "_args_": [write]},
        "a pickle": {"_target_": "torch.load", "f": str(path), "weights_only": False},
        "our loader of modules": {"_target_": "tts.metrics.optional_packages.require_package", "name": "poison", "metric": "x"},
        "our writer": {"_target_": "tts.checkpoint.save_atomic", "checkpoint": {}, "path": str(path)},
        "a part with arguments": {"_target_": "tts.modules.positional.NoPosition", "_args_": [{"_target_": "poison.make"}]},
        "a name that is computed": {"_target_": "${name}", "name": "poison.Part"},
        "a resolver": {"value": "${poison:}"},
        "the environment": {"value": "${oc.env:MARKER}"},
        "a nested resolver": {"value": "${oc.decode:'${poison:}'}"},
    }  # fmt: skip


# where a config can hold one, as far down as one likes, and where nobody would build it
PLACES: dict[str, Callable[[Any], dict[str, Any]]] = {
    "model": lambda node: {"model": {**MODEL, "dim": node}},
    "the model itself": lambda node: {"model": node},
    "loss": lambda node: {"model": {**MODEL, "loss": {"terms": {"x": [{"y": node}]}}}},
    "data": lambda node: {"model": MODEL, "data": {"source": node}},
    "trainer": lambda node: {"model": MODEL, "trainer": {"plugins": [node]}},
    "a section of no use": lambda node: {"model": MODEL, "zzz": [[{"deep": node}]]},
}


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny vocoder's voice."""
    contract, folder = MelContract(), tmp_path_factory.mktemp("good")
    weights = Vocos(contract, 8, 8, 1).state_dict()
    save_voice(Run(folder, {"model": MODEL}, contract, None, None, weights, 1), folder, {})
    return folder


def voice(good: Path, folder: Path, **changes: Any) -> Path:
    """Copy a voice; ``changes`` replace fields of its card, ``...`` removes one."""
    shutil.copytree(good, folder, dirs_exist_ok=True)
    card = json.loads((good / "voice.json").read_text()) | changes
    card = {name: value for name, value in card.items() if value is not ...}
    (folder / "voice.json").write_text(json.dumps(card))
    return folder


def checkpoint(path: Path, config: Any, /, **changes: Any) -> Path:
    """Write a checkpoint of a training, or with a batch the bundle of a skipped step."""
    card = {"config": config, "facts": FACTS.to_dict(), "frontend": FRONTEND}
    rest = {"state_dict": {"model.x": torch.ones(1)}, "global_step": 1}
    content = card | rest | changes
    save_atomic({name: value for name, value in content.items() if value is not ...}, path)
    return path


def bundle(path: Path, config: Any, /, **changes: Any) -> Path:
    batch = {k: v for k, v in make_batch(1)._asdict().items() if isinstance(v, torch.Tensor)}
    more = {"batch": batch, "random": {"cpu": torch.get_rng_state()}, "step": 1, "reason": "nan",
            "loss": 1.0, "utterances": ["a"], "precision": "32-true", "amp_scale": None}  # fmt: skip
    return checkpoint(path, config, **(more | changes))


def run_folder(folder: Path, config: Any) -> Path:
    """Write a run with this ``config.yaml``."""
    folder.mkdir(parents=True)
    sections = {name: {"a": 1} for name in SECTIONS} | {"model": MODEL}
    (folder / "config.yaml").write_text(yaml.safe_dump(sections | config))
    return folder / "config.yaml"


@pytest.mark.parametrize("name", list(poisons(Path("x"))))
def test_a_poisoned_config_is_refused_wherever_it_stands(
    name: str, marker: Path, good: Path, tmp_path: Path
) -> None:
    for place, put in PLACES.items():
        config = put(copy.deepcopy(poisons(marker)[name]))
        folder = tmp_path / place
        for load in (
            lambda: load_run(voice(good, folder / "voice", config=config)),
            lambda: load_run(checkpoint(folder / "x.ckpt", config)),
            lambda: replay(str(bundle(folder / "x.pt", config))),
            lambda: read_config(run_folder(folder / "run", config)),
        ):
            with pytest.raises(UserError) as caught:
                load()
            assert str(folder) in str(caught.value), "the file is named"
            assert "\n" not in str(caught.value)
            assert not marker.exists(), place


def test_no_command_executes_what_it_loads(marker: Path, good: Path, tmp_path: Path) -> None:
    node = poisons(marker)["a module of anybody"]
    config = {"model": {**MODEL, "dim": node}, "data": {"source": node}}
    paths = {
        "voice": voice(good, tmp_path / "voice", config=config),
        "checkpoint": checkpoint(tmp_path / "run" / "checkpoints" / "last.ckpt", config),
        "bundle": bundle(tmp_path / "step.pt", config),
    }
    evaluation, exported = composed("evaluate"), composed("export", "run=x", f"out={tmp_path}/o")
    for kind, path in paths.items():
        evaluation.run = exported.run = str(path)
        ways: dict[str, Callable[[], object]] = {
            "synthesize run=": lambda: Synthesizer.load(path),
            "vocoder.path=": lambda: load_vocoder(None, path, "Vocos"),
            "data.codec=": lambda: load_codec(path),
            "data.mel_from=": lambda: use_teacher_forced_mels(None, str(path)),  # type: ignore[arg-type]
            "init_from=": lambda: start_from(str(path), FakeModel(FACTS), FACTS),
            "distill_from=": lambda: distill(str(path), 4, FakeModel(FACTS), FACTS),
            "evaluate run=": lambda: evaluate(evaluation),
            "export run=": lambda: export_voice(exported),
            "replay": lambda: replay(str(path)),
            "ckpt_path=": lambda: intact_step(path),
        }
        for way, load in ways.items():
            with pytest.raises(UserError):
                load()
            assert not marker.exists(), (kind, way)
    run = tmp_path / "run"
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    with pytest.raises(UserError):
        train(compose_train(*fake_overrides(run), f"resume='{run}'"))
    with pytest.raises(UserError, match="no runs"):
        compare([str(run)])


def test_a_resume_evaluates_no_override_of_the_run(marker: Path, tmp_path: Path) -> None:
    (tmp_path / ".hydra").mkdir()
    for override in (
        "+hydra.callbacks.x._target_=poison.Part",
        "hydra.searchpath=[file:///tmp]",
        "hydra.job_logging={a: 1}",
        "+callbacks@hydra.callbacks=ema",
        "+callbacks@_global_=ema",
        "+callbacks.x._target_=poison.Part",
        "+callbacks.x={y: [{_target_: poison.Part}]}",
        "callbacks.progress._target_=os.system",
        "+data.x._args_=[1]",
        "data.root=${poison:}",
        "name=${oc.env:MARKER}",
        "data=../../../etc/x",
        "model/encoder=/etc/x",
        "model=a,b",
        "a b c",
        7,
    ):
        entries = ["model=fastspeech", "optimizer.lr=1e-3", override]
        (tmp_path / ".hydra/overrides.yaml").write_text(yaml.safe_dump(entries))
        with pytest.raises(UserError, match=r"overrides\.yaml"):
            inherit_overrides([f"resume={tmp_path}"])
    assert INHERITED not in os.environ


def test_harmless_overrides_of_a_run_are_inherited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(INHERITED, "")
    monkeypatch.delenv(INHERITED)
    (tmp_path / ".hydra").mkdir()
    kept = ["model=vocos", "callbacks=[default,ema]", "~callbacks.samples", "data.root=/a/b c"]
    dropped = [
        "hydra.run.dir=/x",
        "resume=y",
        "trust=poison",
        "run_dir=/z",
        "hydra/launcher=joblib",
    ]
    own = ["hydra.searchpath=[file://conf]", f"resume={tmp_path}/checkpoints/last.ckpt"]
    (tmp_path / ".hydra/overrides.yaml").write_text(yaml.safe_dump(kept + dropped + own[:1]))
    assert inherit_overrides(own) == [*kept, *own]


def test_a_rejected_resume_keeps_the_overrides_of_the_run(marker: Path, tmp_path: Path) -> None:
    run = run_folder(tmp_path / "run", {"callbacks": {"x": {"_target_": "poison.Part"}}}).parent
    checkpoint(run / "checkpoints" / "last.ckpt", {"model": MODEL})
    (run / ".hydra").mkdir()
    (run / ".hydra/overrides.yaml").write_text("- seed=3\n")
    done = command("train.py", f"resume={run}", "trainer=cpu", code=2)
    assert done.stderr.count("\n") == 1
    assert "callbacks.x._target_: poison.Part" in done.stderr
    assert "add trust=poison" in done.stderr
    assert (run / ".hydra/overrides.yaml").read_text() == "- seed=3\n"


def test_a_package_that_the_user_names_is_trusted(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mypackage").mkdir()
    (tmp_path / "mypackage/__init__.py").touch()
    (tmp_path / "mypackage/nets.py").write_text(
        "import os\nfrom tts.vocoders.vocos import Vocos\nclass Mine(Vocos): pass\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    mine = {"model": MODEL | {"_target_": "mypackage.nets.Mine"}}
    path = voice(good, tmp_path / "voice", config=mine)
    with pytest.raises(TrustError, match="add trust=mypackage"):
        load_run(path)
    assert "mypackage" not in sys.modules, "nothing is imported before it is trusted"
    with trusting("mypackage"):
        vocoder = load_run(path).build()
        assert type(vocoder).__name__ == "Mine"
        for other in (
            "mypackage.nets.os.system",
            "mypackage.nets.Vocos",
            "mypackage.nets",
            "mine.x",
        ):
            with pytest.raises(TrustError):
                require_trusted({"_target_": other}, "config")
    for name in ("os", "tts", "torch", "tts.checkpoint", "my package", "", 7):
        with pytest.raises(TrustError), trusting([name]):  # type: ignore[list-item]
            raise AssertionError


def test_every_part_of_the_list_exists_and_every_config_is_in_it() -> None:
    optional = {"tts.strategies"}
    for name in ALL_NAMES:
        if name.rpartition(".")[0].rpartition(".")[0] not in optional:
            assert callable(locate(name, "tts.parts"))
    named = set()
    for path in CONF.rglob("*.yaml"):
        named |= set(re.findall(r"_target_: *([\w.]+\.\w+)", path.read_text()))
    started_by_hydra = {name for name in named if name.startswith(("hydra_plugins", "optuna"))}
    started_by_hydra |= {"tts.cli.multirun_callback.CompareRuns"}
    started_by_hydra |= {"tts.config.run_folders.ClaimRunFolder"}
    left = named - ALL_NAMES - started_by_hydra
    assert not left, f"add them to tts/parts.py: {sorted(left)}"


DEEP: Any = []
for _ in range(300):
    DEEP = [DEEP]
LOOP: list[Any] = []
LOOP.append(LOOP)
MANY: Any = "x"
for _ in range(24):
    MANY = [MANY, MANY]


@pytest.mark.parametrize(
    "value", [None, 7, "x", [], {}, [1], True, 1e400, 10**30, DEEP, LOOP, MANY]
)
@pytest.mark.parametrize("field", ["config", "facts", "frontend", "state_dict", "global_step"])
def test_an_ill_typed_checkpoint_is_one_line(field: str, value: Any, tmp_path: Path) -> None:
    path = checkpoint(tmp_path / "x.ckpt", {"model": MODEL}, **{field: value})
    with pytest.raises(UserError, match=r"x\.ckpt") as caught:
        load_run(path).build()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [None, 7, "x", [], {}, [1], True, ...])
@pytest.mark.parametrize("field", ["format", "config", "contract", "speaking", "step", "sha256"])
def test_an_ill_typed_voice_is_one_line(field: str, value: Any, good: Path, tmp_path: Path) -> None:
    harmless = (field, value) in (("step", 7), ("speaking", {}))
    path = voice(good, tmp_path / "v", **{field: value})
    if harmless:
        load_run(path).build()
        return
    with pytest.raises(UserError, match="/v/") as caught:
        load_run(path).build()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\x00", b"[]", b"7", b"{", b'{"format": 2', b"[" * 3000, b"1" * 5000, b'{"a": NaN}'],
)
def test_a_damaged_voice_json_is_one_line(content: bytes, good: Path, tmp_path: Path) -> None:
    path = voice(good, tmp_path / "v")
    (path / "voice.json").write_bytes(content)
    with pytest.raises(UserError, match=r"voice\.json"):
        load_run(path)


@pytest.mark.parametrize(
    "text",
    ["", "7", "- a", "model: {", "a: !!python/object/apply:os.system [x]", "a: &x [1]\nb: *x", "\x00",
     "model: {_target_: a}", "[" * 3000, "a: !x 1", "a: b: c", "--- 1\n--- 2"],
)  # fmt: skip
def test_a_damaged_config_is_one_line(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(UserError, match=r"config\.yaml") as caught:
        read_config(tmp_path / "config.yaml")
    assert "\n" not in str(caught.value)


def test_references_of_a_run_are_bounded(tmp_path: Path) -> None:
    laughs = {f"a{n}": {"x": f"${{a{n + 1}}}", "y": f"${{a{n + 1}}}"} for n in range(40)}
    for number, more in enumerate((laughs, {"a": "${b}", "b": "${a}"}, {"a": {"b": "${a}"}})):
        with pytest.raises(TrustError, match="in circles"):
            read_config(run_folder(tmp_path / str(number), more))
    config = read_config(run_folder(tmp_path / "good", {"seed": 3, "x": "${seed}", "y": "${x}/a"}))
    assert config.y == "3/a"


@pytest.mark.parametrize(
    "change",
    [{"dim": 10**9}, {"depth": 10**9}, {"hidden": 10**12}, {"dim": 2**62}, {"dim": -1}, {"dim": "x"},
     {"depth": 0}, {"color": 1}, {"dim": None}, {"dim": 16}],
)  # fmt: skip
def test_a_config_that_asks_for_another_model_is_refused(
    change: dict[str, Any], good: Path, tmp_path: Path
) -> None:
    path = voice(good, tmp_path / "v", config={"model": MODEL | change})
    with pytest.raises(UserError, match="/v"):
        load_run(path).build()


def test_weights_must_be_finite_and_those_of_their_card(good: Path, tmp_path: Path) -> None:
    path = voice(good, tmp_path / "v")
    file = path / "weights.safetensors"
    whole = file.read_bytes()
    for damaged in (
        whole[:-1],
        whole[:100],
        b"",
        b"\xff" * 8 + whole[8:],
        whole[:-9] + b"\x01" * 9,
    ):
        file.write_bytes(damaged)
        with pytest.raises(UserError, match=r"weights\.safetensors"):
            load_run(path)
    weights = load_file(good / "weights.safetensors")
    save_file({n: w * 2 for n, w in weights.items()}, file)
    with pytest.raises(UserError, match=r"belongs to another voice\.json"):
        load_run(path)
    for value in (torch.nan, torch.inf):
        save_file({n: w + value if n == "norm.bias" else w for n, w in weights.items()}, file)
        with pytest.raises(UserError, match=r"norm\.bias are NaN"):
            load_run(path)
    # a voice of the first format has no hash
    file.write_bytes(whole)
    load_run(voice(good, path, format=1, sha256=...))


def test_a_checkpoint_must_be_intact(tmp_path: Path) -> None:
    path = checkpoint(
        tmp_path / "last.ckpt", {"model": MODEL}, state_dict={"model.x": torch.ones(999)}
    )
    whole = path.read_bytes()
    at = whole.index(torch.ones(4).numpy().tobytes())
    path.write_bytes(whole[:at] + b"\x01" + whole[at + 1 :])
    with pytest.raises(UserError, match=r"last\.ckpt is damaged in .*data/0"):
        load_run(path)
    checkpoint(tmp_path / "best.ckpt", {"model": MODEL}, state_dict={"model.x": torch.ones(9)})
    assert resume_point(tmp_path).name == "best.ckpt"
    for value in (
        torch.full((2,), torch.nan),
        torch.ones(1).expand(10**12),
        torch.ones(1).to_sparse(),
        torch.ones(1).to(torch.complex64),
        torch.ones(1).to(torch.float8_e4m3fn),
    ):
        checkpoint(path, {"model": MODEL}, state_dict={"model.x": value})
        with pytest.raises(UserError, match=r"weight x|is not a checkpoint"):
            load_run(path)
    assert resume_point(tmp_path).name == "best.ckpt"


@pytest.mark.parametrize(
    "change",
    [{name: ...} for name in ("batch", "random", "step", "loss", "precision", "facts", "state_dict")]
    + [{"step": -1}, {"step": "x"}, {"batch": 7}, {"batch": {"mel": torch.ones(2)}}, {"loss": None},
       {"precision": "fp3"}, {"utterances": 3}, {"random": {"cpu": torch.ones(3)}}, {"config": []},
       {"state_dict": {}}, {"reason": {}}, {"amp_scale": "x"}],
)  # fmt: skip
def test_an_incomplete_bundle_is_one_line(change: dict[str, Any], tmp_path: Path) -> None:
    path = bundle(tmp_path / "step.pt", {"model": MODEL}, **change)
    with pytest.raises(UserError, match=r"step\.pt") as caught:
        replay(str(path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["lj", "kathleen", "vocos_small", "vocos_medium", "codec_small"])
def test_a_voice_that_ships_names_the_hash_of_its_weights(name: str) -> None:
    card = json.loads((OWN_VOICE.parent / name / "voice.json").read_text())
    assert card["format"] == 2
    assert card["sha256"] == sha256(OWN_VOICE.parent / name / "weights.safetensors")


def test_a_package_that_does_not_exist_is_not_trusted() -> None:
    for name in ("nope", "tests.nope", "nope.deeper"):
        with pytest.raises(TrustError, match=f"trust={name}: there is no such package"):
            require_package(name)
