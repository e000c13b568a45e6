"""Each family under FSDP and DDP; sharded runs of a model that reads its own predictions."""

from pathlib import Path

import pytest
import torch
from fakes import CONTRACT, FAKES, fake_overrides
from processes import SERVER, ranks
from test_configs import batch_with_durations, model_and_loss
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.nn.parallel import DistributedDataParallel

from tts.batch import Batch
from tts.checkpoint import load_run
from tts.models.autoregressive_base import Autoregressive
from tts.modules.dropout import Dropout, DropPath
from tts.modules.prenet import Prenet
from tts.modules.stack import Stack
from tts.strategies.fsdp import shard
from tts.strategies.sharding import gather_full
from tts.vocoders.mel_rvq import MelRVQ

FOUR = "model.scheduled_sampling_passes=4"
FAMILIES = {
    "fastspeech": "model=fastspeech",
    "autoregressive mel": f"model=autoregressive {FOUR}",
    "autoregressive codes": f"model=autoregressive model/output=codes {FOUR}",
    "masked codec": "model=masked_codec model/stopping=learned",
}
PASSES = ([2, 0, 4], [0, 0, 1])  # of scheduled sampling, on each rank
Gradients = dict[str, Tensor]


class TrainingStep(nn.Module):
    """The total loss of a batch."""

    def __init__(self, choice: str, rank: int) -> None:
        super().__init__()
        self.model, self.loss = model_and_loss(choice)
        for part in self.model.modules():
            if isinstance(part, Dropout | DropPath):  # other passes draw other random numbers
                part.probability = 0.0
            elif isinstance(part, Prenet):
                part.dropout = 0.0
        if isinstance(self.model, Autoregressive):
            self.model.drawn_passes = lambda _: torch.tensor(PASSES[rank])  # type: ignore[method-assign]

    def forward(self, batch: Batch) -> Tensor:
        return self.loss(self.model(batch), batch, 10**6).total


def alone(step: TrainingStep) -> nn.Module:
    return step


def fsdp(step: TrainingStep) -> nn.Module:
    step.model.sharded = True
    shard(step.model, init_device_mesh("cpu", (2,)))
    return step


def recomputing_fsdp(step: TrainingStep) -> nn.Module:
    for part in step.modules():
        if isinstance(part, Stack):
            part.checkpointing = True
    return fsdp(step)


def gradients_of(rank: int, choice: str, folder: str) -> None:
    """Write the gradients of each way to train, in one of two processes."""
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2
    )
    gradients = {}
    for way in (alone, DistributedDataParallel, fsdp, recomputing_fsdp):
        step = TrainingStep(choice, rank)
        trained = way(step)
        batch = batch_with_durations(seed=rank)
        for _ in range(2):  # DDP raises in the second step where a parameter was not used
            step.zero_grad()
            torch.manual_seed(rank)
            trained(batch).backward()
        gradients[way.__name__] = {
            name: gather_full(parameter.grad) for name, parameter in step.named_parameters()
        }
    for gradient in gradients["alone"].values():
        torch.distributed.all_reduce(gradient)
        gradient /= 2
    torch.save(gradients, f"{folder}/{rank}.pt")
    torch.distributed.destroy_process_group()


@pytest.mark.parametrize("family", FAMILIES)
def test_gradients_are_the_mean_of_the_ranks_own(tmp_path: Path, family: str) -> None:
    arguments = (FAMILIES[family], str(tmp_path))
    both = [SERVER.Process(target=gradients_of, args=(rank, *arguments)) for rank in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join(120)
        process.kill()
        assert process.exitcode == 0
    for rank in range(2):
        found: dict[str, Gradients] = torch.load(tmp_path / f"{rank}.pt")
        expected = found.pop("alone")
        for way, gradients in found.items():
            for name, gradient in gradients.items():
                assert torch.allclose(gradient, expected[name], 1e-3, 1e-5), (way, name)


@pytest.mark.parametrize("trainer", ["fsdp", "deepspeed_zero3"])
def test_a_sharded_run_that_reads_predictions_leaves_a_whole_model(
    tmp_path: Path, trainer: str
) -> None:
    if "deepspeed" in trainer:
        pytest.importorskip("deepspeed", reason="DeepSpeed is not installed (--extra deepspeed)")
    MelRVQ(CONTRACT, 2, 11).save(tmp_path / "codec")
    given = fake_overrides(tmp_path / "run", f"+data.codec={tmp_path}/codec")
    ranks(
        "train.py", "--config-dir", str(FAKES),
        *(o for o in given if not o.startswith(("model=", "trainer="))),
        *FAMILIES["autoregressive codes"].split(), "model/size=tiny",
        "model.scheduled_sampling=0.3",
        f"trainer={trainer}", "trainer.accelerator=cpu", "trainer.devices=2",
        "trainer.max_steps=4", "trainer.val_check_interval=4",
        "callbacks.free_running.count=1", "model.max_length=0.2",
    )  # fmt: skip
    model = load_run(tmp_path / "run").build()  # which requires all weights to be there and finite
    assert model.memory_position_scale != 1.0
