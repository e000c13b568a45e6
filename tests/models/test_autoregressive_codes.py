"""Autoregressive model of codes: padding, teacher forcing against speaking, sampling and beam."""

from dataclasses import replace
from functools import cache
from typing import Any

import pytest
import torch
from fakes import composed, model_factory
from torch import Tensor

from tests.models.assemble import batch, facts
from tts.batch import Batch, Prompt
from tts.contract import CodecContract
from tts.controls import SynthesisControls
from tts.errors import UserError
from tts.losses.autoregressive import TokenLoss
from tts.models import beam as search
from tts.models.autoregressive_codes import AutoregressiveCodes
from tts.models.autoregressive_mel import AutoregressiveMel
from tts.models.sampling import Sampling
from tts.models.speaking import speak
from tts.models.spoken import Spoken
from tts.systems.reading_scores import reading_scores

CODEC = CodecContract(22050, 300, "Fake", "0", codebooks=3, codebook_size=11)
SMALL = (
    "model=autoregressive", "model/output=codes", "model/size=tiny", "model.prenet.always=false",
    "model.temperature=0", "size.dim=32", "size.encoder_depth=1", "size.head_dim=16",
    "model.max_length=0.3",
)  # fmt: skip
NEVER_STOPS = -30.0


factory = cache(lambda *overrides: model_factory(composed("train", *SMALL, *overrides)))


def build(*overrides: str, sharp: float = 0.5, stop: float = NEVER_STOPS) -> AutoregressiveCodes:
    """Return a model in evaluation mode; ``sharp``: deviation of its heads' weights."""
    torch.manual_seed(0)
    model = factory(*overrides)(facts=replace(facts(), codec=CODEC)).eval()
    assert isinstance(model, AutoregressiveCodes)
    torch.nn.init.normal_(model.project.weight, std=sharp)
    torch.nn.init.constant_(model.stop.bias, stop)
    return model


def coded(lengths: tuple[int, ...] = (31, 20), extra: int = 0) -> Batch:
    codes = torch.zeros(len(lengths), max(lengths) + extra, 3, dtype=torch.int64)
    generator = torch.Generator().manual_seed(0)
    for row, length in enumerate(lengths):
        codes[row, :length] = torch.randint(0, 11, (length, 3), generator=generator)
    data = batch(extra_tokens=extra, extra_frames=extra)
    return data._replace(codes=codes, code_lengths=torch.tensor(lengths))


def prompt(**controls: Any) -> Prompt:
    data = batch()
    return Prompt(
        data.tokens, data.token_lengths, data.speaker, data.language,
        controls=SynthesisControls(**controls), generator=torch.Generator().manual_seed(3),
    )  # fmt: skip


def spoken_by(model: AutoregressiveCodes, **controls: Any) -> Spoken:
    with torch.no_grad():
        return speak(model, *model.begin(prompt(**controls)))


@pytest.mark.parametrize("each", [1, 2, 4])
def test_padding_changes_no_real_step(each: int) -> None:
    model = build(f"model.frames_per_step={each}")
    with torch.no_grad():
        plain, padded = model(coded()), model(coded(extra=9))
    steps = plain.step_mask.shape[1]
    assert plain.step_mask.sum(-1).tolist() == [-(-31 // each), -(-20 // each)]
    real = plain.tokens < 11
    assert torch.equal(real, padded.tokens[:, :steps] < 11)
    assert real.sum() == (31 + 20) * 3  # every token once
    assert (plain.logits - padded.logits[:, :steps])[real].abs().max() < 1e-4
    losses = [float(TokenLoss(1.0)(output, coded())) for output in (plain, padded)]
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)
    scores = [reading_scores(model.diagnostics(output), coded()) for output in (plain, padded)]
    assert {"token_accuracy", "token_accuracy_1", "token_accuracy_3"} <= set(scores[0])
    for name, value in scores[0].items():
        assert float(value) == pytest.approx(float(scores[1][name]), abs=1e-4), name


@pytest.mark.parametrize("mixer", ["attention", "mamba"])
def test_speech_fed_back_as_a_recording_is_predicted_the_same(mixer: str) -> None:
    """Step by step and in one parallel pass, with everything in between."""
    model = build(f"model/mixer={mixer}")
    spoken = spoken_by(model)
    lengths = spoken.steps * 2
    assert spoken.frames.shape == (2, int(lengths.max()), 3)
    with torch.no_grad():
        output = model(coded()._replace(codes=spoken.frames, code_lengths=lengths))
    real = output.tokens < 11
    assert torch.equal(output.logits.argmax(-1)[real], output.tokens[real])
    attention = output.head_alignments.exp().mean(1)[:, : spoken.attention.shape[1]]
    assert torch.allclose(attention, spoken.attention, atol=1e-4)
    assert len(output.tokens[real].unique()) > 3


def test_an_utterance_ends_with_all_its_tokens_whatever_the_others_do() -> None:
    model = build(stop=0.0)
    torch.nn.init.normal_(model.stop.weight, std=1.0)
    together = model.generate(prompt())
    lengths = together.frame_lengths.tolist()
    assert int(together.features.max()) < 11
    for row, length in enumerate(lengths):
        data, one = prompt(), slice(row, row + 1)
        assert data.speaker is not None
        tokens = data.tokens[one, : int(data.token_lengths[row])]
        alone = model.generate(Prompt(tokens, data.token_lengths[one], data.speaker[one]))
        assert alone.frame_lengths.tolist() == [length]
        assert torch.equal(alone.features[0], together.features[row, :length])


def test_sampling() -> None:
    model = build()
    greedy = spoken_by(model).frames

    def frames(**controls: Any) -> Tensor:
        return spoken_by(model, **controls).frames

    assert torch.equal(greedy, frames(temperature=0.0))
    assert torch.equal(greedy, frames(temperature=0.8, top_k=1))
    assert torch.equal(greedy, frames(temperature=0.8, top_p=1e-6))
    sampled = frames(temperature=2.0)
    assert torch.equal(sampled, frames(temperature=2.0))  # the same generator
    assert not torch.equal(greedy, sampled)
    fine = frames(fine_temperature=2.0, top_k=9)
    assert not torch.equal(greedy, fine)
    assert torch.equal(greedy[:, 0, 0], fine[:, 0, 0])  # nothing was read before it
    assert torch.equal(greedy, frames(fine_temperature=2.0, top_k=1))
    varied = frames(repetition_penalty=10.0)
    assert len(varied[0, :, 0].unique()) >= len(greedy[0, :, 0].unique())
    assert not torch.equal(greedy, varied)
    assert model.generate(prompt(temperature=1.0, candidates=3)).features.shape[0] == 2


@pytest.mark.parametrize("mixer", ["attention", "mamba_attention"])
def test_a_beam_of_1_is_greedy_and_a_wider_one_is_likelier(mixer: str) -> None:
    model = build(f"model/mixer={mixer}", sharp=0.2)
    model.prenet.project.weight.data *= 30  # a step depends on the tokens before it
    greedy = spoken_by(model)
    context, sampling = model.begin(prompt())

    def searched(count: int) -> tuple[Spoken, Tensor]:
        """The codes of a beam and, by its caches, their log-likelihood."""
        with torch.no_grad():
            steps = search.beam_search(model, context, sampling._replace(beam=count))
        frames = torch.cat(list(model.complete(step.frames for step in steps)), 1)
        total = torch.stack([step.log_likelihood for step in steps]).sum(0)
        return greedy._replace(frames=frames), total * model.frames_per_step * model.codebooks

    (one, _), (wide, claimed) = searched(1), searched(5)
    assert torch.equal(one.frames, greedy.frames)
    assert torch.allclose(claimed, likelihood(model, wide), atol=1e-3)
    assert (claimed > likelihood(model, greedy) + 1).all()


def likelihood(model: AutoregressiveCodes, spoken: Spoken) -> Tensor:
    """The log-likelihood of codes, ``(B,)``, in one parallel pass."""
    lengths = spoken.steps * model.frames_per_step
    with torch.no_grad():
        output = model(coded()._replace(codes=spoken.frames, code_lengths=lengths))
    real = output.tokens < 11
    tokens = output.tokens.where(real, 0)[..., None]
    found = output.logits.log_softmax(-1).gather(-1, tokens)[..., 0]
    return (found * real).sum((1, 2, 3))


def test_a_stream_equals_the_complete_speech() -> None:
    model = build()
    data = batch(token_lengths=(9,), frame_lengths=(61,))
    given = Prompt(data.tokens, data.token_lengths, data.speaker, data.language)
    with torch.no_grad():
        spoken = speak(model, *model.begin(given), in_order=True)
    pieces = [piece.features for piece in model.stream(given)]
    assert len(pieces) > 1
    assert torch.equal(torch.cat(pieces, 1)[:, : spoken.frames.shape[1]], spoken.frames)
    whole = list(model.stream(given._replace(controls=SynthesisControls(beam=2))))
    assert len(whole) == 1


@pytest.mark.parametrize(
    ("controls", "culprit"),
    [
        ({"top_k": 5}, "top_k=5 has no effect at a temperature of 0"),
        ({"top_p": 0.9, "temperature": 0.0}, "top_p=0.9 has no effect at a temperature of 0"),
        ({"beam": 2, "temperature": 0.5}, "temperature=0.5 has no effect with beam=2"),
        ({"beam": 2, "fine_temperature": 0.5}, "fine_temperature=0.5 has no effect with beam=2"),
        ({"beam": 2, "candidates": 3}, "candidates=3 .* give candidates=1"),
        ({"beam": 2, "top_p": 0.5}, "top_p=0.5 .* give top_p=1"),
        ({"variance_scale": 1.1}, "model/output=mel"),
        ({"rate": 1.2}, "does not take rate"),
    ],
)
def test_controls_without_effect_are_rejected(controls: dict[str, Any], culprit: str) -> None:
    with pytest.raises(UserError, match=culprit):
        build().begin(prompt(**controls))


def test_what_mels_and_codes_do_not_have_is_rejected() -> None:
    with pytest.raises(UserError, match=r"model/output=codes .* set data\.codec"):
        factory()(facts=facts())
    with pytest.raises(UserError, match="model/postnet=none"):
        build("model/postnet=conv")
    mel = factory("model/output=mel")(facts=facts())
    assert isinstance(mel, AutoregressiveMel)
    with pytest.raises(UserError, match=r"beam=4.*model/output=codes"):
        mel.begin(prompt(beam=4))


def test_a_training_pass_reads_predictions_and_noise() -> None:
    model = build("model.scheduled_sampling=0.5", "model.input_noise=0.1").train()
    data = coded()
    first = model(data).logits
    torch.manual_seed(5)
    assert not torch.allclose(first, model(data).logits)
    assert torch.isfinite(first).all()
    assert Sampling(0.0, None).generator_on(torch.device("cpu")) is not None


def test_a_seed_acts_wherever_something_is_drawn() -> None:
    """The first codebook of the likeliest tokens, the others drawn."""
    model = build("model.max_length=1.0")
    data = batch()

    def spoken(seed: int) -> Tensor:
        controls = SynthesisControls(temperature=0.0, fine_temperature=2.0)
        given = Prompt(
            data.tokens, data.token_lengths, data.speaker, data.language, controls=controls,
            generator=torch.Generator().manual_seed(seed),
        )  # fmt: skip
        return model.generate(given).features

    assert torch.equal(spoken(1), spoken(1))
    assert not torch.equal(spoken(1), spoken(2))


def test_codes_that_stand_for_like_sounds_start_alike() -> None:
    model = build("model.frames_per_step=2")
    vectors = torch.randn(3, 11, 5)
    vectors[:, 4] = vectors[:, 9]
    none = model.embed_codes.weight.unflatten(0, (6, -1))[:, -1].clone()
    size = model.project.weight.std()
    model.start_codes(vectors)
    table = model.embed_codes.weight.unflatten(0, (6, -1))
    for rows in (table, model.project.weight.unflatten(0, (6, -1))):
        assert torch.equal(rows[:, 4], rows[:, 9])
        assert not torch.equal(rows[:, 4], rows[:, 5])
    assert torch.equal(table[:, -1], none)
    assert torch.isclose(model.project.weight.std(), size)


def test_coarse_codebooks_weigh_more_in_the_loss() -> None:
    output, data = build()(coded()), coded()
    each = []
    for level in range(3):
        alone = torch.where(torch.arange(3) == level, output.tokens, 11)
        each.append(float(TokenLoss(0.0)(output._replace(tokens=alone), data)))
    assert float(TokenLoss(0.0)(output, data)) == pytest.approx(sum(each) / 3, rel=1e-5)
    weighted = (6 * each[0] + 3 * each[1] + 2 * each[2]) / 11
    assert float(TokenLoss(1.0)(output, data)) == pytest.approx(weighted, rel=1e-5)
