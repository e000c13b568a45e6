"""A tiny corpus, a tiny model and config helpers, for tests of training and callbacks."""

import os
import re
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import lightning.pytorch as pl
import torch
from compose_once import composed_once, parse_each_file_once
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from torch import Tensor, nn
from torch.utils.data import DataLoader

from tts.alignment.aligner import FLAT_START, Aligner
from tts.batch import Batch
from tts.build import model_arguments
from tts.config.resolvers import register_resolvers
from tts.contract import MelContract
from tts.corpus import CorpusFacts, SpeakerStatistics
from tts.data.data_settings import DataSettings
from tts.masks import mask_from_lengths, masked_mean
from tts.models.acoustic import AcousticModel, Diagnostics
from tts.trust import trusting
from tts.vocoders.codec import load_codec

# runs that name classes of the tests can be loaded in every test
_trusted = trusting(["fakes", "tests"])
_trusted.__enter__()
parse_each_file_once()

FAKES = Path(__file__).parent / "conf"  # config choices data=fake and model=fake
# temporary folders, whose configs are otherwise equal
PLACE = re.compile(r"(?P<key>run_dir|resume|data\.prepared_dir)='?(?P<path>/[\w/.-]+)'?")
CONTRACT = MelContract(n_fft=512, window=512, hop=256, bands=8)
SYMBOLS = ("_", " ", "a", "b", "c", "d")
FACTS = CorpusFacts(
    contract=CONTRACT,
    symbols=SYMBOLS,
    speakers=("ann", "bob"),
    languages=("en-us",),
    statistics=(SpeakerStatistics(5.0, 0.2, 3.0, 1.0, 60.0),) * 2,
    speaker_languages=(0, 0),
    mel_mean=-4.0,
    mel_std=2.0,
)


class FakeFrontend:
    def to_dict(self) -> dict[str, Any]:
        return {"symbols": list(SYMBOLS)}


def make_batch(seed: int, size: int = 3) -> Batch:
    """Return random utterances of random lengths; the same for the same seed."""
    generator = torch.Generator().manual_seed(seed)
    token_lengths = torch.randint(4, 8, (size,), generator=generator)
    frame_lengths = token_lengths * 3
    tokens = torch.randint(1, len(SYMBOLS), (size, int(token_lengths.max())), generator=generator)
    mel = torch.randn(size, int(frame_lengths.max()), CONTRACT.bands, generator=generator) * 2 - 4
    real = mask_from_lengths(frame_lengths)
    return Batch(
        tokens=tokens * mask_from_lengths(token_lengths),
        token_lengths=token_lengths,
        frame_lengths=frame_lengths,
        mel=mel * real[..., None],
        pitch=(100 + 50 * torch.rand(real.shape, generator=generator)) * real,
        energy=torch.randn(real.shape, generator=generator) * real,
        speaker=torch.randint(0, 2, (size,), generator=generator),
        language=torch.zeros(size, dtype=torch.long),
        utterance=torch.arange(size) + 100 * seed,
    )


class Order:
    """Sampler of an epoch's batch numbers, shuffled by the epoch; it can start in the middle."""

    def __init__(self, batches: int) -> None:
        self.batches = batches
        self.epoch = 0
        self.start = 0

    def __len__(self) -> int:
        return self.batches

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(self.epoch)
        order = torch.randperm(self.batches, generator=generator).tolist()
        start, self.start = self.start, 0
        yield from order[start:]

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch


class FakeData(pl.LightningDataModule):
    """Datamodule with ``batches`` training batches an epoch; it resumes in the middle of one.

    ``codec``: a codec's folder, whose codes the batches have.
    """

    def __init__(self, batches: int = 5, codec: str | None = None) -> None:
        super().__init__()
        self.frontend = FakeFrontend()
        self.settings = DataSettings("", codec=codec)
        contract = None if codec is None else load_codec(codec).contract
        self.facts = replace(FACTS, codec=contract)
        self.order = Order(batches)

    def utterance_id(self, index: int, split: str = "train") -> str:
        return f"{split}-{index}"

    def train_dataloader(self) -> DataLoader:
        data = [self.batch(seed) for seed in range(self.order.batches)]
        return DataLoader(data, batch_size=None, sampler=self.order)  # type: ignore[arg-type]

    def val_dataloader(self) -> DataLoader:
        return DataLoader([self.batch(seed) for seed in (90, 91)], batch_size=None)  # type: ignore

    def batch(self, seed: int) -> Batch:
        batch, codec = make_batch(seed), self.facts.codec
        if codec is None:
            return batch
        assert batch.mel is not None
        shape = (*batch.mel.shape[:2], codec.codebooks)
        generator = torch.Generator().manual_seed(seed)
        codes = torch.randint(0, codec.codebook_size, shape, generator=generator)
        return batch._replace(codes=codes, code_lengths=batch.frame_lengths)

    def state_dict(self) -> dict[str, Any]:
        # batches consumed, as Lightning counts them
        assert self.trainer is not None
        return {"consumed": self.trainer.fit_loop.total_batch_idx + 1}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.order.epoch, self.order.start = divmod(state["consumed"], self.order.batches)


class FakeOutput(NamedTuple):
    mel: Tensor  # (B, T, M)


class FakeModel(AcousticModel[FakeOutput]):
    """Speaker embedding, dropout, projection: it learns a little and uses randomness."""

    def __init__(self, facts: CorpusFacts, dim: int = 8) -> None:
        super().__init__()
        self.embed = nn.Embedding(len(facts.speakers), dim)
        self.dropout = nn.Dropout(0.3)
        self.project = nn.Linear(dim, facts.contract.bands)

    def forward(self, batch: Batch) -> FakeOutput:
        assert batch.mel is not None
        mel = self.project(self.dropout(self.embed(batch.speaker)))[:, None]
        return FakeOutput(mel.expand_as(batch.mel))

    def diagnostics(self, output: FakeOutput) -> Diagnostics:
        return Diagnostics(mel=output.mel)


class FakeMelLoss(nn.Module):
    def forward(self, output: FakeOutput, batch: Batch) -> Tensor:
        assert batch.mel is not None
        mask = mask_from_lengths(batch.frame_lengths, batch.mel.shape[1])
        return masked_mean((output.mel - batch.mel).abs(), mask)


class SendSignal(pl.Callback):
    """Sends this process a signal in the ``at``-th step, or in the validation after it."""

    def __init__(self, at: int, validating: bool = False, signum: int = signal.SIGTERM) -> None:
        self.at, self.validating, self.signum = at, validating, signum
        self.sent = False

    def on_train_batch_start(self, trainer: Any, module: Any, batch: Any, batch_idx: int) -> None:
        if not self.validating and trainer.global_step == self.at - 1:
            self._send()

    def on_validation_start(self, trainer: Any, module: Any) -> None:
        if self.validating and trainer.global_step == self.at:
            self._send()

    def _send(self) -> None:
        if not self.sent:  # a second signal would end the run unsaved
            self.sent = True
            os.kill(os.getpid(), self.signum)


class ScaleGradients(pl.Callback):
    """Multiplies the gradients of parameters whose name contains ``of`` by ``factor``."""

    def __init__(self, of: str, factor: float, from_step: int = 0, until: int = 10**9) -> None:
        self.of, self.factor, self.steps = of, factor, range(from_step, until)

    def on_after_backward(self, trainer: Any, module: Any) -> None:
        for name, parameter in module.named_parameters():
            if self.of in name and parameter.grad is not None and trainer.global_step in self.steps:
                parameter.grad *= self.factor


def composed(name: str, *overrides: str) -> DictConfig:
    """Compose ``conf/<name>.yaml`` with overrides, as a command does."""
    register_resolvers()
    places = [match for o in overrides if (match := PLACE.fullmatch(o))]
    config = composed_once(name, [o for o in overrides if not PLACE.fullmatch(o)])
    for place in places:
        OmegaConf.update(config, place["key"], place["path"], force_add=False)
    return config


def model_factory(config: DictConfig) -> Callable[..., nn.Module]:
    """The factory of a composed config's model."""
    plain = OmegaConf.to_container(config.model, resolve=True)
    return instantiate(model_arguments(plain), _convert_="all")  # type: ignore[arg-type]


def compose_train(*overrides: str) -> DictConfig:
    """Compose conf/train.yaml with the fakes among its choices."""
    return composed("train", f"hydra.searchpath=[file://{FAKES}]", *overrides)


def fake_overrides(run: Path, *more: str) -> list[str]:
    """Return overrides for a run in the folder ``run`` that takes milliseconds a step."""
    return [
        "data=fake", "model=fake", "trainer=cpu", "trainer.precision=32-true",
        f"run_dir='{run}'", "logger=none", "callbacks.samples=null",
        "callbacks.validation_metrics=null", "callbacks.metric_history=null",
        "scheduler.warmup_steps=5",
        *more,
    ]  # fmt: skip


def end_flat_start(model: torch.nn.Module) -> None:
    """Count as many training steps as a learned aligner needs until all of it learns."""
    for module in model.modules():
        if isinstance(module, Aligner):
            module.seen.fill_(FLAT_START)
