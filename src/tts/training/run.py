"""Training from a config to a run folder: the story of one run."""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import lightning.pytorch as pl
import torch
from lightning.pytorch.utilities.rank_zero import rank_zero_only
from omegaconf import DictConfig

from tts.callbacks.graceful_stop import GracefulStop, Interrupted
from tts.callbacks.support.finite_weights import require_finite_weights
from tts.child_processes import announced_parent
from tts.config.compose import to_plain
from tts.config.elsewhere import set_elsewhere
from tts.config.hydra_job import group_choices, task_overrides
from tts.config.option_checks import check_options
from tts.config.trusted_packages import with_trust
from tts.config.value_checks import check_values
from tts.data.datamodule import SpeechDataModule
from tts.folder_lock import locked
from tts.memory import release_memory
from tts.plain_data import PlainData
from tts.project_files import CONF
from tts.threads import usable_cpus
from tts.training.callbacks import build_callbacks
from tts.training.data import leave_out_empty_validation, prepare_data, tune_batch_size
from tts.training.lightning_messages import silence_lightning
from tts.training.metric_files import MetricFiles
from tts.training.optuna_trial import current_trial, require_one_process
from tts.training.precision import set_precision
from tts.training.results import best_direction, final_metrics, history_statistics
from tts.training.resume import resumed_step, starting_point
from tts.training.run_folder import CONFIG, save_config
from tts.training.runtime_errors import user_error_of
from tts.training.summary import summarized
from tts.training.system import build_trainable_system, keep_codec_of, load_initial_weights
from tts.training.trainer import build_loggers, build_trainer
from tts.training.trial_build import require_buildable
from tts.trust import NEVER, other_packages

info = rank_zero_only(logging.getLogger(__name__).info)


def job(config: DictConfig) -> float | None:
    """Run one Hydra job: train, and return the best ``monitor`` reached, for a sweeper."""
    folder = Path(config.run_dir)
    try:
        with locked(folder), summarized(folder, task_overrides()) as summary:
            metrics = train(config, task_overrides(), summary)
            trial = current_trial()
            summary["status"] = "pruned" if trial and trial.pruned else "done"
            summary["metrics"] = metrics
    finally:
        release_memory()
    name = str(config.monitor)
    return metrics.get(f"best/{name}", metrics.get(name))


@with_trust
def train(
    config: DictConfig,
    overrides: Sequence[str] = (),
    summary: PlainData | None = None,
    check: Callable[[SpeechDataModule], None] | None = None,
) -> dict[str, float]:
    """Train with ``config``; return the last value of every metric and ``best/<monitor>``.

    ``overrides``: those that ``config`` was composed with, which a resumed run puts on top of its
    own config. ``summary`` receives the metrics' statistics. ``check`` raises for a prepared corpus
    that does not suit. Raises SystemExit with status 128 + signal after Ctrl-C, SIGTERM and SIGHUP,
    once ``last.ckpt`` is written.
    """
    summary = {} if summary is None else summary
    silence_lightning()
    resuming = bool(config.resume)
    config, checkpoint = starting_point(config, overrides)
    check_values("train", config, overrides, f"{config.run_dir}/{CONFIG}" if resuming else None)
    set_precision(config)
    plain = to_plain(config)
    check_options(config, plain, resuming, overrides)
    pl.seed_everything(config.seed, workers=True, verbose=False)
    torch.set_float32_matmul_precision("high")  # TF32 where the GPU has it
    torch.set_num_threads(min(torch.get_num_threads(), usable_cpus()))

    # the trainer before the corpus: missing hardware is reported at once
    stop = GracefulStop()
    callbacks = build_callbacks(config, stop)
    trainer = build_trainer(config, callbacks, build_loggers(config))
    require_one_process(trainer.world_size)
    require_buildable(config, plain, trainer)
    data = prepare_data(config)
    if check is not None:
        check(data)
    leave_out_empty_validation(data, trainer)
    if config.data.get("unseen_speakers") is not None:
        data.setup()
        summary["unseen_speakers"] = sorted(data.unseen)
    if config.get("tune"):
        build = partial(build_trainable_system, config, data, plain)
        tune_batch_size(config, data, build, trainer)
        plain = to_plain(config)
        pl.seed_everything(config.seed, workers=True, verbose=False)
    system = build_trainable_system(config, data, plain, checkpoint)
    load_initial_weights(config, system, data, checkpoint)
    save_config(config, Path(config.run_dir), fresh=not resuming or checkpoint is None)
    keep_codec_of(system, data, Path(config.run_dir))

    parameters = summary["parameters"] = log_start(config, system, trainer)
    if checkpoint is not None:
        info(resumed_step(checkpoint, config.trainer.max_steps))
    metric_files = MetricFiles(trainer, stop)
    try:
        with announced_parent(), stop:
            trainer.fit(system, datamodule=data, ckpt_path=checkpoint and str(checkpoint))
        require_finite_weights(trainer, system)
    except Interrupted as interruption:
        step = trainer.global_step
        metric_files.require_written(config.run_dir, step)
        info("%s at step %d; to go on: resume=%s", interruption, step, config.run_dir)
        raise SystemExit(128 + interruption.signum) from None
    except RuntimeError as error:
        if (found := user_error_of(error)) is not None:
            raise found from error
        raise
    except SystemExit:  # stopped before the first step
        metric_files.require_written(config.run_dir, trainer.global_step)
        raise
    finally:
        summary |= history_statistics(callbacks)
    metric_files.require_written(config.run_dir, trainer.global_step)
    summary |= best_direction(callbacks)
    info("done: %d steps -> %s", trainer.global_step, config.run_dir)
    return final_metrics(trainer, callbacks) | {"parameters": parameters}


def log_start(config: DictConfig, system: pl.LightningModule, trainer: pl.Trainer) -> int:
    """Log what choices set elsewhere, sizes, device and steps; return the number of parameters."""
    for line in set_elsewhere(CONF, group_choices(), task_overrides()):
        info(line)
    if own := [name for name in other_packages(to_plain(config)) if name not in NEVER]:
        named = own[0] if len(own) == 1 else f"[{','.join(own)}]"
        info(
            "parts of %s: to resume, evaluate, export or speak with this run, add trust=%s",
            " and ".join(own), named,
        )  # fmt: skip
    parameters = sum(p.numel() for p in system.parameters())
    trained = sum(p.numel() for p in system.parameters() if p.requires_grad)
    info(
        "%.1f M parameters%s, %s on %s, %s steps -> %s",
        parameters / 1e6,
        f", {trained / 1e6:.1f} M of them trained" if trained < parameters else "",
        config.trainer.precision,
        trainer.strategy.root_device.type,
        config.trainer.max_steps,
        config.run_dir,
    )
    return parameters
