"""Settings that a choice changes outside its own section, for the start of the log."""

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from tts.config.group_effects import group_effects


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    files = {
        "discriminator/mel_patches.yaml": """# @package _global_
defaults:
  - override /system: acoustic_gan
monitor: null
discriminator:
  patches: {_target_: a.b.Patches}
""",
        "discriminator/none.yaml": "patches: null",
        "model/_training.yaml": """# @package _global_
trainer: {clip: null}
data:
  clips: {_target_: a.b.Clips, frames: 32}
""",
        "model/vocoder.yaml": "defaults: [_training, _self_]\ndim: 8",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


COMPOSED = {
    "monitor": None,
    "discriminator": {"patches": {"_target_": "a.b.Patches"}},
    "data": {"clips": {"_target_": "a.b.Clips", "frames": 64}},
    "trainer": {"clip": None},
    "model": {"dim": 8},
}


def test_effects_outside_the_own_section_are_listed(conf: Path) -> None:
    choices = {"discriminator": "mel_patches", "model": "vocoder", "system": "acoustic_gan"}
    assert group_effects(OmegaConf.create(COMPOSED), choices, conf) == [
        "discriminator=mel_patches sets system=acoustic_gan, monitor=null",
        "model=vocoder sets trainer.clip=null, data.clips=Clips",
    ]


def test_what_was_replaced_is_left_out(conf: Path) -> None:
    config = OmegaConf.create(COMPOSED | {"monitor": "val/mel"})
    choices = {"discriminator": "mel_patches", "system": "acoustic"}
    assert group_effects(config, choices, conf) == []
    assert group_effects(config, {"discriminator": "none", "hydra/launcher": "x"}, conf) == []
