"""Warm start: weights from another run, for a new speaker or a model with new parts."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import torch
from lightning.pytorch.utilities.rank_zero import rank_zero_only
from torch import Tensor, nn

from tts.build import build_model
from tts.checkpoint import Run, load_run
from tts.contract import SET_MEL, require_same_codec
from tts.corpus import CorpusFacts, joined_symbols
from tts.errors import UserError, listed, naming_key
from tts.models.acoustic import AcousticModel, CorpusKeys
from tts.models.masked_codec import MaskedCodec
from tts.modules.style import Style
from tts.text.symbols import SILENT, shown
from tts.vocoders.frame_vocoder import FrameVocoder
from tts.vocoders.neural_codec import NeuralCodec
from tts.vocoders.vocos import Vocos

WARN_BELOW = 0.1  # share of the parameters that come from the other run
LEAST_TAKEN = 0.01  # share of the smaller model's values; a bias or two fit any model

# in both, a decoder reads the text repeated for its durations; the audio model adds the known codes
FASTSPEECH_TO_MASKED_CODEC = {
    "decoder.": "audio.decoder.",
    "adaptor.duration.": "duration.predictor.",
}

log = logging.getLogger(__name__)


def start_from(path: str, model: nn.Module, facts: CorpusFacts | None) -> None:
    """Fill ``model`` with the weights of a run, a checkpoint or a voice, as far as they fit.

    New parts keep their initial weights, and the log names them. A new part of a concatenated style
    changes nothing at first: what reads the style has zeros for it. Speakers and languages keep
    their embeddings by name, and new ones start from the mean of the known ones. ``facts``: of the
    corpus to train on (None for a vocoder or a codec). Raises UserError when the mel or the symbols
    differ, or when next to nothing fits.
    """
    with naming_key("init_from", path):
        run = load_run(path)
        if facts is not None:
            _require_same_speech(run, facts)
    keys = model.corpus_keys() if isinstance(model, AcousticModel) else CorpusKeys()
    state, theirs = model.state_dict(), _their_weights(run, model)
    columns, their_columns = _style_columns(model), _style_columns(_shape_of(run, model))
    if _width(columns) == _width(their_columns) and list(columns) != list(their_columns):
        raise UserError(
            f"init_from={path}: its style has the same width and other parts; set "
            f"model/style/parts=[{','.join(their_columns)}]"
        )
    taken: dict[str, Tensor] = {}
    for name, fresh in state.items():
        old = theirs.get(name)
        if old is None or name in keys.statistics:
            continue
        if facts is not None and run.facts is not None:
            if name in keys.speakers:
                old = _rows(old, run.facts.speakers, facts.speakers)
            elif name in keys.languages:
                old = _rows(old, run.facts.languages, facts.languages)
        if old.shape != fresh.shape and _reads(old, their_columns) and _reads(fresh, columns):
            old = _rearranged(old, their_columns, columns)
        if old.shape == fresh.shape:
            taken[name] = old
    most = min(_size(state), _size(theirs))
    if _size(taken) < LEAST_TAKEN * most:
        raise UserError(
            f"init_from={path}: {_taken(taken)} of its weights fit this model; choose a run of the "
            f"same family and size{_first_difference(state, theirs)}"
        )
    model.load_state_dict(state | taken)
    _log_taken(path, model, set(taken), theirs)
    if facts is not None and run.facts is not None:
        _log_untrained(path, run.facts, facts)


def trained_by(facts: CorpusFacts, path: str | None) -> CorpusFacts:
    """Return ``facts`` with the symbols that the run ``path`` was trained on among theirs.

    They are unknown where those of that run are.
    """
    if path is None:
        return facts
    theirs = load_run(path).facts
    before = () if theirs is None else theirs.trained_symbols
    return replace(facts, trained_symbols=joined_symbols(before, facts.trained_symbols))


def one_speaker(run: Run, name: str) -> Run:
    """Reduce a run of several speakers to the one called ``name``. Raises UserError if unknown."""
    facts = run.require_facts()
    if name not in facts.speakers:
        raise UserError(f"speaker={name}: choose from {listed(facts.speakers)}")
    kept = slice(number := facts.speakers.index(name), number + 1)
    with torch.device("meta"):
        model: AcousticModel[Any] = build_model(run.model_factory(), facts)
    keys = model.corpus_keys()
    per_speaker = {*keys.statistics, *keys.speakers}
    weights = {
        key: value[kept] if key in per_speaker else value for key, value in run.weights.items()
    }
    facts = replace(
        facts,
        speakers=facts.speakers[kept],
        statistics=facts.statistics[kept],
        speaker_languages=facts.speaker_languages[kept],
    )
    return run._replace(facts=facts, weights=weights)


def _their_weights(run: Run, model: nn.Module) -> dict[str, Tensor]:
    """Return the weights of ``run`` by their names in ``model``.

    A Vocos starts a codec's own and all but the last layer of one with a source, and a FastSpeech
    what a masked codec model shares with it. Raises
    UserError for a codec and another mel or prior.
    """
    if isinstance(model, MaskedCodec):
        return {_masked_codec_name(name): weight for name, weight in run.weights.items()}
    if isinstance(model, FrameVocoder):
        # filters of a source and a spectrum of its own are not the same, whatever their shape
        same = run.model_class() is type(model)
        return {k: v for k, v in run.weights.items() if same or not k.startswith("spectrum.")}
    if not isinstance(model, NeuralCodec):
        return run.weights
    model.mel.require(run.contract, "this corpus", f"init_from={run.path}")
    if run.model_class() is not Vocos:
        return run.weights
    theirs = run.config["model"]
    prior, head = theirs.get("prior", False), theirs.get("head", "spectrum")
    # heads share no weights: another head starts anew, whatever the other predicted
    if head == model.vocos.head and prior != model.vocos.prior:
        raise UserError(
            f"init_from={run.path}: a Vocos with prior={str(prior).lower()} predicts other "
            f"magnitudes; set model.vocos.prior={str(prior).lower()}"
        )
    return {f"vocos.{name}": weight for name, weight in run.weights.items()}


def _masked_codec_name(name: str) -> str:
    """Return the name in a masked codec model of a weight of a FastSpeech."""
    for theirs, ours in FASTSPEECH_TO_MASKED_CODEC.items():
        if name.startswith(theirs):
            return ours + name.removeprefix(theirs)
    return name


def _shape_of(run: Run, model: nn.Module) -> nn.Module | None:
    """Return the model of ``run`` without weights, where both could have a composed style."""
    if run.facts is None or not _style_columns(model):
        return None
    with torch.device("meta"):
        return build_model(run.model_factory(), run.facts)


def _style_columns(model: nn.Module | None) -> dict[str, slice]:
    """Return where the parts of a model's style are in the vector that its layers read."""
    style = getattr(model, "style", None)
    return style.columns() if isinstance(style, Style) else {}


def _reads(weight: Tensor, columns: Mapping[str, slice]) -> bool:
    """Return whether a matrix has the width of a style of these columns."""
    return weight.ndim == 2 and weight.shape[1] == _width(columns)


def _width(columns: Mapping[str, slice]) -> int:
    return max((place.stop for place in columns.values()), default=0)


def _rearranged(old: Tensor, theirs: Mapping[str, slice], ours: Mapping[str, slice]) -> Tensor:
    """Return the columns of a matrix in our order of parts; of a part that is new, zeros."""
    moved = old.new_zeros(len(old), _width(ours))
    for name, place in ours.items():
        before = theirs.get(name)
        if before is not None and before.stop - before.start == place.stop - place.start:
            moved[:, place] = old[:, before]
    return moved


def _size(state: Mapping[str, Tensor]) -> int:
    return sum(tensor.numel() for tensor in state.values())


def _taken(taken: Mapping[str, Tensor]) -> str:
    return f"less than {LEAST_TAKEN:.0%}" if taken else "none"


def _first_difference(ours: Mapping[str, Tensor], theirs: Mapping[str, Tensor]) -> str:
    for name, weight in ours.items():
        if name in theirs and theirs[name].shape != weight.shape:
            shapes = f"{tuple(theirs[name].shape)} there and {tuple(weight.shape)} here"
            return f" ({name} is {shapes})"
    return ""


def _require_same_speech(run: Run, facts: CorpusFacts) -> None:
    theirs = run.require_facts()
    facts.contract.require(run.contract, "this corpus", f"init_from={run.path}", SET_MEL)
    if facts.codec and theirs.codec:  # a text encoder trained on mels starts a model of codes too
        require_same_codec(facts.codec, theirs.codec, "this corpus", f"init_from={run.path}")
    if theirs.symbols != facts.symbols:
        raise UserError(
            f"init_from={run.path}: it was trained with another symbol table; choose the frontend= "
            "of its training"
        )


def _rows(old: Tensor, known: tuple[str, ...], wanted: tuple[str, ...]) -> Tensor:
    mean = old.mean(0)
    return torch.stack([old[known.index(n)] if n in known else mean for n in wanted])


@rank_zero_only
def _log_untrained(path: str, theirs: CorpusFacts, facts: CorpusFacts) -> None:
    """Log the languages and the symbols of a corpus that ``path`` was never trained on."""
    phones = [symbol for symbol in facts.trained_symbols or () if symbol not in SILENT]
    symbols = theirs.untrained(phones)
    new = [language for language in facts.languages if language not in theirs.languages]
    if new:
        log.info("%s was never trained on language=%s", path, ", ".join(new))
    if symbols:
        log.info("symbols that %s was never trained on: %s", path, shown(symbols))


@rank_zero_only
def _log_taken(path: str, model: nn.Module, taken: set[str], theirs: Mapping[str, Tensor]) -> None:
    """Log how much of the model comes from ``path``, and how much of that one stays behind."""
    sizes = {name: p.numel() for name, p in model.named_parameters()}
    fresh = [name for name in sizes if name not in taken]
    buffers = {name for name, _ in model.named_buffers()}
    left = {n: w.numel() for n, w in theirs.items() if n not in taken and n not in buffers}
    total, new = sum(sizes.values()), sum(sizes[name] for name in fresh)
    text = f"{(total - new) / 1e6:.1f} of {total / 1e6:.1f} M parameters, in "
    text += f"{len(sizes) - len(fresh)} of {len(sizes)} tensors, from {path}"
    if fresh:
        text += f"; new: {_parts(fresh)}"
    if left:
        text += f"; {_millions(sum(left.values()))} of it not used: {_parts(left)}"
    if total - new < WARN_BELOW * total:
        log.warning("%s; choose the family and the model/size of that run to start from it", text)
    else:
        log.info(text)


def _parts(names: Iterable[str]) -> str:
    """Name the parts of a model that hold these tensors, once each."""
    return ", ".join(dict.fromkeys(name.split(".")[0] for name in names))


def _millions(count: int) -> str:
    return f"{count / 1e6:.1f} M" if count >= 50_000 else f"{count:,}"
