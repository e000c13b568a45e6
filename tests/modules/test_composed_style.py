"""Laws of composed styles: any subset speaks, weights, style tokens, the variational latent."""

from functools import partial
from itertools import chain, combinations
from typing import Any

import pytest
import torch
from fakes import FACTS

from tts.errors import UserError
from tts.losses.style import StyleDivergence
from tts.modules.composed_style import ComposedStyle
from tts.modules.conv import Conv
from tts.modules.reference_encoder import ReferenceEncoder
from tts.modules.stack import Stack
from tts.modules.style import SpeakerStyle, StyleInputs, StyleOutput
from tts.modules.style_parts import EmbeddingStyle, LanguageStyle, ProsodyStyle, SummaryStyle
from tts.modules.style_tokens import StyleTokens
from tts.modules.variational_style import VariationalStyle
from tts.warnings_once import warn_once

PARTS = ("speaker", "prosody", "reference", "tokens", "variational", "embedding", "language")
EVERYTHING = StyleInputs(
    speaker=torch.tensor([0, 1]),
    language=torch.tensor([0, 0]),
    mel=torch.randn(2, 21, FACTS.contract.bands, generator=torch.Generator().manual_seed(0)),
    lengths=torch.tensor([21, 13]),
    embedding=torch.randn(2, 256, generator=torch.Generator().manual_seed(1)),
    statistics=torch.tensor([[5.2, 0.2, 1.0, 1.2], [4.7, 0.3, 0.0, 1.0]]),
)


CLASSES = {
    "speaker": SpeakerStyle, "prosody": ProsodyStyle, "reference": SummaryStyle,
    "tokens": StyleTokens, "variational": VariationalStyle, "embedding": EmbeddingStyle,
    "language": LanguageStyle,
}  # fmt: skip


def build(parts: tuple[str, ...] = PARTS, **settings: Any) -> ComposedStyle:
    torch.manual_seed(0)
    backbone = partial(Stack, depth=1, mixer=partial(Conv, kernels=[3, 7]))
    encoder = partial(ReferenceEncoder, backbone=backbone, dim=16)
    makers = {name: CLASSES[name] for name in parts}
    return ComposedStyle(FACTS, makers, encoder, **settings).eval()


def vector(style: ComposedStyle, inputs: StyleInputs) -> torch.Tensor:
    found = style(inputs).vector
    assert found is not None
    return found


@pytest.mark.parametrize("combine", ["concatenate", "sum"])
def test_any_subset_of_styles_works(combine: str) -> None:
    style = build(PARTS, combine=combine)
    optional = ("speaker", "mel", "embedding", "statistics")
    subsets = chain.from_iterable(combinations(optional, n) for n in range(len(optional) + 1))
    seen = []
    for left_out in subsets:
        inputs = EVERYTHING._replace(**dict.fromkeys(left_out))
        found = vector(style, inputs)
        assert found.shape == (2, style.dim)
        assert torch.isfinite(found).all()
        seen.append(found)
    assert len({tuple(each.flatten().tolist()) for each in seen}) > 10
    assert vector(style, StyleInputs()).shape == (1, style.dim)


@pytest.mark.parametrize("part", ["speaker", "reference", "tokens", "embedding", "prosody"])
def test_a_style_of_weight_zero_is_a_style_left_out(part: str) -> None:
    others = tuple(name for name in PARTS if name != part)
    style = build((*others, part))  # the last columns of the vector are the part's
    silent = vector(style, EVERYTHING._replace(weights={part: 0.0}))
    assert not silent[:, -style.parts[part].dim :].any()
    full = vector(style, EVERYTHING)
    assert torch.equal(silent[:, : -style.parts[part].dim], full[:, : -style.parts[part].dim])
    half = vector(style, EVERYTHING._replace(weights={part: 0.5}))
    assert torch.allclose(half - silent, (full - silent) / 2, atol=1e-6)


def test_each_part_of_each_utterance_is_dropped_in_training() -> None:
    style = build(("speaker", "reference"), dropout=0.5).train()
    mel = torch.randn(1, 8, FACTS.contract.bands).expand(400, -1, -1)
    inputs = StyleInputs(torch.zeros(400, dtype=torch.long), mel=mel)
    kept = vector(style, inputs).unflatten(-1, (2, 64)).abs().sum(-1) > 0
    both = kept.all(-1).float().mean()
    assert kept.float().mean(0).tolist() == pytest.approx([0.5, 0.5], abs=0.1)
    assert float(both) == pytest.approx(0.25, abs=0.08)


def test_without_dropout_the_parts_keep_what_they_need() -> None:
    style = build(("speaker", "reference"), dropout=0.0)
    assert style.needs.speaker == style.needs.reference == "required"
    with pytest.raises(UserError, match=r"give reference=FILE\.wav"):
        style(EVERYTHING._replace(mel=None))
    assert build().needs.reference == "optional"


def test_padding_of_a_reference_changes_nothing() -> None:
    style = build()
    assert EVERYTHING.mel is not None
    padded = torch.cat([EVERYTHING.mel, torch.full((2, 9, FACTS.contract.bands), 7.0)], 1)
    assert torch.allclose(
        vector(style, EVERYTHING), vector(style, EVERYTHING._replace(mel=padded)), atol=1e-5
    )


def tokens(weights: object, **more: object) -> StyleOutput:
    style = build(("tokens",))
    found: StyleOutput = style(StyleInputs(tokens=weights, **more))  # type: ignore[arg-type]
    return found


def test_style_tokens_by_hand_are_a_linear_combination() -> None:
    one, other = tokens({3: 1.0}).vector, tokens({7: 1.0}).vector
    assert one is not None
    assert other is not None
    assert torch.allclose(tokens({3: 1.5, 7: -0.5}).vector, 1.5 * one - 0.5 * other, atol=1e-6)  # type: ignore[arg-type]
    with pytest.raises(UserError, match=r"12 style tokens; choose from 0 to 11"):
        tokens({99: 1.0})


def test_style_tokens_of_a_reference_and_drawn_ones_sum_to_one() -> None:
    style = build(("tokens",))
    chosen = style(EVERYTHING).token_weights
    assert chosen.shape == (2, 4, 12)
    assert torch.allclose(chosen.sum(-1), torch.ones(2, 4))
    drawn = [tokens("drawn", generator=torch.Generator().manual_seed(s)) for s in (1, 1, 2)]
    assert torch.equal(drawn[0].token_weights, drawn[1].token_weights)  # type: ignore[arg-type]
    assert not torch.equal(drawn[0].token_weights, drawn[2].token_weights)  # type: ignore[arg-type]
    even = tokens("drawn", temperature=0.0).token_weights
    assert even is not None
    assert torch.allclose(even, torch.full_like(even, 1 / 12))


def test_an_unknown_style_is_named() -> None:
    with pytest.raises(UserError, match="no such style; choose from speaker, reference"):
        build(("speaker", "reference"))(EVERYTHING._replace(weights={"tone": 1.0}))


def test_no_part_at_all_is_an_error() -> None:
    with pytest.raises(UserError, match=r"model/style/parts=\[\] is empty"):
        ComposedStyle(FACTS)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weights": {"reference": 0.5}, "mel": None}, "style_weights={reference: 0.5} has no"),
        ({"temperature": 0.7, "tokens": {1: 1.0}}, "add style_tokens=drawn"),
        ({"temperature": 0.7, "mel": None}, "style_temperature=0.7 has no effect"),
        ({"temperature": 0.7, "tokens": "drawn"}, ""),
        ({"weights": {"reference": 0.5}}, ""),
    ],
)
def test_what_changes_nothing_is_said(
    changes: dict[str, Any], message: str, caplog: pytest.LogCaptureFixture
) -> None:
    warn_once.cache_clear()
    build(("speaker", "reference", "tokens"))(EVERYTHING._replace(**changes))
    assert message in caplog.text
    assert bool(message) == bool(caplog.records)


def test_a_variational_style_has_a_divergence_and_draws_from_its_prior() -> None:
    style = build(("variational",))
    output = style(EVERYTHING)
    assert torch.equal(output.vector, style(EVERYTHING).vector)  # its mean, when speaking
    assert (output.divergence > 0).all()
    assert not torch.equal(style.train()(EVERYTHING).vector, style(EVERYTHING).vector)
    drawn = style.eval()(StyleInputs(temperature=1.0)).vector
    assert drawn.std() > 0.3
    term = StyleDivergence()

    class Output:
        style = StyleOutput(None, divergence=torch.tensor([1.0, 3.0]))

    assert term(Output(), None) == 2.0
    Output.style = StyleOutput(None)
    assert term(Output(), None) is None


def test_tables_are_named_for_a_warm_start() -> None:
    tables = build().tables()
    names = set(build().state_dict())
    assert tables.speakers == ("parts.speaker.table.weight",)
    assert tables.languages == ("parts.language.table.weight",)
    assert {*tables.speakers, *tables.languages, *tables.statistics} <= names
