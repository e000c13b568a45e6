"""Checks of options: pairs of which one disables the other."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from omegaconf import DictConfig

from tts.checkpoint import is_vocoder, require_run
from tts.config.hydra_job import is_given
from tts.config.loss_spans import check_loss_spans
from tts.config.resume_overrides import own_overrides
from tts.containment import require_writes_inside
from tts.errors import UserError, naming_key
from tts.plain_data import PlainData
from tts.project_files import CONF
from tts.vocoders.codec import is_codec

STARTING_POINTS = ("resume", "ckpt_path", "init_from", "distill_from")
SOURCES = ("init_from", "distill_from")  # runs whose weights are read
WEIGHT_AVERAGING = "lightning.pytorch.callbacks.EMAWeightAveraging"


def check_options(
    config: DictConfig, plain: PlainData, resuming: bool, overrides: Sequence[str]
) -> None:
    """Raise UserError for options that exclude each other.

    ``plain`` is ``config`` resolved; ``overrides`` are those of the command line. Raises
    ContainmentError where a resumed run would write outside its folder.
    """
    given = [name for name in STARTING_POINTS if config.get(name)]
    if resuming:  # those that the run itself started with do not count
        keys = {
            override.partition("=")[0].lstrip("+") for override in own_overrides(list(overrides))
        }
        given = [name for name in STARTING_POINTS if name in keys]
        folder = Path(plain["run_dir"])
        named = {key for key in keys if "." in key}  # callbacks=default names no place
        require_writes_inside(plain, folder, str(folder / "config.yaml"), named)
    if len(given) > 1 and given != ["ckpt_path", "distill_from"]:  # a distillation that goes on
        raise UserError(
            f"{' and '.join(given)} are given: use only one of: {', '.join(STARTING_POINTS)}"
        )
    for name in given:
        if name in SOURCES:  # before the corpus is prepared
            with naming_key(name, config[name]):
                require_run(config[name])
    check_loss_spans(plain, CONF, overrides)
    if ".." in Path(str(plain.get("name"))).parts:
        raise UserError(f"name={plain['name']}: the run would leave outputs/; choose another name")
    if plain["data"].get("mel_from") and is_codec(plain):
        raise UserError(
            f"data.mel_from={plain['data']['mel_from']}: a codec encodes recordings, not predicted "
            "mels; remove it"
        )
    averaging = plain["system"].get("averaging", 0)
    if plain["trainer"]["precision"] == "bf16-true":
        if is_vocoder(plain):
            raise UserError(
                "trainer.precision=bf16-true is too coarse for a vocoder's samples: use bf16-mixed"
            )
        if averaging:
            raise UserError(
                "trainer.precision=bf16-true rounds away the updates of system.averaging: use "
                "bf16-mixed, or system.averaging=0"
            )
    callbacks = (plain.get("callbacks") or {}).values()
    if averaging and any(
        entry and entry.get("_target_") == WEIGHT_AVERAGING for entry in callbacks
    ):
        raise UserError(
            "callbacks.ema and system.averaging would average twice: set system.averaging=0"
        )


def check_vocoder_option(features: Iterable[str]) -> None:
    """Raise UserError for a given ``vocoder=`` where every model yields codes."""
    if is_given("vocoder") and all(each == "codes" for each in features):
        raise UserError(
            "vocoder= has no effect on a model of codes, which its codec decodes: remove it"
        )
