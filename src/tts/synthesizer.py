"""Text-to-speech synthesizer: front end, acoustic model and vocoder, a string in, samples out."""

# torch is imported where it is used: a voice in ONNX speaks without. The front end too: it is
# imported while a voice in ONNX is loaded
from __future__ import annotations

import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from tts.batch import Prompt
from tts.bounds import SEED
from tts.controls import NEUTRAL, SynthesisControls
from tts.corpus import CorpusFacts
from tts.errors import UserError
from tts.onnx_voice.random_normal import TorchNormal
from tts.onnx_voice.voice import OnnxVoice, is_onnx
from tts.project_files import VOICES
from tts.trust import trusting

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from tts.contract import MelContract
    from tts.device import Precision
    from tts.models.acoustic import AcousticModel, Generated, Refinement
    from tts.speakers.reference import Reference
    from tts.text.analysis import AnalyzedSentence, Cast
    from tts.text.frontend import Frontend
    from tts.text.lexicon import Lexicon
    from tts.text.phonemes import Phonemizer
    from tts.text.spans import Prosody
    from tts.timings import SentenceTiming
    from tts.vocoders.vocoder import Vocoder

    Pronunciations = Lexicon | str | os.PathLike[str] | None

log = logging.getLogger(__name__)
OWN_VOICE = VOICES / "lj"
FADE = 0.01  # seconds of decay where speech is cut off
CUT_OFF = 0.01  # RMS above which it is; silence of a voice is below 0.002
PIECE = 1024  # frames per vocoder call: memory does not grow beyond
FIRST = 16  # frames of a stream's first piece
_MADE = {  # what Synthesizer.load takes
    "vocoder": "functools.partial(tts.vocoders.load.load_vocoder, path=FOLDER, family=None)",
    "phonemizer": "(text, language) -> symbols",
}
_LOADING = threading.RLock()  # torch's random state and hooks belong to the whole process


class Speech(NamedTuple):
    """A synthesized text."""

    waveform: np.ndarray  # (S,) float32 in [-1, 1]
    sample_rate: int  # Hz


class SynthesizedSentence(NamedTuple):
    """One synthesized sentence and its intermediate results."""

    text: str
    phonemes: str  # N symbols, one character each; ``symbols`` are readable
    waveform: np.ndarray  # (S,)
    features: Tensor  # (T, M) natural-log mel, or (T, K) codes: AcousticModel.features
    durations: Tensor | None  # (N,) int64 frames, one per phoneme symbol, if predicted
    pause: float  # seconds of silence that follow
    seconds: dict[str, float]  # wall time per stage: text, mel, vocoder
    unknown: tuple[str, ...]  # characters and phones that were left out
    skipped: tuple[str, ...] = ()  # why pieces of text before it, or behind the last, are left out
    notes: tuple[str, ...] = ()  # what could not be as predicted or as the controls ask
    normalized: str = ""
    language: str = ""
    frame_seconds: float = 0.0  # duration of one of the T frames
    pitch: Tensor | None = None  # (N,) z-score of the speaker's ln F0, if predicted
    energy: Tensor | None = None  # (N,) z-score of log energy, if predicted
    lead: float = 0.0  # seconds of silence before it
    pronounced: tuple[tuple[str, str], ...] = ()  # words with phonemes of their own
    log_variance: Tensor | None = None  # (N,) of ln(frames) of each symbol, if predicted
    refinement: Refinement | None = None  # confidence of codes and rounds (model=masked_codec)
    symbols: tuple[str, ...] = ()  # (N,) those of ``phonemes`` as people read them


class _Sentence(NamedTuple):
    """A sentence to synthesize."""

    line: AnalyzedSentence
    skipped: tuple[str, ...]
    prompt: Prompt
    pause: float
    text_seconds: float


class Synthesizer:
    """Synthesizes speech with a trained acoustic model and a vocoder of the same mel contract.

    A model of codes takes a :class:`~tts.vocoders.codec_decoder.CodecDecoder` as its vocoder.
    ``speaking``: the voice's defaults, on top of which the caller's controls are applied.
    ``lexicon``: pronunciations of every text, on top of those of the front end.
    """

    def __init__(
        self,
        model: AcousticModel[Any],
        vocoder: Vocoder,
        frontend: Frontend,
        facts: CorpusFacts,
        speaking: SynthesisControls = NEUTRAL,
        lexicon: Lexicon | None = None,
    ) -> None:
        vocoder.require(facts.contract_of(model.features), "the acoustic model")
        self.model, self.vocoder = model.eval(), vocoder.eval()
        self.frontend, self.facts, self.speaking = frontend, facts, speaking
        self.lexicon = lexicon
        self._known = {*facts.languages}  # with what was warned of already
        self.device = next(model.parameters()).device
        self._copied: tuple[object, Reference] | None = None  # the last reference, and its file

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str] | None = None,
        device: str = "cpu",
        vocoder: Callable[[MelContract], Vocoder] | None = None,
        phonemizer: Phonemizer | None = None,
        trust: Sequence[str] = (),
        precision: Precision = "auto",
        lexicon: Pronunciations = None,
    ) -> Synthesizer:
        """Load a run, a checkpoint or a voice (None: the project's own); nothing is executed.

        Threads may share a synthesizer, and torch's global random state stays as it was.

        ``vocoder`` makes one for a contract, by default the one that ships with the project; a
        model of codes is decoded by the codec that it carries.
        ``phonemizer``: the one the model was trained with, if it is not part of this package.
        ``trust``: packages, such as your own, whose classes the run may name.
        ``precision``: ``bf16-mixed`` computes the vocoder's large layers in bf16, ``32-true``
        nothing; ``auto``: bf16 on CPUs with AMX, where it is several times faster.
        ``lexicon``: a file of pronunciations (:mod:`tts.text.lexicon`) for every text.
        Raises CheckpointError for a file that is missing, damaged or does not fit this code, and
        UserError for a device that this machine does not have.
        """
        if path is not None and is_onnx(path):
            if device != "cpu" or vocoder is not None or precision not in ("auto", "32-true"):
                raise UserError(
                    f"{path}: a voice in ONNX runs on device=cpu, with its own vocoder, in fp32"
                )
            with trusting(trust):
                voice = OnnxVoice(path, meanwhile=_prepare_reading)
                return OnnxSynthesizer(voice, phonemizer, _lexicon(lexicon))
        for name, made in (("vocoder", vocoder), ("phonemizer", phonemizer)):
            if made is not None and not callable(made):
                raise UserError(f"{name}={made!r:.200}: expected a function, {_MADE[name]}")
        import torch

        from tts.checkpoint import CheckpointError, load_run
        from tts.device import find_device, uses_bfloat16
        from tts.models.acoustic import AcousticModel
        from tts.text.frontend import Frontend
        from tts.vocoders.codec_decoder import load_codec_decoder
        from tts.vocoders.load import default_vocoder

        target = find_device(device)
        bfloat16 = uses_bfloat16(precision, target)
        read = _lexicon(lexicon)
        # a model draws its first weights from torch's random numbers, before it gets its own
        with trusting(trust), _LOADING, torch.random.fork_rng(devices=[]):
            run = load_run(OWN_VOICE if path is None else path)
            facts = run.require_facts()
            model = run.build()
            if not isinstance(model, AcousticModel):
                raise CheckpointError(f"{run.path} is {run.describe()}; give an acoustic model")
            assert run.frontend is not None
            frontend = Frontend.from_dict(run.frontend, phonemizer, str(run.path))
            coded = model.features == "codes"
            made = (
                load_codec_decoder(run) if coded else (vocoder or default_vocoder)(facts.contract)
            )
        if frontend.symbols != facts.symbols:
            raise CheckpointError(f"{run.path}: its front end and its model differ in the symbols")
        try:
            speaking = SynthesisControls.parse(run.speaking)
        except UserError as error:
            raise CheckpointError(f"{run.path}, speaking: {error}") from error
        made = made.to(target)
        if bfloat16:
            made.use_bfloat16()
        return cls(model.to(target), made, frontend, facts, speaking, read)

    @property
    def sample_rate(self) -> int:
        return self.facts.contract.sample_rate

    @property
    def cast(self) -> Cast:
        """The languages and speakers that SSML may name."""
        from tts.text.analysis import Cast

        facts = self.facts
        return Cast.of(facts.languages, facts.speakers, facts.speaker_languages)

    def speak(
        self,
        text: str,
        speaker: str | None = None,
        language: str | None = None,
        reference: str | os.PathLike[str] | None = None,
        seed: int | None = None,
        controls: SynthesisControls = NEUTRAL,
        lexicon: Pronunciations = None,
        **changes: object,
    ) -> Speech:
        """Synthesize a text: split it into sentences and join them with natural pauses.

        The text can have markup: ``[pause 1.5]``, ``[rate 0.8]slowly[/rate]``, phonemes such as
        ``[[ h ə l ˈ oʊ ]]`` (:mod:`tts.text.bracket_markup`), or SSML, if it begins with
        ``<speak`` (:mod:`tts.text.ssml`).
        ``speaker``: a name the model knows, by default its first; ``language``: by default the
        speaker's; ``reference``: a recording whose style is copied, for models that take one;
        ``seed``: from 0 to 2^32 - 1, makes a temperature above 0 repeatable; ``lexicon``:
        pronunciations of this text; ``changes``: single fields of :class:`SynthesisControls`, as in
        ``speak(text, rate=1.1, pitch=-2)``. Raises UserError for text, names or values that the
        model cannot use.
        """
        sentences = self.sentences(
            text, speaker, language, reference, controls.updated(changes), seed, lexicon
        )
        pieces = list(joined(map(_warned, sentences), self.sample_rate))
        return Speech(np.concatenate(pieces), self.sample_rate)

    def analyze(
        self,
        text: str,
        speaker: str | None = None,
        language: str | None = None,
        lexicon: Pronunciations = None,
    ) -> list[AnalyzedSentence]:
        """Return the sentences of a text as :meth:`speak` reads them, without speaking."""
        if not isinstance(text, str):
            raise UserError(f"text={text!r}: expected a string")
        if language is not None and not isinstance(language, str):
            raise UserError(f"language={language!r}: expected a string, such as 'en-us'")
        from tts.text.analysis import analyze

        code = self._language(language, self.facts.speaker_index(speaker))
        lexicons = [one for one in (_lexicon(lexicon), self.lexicon) if one is not None]
        analyzed = analyze(self.frontend, text, code, lexicons, self.cast)
        self.warn_of_untrained((one.language, one.phonemes) for one in analyzed if one.tokens)
        return analyzed

    def sentences(
        self,
        text: str,
        speaker: str | None = None,
        language: str | None = None,
        reference: str | os.PathLike[str] | None = None,
        controls: SynthesisControls = NEUTRAL,
        seed: int | None = None,
        lexicon: Pronunciations = None,
    ) -> Iterator[SynthesizedSentence]:
        """Yield the sentences of :meth:`speak`, each as soon as it is synthesized.

        Raises UserError before the first sentence for text that cannot be synthesized.
        """
        for sentence in self._features(text, speaker, language, reference, controls, seed, lexicon):
            began = time.perf_counter()
            waveform = _samples(self.vocoder.synthesize(sentence.features[None], PIECE))
            sentence.seconds["vocoder"] = time.perf_counter() - began
            durations = None if sentence.durations is None else sentence.durations.cpu()
            yield sentence._replace(
                waveform=_without_click(waveform, self.sample_rate),
                features=sentence.features.cpu(),
                durations=durations,
                frame_seconds=len(waveform) / (self.sample_rate * len(sentence.features)),
            )

    def timings(self, sentences: Iterable[SynthesizedSentence]) -> list[SentenceTiming]:
        """Return when each of :meth:`sentences`, its words and phones are spoken, to a frame.

        Seconds from the beginning of the first, pauses included. Raises UserError for a model that
        predicts no durations.
        """
        from tts.timings import sentence_timing

        found: list[SentenceTiming] = []
        start = 0.0
        for one in sentences:
            if one.durations is None:
                raise UserError("this model has no durations, so there are no timings")
            seconds = [one.frame_seconds * frames for frames in one.durations.tolist()]
            phonemize = partial(self._phonemize, one.language, dict(one.pronounced))
            start += round(one.lead * self.sample_rate) / self.sample_rate
            uncertain = None if one.log_variance is None else one.log_variance.tolist()
            timing = sentence_timing(
                one.text, one.normalized, one.phonemes, seconds, start, phonemize, uncertain,
                one.symbols,
            )  # fmt: skip
            rounds = [] if one.refinement is None else one.refinement.rounds[0].tolist()
            found.append(timing._replace(rounds=tuple(rounds)))
            length = round(len(one.features) * one.frame_seconds * self.sample_rate)
            start += (length + round(one.pause * self.sample_rate)) / self.sample_rate
        return found

    def _phonemize(self, language: str, pronounced: Mapping[str, str], word: str) -> str:
        """Return the phones of one word, which the text can have given."""
        given = pronounced.get(word)
        if given is None:
            return self.frontend.phones(word, language)[0]
        return self.frontend.known(given)[0]

    def stream(
        self,
        text: str,
        speaker: str | None = None,
        language: str | None = None,
        reference: str | os.PathLike[str] | None = None,
        controls: SynthesisControls = NEUTRAL,
        seed: int | None = None,
        frames: int = 128,
        lexicon: Pronunciations = None,
    ) -> Iterator[np.ndarray]:
        """Yield the samples of :meth:`speak` in pieces of up to ``frames``, pauses included.

        A sentence's first piece has 16 frames, each later one twice as many. The first piece needs
        one sentence's mel (``model=autoregressive``: its first frames) and its own vocoding, and
        memory does not grow with the text. A vocoder that is not local (Griffin-Lim) yields full
        sentences.
        """
        pause = 0.0
        _require_frames(frames)
        for sentence in self._prompts(text, speaker, language, reference, controls, seed, lexicon):
            _warn_of(sentence.skipped)
            pause += sentence.line.lead
            if pause:
                yield np.zeros(round(pause * self.sample_rate), dtype=np.float32)
            yield from self._stream_samples(self._pieces(sentence), frames)
            pause = sentence.pause
        if pause:
            yield np.zeros(round(pause * self.sample_rate), dtype=np.float32)

    def stream_sentences(
        self,
        text: str,
        speaker: str | None = None,
        language: str | None = None,
        reference: str | os.PathLike[str] | None = None,
        controls: SynthesisControls = NEUTRAL,
        seed: int | torch.Generator | None = None,
        frames: int = 128,
        lexicon: Pronunciations = None,
    ) -> Iterator[tuple[SynthesizedSentence, Iterator[np.ndarray]]]:
        """Yield each sentence of :meth:`sentences` and its samples in pieces, as :meth:`stream`.

        The sentence has everything but its waveform, before the vocoder starts; its pause is not
        among the samples. ``seed`` can be a generator, which goes on from one text to the next.
        """
        _require_frames(frames)
        for sentence in self._features(text, speaker, language, reference, controls, seed, lexicon):
            # of mels and codes alike, a frame is hop samples
            hop = self.facts.contract_of(self.model.features).hop
            features = sentence.features
            done = sentence._replace(
                features=features.cpu(),
                durations=None if sentence.durations is None else sentence.durations.cpu(),
                frame_seconds=hop / self.sample_rate,
            )
            yield done, self._stream_samples(iter([features[None]]), frames, sentence.lead)

    def _stream_samples(
        self, pieces: Iterator[Tensor], frames: int, lead: float = 0.0
    ) -> Iterator[np.ndarray]:
        """Yield the samples of a sentence's features that arrive in pieces ``(1, t, ...)``.

        ``lead``: seconds of silence before them.
        """
        if lead:
            yield np.zeros(round(lead * self.sample_rate), dtype=np.float32)
        held = np.zeros(0, dtype=np.float32)  # the last milliseconds so far
        for piece in self.vocoder.stream_pieces(pieces, frames, FIRST):
            samples = np.concatenate([held, _samples(piece)])
            ready = max(len(samples) - round(FADE * self.sample_rate), 0)
            if ready:
                yield samples[:ready]
            held = samples[ready:]
        yield _without_click(held, self.sample_rate)

    def _pieces(self, sentence: _Sentence) -> Iterator[Tensor]:
        """Yield the features ``(1, t, ...)`` of a sentence, and log the notes on it."""
        for generated in self.model.stream(sentence.prompt):
            for note in generated.notes:
                log.warning("%s: %s", sentence.line.text, note)
            if generated.features.shape[1]:
                yield generated.features

    def speak_tokens(
        self,
        tokens: Sequence[int],
        speaker: str | None = None,
        reference: Reference | None = None,
        controls: SynthesisControls = NEUTRAL,
        seed: int | None = None,
    ) -> Speech:
        """Synthesize token ids, for instance a prepared corpus's.

        ``reference``: ignored by models that take none.
        """
        generated = self.generate_from_tokens(tokens, speaker, reference, controls, seed)
        return self.speech_of(generated)

    def speech_of(self, generated: Generated) -> Speech:
        """Return the speech of one generated utterance."""
        wave = self.vocoder.synthesize(generated.features, PIECE)
        return Speech(_samples(wave), self.sample_rate)

    def mel_of(self, features: Tensor) -> Tensor:
        """Return the log mel ``(T, M)`` of a sentence's features: of codes, that of their sound."""
        if self.model.features == "mel":
            return features
        from tts.audio.mel import mel_spectrogram

        wave = self.vocoder.synthesize(features[None], PIECE)
        return mel_spectrogram(wave[0], self.facts.contract)

    def generate_from_tokens(
        self,
        tokens: Sequence[int],
        speaker: str | None = None,
        reference: Reference | None = None,
        controls: SynthesisControls = NEUTRAL,
        seed: int | None = None,
        language: str | None = None,
        cloned: bool = False,
    ) -> Generated:
        """Return the model's output for :meth:`speak_tokens`, of one utterance.

        ``language``: by default the speaker's; ``cloned``: the voice is the reference's alone, of
        no speaker of the training.
        """
        index = self.facts.speaker_index(speaker)
        spoken = self.facts.speaker_languages[index]
        if language is not None:
            spoken = self._language_index(language, index)
        prompt = self._prompt(tokens, None if cloned else index, spoken, reference)
        controls = self._controls(prompt, controls.updated({}))
        prompt = prompt._replace(generator=self._generator(seed), controls=controls)
        return self.model.generate(prompt)

    def _prompts(
        self,
        text: str,
        speaker: str | None,
        language: str | None,
        reference: str | os.PathLike[str] | None,
        controls: SynthesisControls,
        seed: int | torch.Generator | None,
        lexicon: Pronunciations,
    ) -> Iterator[_Sentence]:
        """Yield the sentences of a text with their prompts."""
        controls = controls.updated({})  # checked
        self._require_controls(controls)
        speaker_index = self.facts.speaker_index(speaker)
        copied = self._reference(reference)
        # a voice that is copied is no speaker of the corpus, unless both are asked for
        unknown = copied is not None and speaker is None
        began = time.perf_counter()
        analyzed = self.analyze(text, speaker, language, lexicon)
        text_seconds = (time.perf_counter() - began) / len(analyzed)
        if len(analyzed) > 1 and controls.has_per_token():
            raise UserError(
                f"a value per token fits one sentence, and this text has {len(analyzed)}: speak "
                "them one by one"
            )
        generator = self._generator(seed)
        rate = controls.rate if isinstance(controls.rate, float) else 1.0
        sentences = []
        for line, skipped in _spoken(analyzed):
            index = (
                speaker_index if line.speaker is None else self.facts.speaker_index(line.speaker)
            )
            language_index = self._language_index(line.language, index)
            named = None if unknown and line.speaker is None else index
            prompt = self._prompt(line.tokens, named, language_index, copied)
            spoken = self._controls(prompt, controls, line.prosody, text)
            prompt = prompt._replace(generator=generator, controls=spoken)
            pause = line.pause / rate + line.silence
            sentences.append(_Sentence(line, skipped, prompt, pause, text_seconds))
        yield from sentences

    def _features(
        self,
        text: str,
        speaker: str | None,
        language: str | None,
        reference: str | os.PathLike[str] | None,
        controls: SynthesisControls,
        seed: int | torch.Generator | None,
        lexicon: Pronunciations,
    ) -> Iterator[SynthesizedSentence]:
        """Yield sentences without their waveform."""
        empty = np.zeros(0, dtype=np.float32)
        for sentence in self._prompts(text, speaker, language, reference, controls, seed, lexicon):
            began = time.perf_counter()
            line = sentence.line
            generated = self.model.generate(sentence.prompt)
            for note in generated.notes:
                log.warning("%s: %s", line.text, note)
            durations, pitch, energy, deviation = (
                None if values is None else values[0]
                for values in (
                    generated.durations, generated.pitch, generated.energy,
                    generated.duration_deviation,
                )
            )  # fmt: skip
            uncertain = None if deviation is None else 2 * deviation.cpu().log()
            seconds = {"text": sentence.text_seconds, "mel": time.perf_counter() - began}
            yield SynthesizedSentence(
                line.text, line.phonemes, empty, generated.features[0], durations, sentence.pause,
                seconds, line.unknown, sentence.skipped, generated.notes, line.normalized,
                line.language, pitch=pitch, energy=energy, lead=line.lead,
                pronounced=line.pronounced, log_variance=uncertain,
                refinement=generated.refinement,
                symbols=self.frontend.table.shown(line.phonemes),
            )  # fmt: skip

    def _generator(self, seed: int | torch.Generator | None) -> torch.Generator:
        """Return a generator of the call's own, so that threads and the caller's are independent.

        Without a seed it differs in every call.
        """
        import torch

        if isinstance(seed, torch.Generator):
            return seed
        generator = torch.Generator(self.device)
        if seed is None:
            generator.seed()
        else:
            generator.manual_seed(checked_seed(seed))
        return generator

    def _prompt(
        self,
        tokens: Sequence[int],
        speaker: int | None,
        language: int,
        reference: Reference | None,
    ) -> Prompt:
        """Return the prompt of one utterance; speaker None: the reference's, of no corpus."""
        import torch

        prompt = Prompt(
            tokens=torch.tensor([tokens], device=self.device),
            token_lengths=torch.tensor([len(tokens)], device=self.device),
            speaker=None if speaker is None else torch.tensor([speaker], device=self.device),
            language=torch.tensor([language], device=self.device),
        )
        if reference is None:
            return prompt
        statistics = reference.statistics if speaker is None else None
        return prompt._replace(
            reference=reference.mel, embedding=reference.embedding, statistics=statistics
        )

    def _controls(
        self,
        prompt: Prompt,
        controls: SynthesisControls,
        prosody: Sequence[Prosody] = (),
        text: str = "",
    ) -> SynthesisControls:
        """Return the controls of one sentence, with its markup, on top of the voice's own.

        Raises UserError for markup that the model does not take, which names the tag in ``text``,
        and for values that together leave the range of a control.
        """
        count = prompt.tokens.shape[1]
        controls = controls.for_tokens(count, self.device)
        if not prosody:
            return controls.on(self.speaking)
        marked = _controls_of(prosody)
        self._require_markup(marked, text)
        controls = controls.on(marked.for_tokens(count, self.device), "the tags'")
        return controls.on(self.speaking, ours="with the tags, ")

    def _require_markup(self, marked: SynthesisControls, text: str) -> None:
        """Raise UserError naming the first tag in ``text`` that the model does not take."""
        from tts.text.tag_places import tag_place

        for name in marked.changed():
            try:
                self._require_controls(marked.only([name]))
            except UserError as error:
                _, _, reason = str(error).partition(": ")
                raise UserError(
                    f"{tag_place(text, name, self.frontend.symbols)}: {reason}"
                ) from error

    def _require_controls(self, controls: SynthesisControls) -> None:
        """Raise UserError naming the first changed control that the model does not take."""
        self.model.require_controls(controls)

    def _language(self, language: str | None, speaker: int) -> str:
        """Return the language to read a text in, which the model may not know.

        Raises UserError for a language that the front end cannot read either.
        """
        from tts.text.auto_language import AUTO
        from tts.text.errors import TextError, shortened

        languages = self.facts.languages
        if language is None:
            return languages[self.facts.speaker_languages[speaker]]
        if language in languages or language == AUTO:
            return language
        try:
            self.frontend.phones("a", language)
        except TextError as error:
            raise UserError(
                f"language={shortened(language)} is unknown to this model; choose from "
                f"{', '.join(languages)}, or auto ({error})"
            ) from error
        return language

    def _language_index(self, language: str, speaker: int) -> int:
        """Return a language's index, the speaker's where the model does not know the language."""
        known = self.facts.languages
        return known.index(language) if language in known else self.facts.speaker_languages[speaker]

    def warn_of_untrained(self, sentences: Iterable[tuple[str, str]]) -> None:
        """Warn once of each language and each phone that the model was never trained on.

        ``sentences``: the language and the phonemes of each.
        """
        from tts.text.symbols import SILENT, shown

        spoken = list(sentences)
        languages = dict.fromkeys(code for code, _ in spoken if code not in self._known)
        codes = (code for _, phonemes in spoken for code in phonemes if code not in SILENT)
        phones = self.frontend.table.shown(dict.fromkeys(codes))
        symbols = [symbol for symbol in self.facts.untrained(phones) if symbol not in self._known]
        self._known |= {*languages, *symbols}
        named = shown(symbols)
        if languages:
            log.warning(
                "this voice was never trained on language=%s, and reads its phonemes in its own "
                "accent%s",
                ", ".join(languages),
                f"; phonemes that it never had: {named}" if symbols else "",
            )
        elif symbols:
            log.warning("phonemes that this voice was never trained on: %s", named)

    def _reference(self, path: str | os.PathLike[str] | None) -> Reference | None:
        """Return what is copied of a recording, or None without one.

        Raises UserError for a recording that is required, that the model does not take, or in
        which no usable speech is found.
        """
        if path is None:
            if self.model.reference == "required":
                raise UserError("this model copies the style of a recording: give reference=FILE")
            return None
        if self.model.reference == "none" and not self.model.takes_embedding:
            raise UserError(
                f"reference={path}: this model was not trained with model/style=reference or "
                "model/style=composed"
            )
        from tts.speakers.reference import read_reference

        stated = _stated(path)
        if stated is not None and self._copied is not None and self._copied[0] == stated:
            return self._copied[1]
        reference = read_reference(path, self.facts.contract, self.model.takes_embedding)
        frames, seconds = reference.mel.shape[1], self.facts.contract.seconds
        if frames < (least := self.model.shortest_reference):
            raise UserError(
                f"reference={path}: {seconds(frames):.2f} s is too short, the style encoder "
                f"sees {seconds(least):.2f} s at once; give a longer recording"
            )
        reference = reference.to(self.device)
        self._copied = stated, reference
        return reference


def _stated(path: str | os.PathLike[str]) -> object:
    """Return what tells a file from another and from its later versions."""
    with suppress(OSError):
        stat = os.stat(path)
        return os.fspath(path), stat.st_size, stat.st_mtime_ns
    return None


def _lexicon(given: Pronunciations) -> Lexicon | None:
    from tts.text.lexicon import Lexicon

    if not isinstance(given, Lexicon | str | os.PathLike | None):
        raise UserError(f"lexicon={given!r}: expected the path of a file")
    return given if given is None or isinstance(given, Lexicon) else Lexicon.read(given)


def _controls_of(prosody: Sequence[Prosody]) -> SynthesisControls:
    """Return the controls of markup: one number where all tokens have the same."""
    from tts.text.spans import BOUNDS

    values = {name: [getattr(one, name) for one in prosody] for name in BOUNDS}
    same = {name: many[0] if len(set(many)) == 1 else many for name, many in values.items()}
    return NEUTRAL.updated(same)


class OnnxSynthesizer(Synthesizer):
    """A :class:`Synthesizer` of a voice in ONNX, which does without torch.

    It has no ``model`` and no ``vocoder``: its graph contains both, and what needs one of them
    raises UserError. Features and durations are numpy's arrays.
    """

    def __init__(
        self,
        voice: OnnxVoice,
        phonemizer: Phonemizer | None = None,
        lexicon: Lexicon | None = None,
    ) -> None:
        self.voice, self.facts, self.speaking = voice, voice.facts, voice.speaking
        self.lexicon = lexicon
        self._known = {*self.facts.languages}
        self.device = cast(Any, None)  # numbers per token are numpy's arrays
        from tts.text.frontend import Frontend

        self.frontend = Frontend.from_dict(voice.card["frontend"], phonemizer, str(voice.path))

    def sentences(
        self,
        text: str,
        speaker: str | None = None,
        language: str | None = None,
        reference: str | os.PathLike[str] | None = None,
        controls: SynthesisControls = NEUTRAL,
        seed: int | None = None,
        lexicon: Pronunciations = None,
    ) -> Iterator[SynthesizedSentence]:
        for sentence in self._prompts(text, speaker, language, reference, controls, seed, lexicon):
            began = time.perf_counter()
            prompt, line = sentence.prompt, sentence.line
            spoken: Any = self.voice.speak(prompt)  # of numpy's arrays
            yield SynthesizedSentence(
                line.text, line.phonemes, _without_click(spoken.waveform, self.sample_rate),
                spoken.mel, spoken.durations, sentence.pause,
                {"text": sentence.text_seconds, "speech": time.perf_counter() - began},
                line.unknown, sentence.skipped, (), line.normalized, line.language,
                frame_seconds=self.facts.contract.seconds(1), lead=line.lead,
                pronounced=line.pronounced, log_variance=spoken.log_variance,
                symbols=self.frontend.table.shown(line.phonemes),
            )  # fmt: skip

    def stream(
        self,
        text: str,
        speaker: str | None = None,
        language: str | None = None,
        reference: str | os.PathLike[str] | None = None,
        controls: SynthesisControls = NEUTRAL,
        seed: int | None = None,
        frames: int = 128,
        lexicon: Pronunciations = None,
    ) -> Iterator[np.ndarray]:
        """Yield the samples of :meth:`speak`, a whole sentence at a time: ``frames`` is ignored."""
        sentences = self.sentences(text, speaker, language, reference, controls, seed, lexicon)
        yield from joined(map(_warned, sentences), self.sample_rate)

    def __getattr__(self, name: str) -> Any:
        if name in ("model", "vocoder"):
            raise UserError(
                f"{self.voice.path}: a voice in ONNX speaks and does nothing else; give the run or "
                "the voice's folder that it was exported from"
            )
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    def mel_of(self, features: Any) -> Any:
        return features

    def _generator(self, seed: int | torch.Generator | None) -> Any:
        if hasattr(seed, "manual_seed"):
            raise UserError(f"{self.voice.path}: a voice in ONNX takes a seed, not a generator")
        return TorchNormal(secrets.randbits(32) if seed is None else checked_seed(seed))

    def _prompt(
        self, tokens: Sequence[int], speaker: int | None, language: int, reference: Any
    ) -> Prompt:
        named = None if speaker is None else np.array([speaker])
        prompt = cast(Any, Prompt)(
            np.array([tokens]), np.array([len(tokens)]), named, np.array([language])
        )
        if reference is None:
            return prompt
        statistics = reference.statistics if speaker is None else None
        return prompt._replace(
            reference=reference.mel, embedding=reference.embedding, statistics=statistics
        )

    def _require_controls(self, controls: SynthesisControls) -> None:
        self.voice.require_controls(controls)

    def _reference(self, path: str | os.PathLike[str] | None) -> Any:
        return self.voice.reference(path)


def _prepare_reading() -> None:
    """Import what reads a text, and read a word of English, which starts espeak-ng."""
    from tts.text.analysis import analyze
    from tts.text.frontend import Frontend

    TorchNormal(0)  # numpy imports its random numbers when they are first used
    with suppress(Exception):  # the first sentence says what is wrong
        analyze(Frontend(), "One.", "en-us")


def checked_seed(seed: object) -> int:
    """Return a seed, which can be numpy's whole number.

    Raises UserError for what the command line does not take either.
    """
    whole = isinstance(seed, int | np.integer) and not isinstance(seed, bool)
    if not whole or not SEED.accepts(number := int(cast(int, seed))):
        raise UserError(f"seed={seed!r}: expected {SEED.words(whole=True)}")
    return number


def _require_frames(frames: int) -> None:
    if not frames >= 1:
        raise UserError(f"frames={frames}: a piece has a whole number of frames, 1 or more")


def _warned(sentence: SynthesizedSentence) -> SynthesizedSentence:
    """Return ``sentence`` after a warning of the pieces of the text that were skipped around it."""
    _warn_of(sentence.skipped)
    return sentence


def _warn_of(skipped: Iterable[str]) -> None:
    for reason in skipped:
        log.warning("skipped a piece: %s", reason)


def _samples(wave: Tensor) -> np.ndarray:
    return wave[0].float().cpu().numpy()


def _spoken(
    sentences: Iterable[AnalyzedSentence],
) -> Iterator[tuple[AnalyzedSentence, tuple[str, ...]]]:
    """Yield the sentences with tokens, each with the reasons of the pieces skipped before it.

    The last one has those of the pieces behind it too.
    """
    last, skipped = None, []
    for sentence in sentences:
        if not sentence.tokens:
            skipped.append(sentence.skipped)
        else:
            if last is not None:
                yield last
            last, skipped = (sentence, tuple(skipped)), []
    if last is not None:
        yield last[0], (*last[1], *skipped)


def _without_click(waveform: np.ndarray, sample_rate: int) -> np.ndarray:
    """Let the last milliseconds of ``(S,)`` samples fall to zero if speech is cut off there."""
    count = min(round(FADE * sample_rate), len(waveform))
    end = waveform[len(waveform) - count :]
    if np.square(end).sum() <= count * CUT_OFF**2:
        return waveform
    return np.concatenate(
        [waveform[: len(waveform) - count], end * np.linspace(1, 0, count, dtype=end.dtype)]
    )


def joined(sentences: Iterable[SynthesizedSentence], sample_rate: int) -> Iterator[np.ndarray]:
    """Yield waveforms with the silences before and after them."""
    for sentence in sentences:
        if sentence.lead:
            yield np.zeros(round(sentence.lead * sample_rate), dtype=np.float32)
        yield sentence.waveform
        if sentence.pause:
            yield np.zeros(round(sentence.pause * sample_rate), dtype=np.float32)
