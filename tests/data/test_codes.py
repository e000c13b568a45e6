"""Codes in prepared corpora: made once per codec, batched with the mels, checked by contract."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from fakes import FACTS, composed
from torch import Tensor

from tests.data.recordings import TEXTS, ljspeech
from tts.batch import Batch
from tts.checkpoint import save_atomic
from tts.config.corpora import prepare_from_config
from tts.contract import CodecContract, ContractError, MelContract
from tts.data import prepare as module
from tts.data.clips import ClipSettings
from tts.data.codes import prepare_codes
from tts.data.corpora.ljspeech import LJSpeech
from tts.data.data_settings import DataSettings
from tts.data.datamodule import SpeechDataModule
from tts.data.dataset import SpeechDataset
from tts.data.prepare import prepare
from tts.data.prepare_settings import PrepareSettings
from tts.data.store import CODEC, PreparedCorpus, StoreError, codes_folder
from tts.errors import UserError
from tts.masks import mask_from_lengths
from tts.text.frontend import Frontend
from tts.training.resume import require_same_speech
from tts.vocoders.codec import Codec
from tts.vocoders.mel_rvq import MelRVQ, fit_mel_rvq

CONTRACT = MelContract()


class LevelCodec(Codec):
    """One code per ``hop`` samples: the rounded peak. Counts the utterances encoded."""

    def __init__(self, hop: int = 512, mel: MelContract = CONTRACT) -> None:
        super().__init__(mel, hop, codebooks=1, codebook_size=100)
        self.encoded = 0

    def encode(self, waveform: Tensor) -> Tensor:
        self.encoded += len(waveform)
        samples = torch.nn.functional.pad(waveform, (0, -waveform.shape[-1] % self.hop))
        peaks = samples.unflatten(-1, (-1, self.hop)).abs().amax(-1)
        return (peaks * 99).round().long()[..., None]


def run(root: Path, out: Path, codec: Codec | None = None) -> Path:
    settings = PrepareSettings(validation_share=0.34)
    (folder,) = prepare([LJSpeech(root)], Frontend(), CONTRACT, out, settings, 0, False, codec)
    return folder


def data_module(root: Path, out: Path, codec: Path | None) -> SpeechDataModule:
    settings = DataSettings(
        str(out), PrepareSettings(validation_share=0.34), prepare_workers=0, workers=0,
        codec=None if codec is None else str(codec), frames_per_batch=600,
    )  # fmt: skip
    data = SpeechDataModule([LJSpeech(root)], Frontend(), CONTRACT, settings)
    data.prepare_data()
    return data


def fitted(folder: Path, codebooks: int = 2) -> MelRVQ:
    corpus = PreparedCorpus.open(folder)
    mels = torch.cat([corpus.read(row, ("mel",))["mel"] for row in corpus.rows])
    return fit_mel_rvq(mels, CONTRACT, codebooks, codebook_size=8, rounds=3)


def stamps(folder: Path) -> dict[str, int]:
    """Modification times of everything but the codes."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != ".lock"]
    names = {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in files}
    return {name: time for name, time in names.items() if not name.startswith("codes-")}


def test_batches_contain_the_codes_of_their_recordings(tmp_path: Path) -> None:
    root, out = ljspeech(tmp_path / "c"), tmp_path / "out"
    codec = fitted(run(root, out))
    codec.save(tmp_path / "codec")
    plain, coded = data_module(root, out, None), data_module(root, out, tmp_path / "codec")
    assert plain.facts.codec is None
    assert coded.facts.codec == codec.contract
    assert len(list(out.iterdir())) == 1  # the codec adds to the folder
    part = coded.dataset("train")
    pairs = zip(plain.train_dataloader(), coded.train_dataloader(), strict=True)
    for without, batch in pairs:
        assert without.codes is without.code_lengths is None
        assert batch.codes.dtype == torch.int64
        assert torch.equal(batch.code_lengths, batch.frame_lengths)  # both have the mel's hop
        assert not batch.codes[~mask_from_lengths(batch.code_lengths)].any()
        for row, index in enumerate(batch.utterance.tolist()):
            expected = codec.encode(part.audio(index)[None])[0]
            assert torch.equal(batch.codes[row, : batch.code_lengths[row]], expected)
        others = batch._replace(codes=None, code_lengths=None)
        for name, value in without._asdict().items():
            assert value is None or torch.equal(value, getattr(others, name)), name


def test_another_codec_makes_only_its_codes(tmp_path: Path) -> None:
    root, out = ljspeech(tmp_path / "c"), tmp_path / "out"
    folder = run(root, out)
    before = stamps(folder)
    first, second = LevelCodec(512), LevelCodec(300)
    assert run(root, out, first) == run(root, out, second) == folder
    assert stamps(folder) == before
    assert first.encoded == second.encoded == len(TEXTS)
    assert len(list(folder.glob("codes-*"))) == 2
    run(root, out, first)
    assert first.encoded == len(TEXTS)  # found again


@pytest.mark.parametrize("hop", [200, 256, 512, 1000])
def test_lengths_of_codes_follow_the_codec_s_hop(tmp_path: Path, hop: int) -> None:
    codec = LevelCodec(hop)
    folder = run(ljspeech(tmp_path / "c", TEXTS[:3]), tmp_path / "out", codec)
    corpus = PreparedCorpus.open(folder, codec.contract)
    batch: Batch = SpeechDataset([corpus], None, corpus.facts)[[0, 1, 2]]
    assert batch.codes is not None
    assert batch.code_lengths is not None
    samples = batch.frame_lengths * CONTRACT.hop
    assert torch.equal(batch.code_lengths, -(-samples // hop))
    assert batch.codes.shape == (3, int(batch.code_lengths.max()), 1)


def test_a_kill_costs_no_finished_shard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHARD", 2)
    folder = run(ljspeech(tmp_path / "c"), tmp_path / "out")

    class DyingCodec(LevelCodec):
        def encode(self, waveform: Tensor) -> Tensor:
            if self.encoded == 4:
                raise KeyboardInterrupt
            return super().encode(waveform)

        @property
        def contract(self) -> CodecContract:
            return replace(super().contract, name="LevelCodec")

    with pytest.raises(KeyboardInterrupt):
        prepare_codes(folder, DyingCodec(), progress=False)
    codec = LevelCodec()
    with pytest.raises(StoreError, match="no codes of this codec"):
        PreparedCorpus.open(folder, codec.contract)
    prepare_codes(folder, codec, progress=False)
    assert codec.encoded == 2
    rows = PreparedCorpus.open(folder, codec.contract)
    assert all("codes" in rows.read(row, ("codes",)) for row in rows.rows)


def test_codes_of_another_codec_are_named(tmp_path: Path) -> None:
    codec = LevelCodec()
    folder = run(ljspeech(tmp_path / "c"), tmp_path / "out", codec)
    path = codes_folder(folder, codec.contract) / CODEC
    path.write_text(json.dumps(replace(codec.contract, hop=640).to_dict()))
    with pytest.raises(ContractError, match=r"hop: 640 in .*, 512 in data\.codec"):
        PreparedCorpus.open(folder, codec.contract)
    path.write_text("{")
    with pytest.raises(StoreError, match="damaged"):
        PreparedCorpus.open(folder, codec.contract)
    plain = PreparedCorpus.open(folder)
    with pytest.raises(StoreError, match=r"set data\.codec"):
        plain.read(plain.rows[0], ("codes",))


def test_clips_have_no_codes(tmp_path: Path) -> None:
    settings = DataSettings(str(tmp_path), codec="voice", clips=ClipSettings())
    with pytest.raises(UserError, match=r"data\.codec=voice: .*data\.codec=null"):
        SpeechDataModule([], Frontend(), CONTRACT, settings)


def test_a_codec_of_another_sample_rate_is_rejected(tmp_path: Path) -> None:
    codec = LevelCodec(mel=replace(CONTRACT, sample_rate=24000))
    with pytest.raises(UserError, match=r"24000 Hz.*22050 Hz.*audio\.sample_rate=24000"):
        run(ljspeech(tmp_path / "c"), tmp_path / "out", codec)


def test_resuming_with_another_codec_is_rejected(tmp_path: Path) -> None:
    contract = LevelCodec().contract
    trained = replace(FACTS, codec=contract)
    save_atomic({"facts": trained.to_dict()}, tmp_path / "last.ckpt")
    require_same_speech(tmp_path / "last.ckpt", trained)
    other = replace(FACTS, codec=replace(contract, codebooks=4))
    with pytest.raises(ContractError, match=r"codebooks: 1 in .*last\.ckpt, 4 in the prepared"):
        require_same_speech(tmp_path / "last.ckpt", other)
    with pytest.raises(ContractError, match=r"prepared corpus uses no codec.*data\.codec"):
        require_same_speech(tmp_path / "last.ckpt", FACTS)


def test_the_command_prepares_the_codes_of_data_codec(tmp_path: Path) -> None:
    overrides = ("data=demo", "data.limit=12", f"data.prepared_dir={tmp_path}/out")
    folders = prepare_from_config(composed("prepare", *overrides).data)
    codec = fitted(folders[0])
    codec.save(tmp_path / "codec")
    config = composed("prepare", *overrides, f"data.codec={tmp_path}/codec")
    assert prepare_from_config(config.data) == folders
    corpus = PreparedCorpus.open(folders[0], codec.contract)
    assert corpus.facts.codec == codec.contract
    assert corpus.read(corpus.rows[0], ("codes",))["codes"].shape == (corpus.rows[0].frames, 2)


def test_several_workers_write_the_codes_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SHARD", 2)
    codec = MelRVQ(CONTRACT, 2, 4)
    codec.entries.normal_()
    root, shards = ljspeech(tmp_path / "c"), []
    for workers in (0, 3):
        folder = run(root, tmp_path / f"out{workers}")
        prepare_codes(folder, codec, progress=False, workers=workers)
        made = sorted((codes_folder(folder, codec.contract) / "shards").iterdir())
        shards.append([path.read_bytes() for path in made])
    assert len(shards[0]) == 3
    assert shards[0] == shards[1]
