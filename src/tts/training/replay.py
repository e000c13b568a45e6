"""A training step out of its bundle, watched until the first number that is none."""

import functools
import warnings
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import lightning.pytorch as pl
import torch
from omegaconf import OmegaConf
from torch import Tensor, nn
from torch.utils.data import DataLoader

from tts.batch import Batch, Clips
from tts.callbacks.support.random_states import restore_random
from tts.checkpoint import load_checkpoint
from tts.corpus import CorpusFacts
from tts.device import find_device
from tts.errors import UserError
from tts.training.run import build_system, silence_lightning


class Found(Exception):
    """The first bad number: the step need go no further."""


def replay(path: str, device: str = "cpu") -> str:
    """What there is to say of the bundle at ``path``.

    Raises UserError for a file that is none, and for a device that this machine does not have.
    """
    find_device(device)
    bundle = load_checkpoint(path)
    if missing := [k for k in ("batch", "random", "state_dict", "config") if k not in bundle]:
        raise UserError(f"{path} is no bundle of a failed step: it lacks {', '.join(missing)}")
    batch = _batch(bundle["batch"])
    said = [
        f"step {bundle['step']}, skipped because {bundle['reason']}",
        f"utterances: {', '.join(bundle['utterances'])}",
    ]
    if bad := list(_bad_fields(batch, bundle["utterances"])):
        return "\n".join([*said, *bad])
    system = _system(bundle)
    watch = Watch()
    trainer = _trainer(bundle, device, watch)
    try:
        with warnings.catch_warnings(record=True) as told, torch.autograd.set_detect_anomaly(True):
            warnings.simplefilter("always")
            trainer.fit(system, DataLoader([batch], batch_size=None))  # type: ignore[arg-type]
    except Found as found:
        return "\n".join([*said, str(found)])
    except RuntimeError as error:
        if "returned nan values" not in str(error):
            raise
        where = f", after that of {watch.last}" if watch.last else ""
        return "\n".join([*said, f"backward{where}: {error}", *_lines(told)])
    terms = ", ".join(f"{name.removeprefix('train/')} {float(value):.4g}"
                      for name, value in sorted(trainer.callback_metrics.items())
                      if name.startswith("train/"))  # fmt: skip
    then = f"then the loss was {bundle['loss']:.6g}"
    return "\n".join([*said, f"every number is finite; {then}, and now: {terms}"])


class Watch(pl.Callback):
    """Hooks on every module, from the first number of the step to the first that is none."""

    def __init__(self) -> None:
        self.last = ""  # the module whose output's gradient was seen last, and was well
        self._handles: list[Any] = []

    def on_train_batch_start(self, trainer: Any, module: Any, batch: Any, batch_idx: int) -> None:
        for name, part in module.named_modules():
            if name in ("", "model", "loss"):  # what is in them is named, or what they return
                continue
            self._handles.append(part.register_forward_hook(functools.partial(self._forth, name)))

    def on_train_batch_end(self, *arguments: Any) -> None:
        for handle in self._handles:
            handle.remove()

    def on_before_backward(self, trainer: Any, module: Any, loss: Tensor) -> None:
        if not torch.isfinite(loss):
            raise Found(f"the loss is {float(loss)}, and no module's output was to blame")

    def on_before_optimizer_step(self, trainer: Any, module: Any, optimizer: Any) -> None:
        for name, parameter in module.named_parameters():
            if parameter.grad is not None and not torch.isfinite(parameter.grad).all():
                raise Found(f"backward: the gradient of {name} is no number")

    def _forth(self, name: str, part: nn.Module, inputs: Any, output: Any) -> None:
        if finite(output):
            for tensor in tensors(output):
                if tensor.requires_grad:
                    tensor.register_hook(functools.partial(self._back, name))
        elif finite(inputs):
            raise Found(
                f"forward: {name} ({type(part).__name__}) is the first whose output is no number; "
                f"its inputs lie within {_range(inputs)}, its weights within "
                f"{_range(tuple(part.parameters()))}"
            )

    def _back(self, name: str, gradient: Tensor) -> None:
        if not torch.isfinite(gradient).all():
            after = f"; the one before, of {self.last}, was well" if self.last else ""
            raise Found(
                f"backward: the gradient of the output of {name} is the first that is no number"
                f"{after}"
            )
        self.last = name


def finite(value: Any) -> bool:
    """Whether every floating number in a nest of tuples is one."""
    return all(bool(torch.isfinite(tensor).all()) for tensor in tensors(value))


def tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        if value.is_floating_point() or value.is_complex():
            yield value
    elif isinstance(value, list | tuple):
        for part in value:
            yield from tensors(part)
    elif isinstance(value, dict):
        yield from tensors(list(value.values()))


def _range(value: Any) -> str:
    sizes = [float(t.detach().abs().max()) for t in tensors(value) if t.numel()]
    return f"±{max(sizes):.3g}" if sizes else "nothing"


def _bad_fields(batch: Any, names: list[str]) -> Iterator[str]:
    """What was no number before any module saw it."""
    for field, value in batch._asdict().items():
        if not isinstance(value, Tensor) or finite(value):
            continue
        for row in range(len(value)):
            if not finite(value[row]):
                name = names[row] if row < len(names) else f"row {row}"
                count = int((~torch.isfinite(value[row])).sum())
                yield f"the batch itself: {field} of {name} holds {count} that are no numbers"


def _lines(told: list[warnings.WarningMessage]) -> Iterator[str]:
    """The lines of this package in whose forward pass the culprit was called."""
    for warning in told:
        lines = str(warning.message).splitlines()
        for number, line in enumerate(lines):
            if "/tts/" in line and "File" in line:
                code = lines[number + 1].strip() if number + 1 < len(lines) else ""
                yield f"{line.strip()}: {code}"


def _batch(fields: dict[str, Tensor]) -> Any:
    return Clips(**fields) if "audio" in fields else Batch(**fields)


def _system(bundle: dict[str, Any]) -> pl.LightningModule:
    config = OmegaConf.create(bundle["config"])
    data = SimpleNamespace(
        facts=CorpusFacts.from_dict(bundle["facts"]),
        frontend=SimpleNamespace(to_dict=lambda: bundle["frontend"]),
    )
    system = build_system(config, data, bundle["config"])
    system.load_state_dict(bundle["state_dict"])
    return system


class Stand(pl.Callback):
    """Puts the trainer where the step was: the count of steps, the scale, the random numbers."""

    def __init__(self, bundle: dict[str, Any]) -> None:
        self.bundle = bundle

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        loop = trainer.fit_loop.epoch_loop
        step = self.bundle["step"]
        if pl_module.automatic_optimization:
            loop.automatic_optimization.optim_progress.optimizer.step.total.completed = step
        else:
            loop.manual_optimization.optim_step_progress.total.completed = step
        scaler = getattr(trainer.precision_plugin, "scaler", None)
        if scaler is not None and self.bundle["amp_scale"]:
            scaler.update(self.bundle["amp_scale"])

    def on_train_batch_start(self, trainer: Any, module: Any, batch: Any, batch_idx: int) -> None:
        restore_random(self.bundle["random"])


def _trainer(bundle: dict[str, Any], device: str, watch: Watch) -> pl.Trainer:
    silence_lightning()
    return pl.Trainer(
        accelerator="gpu" if device.startswith("cuda") else "cpu",
        devices=[int(device.partition(":")[2] or 0)] if device.startswith("cuda") else 1,
        precision=bundle["precision"],
        max_steps=bundle["step"] + 1,
        max_epochs=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[watch, Stand(bundle)],
    )
