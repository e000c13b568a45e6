"""Fast polar coordinates equal torch's."""

import torch

from tts.vocoders.polar import magnitude_of, polar


def test_a_spectrum_from_magnitude_and_phase_and_back() -> None:
    magnitude, phase = torch.rand(2, 5, 7), 4 * torch.randn(2, 5, 7)
    expected = torch.polar(magnitude, phase)
    with torch.inference_mode():
        assert torch.allclose(polar(magnitude, phase), expected, atol=1e-6)
        assert torch.allclose(magnitude_of(expected), magnitude, atol=1e-6)
        assert torch.allclose(magnitude_of(expected.mT), magnitude.mT, atol=1e-6)
    magnitude.requires_grad_()
    magnitude_of(polar(magnitude, phase)).sum().backward()
    assert torch.allclose(magnitude.grad, torch.ones(()), atol=1e-5)  # type: ignore[arg-type]
