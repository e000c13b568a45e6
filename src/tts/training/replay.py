"""Replay of a skipped training step from its bundle, up to the first NaN or infinite value."""

import functools
import warnings
from collections.abc import Iterator

import lightning.pytorch as pl
import torch
from omegaconf import DictConfig
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torch.utils.hooks import RemovableHandle

from tts.batch import Batch, Clips
from tts.callbacks.support.bad_step_bundle import grad_scaler
from tts.callbacks.support.random_states import restore_random
from tts.checkpoint import CARD
from tts.device import find_device
from tts.errors import UserError
from tts.plain_data import PlainData, short
from tts.training.bundle import read_bundle
from tts.training.lightning_messages import silence_lightning
from tts.training.system import build_system
from tts.weights import bounded_by


class NonFiniteValue(Exception):
    """Stops the step at its first NaN or infinite value; the message names its origin."""


def replay(path: str, device: str = "cpu") -> str:
    """Run the step of the bundle at ``path`` again; return a report of where it went wrong.

    Raises UserError for a file that is no bundle and for a device that this machine lacks.
    """
    find_device(device)
    bundle = read_bundle(path)
    batch = bundle["batch"]
    report = [
        f"step {bundle['step']}, skipped because {bundle['reason']}",
        f"utterances: {', '.join(bundle['utterances'])}",
    ]
    if bad := list(_bad_fields(batch, bundle["utterances"])):
        return "\n".join([*report, *bad])
    detector = NonFiniteDetector()
    try:
        system = _system(bundle, path)
        trainer = _trainer(bundle, device, detector)
        with (
            warnings.catch_warnings(record=True) as caught,
            torch.autograd.set_detect_anomaly(True),
        ):
            warnings.simplefilter("always")
            trainer.fit(system, DataLoader([batch], batch_size=None))  # type: ignore[arg-type]
    except NonFiniteValue as found:
        return "\n".join([*report, str(found)])
    except UserError:
        raise
    except Exception as error:  # a bundle from elsewhere can hold values that fit nothing
        if "returned nan values" not in str(error):
            raise UserError(
                f"{path}: its step cannot be run again with this version of the code: "
                f"{type(error).__name__}: {short(error)}"
            ) from error
        where = f", after that of {detector.last}" if detector.last else ""
        return "\n".join([*report, f"backward{where}: {error}", *_lines(caught)])
    terms = ", ".join(f"{name.removeprefix('train/')} {float(value):.4g}"
                      for name, value in sorted(trainer.callback_metrics.items())
                      if name.startswith("train/"))  # fmt: skip
    then = f"the loss was {bundle['loss']:.6g} when the step was skipped"
    return "\n".join([*report, f"all values are finite; {then}, and is now: {terms}"])


class NonFiniteDetector(pl.Callback):
    """Hooks on every module that raise :class:`NonFiniteValue` at the first NaN or infinity."""

    def __init__(self) -> None:
        self.last = ""  # the module whose output had the latest finite gradient
        self._handles: list[RemovableHandle] = []

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: object, batch_idx: int
    ) -> None:
        for name, part in pl_module.named_modules():
            if name in ("", "model", "loss"):  # their parts are reported by name
                continue
            self._handles.append(
                part.register_forward_hook(functools.partial(self._check_output, name))
            )

    def on_train_batch_end(self, *arguments: object) -> None:
        for handle in self._handles:
            handle.remove()

    def on_before_backward(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, loss: Tensor
    ) -> None:
        if not torch.isfinite(loss):
            raise NonFiniteValue(
                f"the loss is {float(loss)}, though the output of every module is finite"
            )

    def on_before_optimizer_step(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        optimizer: torch.optim.Optimizer,
    ) -> None:
        for name, parameter in pl_module.named_parameters():
            if parameter.grad is not None and not torch.isfinite(parameter.grad).all():
                raise NonFiniteValue(f"backward: the gradient of {name} is NaN or infinite")

    def _check_output(self, name: str, part: nn.Module, inputs: object, output: object) -> None:
        if finite(output):
            for tensor in tensors(output):
                if tensor.requires_grad:
                    tensor.register_hook(functools.partial(self._check_gradient, name))
        elif finite(inputs):
            raise NonFiniteValue(
                f"forward: {name} ({type(part).__name__}) is the first with a NaN or infinite "
                f"output; its inputs lie within {_range(inputs)}, its weights within "
                f"{_range(tuple(part.parameters()))}"
            )

    def _check_gradient(self, name: str, gradient: Tensor) -> None:
        if not torch.isfinite(gradient).all():
            after = f"; the one before, of {self.last}, is finite" if self.last else ""
            raise NonFiniteValue(
                f"backward: the gradient of the output of {name} is the first that is NaN or "
                f"infinite{after}"
            )
        self.last = name


def finite(value: object) -> bool:
    """Whether all floating-point values in nested tuples, lists and dictionaries are finite."""
    return all(bool(torch.isfinite(tensor).all()) for tensor in tensors(value))


def tensors(value: object) -> Iterator[Tensor]:
    """Yield the floating-point and complex tensors in nested tuples, lists and dictionaries."""
    if isinstance(value, Tensor):
        if value.is_floating_point() or value.is_complex():
            yield value
    elif isinstance(value, list | tuple):
        for part in value:
            yield from tensors(part)
    elif isinstance(value, dict):
        yield from tensors(list(value.values()))


def _range(value: object) -> str:
    sizes = [float(t.detach().abs().max()) for t in tensors(value) if t.numel()]
    return f"±{max(sizes):.3g}" if sizes else "nothing"


def _bad_fields(batch: Batch | Clips, names: list[str]) -> Iterator[str]:
    """Report the fields of the batch that hold NaN or infinity, by utterance."""
    for field, value in batch._asdict().items():
        if not isinstance(value, Tensor) or finite(value):
            continue
        for row in range(len(value)):
            if not finite(value[row]):
                name = names[row] if row < len(names) else f"row {row}"
                count = int((~torch.isfinite(value[row])).sum())
                yield f"the batch itself: {field} of {name} holds {count} NaN or infinite values"


def _lines(caught: list[warnings.WarningMessage]) -> Iterator[str]:
    """Yield the lines of this package in the forward trace of torch's anomaly detection."""
    for warning in caught:
        lines = str(warning.message).splitlines()
        for number, line in enumerate(lines):
            if "/tts/" in line and "File" in line:
                code = lines[number + 1].strip() if number + 1 < len(lines) else ""
                yield f"{line.strip()}: {code}"


def _system(bundle: PlainData, path: str) -> pl.LightningModule:
    card = {key: bundle[key] for key in CARD}
    with bounded_by(bundle["state_dict"], path):
        system = build_system(DictConfig(bundle["config"]), bundle["corpus_facts"], card)
    system.load_state_dict(bundle["state_dict"])
    return system


class RestoreStep(pl.Callback):
    """Restores the step count, the AMP scale and the random states of the skipped step."""

    def __init__(self, bundle: PlainData) -> None:
        self.bundle = bundle

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        loop = trainer.fit_loop.epoch_loop
        step = self.bundle["step"]
        if pl_module.automatic_optimization:
            loop.automatic_optimization.optim_progress.optimizer.step.total.completed = step
        else:
            loop.manual_optimization.optim_step_progress.total.completed = step
        scaler = grad_scaler(trainer)
        if scaler is not None and self.bundle["amp_scale"]:
            scaler.update(self.bundle["amp_scale"])

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: object, batch_idx: int
    ) -> None:
        restore_random(self.bundle["random"])


def _trainer(bundle: PlainData, device: str, detector: NonFiniteDetector) -> pl.Trainer:
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
        callbacks=[detector, RestoreStep(bundle)],
    )
