"""Export of a run: as a voice of this package, or as a graph for other programs."""

from pathlib import Path

from omegaconf import DictConfig

from tts.checkpoint import Run, is_vocoder, load_run, save_voice
from tts.config.instantiate import instantiate
from tts.config.option_checks import is_given
from tts.config.trusted_packages import with_trust
from tts.controls import SynthesisControls
from tts.errors import UserError, naming_key
from tts.export.speaking import speaks, with_speaking
from tts.files import require_writable
from tts.plain_data import PlainData
from tts.training.warm_start import one_speaker
from tts.vocoders.codec_decoder import codec_folder, keep_codec, load_codec_decoder
from tts.voice_folder import require_voice_folder, set_voice_aside

VOCODER_SETTINGS = ("refinements", "magnitude_weight")


@with_trust
def export_voice(config: DictConfig) -> None:
    """Write the voice of ``config.run`` to ``config.out``, in ``config.format``.

    A voice keeps what it says of its origin, and one that is there already is moved aside. Raises
    UserError for a speaker or a setting that the model does not have, for a model or an option that
    the format does not take, and for a folder that is not for a voice.
    """
    _require_options(config)
    with naming_key("run", config.run):
        run = load_run(config.run)
    if is_vocoder(run.config):  # independent of speaker and language
        run = run._replace(facts=None, frontend=None)
    if config.speaker is not None:
        run = one_speaker(run, config.speaker)
    names = (*SynthesisControls._fields, *VOCODER_SETTINGS)
    run = with_speaking(run, {name: config[name] for name in names})
    given = {"data": config.about, "license": config.license}
    about = {**run.about, **{key: value for key, value in given.items() if value is not None}}
    if config.format != "voice":
        if not speaks(run):
            raise UserError(f"run={config.run} is {run.describe()}: export it with format=voice")
        _export_graph(config, run, about)
        return
    out = Path(config.out)
    require_voice_folder(out, run, config.run)
    coded = run.facts is not None and speaks(run) and run.build().features == "codes"
    if coded:
        load_codec_decoder(run)  # the right one
    if (aside := set_voice_aside(out)) is not None:
        print(f"{out} held a voice: moved to {aside}")
    save_voice(run, out, about, config.half)
    if coded:
        keep_codec(codec_folder(run.path), out)
    size = sum(value.numel() for value in run.weights.values()) / 1e6
    print(f"{size:.1f} M parameters after {run.step} steps -> {config.out}")


def _require_options(config: DictConfig) -> None:
    """Raise UserError for an option that the format would ignore."""
    if config.format == "voice":
        for name in ("vocoder", "quantize"):
            if is_given(name):
                raise UserError(f"{name}= has no effect with format=voice: remove it")
    elif config.half:
        raise UserError(f"half=true has no effect with format={config.format}: use quantize=int8")
    if config.quantize is not None and config.format == "torch_export":
        raise UserError("quantize= has no effect with format=torch_export: use format=onnx")


def _export_graph(config: DictConfig, run: Run, about: PlainData) -> None:
    # imported here: a voice needs none of it
    from tts.export.graph_files import VoiceParts, export_onnx, export_torch, export_vocoder
    from tts.export.program import require_onnx
    from tts.export.sherpa import export_sherpa

    out = Path(config.out)
    if config.format != "torch_export":
        require_onnx()
    require_writable(out, "out=")
    if is_vocoder(run.config):
        if config.format == "sherpa_onnx" or is_given("vocoder") or config.quantize is not None:
            raise UserError(
                f"{run.path} is a vocoder: export it with format=onnx or torch_export, without "
                "vocoder= and quantize="
            )
        words = export_vocoder(run, out, config.format)
    else:
        parts = VoiceParts.of(run, instantiate(config.vocoder))
        if config.format == "torch_export":
            words = export_torch(parts, out, about)
        elif config.format == "onnx":
            words = export_onnx(parts, out, about, config.quantize)
        else:
            words = export_sherpa(parts, out, about, config.quantize)
    print(f"{words} -> {out}")
