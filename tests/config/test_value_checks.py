"""Values of the wrong type or range: one line that names the key, before anything is prepared."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, get_args, get_origin

import pytest
import yaml
from compose_once import Compose, composing
from fakes import composed
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from processes import command
from random_values import CHOICES, Draw, draws, names_key
from test_configs import targets_of

from tts.bounds import Bound
from tts.build import MODEL_SECTIONS
from tts.config.command_options import COMMANDS, ModelSections, TrainerKeys
from tts.config.compose import parse_overrides
from tts.config.errors import explain
from tts.config.instantiate import instantiate
from tts.config.part_types import DIRECTIVES, part_type
from tts.config.value_checks import ConfigValueError, check_values
from tts.errors import UserError
from tts.project_files import CONF
from tts.training.acceleration import CUSTOM_TRAINER_KEYS


@pytest.fixture(scope="module")
def compose() -> Iterator[Compose]:
    with composing() as made:
        yield made


def refusal(compose: Compose, line: str) -> str:
    """The message for ``command key=value ...``; "" where it is accepted."""
    name, *overrides = line.split()
    try:
        config = compose(name, overrides)
    except (HydraException, OmegaConfBaseException, TypeError, ValueError) as error:
        return explain(error, name, CONF, overrides)
    try:
        check_values(name, config, overrides)
    except ConfigValueError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "train optimizer.lr=abc",
            "optimizer.lr='abc': expected a number above 0 (conf/optimizer/adamw.yaml)",
        ),
        (
            "train model=autoregressive model.frames_per_step=0",
            "model.frames_per_step=0: expected a whole number from 1 to 4 "
            "(conf/model/autoregressive.yaml)",
        ),
        (
            "train model=autoregressive model/cross_attention=windowed "
            "model.cross_attention.width=0",
            "model.cross_attention.width=0: expected a number above 0 "
            "(conf/model/cross_attention/windowed.yaml)",
        ),
        (
            "train trainer.max_steps=[1,2]",
            "trainer.max_steps=[1,2]: expected -1, or a whole number, 1 or more "
            "(conf/trainer/default.yaml)",
        ),
        (
            "train seed=1e20",
            "seed=1e+20: expected a whole number from 0 to 4294967295 (conf/train.yaml)",
        ),
        (
            "train optimizer.betas=0.9",
            "optimizer.betas=0.9: expected a list of 2 values (conf/optimizer/adamw.yaml)",
        ),
        (
            "train data.speakers=anna",
            "data.speakers='anna': expected a section {KEY: text, ...} that is not empty, or null "
            "(conf/data/demo.yaml)",
        ),
        (
            "train size.head_dim=0",
            "size.head_dim=0: expected a whole number from 1 to 65536 (conf/model/size/small.yaml)",
        ),
        (
            "evaluate utterances=0",
            "utterances=0: expected a whole number, 1 or more (conf/evaluate.yaml)",
        ),
        (
            "evaluate metrics.wer=5",
            "metrics.wer=5: expected a section that names a class by _target_ or null "
            "(conf/metrics/default.yaml)",
        ),
        (
            "synthesize prosody_temperature=1e9",
            "prosody_temperature=1000000000.0: expected a number from 0 to 10 or null "
            "(conf/_controls.yaml)",
        ),
        (
            "export run=a out=b half=banana",
            "half='banana': expected true or false (conf/export.yaml)",
        ),
        ("train ~model.encoder.depth", "model.encoder.depth is not given: add model.encoder.depth="
         "..."),
        ("train optimizer.lr=-1 seed=x", "seed='x': expected a whole number from 0 to 4294967295 "
         "(conf/train.yaml); optimizer.lr=-1: expected a number above 0 "
         "(conf/optimizer/adamw.yaml)"),
    ],
)  # fmt: skip
def test_the_message_names_key_value_type_and_file(
    compose: Compose, line: str, message: str
) -> None:
    assert refusal(compose, line) == message


VALUES = {
    "train": """
        trainer.max_steps=abc|null|[1,2]|'' seed=-1|abc|1.5|nan|null|1e20
        optimizer.lr=-1|nan|abc|null|[1]|fast|0|{a:1} optimizer.betas=0.9|[0.9]|[0.9,1]|[0.9,abc]
        data.workers=-1|abc|1.5 data.limit=abc|0|-1 data.speakers=anna|[] size.head_dim=0|abc
        model.encoder.mixer.conv.kernels=nan|[]|[0]|abc model.loss.weights.mel=[]|abc|-1
        model.loss.weights=5 audio.floor=banana|0|-1 callbacks.samples.count=nan
        callbacks.throughput.max_padding=nan|2 callbacks.checkpoints.every_n_steps=nan|0
        trainer.gradient_clip_val=nan|-1|abc trainer.accumulate_grad_batches=0|abc
        trainer.precision=fp8|5 optimizer._target_=nowhere.Nothing|5|torch
        optimizer._partial_=5 +trainer.foo=1 data.prepare.max_seconds=-1
        frontend.phonemizer=abc model.style=5 model.encoder=abc callbacks.samples=5 logger=5
        distill_steps=0 train_only=[] name='' scheduler.warmup_steps=-1|abc
        model.decoder.dropout=1 monitor=[] trainer.strategy=[]
        data.corpora=[{min_gap:1,limit:x}] model.loss.ramps.binarization=[1] +optimizer.foo=1
    """,
    "evaluate": "utterances=-1|abc|1.5 split=test workers=-1|abc seed=2.7 steps=[]",
    "synthesize": """
        seed=2.7|-1|abc pitch=1e9|nan energy=1e9|inf prosody_temperature=nan|-1|1e9 rate=fast|0
        rate=[1,99] steps=0|1.5 solver=heun guidance=abc phonemizer=abc pictures=5
        vocoder=abc out='' temperature=[1]
    """,
    "export": "refinements=-3|abc magnitude_weight=2 half=1 pitch=99 run=[] out=[]",
    "benchmark": "rounds=0|abc seconds=-1|nan threads=0 precision=fp8 lengths=[0] width=abc",
    "prepare": "data.prepare.validation_share=1 data.prepare_workers=-1 seed=x",
    "convert": "file=[] hub={} out=''",
}
GIVEN = {"export": "run=a out=b", "convert": "out=b"}


def named_values() -> Iterator[Draw]:
    for name, text in VALUES.items():
        for word in text.split():
            key, _, values = word.partition("=")
            for value in values.split("|"):
                yield Draw(name, tuple(GIVEN.get(name, "").split()), key.lstrip("+"), value)


def test_every_named_value_is_refused_with_its_key(compose: Compose) -> None:
    passed, composed = [], Composed(compose)
    for draw in named_values():
        with composed(draw) as config:
            message = refused(config, draw)
        if not names_key(message, draw.key) or "\n" in message:
            passed.append((draw.words, message))
    assert not passed


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("train audio=null", "audio=null does not exist; choose from default"),
        ("train callbacks=[default,ema] audio=5", "audio=5 does not exist; choose from default"),
        (
            "train model=null",
            "model=null does not exist; choose from autoregressive, bigvgan, codec, encodec, "
            "fastspeech, harmonic_vocos, hifigan, masked_codec, phone_recognizer, speaker_encoder, "
            "univnet, vocos",
        ),
        (
            "prepare data=[null]",
            "data=[null] does not exist; choose from demo, ljspeech, prepared, recording",
        ),
        ("train ~optimizer", "optimizer is not given: add optimizer=..."),
        (
            "train ~trainer.checkpoint_activations",
            "trainer.checkpoint_activations is not given: add trainer.checkpoint_activations=...",
        ),
        ("train ~trainer.max_steps", "trainer.max_steps is not given: add trainer.max_steps=..."),
        ("synthesize ~run", "~run: run has no value that could be removed; leave ~run out"),
    ],
)
def test_a_group_without_a_choice_and_a_key_that_is_gone_are_named(
    compose: Compose, line: str, message: str
) -> None:
    assert refusal(compose, line) == message


ACCEPTED = (
    "optimizer.lr=1", "data.limit=null", "trainer.max_steps=-1", "trainer.max_epochs=3",
    "trainer.devices=auto", "trainer.devices=[0]", "+trainer.limit_val_batches=0.5",
    "optimizer.lr=1e-5", "train_only=[flow]", "train_only=flow", "callbacks.samples=null",
    "model.style=null", "trainer.gradient_clip_val=null", "data.corpora=[{speakers:{a:f1}}]",
    "+optimizer.amsgrad=true", "monitor=null",
)  # fmt: skip


def test_good_values_are_accepted(compose: Compose) -> None:
    composed = Composed(compose)
    for override in ACCEPTED:
        key, _, value = override.partition("=")
        draw = Draw("train", (), key.lstrip("+"), value)
        with composed(draw) as config:
            assert refused(config, draw) == "", override


def test_a_whole_number_is_text_where_text_is_asked(compose: Compose) -> None:
    config = compose("train", ["data=ljspeech", "data.speaker=1998", "data.root=2020"])
    check_values("train", config)
    assert (config.data.speaker, config.data.root) == ("1998", "2020")
    config = compose("train", ["trainer.devices=2"])
    check_values("train", config)
    assert config.trainer.devices == 2


def test_the_declarations_are_complete() -> None:
    commands = {path.stem for path in CONF.glob("[!_]*.yaml")}
    assert commands <= set(COMMANDS)
    assert set(ModelSections.__annotations__) == set(MODEL_SECTIONS)
    assert set(TrainerKeys.__annotations__) == set(CUSTOM_TRAINER_KEYS)


def test_every_configured_number_of_this_package_has_a_range() -> None:
    for path in CONF.rglob("*.yaml"):
        for _, node in targets_of(yaml.safe_load(path.read_text()) or {}):
            if not node["_target_"].startswith("tts."):
                continue
            for name in set(node) - DIRECTIVES:
                hint = part_type(node).hints.get(name)
                bare = {hint, *get_args(hint)} & {int, float}
                assert not bare or get_origin(hint) is Annotated, (path, name, hint)


@pytest.mark.parametrize(
    ("bound", "words", "good", "bad"),
    [
        (Bound(above=0), "a number above 0", (1, 1e-9), (0, -1, float("nan"), float("inf"))),
        (Bound(least=0, below=1), "a number, 0 or more and below 1", (0, 0.9), (1, -0.1)),
        (Bound(least=1, most=9, odd=True), "an odd number from 1 to 9", (1, 9), (2, 0, 11)),
    ],
)
def test_a_bound_says_what_it_accepts(
    bound: Bound, words: str, good: tuple[float, ...], bad: tuple[float, ...]
) -> None:
    assert bound.words() == words
    assert all(map(bound.accepts, good))
    assert not any(map(bound.accepts, bad))


def build_part(config: DictConfig, key: str) -> None:
    """Build the part with ``key``, where it needs no corpus."""
    section, _, rest = key.partition(".")
    if section in ("audio", "frontend", "optimizer", "scheduler"):
        instantiate(config[section])
    elif section in ("callbacks", "metrics") and rest:
        instantiate(config[section].get(rest.partition(".")[0]))


class Composed:
    """Configs with a draw applied; each is composed once, which takes longer than the rest."""

    def __init__(self, compose: Compose) -> None:
        self.compose = compose
        self.made: dict[tuple[str, tuple[str, ...]], DictConfig] = {}

    def base(self, command: str, choices: Sequence[str]) -> DictConfig:
        known = (command, tuple(choices))
        if known not in self.made:
            more = ["run_dir=runs"] if command == "train" else []
            self.made[known] = self.compose(command, [*choices, *more])
            OmegaConf.set_struct(self.made[known], False)
        return self.made[known]

    @contextmanager
    def __call__(self, draw: Draw) -> Iterator[DictConfig]:
        config = self.base(draw.command, draw.choices)
        section, _, name = draw.key.rpartition(".")
        parent = OmegaConf.select(config, section) if section else config
        before = parent._get_node(name)
        if before is not None:  # an assignment would change the node itself
            del parent[name]
        if draw.value != "~":
            [override] = parse_overrides([f"+x={draw.value}"])
            parent[name] = override.value()
        yield config
        if draw.value != "~":
            del parent[name]
        if before is not None:
            parent[name] = before


def refused(config: DictConfig, draw: Draw) -> str:
    """Check and build what a draw composed, in this process; return the message that refuses it."""
    removed = (draw.override,) if draw.value == "~" else ()
    try:
        check_values(draw.command, config, [*draw.choices, *removed])
        OmegaConf.missing_keys(config)
        build_part(config, draw.key)
    except (UserError, OmegaConfBaseException) as error:
        return str(error).splitlines()[0]
    except Exception as error:
        found: BaseException | None = error
        while found is not None and not isinstance(found, UserError | OmegaConfBaseException):
            found = found.__cause__
        return str(found).splitlines()[0] if found else f"TRACEBACK\n{error!r}"
    return ""


def test_random_values_run_or_are_refused_by_name(compose: Compose) -> None:
    wrong, composed = [], Composed(compose)
    few = {name: choices[-3:] for name, choices in CHOICES.items()}
    for draw in draws(200, 1, composed.base, few):
        with composed(draw) as config:
            message = refused(config, draw)
        if "\n" in message or (message and not names_key(message, draw.key)):
            wrong.append(f"{draw.words}: {message}")
    assert not wrong, "\n".join(wrong)


def test_a_command_ends_with_one_line_and_writes_nothing(tmp_path: Path) -> None:
    words = (f"hydra.run.dir={tmp_path}/run", f"data.prepared_dir={tmp_path}/prepared")
    done = command("-m", "tts", "train", *words, "optimizer.lr=fast", code=2)
    expected = "optimizer.lr='fast': expected a number above 0 (conf/optimizer/adamw.yaml)"
    assert done.stderr == f"error: {expected}\n"
    assert not list(tmp_path.iterdir())
    done = command("-m", "tts", "train", *words, "sweep=optuna", code=2)
    assert "add -m" in done.stderr


def test_an_added_key_that_nothing_reads_is_refused() -> None:
    added = ["+foo=1"]
    with pytest.raises(ConfigValueError, match="foo is no option, and nothing reads it"):
        check_values("synthesize", composed("synthesize", *added), added)
    read = [*added, "seed=${foo}"]
    check_values("synthesize", composed("synthesize", *read), read)
