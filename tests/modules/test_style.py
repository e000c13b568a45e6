"""Style of a speaker and of a reference recording."""

import pytest
import torch

from tests.models.assemble import facts
from tts.errors import UserError
from tts.modules.style import ReferenceStyle, SpeakerStyle, StyleInputs


def test_speakers_have_different_styles() -> None:
    style = SpeakerStyle(facts(2), dim=8)
    one, two = style(StyleInputs(torch.tensor([0, 1]))).vector
    assert not torch.equal(one, two)
    with pytest.raises(UserError, match="speaker"):
        style(StyleInputs())


def test_padding_of_a_reference_does_not_change_the_style() -> None:
    torch.manual_seed(0)
    style = ReferenceStyle(facts(1), dim=8).eval()
    mel = torch.randn(1, 50, 80)
    padded = torch.cat([mel, torch.full((1, 30, 80), 9.0)], 1)
    alone = style(StyleInputs(mel=mel)).vector
    inside = StyleInputs(mel=padded, lengths=torch.tensor([50]))
    assert torch.allclose(alone, style(inside).vector, atol=1e-5)
    other = style(StyleInputs(mel=torch.randn(1, 50, 80))).vector
    assert not torch.allclose(alone, other, atol=1e-2)
    with pytest.raises(UserError, match="reference"):
        style(StyleInputs())
