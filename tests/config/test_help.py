"""The help text lists every group with its purpose and choices."""

from tts.config.help import help_text
from tts.project_files import CONF


def test_a_group_has_one_line_with_purpose_and_choices() -> None:
    lines = help_text(CONF, "train", "Train.").splitlines()
    rows = {line.split()[0]: line for line in lines if line.startswith("  ")}
    assert rows["model/size"].endswith("modern_small  normal  *small  tiny  v1  v2  v3")
    assert "channels and depths" in rows["model/size"]
    assert "*none" in rows["discriminator"]
    assert "mamba_mamba" in rows["model/flow/velocity_net"], "a group that only a choice brings"
    assert not any("_stack" in line or "backbone/" in line for line in lines)
    groups = [row for group, row in rows.items() if (CONF / group).is_dir()]
    assert len(groups) > 20
    assert all(": " in row for row in groups), "every group has its purpose"


def test_settings_come_with_their_comments() -> None:
    text = help_text(CONF, "prepare", "Prepare.")
    assert "  seed: 1 # " in text
    assert "defaults:" not in text
    assert "hydra:" not in text
