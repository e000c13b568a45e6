"""Builder of models from a checkpoint's config: it calls nothing but the parts of a model."""

import pytest

from tts.build import build
from tts.errors import UserError
from tts.modules.positional import NoPosition


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
        "torch.nn.Module.__init__",
        "torch.nn.attention._fa3.register_flash_attention_fa3",
        "torch.nn.functional.l1_loss",  # a part, but not of a model
        "tts.modules.stack.checkpoint",
        "tts.modules.stack.Block",  # not configured
        "tts.vocoders.load.load_vocoder",
        "tts.vocoders.vocos.Vocos.load_state_dict",
        "tts.vocoders.vocos",
        " tts.vocoders.vocos.Vocos",
        "",
        7,
        None,
        ["tts.vocoders.vocos.Vocos"],
    ],
)
def test_other_names_are_rejected(name: object) -> None:
    with pytest.raises(UserError):
        build({"_target_": name, "command": "true"})


def test_wrong_arguments_are_named() -> None:
    name = "tts.modules.positional.NoPosition"
    with pytest.raises(UserError, match="NoPosition"):
        build({"_target_": name, "color": "red"})
    assert isinstance(build({"_target_": name}), NoPosition)
