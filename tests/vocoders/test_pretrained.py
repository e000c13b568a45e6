"""Other houses' checkpoints: converted equals original, and what does not fit is named.

``references/`` holds, for each family, a small configuration, the names and shapes of the weights
and what the published code says with them. The weights themselves are drawn from their names.
"""

import json
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from fakes import composed
from torch import Tensor

from tts.checkpoint import CheckpointError, load_run
from tts.errors import UserError
from tts.export.pretrained import convert_checkpoint
from tts.vocoders.load import load_vocoder

FAMILIES = ("hifigan", "bigvgan", "vocos")


def reference(family: str) -> dict[str, Any]:
    path = Path(__file__).parent / "references" / f"{family}.json"
    return json.loads(path.read_text())  # type: ignore[no-any-return]


def drawn(name: str, shape: list[int]) -> Tensor:
    draw = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    value = torch.randn(shape, generator=draw) * 0.2
    return value.abs() + 0.5 if name.endswith("weight_g") else value


def published(family: str, folder: Path, change: Callable[..., None] | None = None) -> Path:
    """A checkpoint and its configuration as their house leaves them."""
    known = reference(family)
    config = known["config"]
    state = {name: drawn(name, shape) for name, shape in known["shapes"].items()}
    if change is not None:
        change(config, state)
    if family == "vocos":
        (folder / "config.yaml").write_text(yaml.safe_dump(config))
        file = folder / "pytorch_model.bin"
        torch.save(state, file)
    else:
        (folder / "config.json").write_text(json.dumps(config))
        file = folder / "generator"
        # the oldest of them were saved before torch wrote zip archives
        torch.save({"generator": state}, file, _use_new_zipfile_serialization=family != "hifigan")
    return file


def converted(family: str, folder: Path, change: Callable[..., None] | None = None) -> Path:
    file = published(family, folder, change)
    return convert_checkpoint(composed("convert", f"file={file}", f"out={folder}/voice"))


@pytest.mark.parametrize("family", FAMILIES)
def test_converted_equals_original(family: str, tmp_path: Path) -> None:
    vocoder = load_vocoder(None, converted(family, tmp_path))
    known = torch.tensor(reference(family)["output"])
    frames = 8 if family == "vocos" else 4
    draw = torch.Generator().manual_seed(1)
    mel = torch.randn(1, vocoder.contract.bands, frames, generator=draw).mT
    with torch.no_grad():
        wave = vocoder(mel)[0]
    assert len(wave) == frames * vocoder.contract.hop
    assert torch.allclose(wave[: len(known)], known, atol=2e-6)


def test_the_contract_comes_from_the_file(tmp_path: Path) -> None:
    voice = load_run(converted("vocos", tmp_path))
    assert voice.contract.centered
    assert voice.contract.scale == "htk"
    assert voice.contract.normalization == "none"
    assert voice.contract.fmax == 11025


@pytest.mark.parametrize(
    ("family", "key", "culprit"),
    [
        ("hifigan", "upsample_rates", "none of HiFi-GAN's"),
        ("hifigan", "fmax", "lacks fmax"),
        ("bigvgan", "snake_logscale", "lacks snake_logscale"),
        ("vocos", "head", "none of HiFi-GAN's"),
    ],
)
def test_a_missing_setting_is_named(family: str, key: str, culprit: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=culprit):
        converted(family, tmp_path, lambda config, state: config.pop(key))


@pytest.mark.parametrize("family", FAMILIES)
def test_weights_that_do_not_fit_are_named(family: str, tmp_path: Path) -> None:
    def add(config: dict[str, Any], state: dict[str, Tensor]) -> None:
        state["stranger.weight"] = torch.zeros(1)

    def lose(config: dict[str, Any], state: dict[str, Tensor]) -> None:
        state.pop("conv_pre.bias" if family != "vocos" else "head.out.bias")

    with pytest.raises(UserError, match="stranger"):
        converted(family, tmp_path, add)
    ours = "spectrum.bias" if family == "vocos" else "input.bias"
    with pytest.raises(UserError, match=ours):
        converted(family, tmp_path, lose)
    assert not (tmp_path / "voice").exists()


def test_a_truncated_file_and_missing_settings_are_named(tmp_path: Path) -> None:
    file = published("vocos", tmp_path)
    file.write_bytes(file.read_bytes()[:1000])
    request = composed("convert", f"file={file}", f"out={tmp_path}/voice")
    with pytest.raises(CheckpointError, match="truncated"):
        convert_checkpoint(request)
    (tmp_path / "config.yaml").unlink()
    with pytest.raises(UserError, match="settings=FILE"):
        convert_checkpoint(request)
    with pytest.raises(UserError, match="one of them"):
        convert_checkpoint(composed("convert", f"out={tmp_path}/voice"))
    with pytest.raises(CheckpointError, match="no checkpoint"):
        convert_checkpoint(composed("convert", f"file={tmp_path}/no", f"out={tmp_path}/voice"))


def test_a_hub_name_without_its_package_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(UserError, match="uv sync --extra hub"):
        convert_checkpoint(composed("convert", "hub=some/body", f"out={tmp_path}/voice"))
