"""Tests of the conversion of public vocoder checkpoints: same output as the published code.

``references/`` holds, for each family, a small configuration, the names and shapes of its weights
and the output of the published code. The weights are random, seeded by their names.
"""

import json
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from fakes import composed
from torch import Tensor

from tts.checkpoint import CheckpointError, load_checkpoint, load_run
from tts.errors import UserError
from tts.export.pretrained import convert_checkpoint
from tts.vocoders.load import load_vocoder
from tts.vocoders.pretrained_settings import KINDS, require_types

FAMILIES = ("hifigan", "bigvgan", "univnet", "vocos")


def reference(family: str) -> dict[str, Any]:
    path = Path(__file__).parent / "references" / f"{family}.json"
    return json.loads(path.read_text())  # type: ignore[no-any-return]


def random_weight(name: str, shape: list[int]) -> Tensor:
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    value = torch.randn(shape, generator=generator) * 0.2
    return value.abs() + 0.5 if name.endswith("weight_g") else value


def published(family: str, folder: Path, change: Callable[..., None] | None = None) -> Path:
    """Write a checkpoint and its configuration in the published format."""
    expected = reference(family)
    config = expected["config"]
    state = {name: random_weight(name, shape) for name, shape in expected["shapes"].items()}
    if change is not None:
        change(config, state)
    if family in ("vocos", "univnet"):
        (folder / "config.yaml").write_text(yaml.safe_dump(config))
        file = folder / "pytorch_model.bin"
        torch.save(state if family == "vocos" else {"model_g": state}, file)
    else:
        (folder / "config.json").write_text(json.dumps(config))
        file = folder / "generator"
        # HiFi-GAN's checkpoints are older than torch's zip format
        torch.save({"generator": state}, file, _use_new_zipfile_serialization=family != "hifigan")
    return file


def converted(family: str, folder: Path, change: Callable[..., None] | None = None) -> Path:
    file = published(family, folder, change)
    return convert_checkpoint(composed("convert", f"file={file}", f"out={folder}/voice"))


@pytest.mark.parametrize("family", FAMILIES)
def test_converted_model_equals_the_original(family: str, tmp_path: Path) -> None:
    vocoder = load_vocoder(None, converted(family, tmp_path), None)
    expected = torch.tensor(reference(family)["output"])
    frames = 8 if family == "vocos" else 4
    generator = torch.Generator().manual_seed(1)
    mel = torch.randn(1, vocoder.contract.bands, frames, generator=generator).mT
    inputs = (mel, torch.randn(1, 6, frames, generator=generator).mT)[: 1 + (family == "univnet")]
    with torch.no_grad():
        wave = vocoder(*inputs)[0]
    assert len(wave) == frames * vocoder.contract.hop
    assert torch.allclose(wave[: len(expected)], expected, atol=2e-6)


def test_the_contract_comes_from_the_file(tmp_path: Path) -> None:
    voice = load_run(converted("vocos", tmp_path))
    assert voice.contract.centered
    assert voice.contract.scale == "htk"
    assert voice.contract.normalization == "none"
    assert voice.contract.fmax == 11025


@pytest.mark.parametrize(
    ("family", "key", "message"),
    [
        ("hifigan", "upsample_rates", "not one of HiFi-GAN"),
        ("hifigan", "fmax", "has no fmax"),
        ("bigvgan", "snake_logscale", "has no snake_logscale"),
        ("vocos", "head", "not one of HiFi-GAN"),
        ("univnet", "gen", "not one of HiFi-GAN"),
    ],
)
def test_a_missing_key_raises_an_error_with_its_name(
    family: str, key: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=message):
        converted(family, tmp_path, lambda config, state: config.pop(key))


NONSENSE = (
    None,
    "abc",
    [],
    {},
    [None],
    -1,
    0,
    1.5,
    float("nan"),
    10**30,
    True,
    [[1], "x"],
    "\ud800",
)


@pytest.mark.parametrize("family", FAMILIES)
def test_ill_typed_settings_are_named(family: str) -> None:
    config = reference(family)["config"]
    require_types(config)
    sections = [config, *(value for value in config.values() if isinstance(value, dict))]
    sections += [s["init_args"] for s in sections if "init_args" in s]
    tried = 0
    for section in sections:
        for key in section.keys() & KINDS.keys():
            for value in NONSENSE:
                if KINDS[key].check(value):
                    continue
                kept, section[key] = section[key], value
                with pytest.raises(UserError, match=rf"{key} is .*: expected \w+"):
                    require_types(config)
                section[key] = kept
                tried += 1
    assert tried > 50


def test_settings_that_are_no_settings_are_one_error(tmp_path: Path) -> None:
    file = published("hifigan", tmp_path)
    settings = tmp_path / "config.json"
    whole = settings.read_text()
    for content in ("[" * 100_000, "[]", "null", "{", "\xff\xfe", '{"fmax": ' + "9" * 5000 + "}",
                    whole.replace('"upsample_rates": [4, 4]', '"upsample_rates": [4, 4, 4]'),
                    whole.replace('"hop_size": 16', '"hop_size": 17')):  # fmt: skip
        settings.write_bytes(content.encode("latin-1"))
        with pytest.raises(UserError, match=r"config\.json"):
            convert_checkpoint(composed("convert", f"file={file}", f"out={tmp_path}/voice"))
    settings.unlink()
    laughs = "a: &a [x, x]\n" + "".join(f"{c}: &{c} [*a, *a]\n" for c in "bcdefg")
    for content in (laughs, "!!python/object/apply:os.getcwd []", "[" * 3000, "- a", "a: b: c",
                    "x" * 2**20 + ": 1\ny: 2", "\0"):  # fmt: skip
        settings.with_suffix(".yaml").write_text(content)
        with pytest.raises(UserError, match=r"config\.yaml") as caught:
            convert_checkpoint(composed("convert", f"file={file}", f"out={tmp_path}/voice"))
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "voice").exists()


def test_a_compressed_checkpoint_and_a_far_too_large_model_are_refused(tmp_path: Path) -> None:
    def enlarge(config: dict[str, Any], state: dict[str, Tensor]) -> None:
        config["backbone"]["init_args"] |= {"intermediate_dim": 2**16, "num_layers": 2**16}

    with pytest.raises(UserError, match="far larger model"):
        converted("vocos", tmp_path, enlarge)
    file = published("vocos", tmp_path)
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with pytest.raises(UserError, match="is compressed"):
        convert_checkpoint(composed("convert", f"file={file}", f"out={tmp_path}/voice"))
    for mmap in (False, True):
        with pytest.raises(UserError, match="is compressed"):
            load_checkpoint(file, mmap=mmap)


@pytest.mark.parametrize("family", FAMILIES)
def test_weights_that_do_not_fit_raise_an_error_with_their_name(
    family: str, tmp_path: Path
) -> None:
    def add(config: dict[str, Any], state: dict[str, Tensor]) -> None:
        state["unknown.weight"] = torch.zeros(1)

    def remove(config: dict[str, Any], state: dict[str, Tensor]) -> None:
        state.pop("conv_pre.bias" if family != "vocos" else "head.out.bias")

    with pytest.raises(UserError, match="unknown"):
        converted(family, tmp_path, add)
    missing = "spectrum.bias" if family == "vocos" else "input.bias"
    with pytest.raises(UserError, match=missing):
        converted(family, tmp_path, remove)
    assert not (tmp_path / "voice").exists()


def test_truncated_files_and_missing_settings_raise_an_error(tmp_path: Path) -> None:
    file = published("vocos", tmp_path)
    file.write_bytes(file.read_bytes()[:1000])
    config = composed("convert", f"file={file}", f"out={tmp_path}/voice")
    with pytest.raises(CheckpointError, match="truncated"):
        convert_checkpoint(config)
    published("vocos", tmp_path)
    (tmp_path / "config.yaml").unlink()
    with pytest.raises(UserError, match="settings=FILE"):
        convert_checkpoint(config)
    with pytest.raises(UserError, match="exactly one of file"):
        convert_checkpoint(composed("convert", f"out={tmp_path}/voice"))
    with pytest.raises(CheckpointError, match="no checkpoint"):
        convert_checkpoint(composed("convert", f"file={tmp_path}/no", f"out={tmp_path}/voice"))


def test_hub_without_its_package_raises_an_error_with_the_install_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(UserError, match="uv sync --inexact --extra hub"):
        convert_checkpoint(composed("convert", "hub=some/body", f"out={tmp_path}/voice"))
