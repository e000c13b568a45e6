"""Export of a run as a voice: its weights, its contract and what else synthesis needs."""

from pathlib import Path

from omegaconf import DictConfig

from tts.checkpoint import is_vocoder, load_run, save_voice
from tts.config.trusted_packages import with_trust
from tts.controls import SynthesisControls
from tts.export.speaking import with_speaking
from tts.training.warm_start import one_speaker
from tts.vocoders.codec_decoder import codec_folder, keep_codec, load_codec_decoder

VOCODER_SETTINGS = ("refinements", "magnitude_weight")


@with_trust
def export_voice(config: DictConfig) -> None:
    """Write the voice of ``config.run`` to ``config.out``.

    Raises UserError for a speaker or a setting that the model does not have.
    """
    run = load_run(config.run)
    if is_vocoder(run.config):  # independent of speaker and language
        run = run._replace(facts=None, frontend=None)
    if config.speaker is not None:
        run = one_speaker(run, config.speaker)
    names = (*SynthesisControls._fields, *VOCODER_SETTINGS)
    run = with_speaking(run, {name: config[name] for name in names})
    about = {"data": config.about, "license": config.license}
    about = {key: value for key, value in about.items() if value is not None}
    save_voice(run, config.out, about, config.half)
    if run.facts is not None and run.build().features == "codes":
        decoder = load_codec_decoder(run)  # the right one
        assert decoder is not None
        keep_codec(codec_folder(run.path), Path(config.out))
    size = sum(value.numel() for value in run.weights.values()) / 1e6
    print(f"{size:.1f} M parameters after {run.step} steps -> {config.out}")
