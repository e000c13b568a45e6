"""Evaluation of runs or of audio files: synthesize, score, print a table, write a report."""

import random
from glob import glob
from pathlib import Path
from typing import cast

from omegaconf import DictConfig, ListConfig, OmegaConf

from tts.checkpoint import Run, is_vocoder, load_run
from tts.config.compose import to_plain
from tts.config.corpora import prepare_from_config
from tts.config.hydra_job import task_overrides
from tts.config.instantiate import instantiate
from tts.config.option_checks import check_vocoder_option
from tts.config.trusted_packages import with_trust
from tts.console import console
from tts.containment import require_corpora_inside
from tts.contract import MelContract
from tts.controls import SynthesisControls
from tts.corpus import merge_facts
from tts.data.dataset import SpeechDataset
from tts.data.doctor import text_key
from tts.data.store import PreparedCorpus
from tts.errors import UserError, naming_key
from tts.evaluation import acoustic, vocoder
from tts.evaluation.cloning import synthesize_clones
from tts.evaluation.cloning_material import cloning_material
from tts.evaluation.cloning_scores import CloningScores, score_cloning
from tts.evaluation.cloning_table import print_cloning
from tts.evaluation.compared_controls import compared_controls
from tts.evaluation.kept_wavs import write_wavs
from tts.evaluation.report import write_report
from tts.evaluation.report_folder import report_folder, set_report_aside
from tts.evaluation.scoring import Scorer
from tts.evaluation.summary import Report, RunInfo, summarize
from tts.evaluation.systems import EvaluationSet
from tts.evaluation.table import print_report
from tts.evaluation.wav_folders import read_folders, shortest_names
from tts.metrics.measure import Measure
from tts.synthesizer import Synthesizer
from tts.vocoders.codec import Codec, is_codec, load_codec
from tts.vocoders.griffin_lim import GriffinLim
from tts.vocoders.load import load_vocoder
from tts.vocoders.vocoder import Vocoder

SYNTHESIS_OPTIONS = ("vocoder", "phonemizer", *SynthesisControls._fields)
CLONING_OPTIONS = ("speakers", "reference_seconds", "speaker_encoders")
WAV_OPTIONS = ("text", "ref", "aligned", "language", "audio")
UNUSED_OPTIONS = {  # by what is evaluated
    "wavs": {
        *SYNTHESIS_OPTIONS,
        "data",
        "frontend",
        "utterances",
        "split",
        "reference_iterations",
        "keep_wavs",
        *CLONING_OPTIONS,
    },
    "run": {*WAV_OPTIONS},
    "known": {*CLONING_OPTIONS} - {"speakers"},
    "unseen": {"split"},
    "vocoder": {*WAV_OPTIONS, *SYNTHESIS_OPTIONS, *CLONING_OPTIONS},
    "codec": {*WAV_OPTIONS, *SYNTHESIS_OPTIONS, *CLONING_OPTIONS, "reference_iterations"},
}
EVALUATED = {
    "wavs": "wavs=", "run": "run=", "vocoder": "the run of a vocoder",
    "codec": "the run of a codec", "known": "speakers=known", "unseen": "speakers that are cloned",
}  # fmt: skip


@with_trust
def evaluate(config: DictConfig) -> Report:
    """Evaluate, print the table, write the report files and return the report.

    Raises UserError for options that do not exist, contradict each other or have no effect.
    """
    measures: dict[str, Measure] = {
        name: instantiate(node) for name, node in config.metrics.items() if node is not None
    }
    if config.worst_by is not None and config.worst_by not in measures:
        raise UserError(f"worst_by={config.worst_by}: choose from {', '.join(measures)}")
    if (config.run is None) == (config.wavs is None):
        raise UserError("give exactly one of run=RUN and wavs=DIR")
    infos: dict[str, RunInfo] = {}
    cloning: CloningScores | None = None
    _reject_unused_options("wavs" if config.wavs is not None else "run")
    if config.wavs is not None:
        contract: MelContract = instantiate(config.audio)
        wavs = parse_paths(config.wavs)
        data = read_folders(
            wavs, config.text, config.ref, config.aligned, config.language, contract
        )
        folder = report_folder(config.out, Path(wavs[0]), is_voice=False)
        # texts without audio too: they belong to the recognizer's language model
        with Scorer(measures, list(data.texts), config.workers) as scorer:
            scores = scorer(data, contract)
    else:
        runs = [_load(path) for path in parse_paths(config.run)]
        contract = runs[0].contract
        corpora, texts = _open_corpora(config, runs)
        for name, run in zip(_run_names(runs), runs, strict=True):
            infos[name] = {"path": str(run.path), "step": run.step}
        if is_vocoder(runs[0].config):
            _reject_unused_options(
                "codec" if all(is_codec(run.config) for run in runs) else "vocoder"
            )
        else:
            _reject_unused_options("known" if config.speakers == "known" else "unseen")
        material = None
        if config.speakers == "known":
            corpus = _sentences(config, runs, corpora)
        else:
            material, problems = cloning_material(config, runs, corpora)
        folder = report_folder(config.out, _run_folder(runs[0]), runs[0].path.is_dir())
        with Scorer(measures, texts, config.workers) as scorer:
            if material is None:
                data = _synthesize(runs, corpus, config)
            else:
                data = synthesize_clones(material, _readers(runs, config), config.seed)
                data = data._replace(problems=tuple(problems))
            scores = scorer(data, contract)
        if material is not None:
            encoders = {
                name: instantiate(node)
                for name, node in config.speaker_encoders.items() if node is not None
            }  # fmt: skip
            cloning = score_cloning(data, material, encoders, config.seed)
    report = summarize(data, scores, measures, infos, config.seed)
    if cloning is not None:
        report["cloning"] = cloning
    if aside := set_report_aside(folder):
        print(f"earlier report: moved to {aside}")
    # the report first: the terminal may be closed, or a pipe that ends
    try:
        files = write_report(report, data, contract, folder, config.worst, config.worst_by)
    except UserError:  # of a disk that is full by now: the measuring is not lost
        _print(report)
        raise
    _print(report)
    if config.keep_wavs:
        files.append(folder / "wavs")
        write_wavs(data, contract.sample_rate, files[-1])
    for path in files:
        print(f"-> {path}")
    return report


def _print(report: Report) -> None:
    print_report(report)
    if "cloning" in report:
        print_cloning(console(), report["cloning"], report["baseline"])


def _load(path: str) -> Run:
    with naming_key("run", path):
        return load_run(path)


def _reject_unused_options(evaluated: str) -> None:
    """Raise UserError for an option of the command line that has no effect."""
    overrides = task_overrides()
    for override in overrides:
        name = override.partition("=")[0].lstrip("+~").split(".")[0]
        if name in UNUSED_OPTIONS[evaluated]:
            raise UserError(f"{name}= has no effect on {EVALUATED[evaluated]}: remove it")


def _open_corpora(config: DictConfig, runs: list[Run]) -> tuple[list[PreparedCorpus], list[str]]:
    """Return the corpora of data=, by default those of the first run, and all their texts."""
    first = runs[0]
    vocoders = is_vocoder(first.config)
    for run in runs[1:]:
        if is_vocoder(run.config) != vocoders:
            raise UserError(
                f"run={first.path} and {run.path}: an acoustic model cannot be compared with a "
                "vocoder or a codec"
            )
        first.contract.require(run.contract, str(first.path), str(run.path))
    if config.split not in ("train", "validation", "all"):
        raise UserError(f"split={config.split}: choose from train, validation, all")
    use_run_data = config.get("data") is None
    if use_run_data and "data" not in first.config:
        raise UserError(f"{first.path} is a voice without a corpus: give data=... data.root=...")
    if use_run_data:
        own, where = first.config["data"], f"{first.path}, config"
        require_corpora_inside(own, _run_folder(first), where)
        folders = prepare_from_config(own, f"{where}.data")
    else:
        folders = prepare_from_config(config.data)
    corpora = [PreparedCorpus.open(folder) for folder in folders]
    for corpus in corpora:
        first.contract.require(corpus.facts.contract, str(first.path), str(corpus.path))
        if not vocoders and first.require_facts().symbols != corpus.facts.symbols:
            raise UserError(
                f"{corpus.path} was prepared with other symbols than {first.path}: use the "
                "frontend of the run"
            )
    texts = sorted({r.normalized for corpus in corpora for r in corpus.rows if r.normalized})
    return corpora, texts


def _sentences(config: DictConfig, runs: list[Run], corpora: list[PreparedCorpus]) -> SpeechDataset:
    """Return the sentences of ``config.split`` by speakers that the runs were trained with."""
    vocoders = is_vocoder(runs[0].config)
    # a vocoder takes any speaker; an acoustic model only those of its training
    known = [corpus.facts for corpus in corpora]
    facts = merge_facts(known) if vocoders else runs[0].require_facts()
    speakers = frozenset[str]().union(*(corpus.rows.speakers for corpus in corpora))
    # the run's own corpora may have speakers that the training left out
    left_out = config.get("data") is None and not vocoders
    if left_out:
        speakers &= set(facts.speakers)
    for run in runs:
        trained = facts.speakers if vocoders else run.require_facts().speakers
        if unknown := sorted(speakers - set(trained)):
            raise UserError(
                f"{run.path} has no speaker {unknown[0]}: choose from {', '.join(trained[:5])}; or "
                "give speakers=unseen, which clones the others"
            )
    split = None if config.split == "all" else config.split
    return SpeechDataset(corpora, split, facts, facts.speakers if left_out else None)


def _synthesize(runs: list[Run], data: SpeechDataset, config: DictConfig) -> EvaluationSet:
    """Synthesize the chosen sentences with all runs: from text, or from mels by vocoders."""
    chosen = choose_sentences(data, config.utterances, config.seed)
    if is_vocoder(runs[0].config):
        contract, names = runs[0].contract, _run_names(runs)
        models: dict[str, Vocoder | Codec] = {}
        if not all(is_codec(run.config) for run in runs):  # a codec is compared with the recordings
            models["griffin-lim"] = GriffinLim(contract, config.reference_iterations)
        for name, run in zip(names, runs, strict=True):
            made = (
                load_codec(run.path)
                if is_codec(run.config)
                else load_vocoder(contract, run.path, None)
            )
            models[name] = made
        return vocoder.copy_synthesis(data, chosen, models, config.seed)
    return acoustic.synthesize_systems(data, chosen, _readers(runs, config), config.seed)


def _readers(runs: list[Run], config: DictConfig) -> dict[str, acoustic.Reader]:
    """Return the acoustic models and how they are to speak, by name."""
    names = _run_names(runs)
    vocoder_factory = instantiate(config.vocoder)
    phonemizer = instantiate(config.phonemizer) if config.phonemizer else None
    synthesizers = {
        name: Synthesizer.load(run.path, vocoder=vocoder_factory, phonemizer=phonemizer)
        for name, run in zip(names, runs, strict=True)
    }
    check_vocoder_option([each.model.features for each in synthesizers.values()])
    values = OmegaConf.masked_copy(config, list(SynthesisControls._fields))
    controls = compared_controls(to_plain(values))
    return acoustic.readers_of(synthesizers, controls)


def choose_sentences(data: SpeechDataset, count: int, seed: int) -> list[int]:
    """Return indices of ``count`` random utterances with different texts, in order."""
    by_text: dict[str, int] = {}
    for index, row in enumerate(data.rows):
        by_text.setdefault(text_key(row), index)
    if not by_text:
        raise UserError("there are no sentences in this split: is data.prepare.validation_share=0?")
    indices = sorted(by_text.values())
    return sorted(random.Random(seed).sample(indices, min(count, len(indices))))


def parse_paths(value: object) -> list[str]:
    """Return the paths of ``PATH``, ``[PATH,PATH]``, a list or a glob pattern.

    A path that exists may contain commas, as run folders of sweeps do. Raises UserError.
    """
    if OmegaConf.is_list(value):
        return [str(v) for v in cast("ListConfig", value)]
    text = str(value)
    if text.startswith("[") and text.endswith("]"):
        paths: list[str] = []
        rest = ""
        for piece in text[1:-1].split(","):
            rest = f"{rest},{piece}" if rest else piece.strip()
            if Path(rest).exists():
                paths, rest = [*paths, rest], ""
        return [*paths, rest] if rest else paths
    if any(wildcard in text for wildcard in "*?"):
        if not (found := sorted(glob(text))):
            raise UserError(f"{text}: no path matches")
        return found
    return [text]


def _run_names(runs: list[Run]) -> list[str]:
    """Return short names: of run folders, or of checkpoints if several belong to one run."""
    folders = [_run_folder(run) for run in runs]
    return shortest_names(
        folders if len(set(folders)) == len(folders) else [run.path for run in runs]
    )


def _run_folder(run: Run) -> Path:
    folder = run.path if run.path.is_dir() else run.path.parent
    return folder.parent if folder.name == "checkpoints" else folder
