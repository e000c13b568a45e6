"""Free text and paths on the command line: every key takes them as typed."""

from pathlib import Path

import pytest
from fakes import composed
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from tts.config.literal import NAMES, PATHS, quote_literals, with_new_keys
from tts.errors import UserError

PARSER = OverridesParser.create()


def read(argument: str, config_name: str = "train", *flags: str) -> object:
    quoted = quote_literals([argument, *flags], config_name)[0]
    return OmegaConf.create({"x": PARSER.parse_override(quoted).value()}).x


@pytest.mark.parametrize(
    "value",
    [
        "a=b", "a,b", "a b", "[a]", "{a: b}", "it's", 'say "x"', "'", "a'", "\\", "a\\", "x${y}",
        "Jürgen", "日本", "1998", "1e3", ".5", "true", "nan", "on#e", "a:b", "$HOME", "~user",
        "model=small,lr=1e-3_2026-01-01", "(1)", "a\\'b", "100%", "a&b;c", "a\\\n", "-5", "NULL",
        "*?",
    ],
)  # fmt: skip
def test_paths_and_names_are_taken_as_typed(value: str) -> None:
    for key in ("run", "data.root", "speaker", "vocoder.path", "+data.mel_from", "hub"):
        assert read(f"{key}={value}") == value
    assert read(f"text={value}", "synthesize") == value
    assert read(f"text={value}", "synthesize", "-m") == value


def test_null_is_no_path_but_can_be_a_text() -> None:
    assert all(read(f"{key}=null") is None for key in (*PATHS, *NAMES, "about"))
    assert read("text=null", "synthesize") == "null"
    assert read("text=null", "evaluate") is None


def test_values_quoted_for_hydra_stay_quoted() -> None:
    assert read("data.root='a, b'") == "a, b"
    assert read('speaker="1998"') == "1998"


def test_other_keys_are_left_to_hydra() -> None:
    given = ["optimizer.lr=1998", "data.corpora=[{root: a}]", "~run", "-m", "hydra.run.dir=a/${b}"]
    assert quote_literals(given, "train") == given


def test_a_comma_separates_the_values_of_a_sweep_unless_the_path_exists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c,d").mkdir()
    assert quote_literals(["-m", "init_from=a,b=1"], "train")[1] == "init_from='a','b=1'"
    assert quote_literals(["-m", "init_from=c,d"], "train")[1] == "init_from='c,d'"


def test_an_argument_that_is_not_utf8_is_named() -> None:
    with pytest.raises(UserError, match=r"argument 2, file=caf.udce9.txt: not UTF-8; rename"):
        quote_literals(["seed=1", "file=caf\udce9.txt"], "synthesize")


@pytest.mark.parametrize("key", sorted(set(PATHS) - {"text", "ref"}))
def test_an_empty_path_is_an_error(key: str) -> None:
    with pytest.raises(UserError, match=f"{key}= is empty: give a path"):
        quote_literals([f"{key}="], "train")


def test_every_term_of_every_loss_takes_a_ramp_and_a_decay() -> None:
    for model in ("fastspeech", "autoregressive", "masked_codec", "vocos", "speaker_encoder"):
        terms = composed("train", f"model={model}").model.loss.terms
        spans = [f"model.loss.{o}.{t}=[5,10]" for o in ("ramps", "decays") for t in terms]
        loss = composed("train", f"model={model}", *with_new_keys(spans)).model.loss
        assert set(loss.ramps) == set(loss.decays) == set(terms)
