"""The folder of a run: its saved config, and what a former run left in it."""

import logging
from copy import deepcopy
from pathlib import Path

from lightning.pytorch.utilities.rank_zero import rank_zero_only
from omegaconf import DictConfig, ListConfig, OmegaConf

from tts.config.hydra_job import task_overrides
from tts.config.job_summary import SUMMARY
from tts.config.resume_overrides import SAVED
from tts.files import make_folder, move_aside, write_text
from tts.vocoders.codec_decoder import FOLDER

log = logging.getLogger(__name__)

CONFIG = "config.yaml"
# what a run leaves, besides its events; its log and .hydra are the new run's by then
LEFT = (
    "checkpoints", CONFIG, FOLDER, SUMMARY, "report.txt", "report.png", "hparams.yaml",
    "alignment", "failures", "csv", "evaluation",
)  # fmt: skip


@rank_zero_only
def save_config(config: DictConfig, folder: Path, fresh: bool) -> None:
    """Write ``config.yaml`` atomically; ``fresh``: move a former run's files aside first.

    Values that come from a resolver, such as an environment variable, are written resolved: a
    resumed run evaluates no resolver. Of a run that is resumed, the overrides are written too.
    """
    make_folder(folder)
    if fresh:
        set_aside(folder)
    _write_yaml(without_resolvers(config), folder / CONFIG)
    if not fresh and (overrides := task_overrides()):
        _write_yaml(OmegaConf.create(overrides), folder / SAVED)


def without_resolvers(config: DictConfig) -> DictConfig:
    """Return a copy in which only references to other values, ``${size.dim}``, are unresolved."""
    copy = deepcopy(config)
    stack: list[DictConfig | ListConfig] = [copy]
    while stack:
        node = stack.pop()
        for key in range(len(node)) if isinstance(node, ListConfig) else list(node):
            raw = node._get_node(key)
            assert raw is not None
            assert not isinstance(raw, list)
            if raw._is_interpolation():
                if ":" in str(raw._value()):
                    node[key] = node[key]
            elif isinstance(raw, DictConfig | ListConfig) and not raw._is_none():
                stack.append(raw)
    return copy


def _write_yaml(config: DictConfig | ListConfig, path: Path) -> None:
    write_text(path, OmegaConf.to_yaml(config))


def set_aside(folder: Path) -> None:
    """Move what a former run left to ``folder/previous-<n>``.

    A report without the rest of a run stays, because it can be another command's.
    """
    left = [*(folder / name for name in LEFT), *folder.glob("events.out.tfevents.*")]
    left = [path for path in left if path.exists()]
    if not any((folder / name).exists() for name in ("checkpoints", CONFIG, FOLDER)):
        return
    log.info("%s held a run: moved to %s", folder, move_aside(folder, left))
