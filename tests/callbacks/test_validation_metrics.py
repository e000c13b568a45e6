"""Validation metrics: each sentence once, a limited share of the time, the best checkpoint."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from fakes import CONTRACT, composed, make_batch
from processes import ranks

from tts.callbacks.checkpoints import Checkpoints
from tts.callbacks.free_running import FreeRunning
from tts.callbacks.pruning import Pruning
from tts.callbacks.validation_metrics import ValidationMetrics
from tts.errors import UserError
from tts.metrics.evaluation_sample import EvaluationSample
from tts.metrics.measure import Measure
from tts.training.run import train

SENTENCES = 10


class Number(Measure):
    """The sentence's number, which is the value of its recording."""

    label, higher_is_better = "number", True

    def statistics(self, sample: EvaluationSample) -> tuple[float, ...] | None:
        assert sample.reference is not None
        assert sample.text == f"sentence {sample.reference.wave[0]:.0f}"
        return (float(sample.reference.wave[0]),)


class FakeSplit:
    def __init__(self) -> None:
        texts = [f"sentence {n}" for n in range(SENTENCES)]
        self.rows = [SimpleNamespace(normalized=text, language="en-us") for text in texts]

    def __len__(self) -> int:
        return SENTENCES

    def row(self, index: int) -> Any:
        return self.rows[index]

    def __getitem__(self, indices: list[int]) -> Any:
        return make_batch(indices[0], size=1)

    def audio(self, index: int) -> torch.Tensor:
        return torch.full((100,), float(index))


class Module:
    device = torch.device("cpu")

    def __init__(self) -> None:
        self.logged: list[tuple[str, float]] = []
        self.model = self.generator = SimpleNamespace(
            features="mel",
            generate=lambda prompt: SimpleNamespace(features=torch.zeros(1, 3, CONTRACT.bands)),
        )

    def log(self, name: str, value: float, **how: Any) -> None:
        self.logged.append((name, value))


def trainer_of(rank: int = 0, ranks: int = 1, **more: Any) -> Any:
    data = SimpleNamespace(
        dataset=lambda split: FakeSplit(),
        batch=lambda rows: FakeSplit()[rows],
        facts=SimpleNamespace(contract=CONTRACT),
    )
    plain: Any = torch.no_grad
    return SimpleNamespace(
        sanity_checking=False, state=SimpleNamespace(fn="fit"), datamodule=data,
        strategy=SimpleNamespace(broadcast=lambda x: x, batch_to_device=lambda b: b),
        precision_plugin=SimpleNamespace(forward_context=plain),
        global_rank=rank, world_size=ranks, should_stop=False, max_steps=-1, max_epochs=-1,
        **{"lightning_module": None} | more,
    )  # fmt: skip


def vocoder(contract: Any) -> Any:
    return lambda mel: torch.zeros(1, mel.shape[1] * contract.hop)


def number_metric(**settings: Any) -> ValidationMetrics:
    measures = {"number": Number(), "absent": None}
    return ValidationMetrics(measures, vocoder, **{"every_n_validations": 1, **settings})


def test_ranks_share_the_sentences() -> None:
    sums, module = [], Module()
    for rank in range(3):
        alone = number_metric(count=5)
        alone._measure(trainer_of(rank, 3), module, module.model)
        measure = alone.measures["number"]
        sums.append((float(measure.total), float(measure.count)))
    together = number_metric(count=5)
    together._measure(trainer_of(), module, module.model)
    measure = together.measures["number"]
    assert tuple(np.sum(sums, axis=0)) == (float(measure.total), float(measure.count))
    assert measure.count == 5
    assert float(measure.compute()) == np.mean([0, 2, 4, 6, 8]), "spread over the validation set"


def test_a_validation_is_left_out_when_the_time_share_is_spent() -> None:
    def logged(share: float) -> int:
        measuring, module = number_metric(max_time_share=share), Module()
        measuring.on_train_start(trainer_of(), module)  # type: ignore[arg-type]
        for _ in range(6):
            measuring.on_validation_epoch_end(trainer_of(), module)  # type: ignore[arg-type]
            measuring._spent += 1.0  # of a training of almost none
        return len(module.logged)

    assert logged(1e-9) == 1
    measuring, module = number_metric(every_n_validations=2), Module()
    for _ in range(6):
        measuring.on_validation_epoch_end(trainer_of(), module)  # type: ignore[arg-type]
        measuring._spent = 0.0
    assert len(module.logged) == 3
    with pytest.raises(UserError, match="max_time_share"):
        number_metric(max_time_share=0.0)


def test_the_best_checkpoint_has_the_highest_value_where_higher_is_better(tmp_path: Path) -> None:
    saved: list[str] = []
    trainer = trainer_of(
        callbacks=[number_metric()], callback_metrics={}, global_step=0, is_global_zero=True,
        save_checkpoint=lambda path: saved.append(path.name),
        lightning_module=torch.nn.Linear(1, 1),
    )  # fmt: skip
    checkpoints = Checkpoints(tmp_path, "metrics/number")
    checkpoints.setup(trainer, Module(), "fit")  # type: ignore[arg-type]
    checkpoints.on_validation_end(trainer, Module())  # type: ignore[arg-type]
    assert not saved, "declared, but not measured yet"
    for value, kept in ((3.0, True), (2.0, False), (4.0, True), (4.0, False)):
        saved.clear()
        trainer.callback_metrics = {"metrics/number": value}
        checkpoints.on_validation_end(trainer, Module())  # type: ignore[arg-type]
        assert bool(saved) == kept, value
    assert checkpoints.best_value == 4.0


def test_a_system_declares_the_directions_of_its_metrics(tmp_path: Path) -> None:
    trainer = trainer_of(callbacks=[], is_global_zero=True)
    trainer.lightning_module = SimpleNamespace(metric_directions={"val/pesq": True})
    checkpoints = Checkpoints(tmp_path, "val/pesq")
    checkpoints.setup(trainer, Module(), "fit")  # type: ignore[arg-type]
    assert checkpoints.higher_is_better
    with pytest.raises(UserError, match="a metric to maximize"):
        Pruning("val/pesq", lambda value, step: False).setup(trainer, Module(), "fit")  # type: ignore[arg-type]


def test_a_value_of_an_earlier_validation_is_reported_once() -> None:
    reported: list[float] = []
    pruning = Pruning("metrics/number", lambda value, step: bool(reported.append(value)))
    trainer = trainer_of(
        callbacks=[], callback_metrics={"metrics/number": torch.tensor(3.0)}, global_step=0,
        is_global_zero=True,
    )  # fmt: skip
    for _ in range(3):  # only the first one measured
        pruning.on_validation_end(trainer, Module())  # type: ignore[arg-type]
    trainer.callback_metrics = {"metrics/number": torch.tensor(3.0)}
    pruning.on_validation_end(trainer, Module())  # type: ignore[arg-type]
    assert reported == [3.0, 3.0]


def test_a_metric_without_a_direction_cannot_be_monitored(tmp_path: Path) -> None:
    class NoDirection(Number):
        higher_is_better = None

    trainer = trainer_of(
        callbacks=[ValidationMetrics({"number": NoDirection()}, vocoder)], is_global_zero=True
    )
    with pytest.raises(UserError, match="neither the highest nor the lowest"):
        Checkpoints(tmp_path, "metrics/number").setup(trainer, Module(), "fit")  # type: ignore[arg-type]
    trainer = trainer_of(callbacks=[number_metric()], callback_metrics={"val/mel": 1.0})
    with pytest.raises(UserError, match=r"is not a metric .* metrics/number, val/mel"):
        Checkpoints(tmp_path, "metrics/beauty").on_validation_end(trainer, Module())  # type: ignore[arg-type]


def test_a_metric_that_this_model_does_not_measure_ends_the_first_validation(
    tmp_path: Path,
) -> None:
    """The sanity check may lack metrics that the system declares, a validation none of them."""
    trainer = trainer_of(
        callbacks=[number_metric()],
        callback_metrics={"val/mel": 1.0, "train/loss": 1.0, "val/kbps": 1.0},
    )
    directions = {"train/coverage": True, "val/coverage": True, "val/kbps": None}
    trainer.lightning_module = SimpleNamespace(metric_directions=directions)

    def known(monitor: str) -> list[str]:
        with pytest.raises(UserError, match=f"monitor={monitor} is not") as caught:
            Checkpoints(tmp_path, monitor).on_validation_end(trainer, Module())  # type: ignore[arg-type]
        return str(caught.value).partition("choose from ")[2].split(", ")

    trainer.sanity_checking = True
    assert known("train/loss") == ["metrics/number", "val/coverage", "val/mel"]
    Checkpoints(tmp_path, "val/coverage").on_validation_end(trainer, Module())  # type: ignore[arg-type]
    trainer.sanity_checking = False
    assert known("val/coverage") == known("train/coverage") == ["metrics/number", "val/mel"]


def test_only_a_model_that_reads_declares_scores_of_reading() -> None:
    for reads, declared in ((False, 0), (True, 5)):
        callback = FreeRunning()
        module = SimpleNamespace(model=SimpleNamespace(reads=reads))
        callback.setup(SimpleNamespace(), module, "fit")  # type: ignore[arg-type]
        assert len(callback.metric_directions) == declared


def test_a_folder_that_takes_no_checkpoints_is_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").touch()
    for name, fault in (("loop", "too many .* links"), ("file", "is a file, not a folder")):
        with pytest.raises(UserError, match=f"{tmp_path / name}/last.ckpt: .*{fault}.*; "):
            Checkpoints(tmp_path / name, None)
    assert not Checkpoints(tmp_path / "new" / "er", None).folder.parent.exists()


def test_two_processes_measure_the_same_as_one(tmp_path: Path, prepared: Path) -> None:
    """A tiny learning rate keeps the weights equal; the sentences are the same three."""
    overrides = [
        "model/size=tiny", "data.limit=24", "data.prepare.validation_share=0.25", "data.workers=0",
        f"data.prepared_dir={prepared}", "trainer.precision=32-true", "optimizer.lr=1e-30",
        "trainer.max_steps=1", "trainer.val_check_interval=1", "logger=none",
        "callbacks.samples=null", "callbacks.validation_metrics.every_n_validations=1",
        "callbacks.validation_metrics.count=3",
        "callbacks.validation_metrics.vocoder._target_=tts.vocoders.griffin_lim.GriffinLim",
        "+callbacks.validation_metrics.vocoder.iterations=2",
        *(f"callbacks.validation_metrics.measures.{name}=null"
          for name in ("wer", "dnsmos_p808", "dnsmos_ovrl", "f0_rmse", "f0_std",
                       "duration_error")), "callbacks.metric_history=null",
    ]  # fmt: skip
    alone = train(composed("train", *overrides, "trainer=cpu", f"run_dir={tmp_path}/one"))
    ranks("train.py", *overrides, "trainer=ddp_cpu", f"hydra.run.dir={tmp_path}/two")
    together = json.loads((tmp_path / "two" / "summary.json").read_text())["metrics"]
    names = [name for name in alone if name.startswith("metrics/")]
    assert {"metrics/mcd", "metrics/similarity", "metrics/global_variance"} <= set(names)
    for name in names:
        assert together[name] == pytest.approx(alone[name], rel=1e-3), name
