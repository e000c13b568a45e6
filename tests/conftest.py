"""Settings that all tests share."""

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path

# no garbage collection while importing and collecting: those objects live as long as the process;
# the controller of several workers collects no tests
if "PYTEST_XDIST_WORKER" in os.environ or "-n" not in sys.argv:
    gc.disable()

# set before torch is imported: parallel workers share the cores
WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
if WORKERS > 1:
    os.environ["OMP_NUM_THREADS"] = str(max((os.cpu_count() or 1) // WORKERS, 1))

import pytest  # noqa: E402
from hypothesis import settings  # noqa: E402

# "gate" has no deadlines and fixed examples, so that two runs agree; search for new
# counterexamples with pytest --hypothesis-profile=explore
settings.register_profile("gate", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=2000)
settings.load_profile("gate")

# the longest files, longest first: they start first, so that no worker ends with one of them alone
LONG = (
    "test_sharding.py", "test_end_to_end.py", "test_kills.py", "test_acceleration.py",
    "test_ddp.py", "test_vocoder.py", "test_flow_training.py", "test_train.py",
    "test_benchmark.py", "test_sweeps.py", "test_skip_step.py", "test_validation_metrics.py",
    "test_graphs.py", "test_checklist.py", "test_evaluation.py", "test_value_checks.py",
    "test_autoregressive_training.py", "test_codes_training.py", "test_mos.py",
)  # fmt: skip


# DeepSpeed's strategy and process launchers set them in this process
LAUNCHED = (
    "RANK",
    "LOCAL_RANK",
    "NODE_RANK",
    "WORLD_SIZE",
    "MASTER_ADDR",
    "MASTER_PORT",
    "SLURM_PROCID",
)


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than cores: some tests wait for processes and for files."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(autouse=True)
def _no_rank_is_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test starts as a process that no launcher started, and leaves none behind."""
    for variable in LAUNCHED:
        monkeypatch.delenv(variable, raising=False)
    yield
    for variable in LAUNCHED:
        os.environ.pop(variable, None)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of prepared corpora that all workers share: equal settings are prepared once."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "prepared"
    folder.mkdir(exist_ok=True)
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    rank = {name: number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: rank.get(item.path.name, len(LONG)))


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()
