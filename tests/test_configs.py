"""Every file under conf/ fits the code it names, and every choice of a model builds and learns."""

import inspect
from collections.abc import Iterator
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from fakes import FACTS, composed, end_flat_start, make_batch, model_factory
from hydra.utils import get_object, instantiate
from omegaconf import OmegaConf
from torch import nn

from tts.audio.mel import mel_spectrogram
from tts.batch import Batch, Clips
from tts.build import MODEL_SECTIONS
from tts.config.value_checks import check_values
from tts.contract import CodecContract
from tts.discriminators.base import Discriminators
from tts.losses.adversarial import AdversarialOutput
from tts.losses.weighted import WeightedLoss
from tts.project_files import CONF
from tts.training.acceleration import CUSTOM_TRAINER_KEYS

FILES = sorted(CONF.rglob("*.yaml"))
PRIMARY = sorted(path.stem for path in CONF.glob("*.yaml"))
# keys of Hydra, not of the thing made
DIRECTIVES = ("_target_", "_partial_", "_convert_", "_recursive_", "_args_", "defaults")


def choices(group: str) -> list[str]:
    """The files of a group; a name with an underscore first is for others to extend."""
    names = (path.stem for path in sorted((CONF / group).glob("*.yaml")))
    return [name for name in names if not name.startswith("_")]


def targets_of(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every node of a plain config that names a ``_target_``."""
    if isinstance(node, dict):
        if "_target_" in node:
            yield path, node
        for key, child in node.items():
            yield from targets_of(child, f"{path}.{key}".lstrip("."))
    elif isinstance(node, list):
        for number, child in enumerate(node):
            yield from targets_of(child, f"{path}[{number}]")


def require_accepted(path: str, node: dict[str, Any]) -> None:
    parameters = inspect.signature(get_object(node["_target_"])).parameters
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return
    given = set(node) - set(DIRECTIVES)
    if node["_target_"] == "lightning.pytorch.Trainer":
        given -= set(CUSTOM_TRAINER_KEYS)
    if path == "model":
        given -= set(MODEL_SECTIONS)
    unknown = sorted(given - set(parameters))
    assert not unknown, f"{path}: {node['_target_']} does not take {unknown}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(CONF)))
def test_every_target_exists_and_takes_its_keys(path: Path) -> None:
    group = path.parent.relative_to(CONF).as_posix().replace("/", ".")
    for where, node in targets_of(yaml.safe_load(path.read_text()) or {}):
        require_accepted(where or group, node)


@pytest.mark.parametrize("name", PRIMARY)
def test_every_command_composes(name: str) -> None:
    made = composed(name)
    check_values(name, made)
    config = OmegaConf.to_container(made, resolve=False)
    for where, node in targets_of(config):
        require_accepted(where, node)


def training_choices() -> list[str]:
    """One choice each of the groups that do not set each other, and each choice of the others."""
    independent = ("data", "optimizer", "scheduler", "trainer", "callbacks", "logger")
    columns = ([f"{group}={choice}" for choice in choices(group)] for group in independent)
    together = [" ".join(filter(None, row)) for row in zip_longest(*columns)]
    others = ("experiment", "model", "discriminator", "system")
    return together + [f"{group}={choice}" for group in others for choice in choices(group)]


@pytest.mark.parametrize("choice", training_choices())
def test_every_choice_composes_into_a_training(choice: str) -> None:
    made = composed("train", *choice.split())
    check_values("train", made)
    config = OmegaConf.to_container(made, resolve=False)
    for where, node in targets_of(config):
        require_accepted(where, node)


VOCODERS = {"vocos": ("tiny", "small", "medium", "base"), "hifigan": ("tiny", "v1", "v2", "v3"),
            "bigvgan": ("tiny", "base", "large"), "univnet": ("tiny", "c16", "c32"),
            "harmonic_vocos": ("tiny", "small", "medium", "base")}  # fmt: skip
SIZES = ("tiny", "small", "base", "large")
# of model=autoregressive -> millions of parameters
LARGE_SIZES = {
    "modern_small": 46.3, "modern_base": 61.7, "modern_large": 204.6, "normal": 43.5, "big": 182.3,
}  # fmt: skip
MODEL_GROUPS = (
    "encoder",
    "decoder",
    "flow",
    "adaptor",
    "postnet",
    "activation",
    "style",
    "aligner",
    "loss/terms/mel",
    "balance",
)
MODELS = [f"model/size={size}" for size in SIZES]
MODELS += [f"model/{g}={choice}" for g in MODEL_GROUPS for choice in choices(f"model/{g}")]
MODELS += [
    f"model/flow=residual model/flow/velocity_net={choice}"
    for choice in choices("model/flow/velocity_net")
]
MODELS += [f"discriminator={choice}" for choice in ("none", "mel_patches")]
# a convolution has no use for positions
MODELS += [
    f"model/positional={choice} model/{part}=transformer"
    for choice in choices("model/positional")
    for part in ("encoder", "decoder")
]
STYLES = (
    "model/style/parts=[speaker,language,prosody,tokens,variational] model.style.dropout=0",
    "model/style/parts=[tokens] model/style/encoder=mamba_conv model.style.combine=sum",
    "model/style/parts=[reference] model/style/encoder=transformer",
)
MODELS += [f"model/style=composed {choice}" for choice in STYLES]
AUTOREGRESSIVE = (
    "", "model/postnet=conv", "model/style=reference", "model/encoder=transformer",
    "model/positional=sinusoidal", "model/balance=uncertainty", "model.frames_per_step=4",
    "model.frames_per_step=1 model.scheduled_sampling=0.5 model.input_noise=0.1",
    "discriminator=mel_patches",
    *(f"model/mixer={choice}" for choice in choices("model/mixer")),
    *(f"model/cross_attention={choice}" for choice in choices("model/cross_attention")),
    "model/output=codes", "model/output=codes model.frames_per_step=3 model/balance=uncertainty",
    "model/output=codes model.scheduled_sampling=0.5 model.input_noise=0.1",
)  # fmt: skip
MODELS += [f"model=autoregressive {choice}".strip() for choice in AUTOREGRESSIVE]
MASKED_CODEC = (
    "", "model/style=reference model/stopping=learned", "model/decoder=transformer",
    "model/aligner=given model/style=none model/balance=uncertainty model.duration.variance=false",
)  # fmt: skip
MODELS += [f"model=masked_codec {choice}".strip() for choice in MASKED_CODEC]


def test_every_model_and_size_is_tried_below() -> None:
    assert set(choices("model")) == {
        "fastspeech", "autoregressive", "masked_codec", "codec", "encodec", "speaker_encoder",
        "phone_recognizer", *VOCODERS,
    }  # fmt: skip
    vocoder_sizes = {s for v in VOCODERS.values() for s in v}
    assert set(choices("model/size")) == set(SIZES) | set(LARGE_SIZES) | vocoder_sizes


@pytest.mark.parametrize("size", LARGE_SIZES)
def test_a_large_autoregressive_model_has_its_size(size: str) -> None:
    config = composed("train", "model=autoregressive", f"model/size={size}")
    with torch.device("meta"):
        model = model_factory(config)(facts=FACTS)
    found = sum(p.numel() for p in model.parameters()) / 1e6
    assert found == pytest.approx(LARGE_SIZES[size], abs=0.5)
    modern = size.startswith("modern")
    assert ("SwiGLU" in config.model.activation["_target_"]) == modern
    assert ("SelfAttention" in config.model.encoder.mixer["_target_"]) == modern


CODEC = CodecContract(22050, 256, "Fake", "0", codebooks=2, codebook_size=5)


def batch_with_durations(seed: int = 7) -> Batch:
    batch = make_batch(seed)
    codes = torch.randint(0, CODEC.codebook_size, (*batch.mel.shape[:2], CODEC.codebooks))  # type: ignore[union-attr]
    durations = (batch.tokens > 0).long() * 3
    return batch._replace(durations=durations, codes=codes, code_lengths=batch.frame_lengths)


def model_and_loss(choice: str) -> tuple[nn.Module, WeightedLoss]:
    """Return a model past its flat start, and its loss; the same for the same choice."""
    overrides = choice.split()
    if not any(o.startswith("model/size=") for o in overrides):
        overrides.append("model/size=tiny")
    if "model/size=base" in overrides or "model/size=large" in overrides:
        overrides += ["size.encoder_depth=1", "size.decoder_depth=1"]  # one of many equal blocks
    torch.manual_seed(1)
    config = composed("train", *overrides)
    model = model_factory(config)(facts=replace(FACTS, codec=CODEC))
    loss = instantiate(config.model.loss, _convert_="all")
    loss.attach(model)
    end_flat_start(model)
    with torch.no_grad():
        for parameter in model.parameters():  # away from zeros that let nothing through at first
            parameter.add_(0.02 * torch.randn_like(parameter))
    return model, loss


@pytest.mark.parametrize("choice", MODELS)
def test_every_model_learns_with_every_parameter(choice: str) -> None:
    model, loss = model_and_loss(choice)
    batch = batch_with_durations()
    result = loss(model(batch), batch, 10**6)  # with every ramp at its end
    result.total.backward()
    assert torch.isfinite(result.total)
    assert_every_parameter_learns(model, resting=("embed.weight",))  # rows of absent tokens rest


def assert_every_parameter_learns(model: nn.Module, resting: tuple[str, ...] = ()) -> None:
    for name, parameter in model.named_parameters():
        assert parameter.ndim, f"{name} is a scalar, which FSDP cannot shard"
        assert parameter.grad is not None, f"{name} has no gradient"
        assert torch.isfinite(parameter.grad).all(), name
        if name not in resting:
            assert parameter.grad.abs().sum() > 0, f"{name} does not learn"


WAVEFORM_DISCRIMINATORS = [d for d in choices("discriminator") if d not in ("none", "mel_patches")]
GAN_TRAININGS = [f"model={family} model/size=tiny" for family in VOCODERS]
GAN_TRAININGS += [f"model=vocos model/size=tiny discriminator={d}" for d in WAVEFORM_DISCRIMINATORS]
GAN_TRAININGS.append("model=vocos model/size=tiny model.head=samples")


@pytest.mark.parametrize("choice", GAN_TRAININGS)
def test_every_vocoder_and_discriminator_learns_with_every_parameter(choice: str) -> None:
    torch.manual_seed(1)
    config = composed("train", *choice.split())
    contract = instantiate(config.audio)
    generator = model_factory(config)(contract)
    discriminators = Discriminators(
        instantiate(config.discriminator.parts, _convert_="all"), sample_rate=contract.sample_rate
    )
    loss = instantiate(config.model.loss, _convert_="all")
    audio = 0.1 * torch.randn(1, 16 * contract.hop)
    mel = mel_spectrogram(audio, contract)
    clips = Clips(mel, audio, torch.full((1,), 16))
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    output = generator.training_output(mel, audio, torch.full((1, 16), 150.0))
    real, fake = discriminators(audio), discriminators(output.wave)
    adversarial = AdversarialOutput(real, fake)
    loss(output, clips, 0, adversarial).total.backward(retain_graph=True)
    assert_every_parameter_learns(generator)
    discriminators.zero_grad()
    sum(score.mean() for output in real.values() for score in output.logits).backward()
    assert_every_parameter_learns(discriminators)


CODECS = [
    f"model/{group}={choice}"
    for group in ("codec_encoder", "quantizer")
    for choice in choices(f"model/{group}")
]
CODECS.append("model.vocos.head=samples")
CODECS.append("model=encodec model.quantizer.codebook_size=8 model.seanet.group_norm=true")


@pytest.mark.parametrize("choice", CODECS)
def test_every_codec_learns_with_every_parameter(choice: str) -> None:
    torch.manual_seed(1)
    config = composed("train", "model=codec", "model/size=tiny", *choice.split())
    contract = instantiate(config.audio)
    codec = model_factory(config)(contract)
    loss = instantiate(config.model.loss, _convert_="all")
    with torch.no_grad():
        for parameter in codec.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    audio = 0.1 * torch.randn(2, 16 * contract.hop)
    clips = Clips(mel_spectrogram(audio, contract), audio, torch.full((2,), 16))
    codec.training_output(clips.mel, clips.audio)  # sets the first entries of the codebooks
    output = codec.training_output(clips.mel, clips.audio)
    loss(output, clips, 0).total.backward()
    assert_every_parameter_learns(codec)


@pytest.mark.parametrize(
    ("family", "size", "millions"),
    [
        ("vocos", "small", 2.0), ("vocos", "base", 13.5), ("hifigan", "v1", 13.9),
        ("hifigan", "v2", 0.93), ("hifigan", "v3", 1.46), ("bigvgan", "base", 14.0),
        ("bigvgan", "large", 112.2), ("univnet", "c16", 3.96), ("univnet", "c32", 14.8),
        ("encodec", "base", 14.9),
    ],
)  # fmt: skip
def test_vocoders_have_the_sizes_they_were_published_with(
    family: str, size: str, millions: float
) -> None:
    config = composed("train", f"model={family}", f"model/size={size}")
    with torch.device("meta"):
        model = model_factory(config)(instantiate(config.audio))
    found = sum(p.numel() for p in model.parameters()) / 1e6
    assert found == pytest.approx(millions, rel=0.01)


def test_small_discriminators_are_small() -> None:
    def count(choice: str) -> int:
        config = composed("train", "model=hifigan", f"discriminator/size={choice}")
        with torch.device("meta"):
            discriminators = Discriminators(
                instantiate(config.discriminator.parts, _convert_="all"), sample_rate=22050
            )
        return sum(p.numel() for p in discriminators.parameters())

    assert count("small") < 0.04 * count("paper")
    assert count("paper") == pytest.approx(70.7e6, rel=0.01)  # HiFi-GAN's own


@pytest.mark.parametrize("choice", [f"optimizer={o}" for o in choices("optimizer")])
def test_every_optimizer_steps(choice: str) -> None:
    config = composed("train", choice)
    weight = torch.nn.Parameter(torch.ones(3, 3))
    optimizer = instantiate(config.optimizer, _convert_="all")([weight])
    weight.sum().backward()
    optimizer.step()
    assert (weight < 1).all()
