"""FastSpeech: padding, lengths, controls, gradients."""

from typing import Any

import pytest
import torch
from fakes import end_flat_start, model_factory
from lightning.pytorch.plugins.precision import HalfPrecision

from tests.models.assemble import batch, build, config, facts
from tts.batch import Prompt
from tts.controls import SynthesisControls
from tts.errors import UserError
from tts.models.acoustic import Generated
from tts.models.fastspeech import FastSpeech
from tts.models.mel_model import STYLE_CONTROLS

BACKBONES = ["mamba_conv", "transformer", "conv"]


@pytest.mark.parametrize("backbone", BACKBONES)
def test_padding_changes_no_real_frame(backbone: str) -> None:
    parts = (f"model/encoder={backbone}", f"model/decoder={backbone}", "model/postnet=conv")
    model, _ = build(*parts)
    with torch.no_grad():
        model.postnet.convolutions[-1].weight.normal_(std=0.02)  # type: ignore[union-attr]
        plain = model(batch())
        padded = model(batch(extra_tokens=5, extra_frames=33))
    real = plain.frame_mask
    difference = (plain.mel - padded.mel[:, : plain.mel.shape[1]])[real].abs().max()
    assert difference < 1e-4
    assert torch.equal(plain.targets.durations, padded.targets.durations[:, :9])
    assert padded.mel[~padded.frame_mask].abs().max() == 0


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_durations_fill_every_frame(stride: int) -> None:
    model, _ = build(f"model.stride={stride}")
    with torch.no_grad():
        output = model(batch())
    assert output.mel.shape == (2, 61, 80)
    assert output.targets.durations.sum(-1).tolist() == [61, 40]


@pytest.mark.parametrize(
    "overrides",
    [
        (),
        ("model/style=reference",),
        ("model/style=none",),
        ("model/encoder=transformer", "model/decoder=transformer", "model/positional=rope"),
        ("model/encoder=conv", "model/decoder=conv", "model/activation=snake"),
        ("model/aligner=given",),
    ],
    ids=lambda o: " ".join(o) or "default",
)
def test_every_parameter_learns(overrides: tuple[str, ...]) -> None:
    model, loss = build(*overrides, languages=2)
    model.train()
    end_flat_start(model)
    data = batch(durations=True)
    loss(model(data), data, step=10_000).total.backward()
    # FiLM starts as the identity and hides the style behind zeros: perturb the weights and repeat
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 1e-2 * torch.randn_like(parameter)
    model.zero_grad()
    loss(model(data), data, step=10_000).total.backward()
    untrained = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert not untrained


def prompt(**controls: Any) -> Prompt:
    data = batch()
    return Prompt(
        data.tokens,
        data.token_lengths,
        data.speaker,
        data.language,
        controls=SynthesisControls(**controls),
    )


def generated(model: FastSpeech, **controls: Any) -> Generated:
    return model.generate(prompt(**controls))


def test_synthesis_is_repeatable_and_independent_of_the_batch() -> None:
    model, _ = build()
    together = model.generate(prompt())
    again = model.generate(prompt())
    assert torch.equal(together.features, again.features)
    data = batch()
    alone = model.generate(
        Prompt(data.tokens[1:, :6], data.token_lengths[1:], data.speaker[1:], data.language[1:])  # type: ignore[index]
    )
    length = int(alone.frame_lengths[0])
    assert length == together.frame_lengths[1]
    assert torch.allclose(alone.features[0], together.features[1, :length], atol=1e-4)


def test_rate_divides_the_length() -> None:
    model, _ = build()
    normal = model.generate(prompt()).frame_lengths.float()
    fast = model.generate(prompt(rate=2.0)).frame_lengths.float()
    assert ((normal / fast - 2).abs() < 0.2).all()
    per_token = torch.full((2, 9), 2.0)
    assert torch.equal(model.generate(prompt(rate=per_token)).frame_lengths, fast.long())


def test_pitch_and_energy_move_by_what_was_asked() -> None:
    model, _ = build()
    plain, high = generated(model), generated(model, pitch=12.0)
    expected = torch.tensor(2.0).log() / 0.2  # an octave over the speaker's standard deviation
    assert torch.allclose(high.pitch[0] - plain.pitch[0], expected.expand(9), atol=1e-4)
    lively = generated(model, pitch_range=1.5, pitch=12.0)
    assert torch.allclose(lively.pitch, 1.5 * plain.pitch + expected, atol=1e-4)
    loud = generated(model, energy=20.0)
    assert torch.allclose(
        loud.energy[0] - plain.energy[0], torch.full((9,), 2.302585 / 1.5), atol=1e-4
    )
    mel = model.generate(prompt()).features
    assert not torch.allclose(model.generate(prompt(pitch=12.0)).features, mel)
    assert not torch.allclose(model.generate(prompt(energy=20.0)).features, mel)


def test_variance_scale_widens_each_band_and_leaves_padding_zero() -> None:
    model, _ = build()
    plain, clear = model.generate(prompt()), model.generate(prompt(variance_scale=1.5))
    for row, length in enumerate(plain.frame_lengths.tolist()):
        before, after = plain.features[row, :length], clear.features[row, :length]
        assert torch.allclose(after.mean(0), before.mean(0), atol=1e-4)
        assert torch.allclose(after.std(0), 1.5 * before.std(0), atol=1e-4)
        assert not clear.features[row, length:].any()
    assert torch.equal(model.generate(prompt(variance_scale=1.0)).features, plain.features)


def test_pitch_range_0_is_a_monotone() -> None:
    model, _ = build()
    flat = generated(model, pitch_range=0.0).pitch
    assert torch.equal(flat, torch.zeros_like(flat))


def test_a_model_declares_what_it_takes() -> None:
    model, _ = build()
    always = {"rate", "pitch", "energy", "pitch_range", "variance_scale", "prosody_temperature"}
    assert model.controls == always
    assert model.reference == "none"
    copying, _ = build("model/style=reference", "model/flow=residual")
    of_other_families = {"candidates", "top_k", "top_p", "repetition_penalty", "beam", "iterations",
                         "mask_schedule", "fine_temperature", "confidence_temperature", "remask",
                         "stop_confidence", "stop_probability", *STYLE_CONTROLS}  # fmt: skip
    assert copying.controls == set(SynthesisControls._fields) - of_other_families
    assert copying.reference == "required"
    assert model.corpus_keys().speakers == ("style.table.weight",)
    statistics = model.corpus_keys().statistics
    assert set(statistics) < set(model.state_dict())
    assert all(len(model.state_dict()[name]) == 2 for name in statistics), "a row per speaker"


def test_prosody_temperature_samples_durations() -> None:
    model, _ = build()
    torch.manual_seed(0)
    sampled = generated(model, prosody_temperature=1.0).durations
    assert not torch.equal(sampled, generated(model).durations)
    torch.manual_seed(0)
    assert torch.equal(sampled, generated(model, prosody_temperature=1.0).durations)


def test_given_durations_are_required_with_aligner_given() -> None:
    model, _ = build("model/aligner=given")
    with pytest.raises(UserError, match="model/aligner=learned"):
        model(batch())


@pytest.mark.parametrize(
    ("size", "millions"), [("tiny", 1.0), ("small", 5.0), ("base", 18.0), ("large", 60.0)]
)
def test_sizes_have_their_documented_parameter_counts(size: str, millions: float) -> None:
    with torch.device("meta"):
        model = model_factory(config(f"model/size={size}"))(facts=facts(1))
    parameters = sum(p.numel() for p in model.parameters()) / 1e6
    assert parameters == pytest.approx(millions, rel=0.15)


@pytest.mark.parametrize(
    "overrides",
    [
        (),
        ("model/style=reference", "model/postnet=conv"),
        ("model/encoder=transformer", "model/decoder=transformer", "model/positional=rope"),
        ("model/encoder=conv", "model/flow=residual", "model/adaptor=flow"),
        ("model/loss/terms/mel=l2", "model/postnet=conv", "model/encoder=transformer"),
        ("model/loss/terms/mel=huber", "model.loss.weights.mel_delta=0.5"),
    ],
    ids=lambda o: " ".join(o) or "default",
)
def test_training_and_synthesis_work_in_bf16(overrides: tuple[str, ...]) -> None:
    model, loss = build(*overrides)
    half = HalfPrecision("bf16-true")
    model = half.convert_module(model)
    assert all(p.dtype == torch.bfloat16 for p in model.parameters())
    with half.train_step_context():
        data = half.convert_input(batch())
        total = loss(model(data), data, step=10_000).total
    total.backward()
    assert torch.isfinite(total)
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)
    with half.forward_context():
        spoken = model.eval().generate(prompt()._replace(reference=data.mel))
    assert torch.isfinite(spoken.features).all()
