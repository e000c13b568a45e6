"""Editing of a recording: which words are replaced, and which samples stay as they were."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from fakes import composed, model_factory

from tests.metrics.recordings import synthesize
from tests.models.assemble import facts
from tts.audio.io import audio_format, read_audio
from tts.audio.writer import audio_writer, stored_as
from tts.controls import SynthesisControls
from tts.editing import kept_symbols, replace_words
from tts.errors import UserError
from tts.models.replacement import plan_replacement
from tts.project_files import VOICES
from tts.synthesis.edit import edit
from tts.synthesizer import Synthesizer
from tts.text.frontend import Frontend
from tts.text.symbols import SYMBOLS
from tts.vocoders.codec_decoder import CodecDecoder
from tts.vocoders.griffin_lim import GriffinLim


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (" a bc d. ", " a xy d. ", (3, 4)),
        (" a bc d. ", " a bx d. ", (3, 4)),  # the whole word
        (" a bc d. ", " a d. ", (3, 3)),
        (" a d. ", " a bc d. ", (3, 3)),
        (" a b b. ", " a b b b. ", (5, 3)),
        (" a. ", " b. ", (1, 1)),
    ],
)
def test_whole_words_are_replaced(old: str, new: str, expected: tuple[int, int]) -> None:
    assert kept_symbols(old, new) == expected
    before, behind = expected
    assert old[:before] + new[before : len(new) - behind] + old[len(old) - behind :] == new


def test_equal_texts_have_nothing_to_replace() -> None:
    with pytest.raises(UserError, match="there is nothing to replace"):
        kept_symbols(" a. ", " a. ")


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize(("before", "behind"), [(0, 0), (2, 2), (0, 5), (4, 1), (3, 2)])
@pytest.mark.parametrize("new", [5, 6, 9])
def test_kept_code_frames_stay_whole(stride: int, before: int, behind: int, new: int) -> None:
    durations = torch.tensor([3, 7, 1, 4, 5, 8][: before + behind + 1])
    predicted = torch.linspace(1, 6, new)
    if before + behind > new:
        return
    plan = plan_replacement(durations, predicted, before, behind, stride)
    spoken, old = plan.durations[0], len(durations)
    assert len(spoken) == new
    moved = (spoken[:before] - durations[:before]).sum()
    moved += (spoken[new - behind :] - durations[old - behind :]).sum()
    assert 0 <= moved < stride  # padding of a neighbor, where nothing is new
    assert bool((spoken >= 1).all())
    assert plan.start * stride <= int(durations[:before].sum())
    assert plan.end * stride >= min(int(durations[: old - behind].sum()), int(durations.sum()))
    frames = -(-int(spoken.sum()) // stride)
    assert frames - plan.new_end == -(-int(durations.sum()) // stride) - plan.end
    assert plan.new_end >= plan.start


@pytest.fixture(scope="module")
def voice() -> Synthesizer:
    torch.manual_seed(0)
    contract = facts().contract
    codec = model_factory(composed("train", "model=codec", "model/size=tiny"))(contract)
    known = replace(facts(), symbols=tuple(SYMBOLS), codec=codec.contract)
    config = composed("train", "model=masked_codec", "model/size=tiny", "model/style=reference")
    model = model_factory(config)(facts=known)
    return Synthesizer(model, CodecDecoder(codec.eval()), Frontend(), known)


def test_samples_outside_are_the_recordings(voice: Synthesizer, tmp_path: Path) -> None:
    path = tmp_path / "take.wav"
    generator = np.random.default_rng(0)
    soundfile.write(path, 0.1 * generator.standard_normal(45_001), 22_050, subtype="FLOAT")
    wave = read_audio(path, 22_050)
    old, new = "We met on Monday morning.", "We met last Friday morning."
    edited = replace_words(voice, path, old, new, seed=1)
    samples = edited.speech.waveform
    rest = len(samples) - edited.end
    assert 0 < edited.start < edited.end < len(samples)
    assert np.array_equal(samples[: edited.start], wave[: edited.start])
    assert np.array_equal(samples[edited.end :], wave[len(wave) - rest :])
    assert not np.array_equal(samples[edited.start : edited.end], wave[edited.start : edited.end])
    refinement = edited.generated.refinement
    assert refinement is not None
    assert bool((refinement.rounds > 0).all())
    new_frames = (refinement.decided > 0).all(-1).sum()
    assert edited.end - edited.start == int(new_frames) * 512 + 2 * 220
    copied = tmp_path / "speech.wav"
    soundfile.write(copied, synthesize("A recording of some seconds.", "f3"), 22_050)
    [sentence] = voice.sentences("Yes.", reference=copied, seed=1)
    assert sentence.refinement is not None
    assert sentence.refinement.rounds.tolist() == [[8] + [1] * 7]
    assert voice.timings([sentence])[0].rounds == (8, *[1] * 7)
    assert sentence.log_variance is not None
    assert len(sentence.log_variance) == len(sentence.phonemes)
    again = replace_words(voice, path, old, new, seed=1)
    assert np.array_equal(again.speech.waveform, samples)


@pytest.mark.parametrize(
    ("new", "message"),
    [
        ("We met on 🙂 morning.", "^new_text: nothing of the new words '🙂' can be read"),
        ("We met on 🙂.", "^new_text: nothing of the new words '🙂.' can be read"),
        ("你好", "^new_text: nothing in the text '你好' can be synthesized"),
        ("", "^new_text: the text '' is empty"),
    ],
)
def test_new_words_that_cannot_be_read_are_an_error(
    voice: Synthesizer, new: str, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        replace_words(voice, "none.wav", "We met on Monday morning.", new)


def test_what_is_left_out_or_was_never_trained_is_a_warning(
    voice: Synthesizer, caplog: pytest.LogCaptureFixture
) -> None:
    new = "We met 🙂 on 你好 evening."
    with pytest.raises(UserError, match="no such file"):
        replace_words(voice, "none.wav", "We met on Monday morning.", new)
    assert caplog.messages[0] == "left out, because no symbol exists: 🙂"
    caplog.clear()
    with pytest.raises(UserError, match="no such file"):
        replace_words(voice, "none.wav", "We met on Monday.", "We met on Friday — twice.")
    assert not caplog.messages


def test_a_recording_that_does_not_say_the_text_is_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, few = tmp_path / "take.wav", SynthesisControls.parse({"iterations": 1})
    spoken = Synthesizer.load(VOICES / "kathleen").speak("We met on Monday morning.", seed=1)
    soundfile.write(path, spoken.waveform, spoken.sample_rate)
    editor = Synthesizer.load(VOICES / "kathleen_codes")
    for text, warned in (("We met on Monday morning.", False), ("Open doors are cold.", True)):
        caplog.clear()
        replace_words(editor, path, text, f"{text[:-1]} again.", seed=1, controls=few)
        assert ("does not seem to say text=" in caplog.text) == warned


def test_an_edit_that_would_lose_something_is_refused(tmp_path: Path) -> None:
    recording, link = tmp_path / "a.wav", tmp_path / "b.wav"
    soundfile.write(recording, np.zeros(9_000), 22_050)
    link.symlink_to(recording)
    before = recording.read_bytes()
    for changed, message in (
        (["replace=Monday", "with=Friday", f"out={recording}"], "is the file of recording="),
        (["replace=Monday", "with=Friday", f"out={link}"], "is the file of recording="),
        (["replace='On Monday'", "with=''"], "^with= is empty and replace= is all of text="),
        (["new_text=''"], "^new_text= is empty"),
        (["new_text=Hi", "text=''"], "^text= is empty"),
    ):
        given = [
            f"recording={recording}",
            "text='On Monday.'",
            "run=/none",
            f"out={tmp_path}/c.wav",
        ]
        with pytest.raises(UserError, match=message):
            edit(composed("edit", *given, *changed))
    assert recording.read_bytes() == before


def test_a_recording_of_another_rate_keeps_it(voice: Synthesizer, tmp_path: Path) -> None:
    path, copy = tmp_path / "take.wav", tmp_path / "copy.flac"
    noise = np.random.default_rng(0).uniform(-1, 1, 40_000)
    soundfile.write(path, noise, 16_000, subtype="PCM_24")
    few = SynthesisControls.parse({"iterations": 1})
    edited = replace_words(
        voice, path, "We met on Monday.", "We met on Friday.", seed=1, controls=few
    )
    samples, rate = edited.speech
    assert rate == 16_000
    with audio_writer(copy, rate, stored_as(copy, audio_format(path).subtype)) as write:
        write(samples)
    wave, after = (soundfile.read(each, dtype="int32")[0] for each in (path, copy))
    assert np.array_equal(after[: edited.start], wave[: edited.start])
    rest = len(after) - edited.end
    assert np.array_equal(after[edited.end :], wave[len(wave) - rest :])


@pytest.mark.parametrize(
    ("subtype", "suffix"), [("PCM_16", "wav"), ("FLOAT", "wav"), ("PCM_16", "flac")]
)
def test_samples_are_stored_as_they_were(subtype: str, suffix: str, tmp_path: Path) -> None:
    numbers = np.array([-(2**15), -(2**15) + 1, -1, 0, 1, 2**14, 2**15 - 1], dtype=np.int16)
    source, copy = tmp_path / "a.wav", tmp_path / f"b.{suffix}"
    soundfile.write(source, numbers, 8000, subtype="PCM_16")
    with audio_writer(copy, 8000, stored_as(copy, subtype)) as write:
        write(read_audio(source, 8000))
    assert np.array_equal(soundfile.read(copy)[0] * 2**15, numbers)


def test_a_recording_that_cannot_be_edited_is_one_clear_error(
    voice: Synthesizer, tmp_path: Path
) -> None:
    path = tmp_path / "short.wav"
    soundfile.write(path, np.zeros(9_000, dtype=np.float32), 22_050)
    with pytest.raises(UserError, match="s of the recording remain, and its style needs"):
        replace_words(voice, path, "Yes.", "No.")
    soundfile.write(path, np.zeros(2_600, dtype=np.float32), 22_050)
    with pytest.raises(
        UserError, match=r"text= is longer than recording= can hold: \d+ sounds in 0\.13 s"
    ):
        replace_words(voice, path, "We met on Monday morning.", "We met on Friday morning.")
    with pytest.raises(UserError, match="silent; record it again"):
        voice.speak("Yes.", reference=path)
    config = composed("train", "model/size=tiny")
    model = model_factory(config)(facts=voice.facts)
    plain = Synthesizer(model, GriffinLim(voice.facts.contract), voice.frontend, voice.facts)
    with pytest.raises(UserError, match="needs a voice of model=masked_codec"):
        replace_words(plain, path, "Yes.", "No.")
