"""A disk that fills under the metrics: the run is saved and ends with one error."""

import errno
from pathlib import Path

import pytest
from fakes import compose_train, fake_overrides
from tensorboard.summary.writer.record_writer import RecordWriter

from tts.checkpoint import load_checkpoint
from tts.files import FileError
from tts.training.run import train


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_full_disk_under_tensorboard_saves_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = 0

    def write(writer: RecordWriter, data: bytes) -> None:
        nonlocal written
        written += 1
        if written > 3:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(RecordWriter, "write", write)
    run = tmp_path / "run"
    overrides = ("logger=tensorboard", "trainer.max_steps=40", "trainer.log_every_n_steps=1")
    config = compose_train(*fake_overrides(run), *overrides)
    with pytest.raises(FileError, match=r"run: no space left on device; the run was saved at step"):
        train(config)
    step = load_checkpoint(run / "checkpoints/last.ckpt")["global_step"]
    assert 0 < step < 40
