"""Masked codec model: padding, given codes, guidance, durations, bad input."""

from dataclasses import replace
from functools import cache
from typing import Any

import pytest
import torch
from fakes import composed, model_factory
from hydra.utils import instantiate

from tests.models.assemble import batch, facts
from tts.batch import Batch, GivenCodes, Prompt
from tts.contract import CodecContract, MelContract
from tts.controls import SynthesisControls
from tts.errors import UserError
from tts.models.acoustic import Generated
from tts.models.given_codes import code_durations, compacted, kept_frames
from tts.models.masked_codec import MaskedCodec
from tts.vocoders.codec_decoder import CodecDecoder
from tts.vocoders.neural_codec import NeuralCodec

CODEC = CodecContract(22050, 512, "Fake", "0", codebooks=3, codebook_size=11)
SMALL = ("model=masked_codec", "model/size=tiny", "size.dim=32", "size.encoder_depth=1",
         "size.decoder_depth=1", "size.head_dim=16", "model.guidance=0")  # fmt: skip
STEADY = {"temperature": 0.0, "confidence_temperature": 0.0}

config = cache(lambda *overrides: composed("train", *SMALL, *overrides))


def build(*overrides: str, codec: CodecContract | None = CODEC) -> MaskedCodec:
    torch.manual_seed(0)
    model = model_factory(config(*overrides))(facts=replace(facts(), codec=codec)).eval()
    assert isinstance(model, MaskedCodec)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if ".film." in name or name == "audio.heads":  # a style and a decisive choice
                parameter.add_(torch.randn_like(parameter))
    return model


def coded(extra: int = 0) -> Batch:
    data = batch(extra_tokens=extra, extra_frames=2 * extra)
    codes = torch.randint(0, 11, (2, 31, 3), generator=torch.Generator().manual_seed(0))
    codes[1, 20:] = 0
    padding = torch.zeros(2, extra, 3, dtype=torch.int64)
    return data._replace(codes=torch.cat([codes, padding], 1), code_lengths=torch.tensor([31, 20]))


def prompt(**controls: Any) -> Prompt:
    data = batch()
    return Prompt(
        data.tokens, data.token_lengths, data.speaker, data.language,
        controls=SynthesisControls.parse(controls), generator=torch.Generator().manual_seed(3),
    )  # fmt: skip


def given(keep: slice, codec: CodecContract = CODEC) -> GivenCodes:
    kept = torch.zeros(2, 31, 3, dtype=torch.bool)
    kept[:, keep] = True
    durations = batch(durations=True).durations
    assert durations is not None
    codes = coded().codes
    assert codes is not None
    return GivenCodes(codes, kept, durations, codec)


def same(ours: Generated, theirs: Generated) -> bool:
    return torch.equal(ours.features, theirs.features)


def test_padding_changes_nothing() -> None:
    model = build("model/stopping=learned", "model/style=reference")
    loss = instantiate(config().model.loss)
    outputs = []
    with torch.no_grad():
        for data in (coded(), coded(extra=7)):
            outputs.append((model(data), loss(model(data), data, 1000)))
    (plain, terms), (padded, padded_terms) = outputs
    assert torch.equal(plain.masked, padded.masked[:, :31])
    assert not padded.masked[:, 31:].any()
    real = plain.masked
    assert (plain.logits - padded.logits[:, :31])[real].abs().max() < 1e-4
    for name, value in terms.terms.items():
        assert float(value) == pytest.approx(float(padded_terms.terms[name]), abs=1e-4), name
    accuracy = model.diagnostics(plain).token_accuracy
    assert accuracy is not None
    assert accuracy.shape == (3,)
    assert bool((accuracy >= 0).all())


def test_an_utterance_is_the_same_in_a_batch_and_alone() -> None:
    model = build("model/stopping=learned")
    together = model.generate(prompt(**STEADY, iterations=4, stop_probability=0.5))
    for row, length in enumerate(together.frame_lengths.tolist()):
        one, data = slice(row, row + 1), prompt(**STEADY, iterations=4, stop_probability=0.5)
        assert data.speaker is not None
        tokens = data.tokens[one, : int(data.token_lengths[row])]
        alone = model.generate(
            data._replace(
                tokens=tokens, token_lengths=data.token_lengths[one], speaker=data.speaker[one],
                language=None,
            )
        )  # fmt: skip
        assert torch.equal(alone.features[0], together.features[row, :length])
        assert alone.refinement is not None
        assert together.refinement is not None
        assert torch.equal(alone.refinement.rounds[0], together.refinement.rounds[row])


def test_codes_that_are_given_stay_and_the_others_follow_them() -> None:
    model = build()
    everything = given(slice(None))
    unchanged = model.generate(prompt()._replace(given=everything))
    assert torch.equal(unchanged.features, everything.codes * (torch.arange(31) < torch.tensor(
        [[31], [20]]))[..., None])  # fmt: skip
    assert unchanged.refinement is not None
    assert not unchanged.refinement.rounds.any()

    part = given(slice(0, 12))
    made = model.generate(prompt(**STEADY)._replace(given=part))
    assert torch.equal(made.features[:, :12], part.codes[:, :12])
    assert made.frame_lengths.tolist() == [31, 20]
    other = model.generate(
        prompt(**STEADY)._replace(given=part._replace(codes=(part.codes + 1) % 11))
    )
    assert made.refinement is not None
    assert other.refinement is not None
    ours, theirs = made.refinement.confidence[:, 12:20], other.refinement.confidence[:, 12:20]
    assert (ours - theirs).abs().max() > 1e-4


def test_one_round_is_the_argmax_of_the_parallel_prediction() -> None:
    model = build()
    part = given(slice(0, 12))
    part = part._replace(kept=part.kept.clone())
    part.kept[..., :2] = True  # the coarse codebooks: the last is predicted in one pass
    made = model.generate(prompt(**STEADY, iterations=1)._replace(given=part))
    assert made.refinement is not None
    assert made.refinement.rounds.tolist() == [[0, 0, 1]] * 2
    confidence = made.refinement.confidence[0, 12:, 2]
    assert bool(((confidence > 0) & (confidence < 1)).all())
    again = model.generate(prompt(**STEADY, iterations=9)._replace(given=part))
    assert torch.equal(again.features[..., :2], made.features[..., :2])
    assert again.refinement is not None
    assert again.refinement.rounds.tolist() == [[0, 0, 9], [0, 0, 8]]


def test_controls_change_what_is_generated() -> None:
    model = build("model/stopping=learned")
    steady = model.generate(prompt(**STEADY, stop_probability=0))
    assert same(steady, model.generate(prompt(**STEADY, stop_probability=0)))
    for change in (
        {"temperature": 2.0}, {"fine_temperature": 2.0}, {"confidence_temperature": 5.0},
        {"iterations": [8, 4]},
        {"mask_schedule": "linear"}, {"guidance": 2.0}, {"stop_confidence": 0.0}, {"rate": 1.5},
        {"prosody_temperature": 2.0}, {"iterations": 1}, {"stop_probability": 1},
    ):  # fmt: skip
        controls = {**STEADY, "stop_probability": 0, **change}
        assert not same(steady, model.generate(prompt(**controls))), change
    remasked = [model.generate(prompt(**{**STEADY, "iterations": 8, "stop_probability": 0,
                "confidence_temperature": 3.0, "remask": on})) for on in (True, False)]  # fmt: skip
    assert not same(*remasked)
    sampled = [model.generate(prompt(temperature=2.0, top_k=k, stop_probability=0)) for k in (1, 9)]
    assert not same(*sampled)


def test_each_temperature_is_that_of_its_codebooks() -> None:
    model = build()
    steady = model.generate(prompt(**STEADY)).features
    fine = model.generate(prompt(**{**STEADY, "fine_temperature": 2.0})).features
    assert torch.equal(steady[..., 0], fine[..., 0])
    for level in (1, 2):
        assert not torch.equal(steady[..., level], fine[..., level])
    assert not torch.equal(
        steady[..., 0], model.generate(prompt(**{**STEADY, "temperature": 2.0})).features[..., 0]
    )


def test_guidance_can_be_the_models_own() -> None:
    guided, plain = build("model.guidance=2"), build()
    asked = plain.generate(prompt(**STEADY, guidance=2.0))
    assert same(guided.generate(prompt(**STEADY)), asked)
    assert not same(plain.generate(prompt(**STEADY)), asked)
    with pytest.raises(UserError, match=r"model\.guidance=2 needs model\.cfg_dropout above 0"):
        build("model.guidance=2", "model.cfg_dropout=0")
    assert same(plain.generate(prompt(**STEADY)), guided.generate(prompt(**STEADY, guidance=0.0)))


def test_durations_have_a_confidence_unless_it_is_left_out() -> None:
    sure = build().generate(prompt(**STEADY))
    assert sure.durations is not None
    assert sure.durations.sum(-1).tolist() == sure.frame_lengths.tolist()
    assert sure.duration_deviation is not None
    assert sure.duration_deviation[1, 6:].tolist() == [0, 0, 0]
    assert bool((sure.duration_deviation[0] > 0).all())
    plain = build("model.duration.variance=false")
    assert plain.generate(prompt(**STEADY)).duration_deviation is None
    with pytest.raises(UserError, match=r"trained with model\.duration\.variance=true"):
        plain.generate(prompt(prosody_temperature=1.0))


def test_the_style_in_training_is_that_of_the_given_frames() -> None:
    frames = torch.zeros(2, 5, dtype=torch.bool)
    frames[0, :2] = True
    kept = kept_frames(frames, torch.tensor([9, 7]), 10, 2)
    assert kept.sum(-1).tolist() == [4, 7]  # without a prompt: all
    mel = torch.arange(20.0).reshape(2, 10, 1)
    moved, lengths = compacted(mel, kept.roll(3, 1))
    assert moved[0, :5, 0].tolist() == [3, 4, 5, 6, 0]
    assert lengths.tolist() == [4, 7]
    assert code_durations(torch.tensor([[1, 1, 3, 2]]), 2).tolist() == [[1, 0, 2, 1]]


def test_codes_become_samples_at_once_and_in_chunks() -> None:
    torch.manual_seed(0)
    made = model_factory(composed("train", "model=codec", "model/size=tiny"))(MelContract())
    assert isinstance(made, NeuralCodec)
    decoder = CodecDecoder(made.eval())
    model = build(codec=made.contract)
    generated = model.generate(prompt(**STEADY, rate=0.2))
    codes = generated.features[:1, : int(generated.frame_lengths[0])]
    with torch.inference_mode():
        whole = decoder(codes)
    assert whole.shape == (1, codes.shape[1] * made.hop)
    chunks = torch.cat(list(made.stream(codes, 9)), 1)
    assert torch.allclose(whole, chunks, atol=1e-4)


def bad(**changes: Any) -> Prompt:
    return prompt()._replace(given=given(slice(0, 12))._replace(**changes))


def test_bad_input_is_one_clear_error() -> None:
    model = build()
    other = replace(CODEC, weights="1")
    cases = [
        (bad(codec=other), "weights: 0 in the model, 1 in the given codes"),
        (bad(codes=given(slice(0)).codes + 9), r"must lie in 0\.\.10; these reach from 9"),
        (bad(codes=given(slice(0)).codes[:, :30]), r"shape \(2, 30, 3\).* = \(2, 31, 3\)"),
        (prompt(iterations=[1, 1, 1, 1]), "there are 4 numbers, and the codec has 3 codebooks"),
        (prompt(stop_probability=0.5), "trained with model/stopping=learned"),
        (prompt(pitch=1.0), "this model does not take pitch; it takes confidence_temperature"),
    ]
    for wrong, message in cases:
        with pytest.raises(UserError, match=message):
            model.generate(wrong)
    with pytest.raises(UserError, match="iterations=0: expected a whole number from 1 to 1000, or"):
        prompt(iterations=0)
    with pytest.raises(UserError, match="remask=2: expected true or false"):
        prompt(remask=2)
    with pytest.raises(UserError, match=r"guidance is taken by .* model\.cfg_dropout above 0"):
        build("model.cfg_dropout=0").generate(prompt(guidance=1.0))
    with pytest.raises(UserError, match=r"model=masked_codec .* set data\.codec"):
        build(codec=None)
    with pytest.raises(UserError, match=r"an audio\.hop that divides 300"):
        build(codec=replace(CODEC, hop=300))


def test_a_model_without_an_aligner_cannot_align() -> None:
    with pytest.raises(UserError, match="needs durations in the prepared corpus"):
        build("model/aligner=given").align(coded())
    assert build().align(coded()).sum(-1).tolist() == [61, 40]


def test_codes_that_stand_for_like_sounds_start_alike() -> None:
    model = build()
    unknown = model.audio.embed_codes.weight.unflatten(0, (3, -1))[:, -1].clone()
    vectors = torch.randn(3, 11, 5)
    vectors[:, 4] = vectors[:, 9]
    model.start_codes(vectors)
    table = model.audio.embed_codes.weight.unflatten(0, (3, -1))
    for rows in (table, model.audio.heads):
        assert torch.equal(rows[:, 4], rows[:, 9])
        assert not torch.equal(rows[:, 4], rows[:, 5])
    assert torch.equal(table[:, -1], unknown)


@pytest.mark.parametrize(("coarse", "shares"), [(0.0, (1, 1, 1)), (1.0, (6, 3, 2))])
def test_coarse_codebooks_are_drawn_more_often(coarse: float, shares: tuple[int, ...]) -> None:
    model = build(f"model.coarse={coarse}").train()
    levels = model._draw_mask(torch.full((6000,), 4), 4, 1).level
    expected = 6000 * torch.tensor(shares) / sum(shares)
    assert torch.allclose(levels.bincount().float(), expected, rtol=0.1)
