"""A config that cannot be composed: what is wrong, near matches, what exists."""

from pathlib import Path

import pytest
from fakes import composed
from hydra.errors import HydraException
from processes import command

from tts.config.errors import did_you_mean, explain
from tts.project_files import CONF


def message(*overrides: str) -> str:
    with pytest.raises(HydraException) as caught:
        composed("train", *overrides)
    return explain(caught.value, "train", CONF, overrides)


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("model/size=smal", "did you mean small, normal? choose from base, "),
        ("model/sise=small", "no config group 'model/sise'; did you mean model/size"),
        ("optimizer.lrr=1", "did you mean optimizer.lr, "),
        (
            "scheduler.cycle_steps=9",
            "scheduler.cycle_steps is a setting of other choices of scheduler: "
            "choose scheduler=cosine_restarts",
        ),
        (
            "loss.weights.mel=2",
            "no setting 'loss.weights.mel'; did you mean model.loss.weights.mel",
        ),
        (
            "weights.mel_delta=2",
            "did you mean model.loss.weights.mel_delta, model.loss.terms.mel_delta? the config has",
        ),
        (
            "model.loss.weights.guided_attention=1",
            "model.loss.weights.guided_attention is a setting of other choices of model: choose "
            "model=autoregressive",
        ),
        ("model.loss.terms.stft.windows=[9]", "choices of model: choose model=bigvgan|codec|enco"),
        ("model.prenet.dropout=0", "choices of model: choose model=autoregressive"),
        ("data=recordings/anna", "give one as data=ljspeech data.root=recordings/anna"),
        ("model/encoder=a/b", "model/encoder=a/b does not exist; choose from conv, "),
        ("discriminator/size=paper,", "cannot read"),
        (
            "callbacks=[default,gradients]",
            "callbacks=gradients does not exist; did you mean gradient_monitor? choose from analys",
        ),
        ("model/size=[small,x]", "model/size=x does not exist; choose from base, "),
        (
            "~callbacks.sample",
            "no setting 'callbacks.sample'; did you mean callbacks.samples, callbacks.samples.cou",
        ),
    ],
)
def test_the_message_names_the_override_and_near_matches(override: str, expected: str) -> None:
    assert expected in message(override)


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("voices/vocos_small", "voices/vocos_small"),
        ("elsewhere/mine", "elsewhere/mine"),
        ("voices/kathleen", "voices/vocos_small"),  # an acoustic model: the example's path
    ],
)
def test_a_path_for_a_vocoder_is_answered_by_its_spelling(path: str, named: str) -> None:
    with pytest.raises(HydraException) as caught:
        composed("synthesize", f"vocoder={path}")
    text = explain(caught.value, "synthesize", CONF, [f"vocoder={path}"])
    assert text.startswith(f"vocoder={path}: ")
    assert text.endswith(f"vocoder=vocos vocoder.path={named}")


def test_a_group_of_other_choices_is_named() -> None:
    text = message("discriminator=mel_patches", "discriminator/size=paper")
    assert "discriminator/size does not apply" in text


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--hlep"], "there is no option --hlep; did you mean --help"),
        (
            ["trainer.precision=fp8"],
            "trainer.precision='fp8': expected auto, bf16-mixed, 32-true",
        ),
        (["size=huge"], "or choose model/size=base|"),
        (["model=hifigan", "model/size=small"], "other models: choose model/size=tiny|v1|v2|v3"),
        (["callbacks=[default,progres]"], "callbacks=progres does not exist; "),
        (["model/enocder=conv"], "no config group 'model/enocder'; did you mean model/encoder"),
    ],
)
def test_a_wrong_command_line_ends_with_one_line_and_status_2(
    words: list[str], expected: str, tmp_path: Path
) -> None:
    done = command("-m", "tts", "train", f"hydra.run.dir={tmp_path}/run", *words, code=2)
    assert done.stderr.startswith("error: ")
    assert expected in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_no_match_is_no_hint() -> None:
    assert did_you_mean("zzz", ["alpha", "beta"]) == ""
    assert did_you_mean("alpah", ["alpha", "alpha"]) == "did you mean alpha? "
