"""Tests of the device's precision."""

import pytest
import torch

from tts.device import uses_bfloat16
from tts.errors import UserError

CPU = torch.device("cpu")


def test_auto_is_bf16_on_cpus_with_amx_only(monkeypatch: pytest.MonkeyPatch) -> None:
    for fast in (True, False):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda fast=fast: {"amx_bf16": fast})
        assert uses_bfloat16("auto", CPU) == fast
        assert not uses_bfloat16("auto", torch.device("cuda"))
        assert uses_bfloat16("bf16-mixed", CPU)
        assert not uses_bfloat16("32-true", CPU)
    with pytest.raises(UserError, match="precision=half: choose from auto"):
        uses_bfloat16("half", CPU)
