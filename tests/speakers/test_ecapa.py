"""Trainable speaker encoder, its loss and its score."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from fakes import FACTS, composed, model_factory

from tts.errors import UserError
from tts.losses.speaker_classes import AdditiveAngularMargin, GeneralizedEndToEnd
from tts.metrics.equal_error_rate import equal_error_rate, speaker_error_rate
from tts.speakers.ecapa import EcapaEncoder

SPEAKERS = torch.arange(20).repeat(10)


def test_perfect_embeddings_have_no_errors_and_random_ones_those_of_chance() -> None:
    generator = torch.Generator().manual_seed(0)
    perfect = F.one_hot(SPEAKERS, 20).float()
    assert speaker_error_rate(perfect, perfect, SPEAKERS) == 0
    one, other = (F.normalize(torch.randn(200, 20, generator=generator), dim=-1) for _ in range(2))
    assert speaker_error_rate(one, other, SPEAKERS) == pytest.approx(0.5, abs=0.05)
    assert speaker_error_rate(-perfect, perfect, SPEAKERS) > 0.9
    assert equal_error_rate(torch.tensor([0.9, 0.4]), torch.tensor([0.5, 0.1])) == 0.5
    assert equal_error_rate(torch.tensor([]), torch.tensor([0.5])) != 0  # NaN


def test_the_margin_makes_the_loss_harder() -> None:
    cosines = torch.tensor([[0.6, 0.5], [0.1, 0.7]])
    batch: Any = SimpleNamespace(speaker=torch.tensor([0, 1]))
    output = SimpleNamespace(cosines=cosines)
    plain = AdditiveAngularMargin(margin=0.0, scale=10.0)(output, batch)
    assert torch.allclose(plain, F.cross_entropy(10 * cosines, batch.speaker), atol=1e-4)
    assert AdditiveAngularMargin(margin=0.2, scale=10.0)(output, batch) > plain


def test_ge2e_is_least_where_each_speaker_is_alone() -> None:
    batch: Any = SimpleNamespace(speaker=torch.tensor([3, 3, 5, 5]))
    apart = F.one_hot(torch.tensor([0, 0, 1, 1]), 4).float()
    loss = GeneralizedEndToEnd(scale=10.0)
    value = loss(SimpleNamespace(embedding=apart), batch)
    assert float(value) == pytest.approx(float(torch.tensor(1 + torch.e**-10).log()), abs=1e-6)
    mixed = F.one_hot(torch.tensor([0, 1, 0, 1]), 4).float()
    assert loss(SimpleNamespace(embedding=mixed), batch) > 5 * value
    alone: Any = SimpleNamespace(speaker=torch.arange(4))  # nothing to compare with
    assert loss(SimpleNamespace(embedding=apart), alone) == 0


def test_ge2e_trains_an_encoder_without_weights_of_speakers() -> None:
    config = composed(
        "train", "model=speaker_encoder", "model/loss=speaker_ge2e", "model.channels=16",
        "model.dim=8",
    )  # fmt: skip
    assert config.system.halves
    model = model_factory(config)(facts=FACTS)
    output = model(torch.randn(6, 30, FACTS.contract.bands))
    batch: Any = SimpleNamespace(speaker=torch.tensor([0, 1] * 3))
    GeneralizedEndToEnd()(output, batch).backward()
    assert all(p.grad is not None for p in model.parameters())


def test_one_speaker_is_too_few() -> None:
    alone = replace(
        FACTS, speakers=FACTS.speakers[:1], statistics=FACTS.statistics[:1],
        speaker_languages=FACTS.speaker_languages[:1],
    )  # fmt: skip
    with pytest.raises(UserError, match="learns to tell speakers apart"):
        EcapaEncoder(alone)


def test_an_encoder_learns_and_ignores_a_constant_response() -> None:
    torch.manual_seed(0)
    config = composed("train", "model=speaker_encoder", "model.channels=16", "model.dim=8")
    model = model_factory(config)(facts=FACTS)
    assert isinstance(model, EcapaEncoder)
    mel = torch.randn(6, 30, FACTS.contract.bands)
    output = model(mel)
    assert torch.allclose(output.embedding.norm(dim=-1), torch.ones(6), atol=1e-5)
    assert output.cosines.shape == (6, 2)
    batch: Any = SimpleNamespace(speaker=torch.tensor([0, 1] * 3))
    AdditiveAngularMargin()(output, batch).backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in model.parameters())
    colored = mel + torch.randn(FACTS.contract.bands)
    assert torch.allclose(model.eval().embed(mel), model.embed(colored), atol=1e-4)
