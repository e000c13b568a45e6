"""Builder of models from a checkpoint's config: it calls nothing but this package and torch."""

import pytest
import torch

from tts.build import build
from tts.errors import UserError


def test_nested_factories_are_assembled() -> None:
    config = {
        "_target_": "tts.modules.stack.Stack",
        "_partial_": True,
        "depth": 2,
        "mixer": {"_target_": "tts.modules.conv.Conv", "_partial_": True},
    }
    stack = build(config)(dim=8)
    first, second = stack.blocks[:2]
    assert first is not second
    assert build([{"a": 1}, None, "x"]) == [{"a": 1}, None, "x"]


@pytest.mark.parametrize(
    "name",
    [
        "os.system",
        "builtins.eval",
        "torch.load",
        "torch.hub.load",
        "subprocess.run",
        "tts.text.espeak.os.system",
        "tts.checkpoint.os.remove",
        "tts.modules.mamba.math.sqrt",
        "tts.vocoders.griffin_lim.torch",
        "tts.training.run.train",
        "torch.nn.no_such_thing",
        7,
    ],
)
def test_other_names_are_rejected(name: object) -> None:
    with pytest.raises(UserError):
        build({"_target_": name, "command": "true"})


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(UserError, match="color"):
        build({"_target_": "torch.nn.ReLU", "color": "red"})
    assert isinstance(build({"_target_": "torch.nn.ReLU"}), torch.nn.ReLU)
