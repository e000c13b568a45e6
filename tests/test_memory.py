"""Garbage collection after imports, in a process that has made nothing else."""

import subprocess
import sys

from processes import ROOT

PROGRAM = """
import gc
from tts.memory import gc_frozen_imports

def collected(thing):
    return any(each is thing for each in gc.get_objects())

for collecting in (True, False):
    (gc.enable if collecting else gc.disable)()
    with gc_frozen_imports():
        assert not gc.isenabled()
        import {module}
        made = [[]]
    assert gc.isenabled() is collecting
    assert not collected(made), "objects made during an import are frozen"
    with gc_frozen_imports():
        import {module}
        later = [[]]
    assert collected(later), "without an import nothing is frozen"
    {again}
gc.enable()
try:
    with gc_frozen_imports():
        raise ImportError
except ImportError:
    assert gc.isenabled()
print("passed")
"""


def test_imported_objects_are_exempt_from_garbage_collection_and_no_others() -> None:
    again = "import sys; sys.modules.pop('colorsys')"
    program = PROGRAM.format(module="colorsys", again=again)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout == "passed\n", done.stderr
