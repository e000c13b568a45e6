"""What the collector of garbage looks through."""

import gc
from collections.abc import Iterator

import pytest

from tts.commands.memory import lasting


@pytest.fixture(autouse=True)
def _thawed() -> Iterator[None]:
    was_on = gc.isenabled()
    yield
    gc.unfreeze()
    (gc.enable if was_on else gc.disable)()


@pytest.mark.parametrize("collecting", [True, False])
def test_what_lasts_is_never_searched(collecting: bool) -> None:
    (gc.enable if collecting else gc.disable)()
    gc.collect()
    before = gc.get_freeze_count()
    with lasting():
        assert not gc.isenabled()
        made = [[number] for number in range(5000)]
    assert gc.isenabled() is collecting
    assert gc.get_freeze_count() >= before + len(made)


def test_it_collects_again_after_what_failed() -> None:
    gc.enable()
    with pytest.raises(ImportError), lasting():
        raise ImportError("no such module")
    assert gc.isenabled()
