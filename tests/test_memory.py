"""What the collector of garbage looks through, in a process that nothing else was made in."""

import subprocess
import sys

from processes import ROOT

PROGRAM = """
import gc
from tts.memory import gc_frozen_imports

def searched(thing):
    return any(each is thing for each in gc.get_objects())

for collecting in (True, False):
    (gc.enable if collecting else gc.disable)()
    with gc_frozen_imports():
        assert not gc.isenabled()
        import {module}
        made = [[]]
    assert gc.isenabled() is collecting
    assert not searched(made), "what was imported is set aside, and what was made with it"
    with gc_frozen_imports():
        import {module}
        later = [[]]
    assert searched(later), "where nothing was imported, garbage is not kept for ever"
    {again}
gc.enable()
try:
    with gc_frozen_imports():
        raise ImportError
except ImportError:
    assert gc.isenabled()
print("held")
"""


def test_what_is_imported_is_never_searched_and_nothing_else_is_set_aside() -> None:
    again = "import sys; sys.modules.pop('colorsys')"
    program = PROGRAM.format(module="colorsys", again=again)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout == "held\n", done.stderr
