"""The evaluation of a run, from its sentences to a table."""

import random
from pathlib import Path
from typing import Any

from hydra.utils import instantiate
from omegaconf import DictConfig

from tts.checkpoint import Run, load_run
from tts.commands.corpora import prepare_from_config
from tts.commands.evaluations import acoustic, vocoder
from tts.commands.evaluations.clips import score_all, summarise
from tts.commands.evaluations.table import show
from tts.corpus import merge_facts
from tts.data.dataset import SpeechDataset
from tts.data.doctor import text_key
from tts.data.store import PreparedCorpus, write_json
from tts.errors import UserError
from tts.synthesizer import Synthesizer


def evaluate(config: DictConfig) -> dict[str, Any]:
    """Print the table, write the JSON, return what is in it."""
    run = load_run(config.run)
    copying = is_vocoder(run)
    data, texts = _speech(config, run, copying)
    chosen = choose(data, config.utterances, config.seed)
    if copying:
        systems = vocoder.SYSTEMS
        clips, model = vocoder.copy_all(data, chosen, run, config.reference_iterations, config.seed)
    else:
        systems = acoustic.SYSTEMS
        synthesizer = Synthesizer.load(run.path, vocoder=instantiate(config.vocoder))
        clips, factors = acoustic.speak_all(data, chosen, synthesizer)
        model = acoustic.forced(data, chosen, synthesizer, config.seed) | factors
    scores = score_all(clips, texts, run.contract, config.workers)
    result = {
        "run": str(run.path),
        "step": run.step,
        "utterances": len(chosen),
        "seed": config.seed,
        "systems": {
            system: summarise(clips, scores, system, run.contract, config.seed)
            for system in systems
        },
        "model": model,
        "sentences": [
            {"system": c.system, "id": c.id, "text": c.text, **s._asdict()}
            for c, s in zip(clips, scores, strict=True)
        ],
    }
    out = Path(config.out) if config.out else _beside(run)
    write_json(out, result)
    show(result)
    print(f"-> {out}")
    return result


def is_vocoder(run: Run) -> bool:
    """Whether a run turns mels into sound instead of text into mels."""
    return str(run.config["model"]["_target_"]).startswith("tts.vocoders.")


def _speech(config: DictConfig, run: Run, copying: bool) -> tuple[SpeechDataset, list[str]]:
    """The sentences to choose from, and the texts of their corpora for the recogniser."""
    if config.split not in ("train", "validation", "all"):
        raise UserError(f"split={config.split}: choose train, validation or all")
    own = config.get("data") is None
    if own and "data" not in run.config:
        raise UserError(f"{run.path} is a voice and brings no corpus: give data=... data.root=...")
    folders = prepare_from_config(run.config["data"] if own else config.data)
    corpora = [PreparedCorpus.open(folder) for folder in folders]
    for corpus in corpora:
        run.contract.require(corpus.facts.contract, str(run.path), str(corpus.path))
    # a vocoder takes anybody's mels; an acoustic model speaks with the voices it knows
    facts = merge_facts([corpus.facts for corpus in corpora]) if copying else run.require_facts()
    if unknown := sorted({r.speaker for c in corpora for r in c.rows} - set(facts.speakers)):
        raise UserError(f"{run.path} does not know the speaker {unknown[0]}")
    split = None if config.split == "all" else config.split
    texts = sorted({r.normalised for corpus in corpora for r in corpus.rows if r.normalised})
    return SpeechDataset(corpora, split, facts), texts


def choose(data: SpeechDataset, count: int, seed: int) -> list[int]:
    """Indices of ``count`` validation utterances, each text once, drawn by the seed."""
    by_text: dict[str, int] = {}
    for index, row in enumerate(data.rows):
        by_text.setdefault(text_key(row), index)
    if not by_text:
        raise UserError("this run has no validation sentences: data.prepare.validation_share=0")
    places = sorted(by_text.values())
    return sorted(random.Random(seed).sample(places, min(count, len(places))))


def _beside(run: Run) -> Path:
    folder = run.path.parent
    return (folder.parent if folder.name == "checkpoints" else folder) / "evaluation.json"
