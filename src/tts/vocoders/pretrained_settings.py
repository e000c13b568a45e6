"""Types of the settings in a published vocoder's configuration, checked before they are used."""

import math
import reprlib
from collections.abc import Callable, Mapping
from typing import NamedTuple

from tts.errors import UserError


class SettingsError(UserError):
    """A setting of a published configuration that has the wrong type or size."""


class Kind(NamedTuple):
    """What a setting must be."""

    expected: str
    check: Callable[[object], bool]


def _whole(value: object, most: int) -> bool:
    return type(value) is int and 1 <= value <= most


def _number(value: object) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and abs(value) < 1e9  # type: ignore[arg-type]


def _whole_list(value: object, most: int) -> bool:
    return isinstance(value, list) and 1 <= len(value) <= 64 and all(_whole(v, most) for v in value)


SECTION = Kind("a mapping of settings", lambda value: isinstance(value, dict))
SIZE = Kind("a whole number from 1 to 65536", lambda value: _whole(value, 2**16))
RATE = Kind("a sample rate in Hz", lambda value: _whole(value, 2**20))
FREQUENCY = Kind("a frequency in Hz", _number)
SIZES = Kind("a list of whole numbers from 1 to 4096", lambda value: _whole_list(value, 4096))
YES_NO = Kind("true or false", lambda value: type(value) in (bool, int))
WORD = Kind("a word", lambda value: isinstance(value, str | int))
KINDS: dict[str, Kind] = {
    **dict.fromkeys(
        ("audio", "gen", "feature_extractor", "backbone", "head", "init_args"), SECTION
    ),
    **dict.fromkeys(("sampling_rate", "sample_rate"), RATE),
    **dict.fromkeys(
        ("n_fft", "hop_size", "win_size", "num_mels", "upsample_initial_channel", "hop_length",
         "n_mels", "dim", "intermediate_dim", "num_layers", "n_mel_channels", "filter_length",
         "win_length", "noise_dim", "channel_size", "kpnet_conv_size"), SIZE,
    ),
    **dict.fromkeys(("fmin", "mel_fmin", "mel_fmax"), FREQUENCY),
    "fmax": Kind("a frequency in Hz, or null", lambda value: value is None or _number(value)),
    **dict.fromkeys(
        ("upsample_rates", "upsample_kernel_sizes", "resblock_kernel_sizes", "dilations",
         "strides"), SIZES,
    ),
    "resblock_dilation_sizes": Kind(
        "a list of lists of whole numbers",
        lambda value: isinstance(value, list)
        and 1 <= len(value) <= 64
        and all(_whole_list(v, 4096) for v in value),
    ),
    **dict.fromkeys(("resblock", "activation", "class_path", "padding"), WORD),
    **dict.fromkeys(
        ("snake_logscale", "use_tanh_at_final", "use_bias_at_final", "normalize",
         "use_causal_conv"), YES_NO,
    ),
    "chunk_length_s": Kind(
        "seconds, or null", lambda value: value is None or (_number(value) and value > 0)  # type: ignore[operator]
    ),
    "overlap": Kind(
        "a share below 1, or null",
        lambda value: value is None or (_number(value) and 0 <= value < 1),  # type: ignore[operator]
    ),
}  # fmt: skip


def require_types(config: Mapping[object, object], where: str = "") -> None:
    """Raise SettingsError naming the first known setting that is not what it must be."""
    for key, value in config.items():
        kind = KINDS.get(str(key))
        if kind is None:
            continue
        if not kind.check(value):
            raise SettingsError(
                f"{where}{key} is {ascii(reprlib.repr(value))[1:-1]}: expected {kind.expected}"
            )
        if kind is SECTION and isinstance(value, dict):
            require_types(value, f"{where}{key}.")
