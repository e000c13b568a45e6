"""A tiny corpus and a tiny model, for tests of what surrounds them."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import lightning.pytorch as pl
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from tts.audio.mel import MelContract
from tts.batch import Batch
from tts.corpus import CorpusFacts, SpeakerStatistics
from tts.masks import mask_from_lengths, masked_mean

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
    """Random speech of random lengths; the same for the same seed."""
    draw = torch.Generator().manual_seed(seed)
    token_lengths = torch.randint(4, 8, (size,), generator=draw)
    frame_lengths = token_lengths * 3
    tokens = torch.randint(1, len(SYMBOLS), (size, int(token_lengths.max())), generator=draw)
    mel = torch.randn(size, int(frame_lengths.max()), CONTRACT.bands, generator=draw) * 2 - 4
    real = mask_from_lengths(frame_lengths)
    return Batch(
        tokens=tokens * mask_from_lengths(token_lengths),
        token_lengths=token_lengths,
        frame_lengths=frame_lengths,
        mel=mel * real[..., None],
        pitch=(100 + 50 * torch.rand(real.shape, generator=draw)) * real,
        energy=torch.randn(real.shape, generator=draw) * real,
        speaker=torch.randint(0, 2, (size,), generator=draw),
        language=torch.zeros(size, dtype=torch.long),
        index=torch.arange(size) + 100 * seed,
    )


class Order:
    """Batch numbers of an epoch, shuffled by the epoch; counts what was consumed."""

    def __init__(self, batches: int) -> None:
        self.batches = batches
        self.epoch = 0
        self.start = 0

    def __len__(self) -> int:
        return self.batches

    def __iter__(self) -> Iterator[int]:
        draw = torch.Generator().manual_seed(self.epoch)
        order = torch.randperm(self.batches, generator=draw).tolist()
        start, self.start = self.start, 0
        yield from order[start:]

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch


class FakeData(pl.LightningDataModule):
    """``batches`` training batches an epoch; resumes in the middle of one."""

    def __init__(self, batches: int = 5, broken: str | None = None) -> None:
        super().__init__()
        self.frontend = FakeFrontend()
        self.facts = FACTS
        self.order = Order(batches)
        self.consumed = 0
        if broken:
            from tts.errors import UserError

            raise UserError(broken)

    def train_dataloader(self) -> DataLoader:
        data = [make_batch(seed) for seed in range(self.order.batches)]
        return DataLoader(data, batch_size=None, sampler=self.order)  # type: ignore[arg-type]

    def val_dataloader(self) -> DataLoader:
        return DataLoader([make_batch(seed) for seed in (90, 91)], batch_size=None)  # type: ignore

    def on_before_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        return batch

    def state_dict(self) -> dict[str, Any]:
        # batches handed out: Lightning counts them, and the trainer is here to be asked
        assert self.trainer is not None
        return {"consumed": self.trainer.fit_loop.total_batch_idx + 1}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.order.epoch, self.order.start = divmod(state["consumed"], self.order.batches)


class FakeOutput(NamedTuple):
    mel: Tensor  # (B, T, M)


class FakeModel(nn.Module):
    """Embeds the speaker, drops, projects: enough to learn something and to use randomness."""

    def __init__(self, facts: CorpusFacts, dim: int = 8) -> None:
        super().__init__()
        self.embed = nn.Embedding(len(facts.speakers), dim)
        self.dropout = nn.Dropout(0.3)
        self.project = nn.Linear(dim, facts.contract.bands)

    def forward(self, batch: Batch) -> FakeOutput:
        assert batch.mel is not None
        mel = self.project(self.dropout(self.embed(batch.speaker)))[:, None]
        return FakeOutput(mel.expand_as(batch.mel))


class FakeMelLoss(nn.Module):
    def forward(self, output: FakeOutput, batch: Batch) -> Tensor:
        assert batch.mel is not None
        mask = mask_from_lengths(batch.frame_lengths, batch.mel.shape[1])
        return masked_mean((output.mel - batch.mel).abs(), mask)
