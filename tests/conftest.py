"""Settings that all tests share."""

import gc
import os
import sys

# what is imported and collected lives as long as the process: nothing to look for garbage in.
# The controller of several workers collects no tests
if "PYTEST_XDIST_WORKER" in os.environ or "-n" not in sys.argv:
    gc.disable()

# before anything imports torch: workers side by side share the cores instead of fighting for them
WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
if WORKERS > 1:
    os.environ["OMP_NUM_THREADS"] = str(max((os.cpu_count() or 1) // WORKERS, 1))

import pytest  # noqa: E402
from hypothesis import settings  # noqa: E402

# time never decides a test, and the gate gives the same verdict twice;
# pytest --hypothesis-profile=explore looks for new counterexamples
settings.register_profile("gate", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=2000)
settings.load_profile("gate")

# files go to workers whole, for what they train is trained once; the long ones first, so that no
# worker is left alone with one at the end
LONG = ("test_end_to_end.py", "test_vocoder.py", "test_train.py", "test_panel.py", "test_sweeps.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name not in LONG)


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()
