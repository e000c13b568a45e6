"""A string in, a waveform out: front end, acoustic model and vocoder together."""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from tts.audio.io import read_audio
from tts.audio.mel import mel_spectrogram
from tts.batch import Prompt, Sampling
from tts.build import build, build_model, model_arguments
from tts.checkpoint import CheckpointError, load_run
from tts.contract import MelContract
from tts.corpus import CorpusFacts
from tts.device import find_device
from tts.errors import UserError
from tts.text.frontend import Frontend
from tts.text.phonemes import Phonemizer
from tts.vocoders.load import default_vocoder
from tts.vocoders.vocoder import Vocoder

OWN_VOICE = Path(__file__).parents[2] / "voices" / "lj"  # trained here
PIECE = 1024  # frames that are vocoded at once: memory does not grow beyond
Control = float | Sequence[float]  # for all tokens, or one value per token of a single sentence


class Speech(NamedTuple):
    """What was said."""

    waveform: np.ndarray  # (S,) float32 in [-1, 1]
    sample_rate: int  # Hz


class SynthesizedSentence(NamedTuple):
    """One spoken sentence with what lies behind it."""

    text: str
    phonemes: str
    waveform: np.ndarray  # (S,)
    mel: Tensor  # (T, M) natural-log magnitude
    durations: Tensor  # (N,) int64 frames, one per phoneme symbol
    pause: float  # seconds of silence that follow
    seconds: dict[str, float]  # that each stage took: text, mel, vocoder
    unknown: tuple[str, ...]  # characters and phones that could not be spoken


class SynthesisControls(NamedTuple):
    """How to speak; numbers, or one value per token of a single sentence."""

    rate: Control = 1.0  # times faster
    pitch: Control = 0.0  # semitones up
    energy: Control = 0.0  # decibels up
    pitch_range: Control = 1.0  # times as far from the speaker's mean: 0 a monotone, 1.3 livelier
    variance_scale: float | None = None  # of the mel, 1.1 is clearer; None: as it was exported
    # and of a model that draws, None for what it was made with:
    prosody_temperature: float | None = None  # of durations, pitch and energy; 0 = the same always
    temperature: float | None = None  # of the mel; 0 = the same always
    steps: int | None = None  # of the solver
    solver: str | None = None  # euler, midpoint
    guidance: float | None = None  # how much more of the style


class Synthesizer:
    """Speaks with a trained model. The vocoder must have the model's mel contract."""

    def __init__(
        self, model: nn.Module, vocoder: Vocoder, frontend: Frontend, facts: CorpusFacts
    ) -> None:
        vocoder.require(facts.contract, "the acoustic model")
        self.model, self.vocoder = model.eval(), vocoder.eval()
        self.frontend, self.facts = frontend, facts
        self.device = next(model.parameters()).device

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str] | None = None,
        device: str = "cpu",
        vocoder: Callable[[MelContract], Vocoder] = default_vocoder,
        phonemizer: Phonemizer | None = None,
    ) -> "Synthesizer":
        """From a run, a checkpoint or a voice (None: the project's own). Nothing in it is executed.

        ``vocoder`` makes one for a contract: by default the one that comes with the project.
        ``phonemizer``: the one the model was trained with, if it is not of this package.
        Raises CheckpointError for a file that is missing, damaged or does not fit this code, and
        UserError for a device that this machine does not have.
        """
        where = find_device(device)
        run = load_run(OWN_VOICE if path is None else path)
        facts = run.require_facts()
        model = build_model(build(model_arguments(run.config["model"])), facts)
        if isinstance(model, Vocoder):
            raise CheckpointError(f"{run.path} is a vocoder: it turns mels into sound, not text")
        run.fill(model)
        assert run.frontend is not None
        frontend = Frontend.from_dict(run.frontend, phonemizer)
        return cls(model.to(where), vocoder(facts.contract).to(where), frontend, facts)

    def speak(
        self,
        text: str,
        speaker: str | None = None,
        language: str | None = None,
        reference: str | os.PathLike[str] | None = None,
        rate: Control = 1.0,
        pitch: Control = 0.0,
        energy: Control = 0.0,
        pitch_range: Control = 1.0,
        variance_scale: float | None = None,
        prosody_temperature: float | None = None,
        temperature: float | None = None,
        steps: int | None = None,
        solver: str | None = None,
        guidance: float | None = None,
        seed: int | None = None,
    ) -> Speech:
        """Long text is split into sentences, spoken, and joined with natural pauses.

        ``speaker``: a name the model knows, by default its first; ``language``: by default the
        speaker's; ``reference``: a recording whose style is copied, for models that listen to one;
        ``seed``: makes a temperature above 0 repeatable; the rest is :class:`SynthesisControls`. Raises
        UserError for what cannot be.
        """
        controls = SynthesisControls(
            rate, pitch, energy, pitch_range, variance_scale,
            prosody_temperature, temperature, steps, solver, guidance,
        )  # fmt: skip
        spoken = self.sentences(text, speaker, language, reference, controls, seed)
        return Speech(np.concatenate(list(joined(spoken, self.sample_rate))), self.sample_rate)

    @property
    def sample_rate(self) -> int:
        return self.facts.contract.sample_rate

    def sentences(
        self,
        text: str,
        speaker: str | None = None,
        language: str | None = None,
        reference: str | os.PathLike[str] | None = None,
        controls: SynthesisControls | None = None,
        seed: int | None = None,
    ) -> Iterator[SynthesizedSentence]:
        """The sentences of :meth:`speak`, each as soon as it is spoken.

        Text that cannot be spoken is refused before the first.
        """
        for said in self._mels(
            text, speaker, language, reference, controls or SynthesisControls(), seed
        ):
            began = time.perf_counter()
            waveform = _samples(self.vocoder.synthesize(said.mel[None], PIECE))
            said.seconds["vocoder"] = time.perf_counter() - began
            yield said._replace(
                waveform=waveform, mel=said.mel.cpu(), durations=said.durations.cpu()
            )

    def stream(
        self,
        text: str,
        speaker: str | None = None,
        language: str | None = None,
        reference: str | os.PathLike[str] | None = None,
        controls: SynthesisControls | None = None,
        seed: int | None = None,
        frames: int = 64,
    ) -> Iterator[np.ndarray]:
        """The samples of :meth:`speak`, in pieces of ``frames`` as they are made, pauses included.

        The first piece is there after one sentence's mel and one piece's vocoding, and memory does
        not grow with the text. A vocoder that is not local (Griffin-Lim) gives whole sentences.
        """
        pause = 0.0
        for said in self._mels(
            text, speaker, language, reference, controls or SynthesisControls(), seed
        ):
            if pause:
                yield np.zeros(round(pause * self.sample_rate), dtype=np.float32)
            for piece in self.vocoder.stream(said.mel[None], frames):
                yield _samples(piece)
            pause = said.pause

    def _mels(
        self,
        text: str,
        speaker: str | None,
        language: str | None,
        reference: str | os.PathLike[str] | None,
        controls: SynthesisControls,
        seed: int | None,
    ) -> Iterator[SynthesizedSentence]:
        """Sentences that have everything but their waveform."""
        speaker_index = self.facts.speaker_index(speaker)
        language_index = self._language(language, speaker_index)
        style = self._reference(reference)
        name = self.facts.languages[language_index]
        parts = self.frontend.sentences(text, name)
        if len(parts) > 1 and any(not isinstance(c, int | float) for c in controls[:4]):
            raise UserError(
                f"a value per token fits one sentence, and this text has {len(parts)}: speak them "
                "one by one"
            )
        if seed is not None:
            torch.manual_seed(seed)
        began = time.perf_counter()
        read = [self.frontend(part, name) for part, _ in parts]
        reading = (time.perf_counter() - began) / len(parts)
        nothing = np.zeros(0, dtype=np.float32)
        for (part, pause), spoken in zip(parts, read, strict=True):
            began = time.perf_counter()
            mel, durations = self._mel(
                spoken.tokens, speaker_index, language_index, style, controls
            )
            seconds = {"text": reading, "mel": time.perf_counter() - began}
            yield SynthesizedSentence(
                part, spoken.phonemes, nothing, mel, durations, pause, seconds, spoken.unknown
            )

    def speak_tokens(
        self,
        tokens: Sequence[int],
        speaker: str | None = None,
        reference: Tensor | None = None,
        controls: SynthesisControls | None = None,
    ) -> Speech:
        """Speak token ids as they are, for instance a prepared corpus's.

        ``reference (1, T, M)``: a log mel, for a model that listens to one; others do not look.
        """
        mel = self.mel_from_tokens(tokens, speaker, reference, controls)
        return Speech(_samples(self.vocoder.synthesize(mel[None], PIECE)), self.sample_rate)

    def mel_from_tokens(
        self,
        tokens: Sequence[int],
        speaker: str | None = None,
        reference: Tensor | None = None,
        controls: SynthesisControls | None = None,
    ) -> Tensor:
        """``(T, M)`` log mel of :meth:`speak_tokens`."""
        index = self.facts.speaker_index(speaker)
        language = self.facts.speaker_languages[index]
        return self._mel(tokens, index, language, reference, controls or SynthesisControls())[0]

    def _mel(
        self,
        tokens: Sequence[int],
        speaker: int,
        language: int,
        reference: Tensor | None,
        controls: SynthesisControls,
    ) -> tuple[Tensor, Tensor]:
        """``(T, M)`` log mel and ``(N,)`` durations of one sentence."""
        device, count = self.device, len(tokens)
        rate, pitch, energy, pitch_range = (
            self._control(name, getattr(controls, name), count)
            for name in ("rate", "pitch", "energy", "pitch_range")
        )
        generated = self.model.generate(  # type: ignore[operator]
            Prompt(
                tokens=torch.tensor([tokens], device=device),
                token_lengths=torch.tensor([count], device=device),
                speaker=torch.tensor([speaker], device=device),
                language=torch.tensor([language], device=device),
                reference=reference,
                rate=rate,
                pitch=pitch,
                energy=energy,
                pitch_range=pitch_range,
                prosody_temperature=controls.prosody_temperature,
                sampling=Sampling(
                    controls.steps, controls.solver, controls.temperature, controls.guidance
                ),
                variance_scale=controls.variance_scale,
            )
        )
        return generated.mel[0], generated.durations[0]

    def _control(self, name: str, value: Control, count: int) -> float | Tensor:
        values = torch.as_tensor(value, dtype=torch.float32, device=self.device)
        if values.ndim and len(values) != count:
            raise UserError(f"{name} has {len(values)} values and the sentence {count} tokens")
        if not torch.isfinite(values).all() or (name == "rate" and (values <= 0).any()):
            raise UserError(f"{name}={value} is not a {'positive ' * (name == 'rate')}number")
        if name == "pitch_range" and ((values < 0) | (values > 5)).any():
            raise UserError(f"pitch_range={value} lies outside 0 to 5")
        if name == "rate" and ((values < 0.1) | (values > 10)).any():
            raise UserError(f"rate={value} lies outside 0.1 to 10")
        return values[None] if values.ndim else float(values)

    def _language(self, language: str | None, speaker: int) -> int:
        if language is None:
            return self.facts.speaker_languages[speaker]
        if language not in self.facts.languages:
            known = ", ".join(self.facts.languages)
            raise UserError(f"language={language!r} is unknown to this model; it speaks {known}")
        return self.facts.languages.index(language)

    def _reference(self, path: str | os.PathLike[str] | None) -> Tensor | None:
        """``(1, T, M)`` log mel of a recording; models that listen to none refuse it."""
        listens = bool(getattr(getattr(self.model, "style", None), "listens", False))
        if path is None:
            if listens:
                raise UserError("this model copies a style: give reference=<a recording>")
            return None
        if not listens:
            raise UserError(
                f"reference={path}: this model was not trained with model/style=reference"
            )
        wave = torch.from_numpy(read_audio(Path(path), self.sample_rate))
        return mel_spectrogram(wave, self.facts.contract)[None].to(self.device)


def _samples(wave: Tensor) -> np.ndarray:
    return wave[0].float().cpu().numpy()


def joined(sentences: Iterable[SynthesizedSentence], sample_rate: int) -> Iterator[np.ndarray]:
    """Waveforms in a row, each followed by its pause; nothing after the last."""
    pause = 0.0
    for sentence in sentences:
        if pause:
            yield np.zeros(round(pause * sample_rate), dtype=np.float32)
        yield sentence.waveform
        pause = sentence.pause
