"""Hydra callback that compares the runs of a multirun when all its jobs are over."""

import time
from pathlib import Path

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from tts.config.launch import job_failed
from tts.training.summary import SUMMARY


class CompareRuns(Callback):
    """Prints and writes the comparison, and makes the command fail where a job failed."""

    def on_multirun_start(self, config: DictConfig, **more: object) -> None:
        self._start = time.time()

    def on_multirun_end(self, config: DictConfig, **more: object) -> None:
        folder = Path(config.hydra.sweep.dir)
        if not list(folder.glob(f"*/{SUMMARY}")):
            return
        # here and not at the top: Hydra loads its callbacks for single runs too
        from tts.training.comparison import compare

        for row in compare([str(folder)]).rows:
            summary = row.folder / SUMMARY
            if row.facts["status"] == "failed" and summary.stat().st_mtime >= self._start:
                job_failed(row.folder)
