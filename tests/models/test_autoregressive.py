"""Autoregressive model: padding, teacher forcing against speaking, failures, durations."""

from typing import Any

import pytest
import torch
from fakes import composed, model_factory
from torch import Tensor

from tests.models.assemble import batch, facts
from tts.batch import Prompt
from tts.controls import SynthesisControls
from tts.errors import UserError
from tts.losses.autoregressive import AttentionLoss
from tts.masks import mask_from_lengths
from tts.models.autoregressive_mel import AutoregressiveMel
from tts.models.candidates import best_takes
from tts.models.decoding import DecoderRun
from tts.models.sampling import Sampling
from tts.models.speaking import speak
from tts.models.spoken import Spoken
from tts.models.spoken_path import Progress, durations_of, failure
from tts.modules.context import Context
from tts.modules.style import StyleInputs

SMALL = ("model=autoregressive", "model/size=tiny", "model.prenet.always=false")
NEVER_STOPS, ALWAYS_STOPS = -30.0, 30.0


def build(*overrides: str, stop: float | None = None) -> AutoregressiveMel:
    """Return a model in evaluation mode; ``stop``: bias of the stop, None as initialized."""
    torch.manual_seed(0)
    model = model_factory(composed("train", *SMALL, *overrides))(facts=facts()).eval()
    assert isinstance(model, AutoregressiveMel)
    if stop is not None:
        torch.nn.init.constant_(model.stop.bias, stop)
    return model


def prompt(**controls: Any) -> Prompt:
    data = batch()
    return Prompt(
        data.tokens, data.token_lengths, data.speaker, data.language,
        controls=SynthesisControls(**controls),
    )  # fmt: skip


@pytest.mark.parametrize("cross", ["plain", "windowed", "location_sensitive", "monotonic"])
@pytest.mark.parametrize("each", [1, 3])
def test_padding_changes_no_real_frame(cross: str, each: int) -> None:
    model = build(f"model/cross_attention={cross}", f"model.frames_per_step={each}")
    with torch.no_grad():
        plain, padded = model(batch()), model(batch(extra_tokens=5, extra_frames=33))
    real, steps = plain.frame_mask, plain.step_mask.shape[1]
    assert plain.mel.shape == (2, 61, 80)
    assert (plain.mel - padded.mel[:, :61])[real].abs().max() < 1e-4
    assert (plain.stop - padded.stop[:, :steps])[plain.step_mask].abs().max() < 1e-4
    assert padded.mel[~padded.frame_mask].abs().max() == 0
    assert plain.step_mask.sum(-1).tolist() == [-(-61 // each), -(-40 // each)]


def test_forced_attention_teaches_the_heads_and_the_aligner() -> None:
    model = build("model.attention_forcing=0.5").train()
    output = model(batch())
    assert output.targets is not None
    assert output.log_attention is not None
    assert torch.equal(output.targets.durations.sum(-1), torch.tensor([61, 40]))
    AttentionLoss()(output, batch())
    given = build("model/aligner=given")
    with pytest.raises(UserError, match="needs durations"):
        given(batch())
    timed = batch(durations=True)
    output = given(timed)
    assert output.log_attention is None
    assert torch.equal(output.targets.durations, timed.durations)
    alone = build("model.attention_forcing=0")
    assert alone.aligner is None
    assert alone(batch()).targets is None


def test_predictions_as_inputs_come_from_as_many_passes() -> None:
    """With as many passes as steps the inputs are those of speaking."""
    model = build(
        "model.scheduled_sampling=1.0", "model.frames_per_step=4", "model.prenet.dropout=0",
        "model.attention_forcing=1",
        "model.decoder.dropout=0", "model.encoder.dropout=0", "model.decoder.drop_path=0",
    ).train()  # fmt: skip
    data = batch()
    seen = []
    model.prenet.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    for passes in (1, 16, 17):
        model.drawn_passes = lambda count, passes=passes: torch.full((count,), passes)
        model(data)
    few, enough, more = (x for x in (seen[1], seen[18], seen[36]))
    assert torch.allclose(enough, more, atol=1e-5)
    assert not torch.allclose(few, enough, atol=1e-2)


def test_each_utterance_reads_the_predictions_of_its_own_passes() -> None:
    """The utterance with fewer passes reads what it reads where all have as many."""
    model = build(
        "model.scheduled_sampling=1.0", "model.prenet.dropout=0", "model.attention_forcing=1",
        "model.decoder.dropout=0", "model.encoder.dropout=0", "model.decoder.drop_path=0",
    ).train()  # fmt: skip
    read = []
    model.decoder.register_forward_pre_hook(lambda _, inputs: read.append(inputs[0]))

    def read_after(*passes: int) -> Tensor:
        model.drawn_passes = lambda _: torch.tensor(passes)
        model(batch())
        return read[-1]

    mixed, none, three = read_after(0, 3), read_after(0, 0), read_after(3, 3)
    assert torch.allclose(mixed[0], none[0], atol=1e-5)
    assert torch.allclose(mixed[1], three[1], atol=1e-5)
    assert not torch.allclose(mixed[1], none[1], atol=1e-2)


def test_passes_are_drawn_for_the_chosen_share() -> None:
    model = build("model.scheduled_sampling=0.25", "model.scheduled_sampling_passes=4")
    passes = model.drawn_passes(4000)
    share = (passes > 0).float().mean()
    assert 0.2 < share < 0.3
    assert sorted(set(passes.tolist())) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("mixer", ["attention", "mamba", "mamba_attention"])
def test_speech_fed_back_as_a_recording_is_predicted_the_same(mixer: str) -> None:
    """Step by step and in one parallel pass, with everything in between."""
    model = build(f"model/mixer={mixer}", "model.frames_per_step=2", stop=NEVER_STOPS)
    data = batch()
    mask = mask_from_lengths(data.token_lengths)
    style = model.style_of(StyleInputs(data.speaker)).vector
    with torch.no_grad():
        embedded = model.embedded(data.tokens, data.language, mask)
        memory = model.encode(embedded, mask, style)
        spoken = speak(model, Context(mask, memory, mask, style), Sampling(0.0, None))
        frames = torch.full((2,), spoken.frames.shape[1])
        whole = mask_from_lengths(frames)
        output = model(
            data._replace(mel=model.denormalized(spoken.frames, whole), frame_lengths=frames)
        )
    assert (model.normalized(output.mel) - spoken.frames).abs().max() < 1e-4
    attention = output.head_alignments.exp().mean(1)
    assert torch.allclose(attention, spoken.attention, atol=1e-4)


def test_temperature_0_repeats_and_a_temperature_does_not() -> None:
    model = build("model.prenet.always=true", "model.max_length=1.0")
    first, again = (model.generate(prompt(temperature=0.0)).features for _ in range(2))
    assert torch.equal(first, again)

    def sampled(seed: int) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        return model.generate(prompt(temperature=0.7)._replace(generator=generator)).features

    assert torch.equal(sampled(1), sampled(1))
    assert not torch.equal(sampled(1), sampled(2))
    with pytest.raises(UserError, match="rate"):
        model.generate(prompt(rate=1.2))


def test_the_best_candidate_does_not_fail_and_is_the_likeliest() -> None:
    attention = torch.nn.functional.one_hot(torch.tensor([[0, 1, 2], [0, 1, 2], [0, 0, 0]]), 3)
    takes = Spoken(
        frames=torch.arange(3.0)[:, None, None].expand(3, 6, 2),
        attention=attention.float(),
        steps=torch.tensor([3, 2, 3]),
        stopped=torch.tensor([True, True, False]),
        log_likelihood=torch.tensor([-1.0, -0.9, 5.0]),
        failed=torch.zeros(3, dtype=torch.bool),
    )
    mask = torch.ones(3, 3, dtype=torch.bool)
    best = best_takes(takes, Context(mask, None, mask), 3)
    assert best.frames[0, 0, 0] == 0  # the second reads two of three tokens
    model = build("model.prenet.always=true", "model.max_length=1.0")
    several = model.generate(prompt(candidates=3, temperature=0.5))
    assert len(several.features) == 2


def test_speech_that_does_not_stop_is_cut_and_said() -> None:
    model = build("model.max_length=0.5", "model.forced_order=false", stop=NEVER_STOPS)
    generated = model.generate(prompt())
    assert generated.frame_lengths.max() <= 0.5 * 86.2 + 2
    assert any("forced order" in note for note in generated.notes)
    assert any("cut after 0.5 s, with" in note for note in generated.notes)


def test_speech_in_forced_order_reads_the_text_to_its_end() -> None:
    model = build(stop=NEVER_STOPS)
    data = batch()
    mask = mask_from_lengths(data.token_lengths)
    style = model.style_of(StyleInputs(data.speaker)).vector
    memory = model.encode(model.embedded(data.tokens, None, mask), mask, style)
    context = Context(mask, memory, mask, style)
    with torch.no_grad():
        spoken = speak(model, context, Sampling(0.0, None), in_order=True)
    assert spoken.stopped.all()
    for row, tokens in enumerate(data.token_lengths.tolist()):
        path = spoken.attention[row, : spoken.steps[row]].argmax(-1)
        assert path.diff().min() >= 0
        assert path[-1] == tokens - 1


@pytest.mark.parametrize("cross", ["plain", "windowed", "location_sensitive", "monotonic"])
def test_forced_order_binds_the_heads_that_carry_the_alignment(cross: str) -> None:
    """The first head of the last of two layers; all others read as they like."""
    model = build(
        f"model/cross_attention={cross}", "model.cross_attention.heads=2",
        "model.decoder.depth=2", "model.alignment_layers=1", "model.alignment_heads=1",
    )  # fmt: skip
    context, sampling = model.begin(prompt())
    run = DecoderRun(model, context, sampling, in_order=True, rescue=False)
    outside = []
    with torch.no_grad():
        x = run.first_input
        for _ in range(4):
            allowed = run.progress.allowed()
            run.step(x)
            weights = torch.cat([block[1].weights for block in run.state.blocks], 1)  # (B, 4, N)
            outside.append((weights * ~allowed[:, None]).sum((0, 2)))
            x = torch.randn_like(x)
    found = torch.stack(outside).sum(0)
    assert float(found[2]) == pytest.approx(0, abs=1e-6)
    if cross in ("plain", "location_sensitive"):
        assert bool((found[[0, 1, 3]] > 0.1).all())


def test_a_text_is_spoken_the_same_alone_and_beside_a_longer_one() -> None:
    model = build("model.prenet.always=true", "model.max_length=1.0", stop=NEVER_STOPS)
    data = batch()
    both = model.generate(prompt())
    row = int(data.token_lengths.argmin())
    one = slice(row, row + 1)
    alone = Prompt(
        data.tokens[one, : data.token_lengths[row]], data.token_lengths[one], data.speaker[one],
        None if data.language is None else data.language[one], controls=SynthesisControls(),
    )  # fmt: skip
    generated = model.generate(alone)
    length = int(both.frame_lengths[row])
    assert int(generated.frame_lengths) == length
    assert torch.allclose(generated.features[0], both.features[row, :length], atol=1e-4)


def test_a_short_text_is_not_complete_after_one_step() -> None:
    """A first step can move on by three tokens; of eight, five are then left."""
    model = build(stop=ALWAYS_STOPS)
    data = batch(token_lengths=(8,), frame_lengths=(61,))
    given = Prompt(data.tokens, data.token_lengths, data.speaker, data.language)
    context, sampling = model.begin(given)
    spoken = speak(model, context, sampling, in_order=True)
    path = spoken.attention[0, : spoken.steps[0]].argmax(-1)
    assert int(path.max()) >= 5
    assert failure(torch.tensor([0, 3, 4]), 8, True) == "ends before the text does"
    assert not failure(torch.tensor([0, 3, 5]), 8, True)


@pytest.mark.parametrize("cross", ["plain", "windowed", "location_sensitive", "monotonic"])
def test_all_weights_in_bf16(cross: str) -> None:
    model = build(f"model/cross_attention={cross}", "model.max_length=0.5").bfloat16()
    data = batch()
    assert data.mel is not None
    output = model.train()(data._replace(mel=data.mel.bfloat16()))
    assert torch.isfinite(output.mel).all()
    assert torch.isfinite(model.eval().generate(prompt(temperature=0.5)).features).all()


@pytest.mark.parametrize("cross", ["plain", "monotonic"])
def test_recomputed_activations_give_the_same_gradients(cross: str) -> None:
    model = build(f"model/cross_attention={cross}")
    gradients = []
    for recompute in (False, True):
        model.decoder.checkpointing = recompute
        model.zero_grad()
        output = model(batch())
        (output.mel.square().mean() + output.head_alignments[..., 0].mean()).backward()
        found = (p.grad for p in model.parameters() if p.grad is not None)
        gradients.append(torch.cat([gradient.flatten() for gradient in found]))
    assert torch.allclose(*gradients, atol=1e-5)


@pytest.mark.parametrize("order", [False, True])
@pytest.mark.parametrize("postnet", ["none", "conv"])
def test_a_stream_equals_the_complete_speech(postnet: str, order: bool) -> None:
    model = build(
        f"model/postnet={postnet}", f"model.forced_order={order}", "model.max_length=1.0",
        stop=NEVER_STOPS,
    )  # fmt: skip
    if model.postnet is not None:
        torch.nn.init.normal_(model.postnet.convolutions[-1].weight, std=0.02)  # type: ignore[arg-type]
    data = batch(token_lengths=(9,), frame_lengths=(61,))
    given = Prompt(data.tokens, data.token_lengths, data.speaker, data.language)
    context, sampling = model.begin(given)
    with torch.no_grad():
        spoken = speak(model, context, sampling, order)
        mask = torch.ones(spoken.frames.shape[:2], dtype=torch.bool)
        expected = model.denormalized(model.refine(spoken.frames, mask), mask)
        pieces = [piece.features for piece in model.stream(given)]
    assert len(pieces) > 3
    streamed = torch.cat(pieces, 1)
    assert torch.allclose(streamed[:, : expected.shape[1]], expected, atol=1e-4)
    whole = list(model.stream(given._replace(controls=SynthesisControls(candidates=2))))
    assert len(whole) == 1


def test_durations_fill_the_frames_in_the_order_of_the_text() -> None:
    path = torch.tensor([0, 0, 1, 2, 2, 2, 3, 0])
    weights = torch.nn.functional.one_hot(path, 5)[None] * 0.9 + 0.02
    durations = durations_of(weights, torch.tensor([4]), torch.tensor([7]), 2)
    assert durations.tolist() == [[4, 2, 6, 2, 0]]
    short = durations_of(weights, torch.tensor([5]), torch.tensor([2]), 2)
    assert short.tolist() == [[4, 0, 0, 0, 0]]


@pytest.mark.parametrize(
    ("path", "stopped", "wrong"),
    [
        ([0, 0, 1, 3, 5, 8, 9], True, ""),
        ([0, 1, 2, 6, 1, 2, 9], True, "repeats"),
        ([0, 1, 8, 9, 9, 9, 9], True, "skips"),
        ([0, 1, 2, 3, 3, 3, 3], True, "ends before"),
        ([0, 1, 2, 3, 3, 3, 3], False, "does not reach"),
        ([0, 1, 3, 5, 7, 9, 9], False, "does not stop"),
    ],
)
def test_a_failure_is_named(path: list[int], stopped: bool, wrong: str) -> None:
    found = failure(torch.tensor(path), 10, stopped)
    assert found.startswith(wrong)
    assert bool(found) == bool(wrong)


def test_a_reading_moves_on_when_it_is_stuck() -> None:
    progress = Progress(torch.ones(1, 6, dtype=torch.bool), longest=2)
    at_2 = torch.nn.functional.one_hot(torch.tensor([2]), 6).float()
    assert progress.allowed()[0].tolist() == [True, True, True, True, False, False]
    progress.move(at_2)
    assert progress.allowed()[0].tolist() == [False, False, True, True, True, True]
    progress.move(at_2)
    assert not progress.stuck.any()
    progress.move(at_2)
    assert progress.stuck.all()
    assert progress.allowed()[0].tolist() == [False, False, False, True, True, True]
