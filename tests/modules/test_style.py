"""Style of a speaker and of a reference recording."""

import pytest
import torch

from tests.models.assemble import facts
from tts.errors import UserError
from tts.modules.style import ReferenceStyle, SpeakerStyle


def test_speakers_have_different_styles() -> None:
    style = SpeakerStyle(facts(2), dim=8)
    one, two = style(torch.tensor([0, 1]))
    assert not torch.equal(one, two)
    with pytest.raises(UserError, match="speaker"):
        style(None)


def test_padding_of_a_reference_does_not_change_the_style() -> None:
    torch.manual_seed(0)
    style = ReferenceStyle(facts(1), dim=8).eval()
    mel = torch.randn(1, 50, 80)
    padded = torch.cat([mel, torch.full((1, 30, 80), 9.0)], 1)
    alone = style(None, mel)
    assert torch.allclose(alone, style(None, padded, torch.tensor([50])), atol=1e-5)
    assert not torch.allclose(alone, style(None, torch.randn(1, 50, 80)), atol=1e-2)
    with pytest.raises(UserError, match="reference"):
        style(None, None)
