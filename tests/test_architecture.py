"""Import rules: nothing imports upwards or in circles, and each library has its packages."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "tts"

# a package may import those listed and the shared modules at the top of tts
FLOORS = {
    "text": set(),
    "audio": set(),
    "modules": set(),
    "speakers": {"audio", "modules"},
    "alignment": {"modules"},
    "data": {"text", "audio", "vocoders", "speakers"},
    "models": {"modules", "alignment", "text"},
    "vocoders": {"audio", "modules"},
    "discriminators": {"audio"},
    "losses": {"audio", "alignment", "discriminators", "speakers", "vocoders"},
    "metrics": {"audio", "speakers", "text"},
    "optim": set(),
    "strategies": set(),
    "systems": {
        "audio", "modules", "models", "discriminators", "losses", "optim", "metrics", "vocoders",
        "speakers", "strategies",
    },
    "callbacks": {"audio", "data", "losses", "metrics", "models", "vocoders", "strategies"},
    "config": {"data", "audio", "vocoders"},
    "export": {
        "text", "audio", "models", "modules", "vocoders", "config", "training", "onnx_voice",
    },
    "synthesis": {"audio", "config", "editing", "onnx_voice", "synthesizer", "text"},
    "server": {"audio", "synthesis", "synthesizer", "text", "vocoders"},
    "training": {
        "text", "audio", "data", "modules", "alignment", "models", "vocoders", "discriminators",
        "losses", "metrics", "optim", "systems", "callbacks", "strategies", "config",
    },
    "evaluation": {
        "synthesizer", "text", "audio", "data", "vocoders", "models", "losses", "metrics",
        "speakers", "training", "config",
    },
    "benchmark": {
        "onnx_voice",
        "synthesizer", "text", "audio", "data", "modules", "alignment", "models", "vocoders",
        "discriminators",
        "losses", "metrics", "optim", "systems", "callbacks", "strategies", "training", "config",
    },
    "cli": {
        "audio", "config", "data", "training", "evaluation", "benchmark", "export",
        "server", "synthesis",
    },
}  # fmt: skip
SHARED = {
    "bounds": set(),
    "__main__": {"config", "signals"},
    "script": {"__main__", "search_path"},
    "controls": set(),
    "batch": set(),
    "errors": set(),
    "files": set(),
    "object_store": set(),
    "masks": set(),
    "codebooks": set(),
    "device": set(),
    "memory": set(),
    "child_processes": set(),
    "warnings_once": set(),
    "signals": set(),
    "search_path": set(),
    "chunks": set(),
    "threads": set(),
    "folder_lock": set(),
    "plain_data": set(),
    "project_files": set(),
    "typed_data": set(),
    "parts": set(),
    "trust": set(),
    "containment": set(),
    "weights": set(),
    "console": set(),
    "console_tables": set(),
    "contract": set(),
    "corpus": set(),
    "build": set(),
    "checkpoint": set(),
    "voice_folder": {"vocoders"},
    "monitoring": {"callbacks", "metrics"},
    "timings": {"text"},
    "onnx_voice": {"audio", "speakers", "threads", "warnings_once"},
    "synthesizer": {
        "text",
        "audio",
        "models",
        "modules",
        "speakers",
        "vocoders",
        "timings",
        "onnx_voice",
    },
    "editing": {"text", "audio", "alignment", "models", "vocoders", "synthesizer"},
}


def module_name(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(("tts", *parts)).removesuffix(".__init__")


def imported_names(path: Path) -> set[str]:
    """Every module a file imports, at its top or inside a function."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


FILES = sorted(SOURCE.rglob("*.py"))
GRAPH = {module_name(path): imported_names(path) for path in FILES}


def package(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_no_import_goes_upwards(path: Path) -> None:
    own = package(module_name(path))
    if not own:
        return
    assert own in FLOORS or own in SHARED, f"{own} is a new package: add it to FLOORS in this test"
    allowed = (
        FLOORS.get(own, SHARED.get(own, set())) | {own} | set(SHARED) - {"synthesizer", "editing"}
    )
    if own in SHARED:
        allowed = SHARED[own] | {
            own, "bounds", "controls", "batch", "errors", "masks", "device", "contract", "corpus",
            "build", "checkpoint", "plain_data", "typed_data", "parts", "trust", "weights", "files",
            "containment", "console", "console_tables", "child_processes", "project_files",
            "object_store", "warnings_once",
        }  # fmt: skip
    for name in imported_names(path):
        if name.startswith("tts."):
            assert package(name) in allowed, f"{path.relative_to(SOURCE)} imports {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_lightning_hydra_and_omegaconf_are_imported_only_where_allowed(path: Path) -> None:
    own = package(module_name(path))
    roots = {name.split(".")[0] for name in imported_names(path)}
    with_lightning = {"systems", "callbacks", "strategies", "training", "benchmark", "cli"}
    if own not in with_lightning and path.name != "datamodule.py":
        assert not roots & {"lightning", "pytorch_lightning"}
    if own not in {"config", "cli"}:
        assert "hydra" not in roots, "use tts.config.instantiate, compose and hydra_job"
    if own not in {"config", "cli", "training", "evaluation", "benchmark", "export", "synthesis"}:
        assert "omegaconf" not in roots


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_modules_that_only_posix_has_are_imported_where_they_can_be_missing(path: Path) -> None:
    posix = {"fcntl", "resource", "pwd", "grp", "termios", "pty", "posix"}
    if path.name not in ("folder_lock.py", "memory.py"):
        assert not posix & imported_names(path)


def test_no_module_imports_itself_through_others() -> None:
    edges = {
        module: {target for target in names if target in GRAPH and target != module}
        for module, names in GRAPH.items()
    }
    done: set[str] = set()

    def walk(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " -> ".join((*trail[trail.index(module) :], module))
        if module in done:
            return
        for target in edges[module]:
            walk(target, (*trail, module))
        done.add(module)

    for module in edges:
        walk(module, ())


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_no_function_takes_more_than_eight_arguments(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            given = node.args
            names = [a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
            names = [name for name in names if name not in ("self", "cls")]
            where = f"{path.relative_to(SOURCE)}:{node.lineno}"
            assert len(names) <= 8, f"{where} takes {len(names)}: group them in a NamedTuple"


# what can turn a name or bytes into code, and the only files that do
NEVER_CALLED = (
    "__import__", "eval", "exec", "compile", "pickle.load", "pickle.loads", "np.load", "run_path",
    "hydra.utils.call", "OmegaConf.load", "yaml.unsafe_load", "yaml.full_load", "torch.jit.load",
    "torch.hub.load", "get_object", "get_method", "pydoc.locate",
)  # fmt: skip
CONF_READERS = ("elsewhere", "errors", "help", "origin")
# they handle nesting, and know or limit the size by themselves
JSON_READERS = (
    "benchmark/voices.py", "config/resolvers.py", "config/resume_overrides.py",
    "data/corpora/transcription.py", "data/file_hashes.py", "data/reuse.py", "data/shards.py",
    "data/store.py", "data/manifest.py", "folder_lock.py", "synthesis/batch_rows.py",
)  # fmt: skip
EXECUTING = {
    "hydra.utils": {"config/instantiate.py"},
    "import_module": {
        "trust.py", "metrics/optional_packages.py", "text/normalize/__init__.py",
        "text/multilingual.py",  # of names in its own table
    },
    "torch.load": {  # weights_only
        "checkpoint.py", "export/pretrained.py", "metrics/mos.py", "metrics/speaker_encoders.py",
    },
    "run_module": {"__main__.py"},
    "yaml.load": {"plain_data.py"},
    # the files of conf/; all others are read with bounds
    "yaml.safe_load": {"plain_data.py", *(f"config/{name}.py" for name in CONF_READERS)},
    "json.loads": {"plain_data.py", *JSON_READERS},
    **{name: set[str]() for name in NEVER_CALLED},
}  # fmt: skip


def test_only_the_module_of_trust_turns_a_name_in_a_file_into_code() -> None:
    for path in FILES:
        where = path.relative_to(SOURCE).as_posix()
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func)
            if name == "importlib.import_module" and isinstance(node.args[0], ast.Constant):
                continue
            for risky, allowed in EXECUTING.items():
                called = name == risky or name.startswith(f"{risky}.")
                called |= "." not in risky and "." in name and name.endswith(f".{risky}")
                if risky in ("eval", "exec", "compile"):  # methods of models and patterns
                    called = name == risky
                inside = where in allowed or (
                    name.startswith("hydra.utils.") and (where == "config/instantiate.py")
                )
                assert not called or inside, f"{where}:{node.lineno} calls {name}"
            if name == "torch.load":
                assert "weights_only=True" in ast.unparse(node), where
