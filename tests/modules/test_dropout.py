"""Dropout and DropPath: mean, rate, and which values are dropped together."""

import pytest
import torch

from tts.modules.dropout import Dropout, DropPath


@pytest.mark.parametrize("layer", [Dropout(0.25), DropPath(0.25)])
def test_dropout_keeps_the_mean_and_is_the_identity_in_evaluation(layer: torch.nn.Module) -> None:
    torch.manual_seed(0)
    x = torch.ones(4000, 50)
    layer.train()
    assert layer(x).mean() == pytest.approx(1.0, abs=0.03)
    assert (layer(x) == 0).float().mean() == pytest.approx(0.25, abs=0.02)
    layer.eval()
    assert torch.equal(layer(x), x)


def test_drop_path_drops_entire_utterances() -> None:
    torch.manual_seed(0)
    dropped = DropPath(0.5).train()(torch.ones(64, 3, 5)).flatten(1)
    assert ((dropped == 0).all(1) | (dropped == 2).all(1)).all()
