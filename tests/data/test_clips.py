"""Clips for vocoders: every frame is used, none twice, and mel and samples fit together."""

from itertools import pairwise
from pathlib import Path

import pytest
import torch

from tests.data.recordings import ljspeech
from tts.audio.mel import mel_spectrogram
from tts.contract import MelContract
from tts.data.clips import ClipDataset, ClipSampler, ClipSettings, validation_cuts
from tts.data.corpora.ljspeech import LJSpeech
from tts.data.data_settings import DataSettings
from tts.data.datamodule import SpeechDataModule
from tts.data.dataset import SpeechDataset
from tts.data.prepare import prepare
from tts.data.prepare_settings import PrepareSettings
from tts.data.store import PreparedCorpus
from tts.errors import UserError
from tts.text.frontend import Frontend

LENGTHS = [100, 37, 64, 250, 31, 32]
SETTINGS = ClipSettings(frames=32, per_batch=3)


def epoch(sampler: ClipSampler, number: int) -> list[tuple[int, int, int]]:
    sampler.set_epoch(number)
    return [cut for batch in sampler for cut in batch]


def test_an_epoch_cuts_each_utterance_into_all_that_fits_without_overlap() -> None:
    sampler = ClipSampler(LENGTHS, ClipSettings(frames=32, per_batch=1))
    cuts = epoch(sampler, 0)
    assert len(cuts) == len(sampler) == sum(n // 32 for n in LENGTHS)
    for row, length in enumerate(LENGTHS):
        starts = sorted(start for r, start, _ in cuts if r == row)
        assert len(starts) == length // 32
        assert all(b - a >= 32 for a, b in pairwise(starts))
        assert not starts or (starts[0] >= 0 and starts[-1] + 32 <= length)


def test_over_epochs_every_frame_is_used() -> None:
    sampler = ClipSampler([75], ClipSettings(frames=32, per_batch=1))
    used = set()
    for number in range(200):
        for _, start, frames in epoch(sampler, number):
            used |= set(range(start, start + frames))
    assert used == set(range(75))


def test_ranks_share_an_epoch_and_no_clip_comes_twice() -> None:
    ranks = [ClipSampler(LENGTHS, SETTINGS, rank=rank, ranks=2) for rank in range(2)]
    cuts = [epoch(sampler, 3) for sampler in ranks]
    assert len(cuts[0]) == len(cuts[1])
    assert not set(cuts[0]) & set(cuts[1])


def test_it_resumes_in_the_middle_of_an_epoch() -> None:
    full = ClipSampler(LENGTHS, SETTINGS, seed=5)
    epochs = []
    for number in range(3):
        full.set_epoch(number)
        epochs += list(full)
    resumed = ClipSampler(LENGTHS, SETTINGS, seed=5)
    consumed = len(full) + 2
    resumed.resume(consumed)
    assert list(resumed) == epochs[consumed : 2 * len(full)]


def test_too_little_speech_is_rejected() -> None:
    with pytest.raises(UserError, match=r"2 clips .*frames=32.*per_batch=16"):
        ClipSampler([40, 33], ClipSettings())
    with pytest.raises(UserError, match=r"data\.clips\.frames=0"):
        ClipSettings(frames=0)


def test_mel_and_audio_of_a_clip_are_of_the_same_time(tmp_path: Path) -> None:
    contract = MelContract()
    settings = PrepareSettings(max_dropped=1.0, max_outlier=1e9)
    corpora = [LJSpeech(ljspeech(tmp_path / "c"))]
    (folder,) = prepare(corpora, Frontend(), contract, tmp_path / "o", settings, 0, False)
    corpus = PreparedCorpus.open(folder)
    data = SpeechDataset([corpus], None, corpus.facts)
    assert len(data) == len(corpus.rows)
    clips = ClipDataset(data)[[(0, 5, 40), (1, 0, 40)]]
    assert clips.mel.shape == (2, 40, 80)
    assert clips.audio.shape == (2, 40 * 256)
    full = data.audio(0)
    assert torch.equal(clips.audio[0], full[5 * 256 : 45 * 256])
    # frames whose window lies inside the clip are those of its samples; half precision on disk
    again = mel_spectrogram(clips.audio[0], contract)
    assert torch.allclose(again[2:-2], clips.mel[0, 2:-2], atol=0.02)


def test_validation_cuts_the_middle_of_the_same_utterances() -> None:
    settings = ClipSettings(validation_clips=3, validation_frames=50)
    cuts = validation_cuts(LENGTHS, settings)
    assert cuts == [[(0, 25, 50)], [(2, 7, 50)], [(4, 0, 31)]]
    shared = [validation_cuts(LENGTHS, settings, rank, 2) for rank in range(2)]
    assert [len(part) for part in shared] == [1, 1]
    assert shared[0] != shared[1]


def test_speech_without_texts_trains_vocoders_only(tmp_path: Path) -> None:
    root = ljspeech(tmp_path / "c")
    ids = [line.split("|")[0] for line in (root / "metadata.csv").read_text().splitlines()]
    (root / "metadata.csv").write_text("".join(f"{name}|{name[-1]}|\n" for name in ids))
    corpus = LJSpeech(root, transcribed=False)

    def module(clips: ClipSettings | None) -> SpeechDataModule:
        settings = DataSettings(
            str(tmp_path / "o"),
            PrepareSettings(validation_share=0.3),
            prepare_workers=0,
            clips=clips,
        )
        return SpeechDataModule([corpus], Frontend(), MelContract(), settings)

    data = module(ClipSettings(frames=16, per_batch=2))
    data.prepare_data()
    assert len(data.facts.speakers) == len(ids)  # each has another
    batch = next(iter(data.train_dataloader()))
    assert batch.mel.shape == (2, 16, 80)
    assert len(data.dataset("validation")) == 2  # split by utterance where there are no texts
    with pytest.raises(UserError, match="has no text"):
        module(None).setup()
