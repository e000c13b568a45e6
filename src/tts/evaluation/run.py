"""The evaluation of runs or of wavs, from the sentences to a table and a page."""

import random
from glob import glob
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from tts.audio.mel import MelContract
from tts.checkpoint import Run, is_vocoder, load_run
from tts.config.corpora import prepare_from_config
from tts.config.hydra_job import task_overrides
from tts.config.instantiate import instantiate
from tts.corpus import merge_facts
from tts.data.dataset import SpeechDataset
from tts.data.doctor import text_key
from tts.data.store import PreparedCorpus
from tts.errors import UserError
from tts.evaluation import acoustic, vocoder
from tts.evaluation.report import write_report
from tts.evaluation.scoring import Scorer
from tts.evaluation.summary import summarize
from tts.evaluation.systems import Spoken
from tts.evaluation.table import show
from tts.evaluation.wav_folders import names_of, read_folders
from tts.metrics.measure import Measure
from tts.synthesizer import SynthesisControls, Synthesizer
from tts.vocoders.griffin_lim import GriffinLim
from tts.vocoders.load import load_vocoder
from tts.vocoders.vocoder import Vocoder

SPEAKING = (
    "vocoder", "pitch_range", "variance_scale", "prosody_temperature", "temperature", "steps", "solver",
    "guidance", "phonemizer",
)  # fmt: skip
OF_WAVS = ("text", "ref", "aligned", "language", "audio")
UNUSED = {
    "wavs": {*SPEAKING, "data", "frontend", "utterances", "split", "reference_iterations"},
    "run": {*OF_WAVS},
    "vocoder": {*OF_WAVS, *SPEAKING},
}
WHAT = {"wavs": "wavs=", "run": "run=", "vocoder": "a vocoder's run"}


def evaluate(config: DictConfig) -> dict[str, Any]:
    """Print the table, write the report, return what is in it."""
    measures: dict[str, Measure] = {
        name: instantiate(node) for name, node in config.metrics.items() if node is not None
    }
    if config.worst_by is not None and config.worst_by not in measures:
        raise UserError(f"worst_by={config.worst_by}: choose from {', '.join(measures)}")
    if (config.run is None) == (config.wavs is None):
        raise UserError("give run=... or wavs=DIR text=FILE, one of the two")
    about: dict[str, Any] = {}
    _require_used("wavs" if config.wavs is not None else "run")
    if config.wavs is not None:
        contract: MelContract = instantiate(config.audio)
        wavs = listed(config.wavs)
        spoken = read_folders(
            wavs, config.text, config.ref, config.aligned, config.language, contract
        )
        folder = Path(config.out or Path(wavs[0]) / "evaluation")
        # those without a wav too: the more texts, the harder for the recognizer
        with Scorer(measures, list(spoken.texts), config.workers) as score:
            scores = score(spoken, contract)
    else:
        runs = [load_run(path) for path in listed(config.run)]
        contract = runs[0].contract
        data, texts = _corpora(config, runs)
        for name, run in zip(_names(runs), runs, strict=True):
            about[name] = {"path": str(run.path), "step": run.step}
        if is_vocoder(runs[0].config):
            _require_used("vocoder")
        folder = Path(config.out or _home(runs[0]) / "evaluation")
        with Scorer(measures, texts, config.workers) as score:
            spoken = _speech_of(runs, data, config)
            scores = score(spoken, contract)
    result = {
        "runs": about,
        "utterances": len(spoken.sentences),
        "seed": config.seed,
        **summarize(spoken, scores, measures, config.seed),
    }
    show(result)
    for path in write_report(result, spoken, contract, folder, config.worst, config.worst_by):
        print(f"-> {path}")
    return result


def _require_used(what: str) -> None:
    """Raises UserError for an option of the command line that says nothing of what is scored."""
    said = task_overrides()
    for override in said:
        name = override.partition("=")[0].lstrip("+~").split(".")[0]
        if name in UNUSED[what]:
            raise UserError(f"{name}= says nothing of {WHAT[what]}: leave it out")


def _corpora(config: DictConfig, runs: list[Run]) -> tuple[SpeechDataset, list[str]]:
    """The sentences to choose from, the first run's or those of data=, and all their texts."""
    first = runs[0]
    copying = is_vocoder(first.config)
    for run in runs[1:]:
        if is_vocoder(run.config) != copying:
            raise UserError(f"{first.path} and {run.path}: a vocoder and an acoustic model")
        first.contract.require(run.contract, str(first.path), str(run.path))
    if config.split not in ("train", "validation", "all"):
        raise UserError(f"split={config.split}: choose train, validation or all")
    own = config.get("data") is None
    if own and "data" not in first.config:
        raise UserError(
            f"{first.path} is a voice and brings no corpus: give data=... data.root=..."
        )
    folders = prepare_from_config(first.config["data"] if own else config.data)
    corpora = [PreparedCorpus.open(folder) for folder in folders]
    for corpus in corpora:
        first.contract.require(corpus.facts.contract, str(first.path), str(corpus.path))
    # a vocoder takes anybody's mels; an acoustic model speaks with the voices it knows
    facts = merge_facts([corpus.facts for corpus in corpora]) if copying else first.require_facts()
    speakers = {r.speaker for c in corpora for r in c.rows}
    for each in runs:
        known = facts.speakers if copying else each.require_facts().speakers
        if unknown := sorted(speakers - set(known)):
            raise UserError(f"{each.path} does not know the speaker {unknown[0]}")
    split = None if config.split == "all" else config.split
    texts = sorted({r.normalized for corpus in corpora for r in corpus.rows if r.normalized})
    return SpeechDataset(corpora, split, facts), texts


def _speech_of(runs: list[Run], data: SpeechDataset, config: DictConfig) -> Spoken:
    """What the runs say or copy."""
    chosen = choose(data, config.utterances, config.seed)
    names = _names(runs)
    if is_vocoder(runs[0].config):
        contract = runs[0].contract
        vocoders: dict[str, Vocoder] = {
            "griffin-lim": GriffinLim(contract, config.reference_iterations)
        }
        for name, run in zip(names, runs, strict=True):
            vocoders[name] = load_vocoder(contract, run.path)
        return vocoder.copy_all(data, chosen, vocoders, config.seed)
    make = instantiate(config.vocoder)
    phonemizer = instantiate(config.phonemizer) if config.phonemizer else None
    synthesizers = {
        name: Synthesizer.load(run.path, vocoder=make, phonemizer=phonemizer)
        for name, run in zip(names, runs, strict=True)
    }
    controls = SynthesisControls(
        pitch_range=config.pitch_range, variance_scale=config.variance_scale,
        prosody_temperature=config.prosody_temperature, temperature=config.temperature,
        solver=config.solver, guidance=config.guidance,
    )  # fmt: skip
    steps = list(config.steps) if OmegaConf.is_list(config.steps) else [config.steps]
    readers = acoustic.readers_of(synthesizers, steps, controls)
    return acoustic.speak_all(data, chosen, readers, config.seed)


def choose(data: SpeechDataset, count: int, seed: int) -> list[int]:
    """Indices of ``count`` validation utterances, each text once, drawn by the seed."""
    by_text: dict[str, int] = {}
    for index, row in enumerate(data.rows):
        by_text.setdefault(text_key(row), index)
    if not by_text:
        raise UserError("this run has no validation sentences: data.prepare.validation_share=0")
    places = sorted(by_text.values())
    return sorted(random.Random(seed).sample(places, min(count, len(places))))


def listed(value: Any) -> list[str]:
    """A path, several as ``[a,b]``, or all that a pattern with ``*`` fits.

    Commas inside a path, as sweeps put them there, belong to it where it exists.
    """
    if OmegaConf.is_list(value):
        return [str(v) for v in value]
    text = str(value)
    if text.startswith("[") and text.endswith("]"):
        paths: list[str] = []
        rest = ""
        for piece in text[1:-1].split(","):
            rest = f"{rest},{piece}" if rest else piece.strip()
            if Path(rest).exists():
                paths, rest = [*paths, rest], ""
        return [*paths, rest] if rest else paths
    if any(sign in text for sign in "*?"):
        if not (found := sorted(glob(text))):
            raise UserError(f"{text}: nothing is called like that")
        return found
    return [text]


def _names(runs: list[Run]) -> list[str]:
    """The runs' folders; their checkpoints' too, where several are of one run."""
    homes = [_home(run) for run in runs]
    return names_of(homes if len(set(homes)) == len(homes) else [run.path for run in runs])


def _home(run: Run) -> Path:
    folder = run.path if run.path.is_dir() else run.path.parent
    return folder.parent if folder.name == "checkpoints" else folder
