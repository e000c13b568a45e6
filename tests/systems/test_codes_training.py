"""Models of codes: training, resume, speaking with the codec, export, evaluation."""

import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from fakes import CONTRACT, compose_train, composed, fake_overrides
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.test_train import assert_equal_to_the_bit, state
from tts.checkpoint import CheckpointError, load_checkpoint, load_run, save_atomic
from tts.config.corpora import prepare_from_config
from tts.contract import ContractError
from tts.data.store import PreparedCorpus
from tts.errors import UserError
from tts.evaluation.run import evaluate
from tts.export.voice import export_voice
from tts.synthesizer import Synthesizer
from tts.training.run import train
from tts.vocoders.codec import load_codec
from tts.vocoders.codec_decoder import CodecDecoder
from tts.vocoders.mel_rvq import MelRVQ, fit_mel_rvq
from tts.weights import FORMER_SCALARS

FAMILY = ("model=autoregressive", "model/output=codes", "model/size=tiny")
MASKED = ("model=masked_codec", "model/stopping=learned", "model/size=tiny")
RANDOM = {FAMILY: ("model.scheduled_sampling=0.3", "model.max_length=0.2"), MASKED: ()}
SLOW = ("wer", "cer", "whisper", "dnsmos_p808", "dnsmos_ovrl", "plcmos", "distillmos",
        "similarity", "pesq", "stoi")  # fmt: skip
UNMEASURED = ("wer", "dnsmos_p808", "dnsmos_ovrl", "similarity", "f0_rmse", "f0_std",
              "global_variance", "duration_error")  # fmt: skip


def on_fakes(folder: Path, family: tuple[str, ...], codec: Path, *more: str) -> list[str]:
    given = [o for o in fake_overrides(folder) if not o.startswith("model=")]
    return [
        *given, *family, *RANDOM[family], f"+data.codec={codec}", "trainer.max_steps=4",
        "trainer.val_check_interval=2", "callbacks.free_running.count=1", *more,
    ]  # fmt: skip


def save_without_axes(path: Path) -> None:
    """Save a checkpoint again as older versions did: some parameters had the shape ``()``."""
    checkpoint, model = load_checkpoint(path), load_run(path).build()
    named = sorted(model.named_parameters(), key=lambda each: each[1].ndim < 2)  # by their groups
    [optimizer] = checkpoint["optimizer_states"]
    for number, (name, _) in enumerate(named):
        if name.endswith(FORMER_SCALARS):
            changed = (
                (checkpoint["state_dict"], f"model.{name}"),
                *((optimizer["state"][number], moment) for moment in ("exp_avg", "exp_avg_sq")),
            )
            for values, key in changed:
                values[key] = values[key].reshape(())
    save_atomic(checkpoint, path)


@pytest.mark.parametrize("family", RANDOM, ids=lambda family: family[0])
def test_a_run_cut_and_resumed_equals_an_uncut_one(tmp_path: Path, family: tuple[str, ...]) -> None:
    codec = tmp_path / "codec"
    MelRVQ(CONTRACT, 2, 11).save(codec)
    uncut, cut = tmp_path / "uncut", tmp_path / "cut"
    train(compose_train(*on_fakes(uncut, family, codec)))
    stop = ("+callbacks.signal._target_=fakes.SendSignal", "+callbacks.signal.at=3")
    with pytest.raises(SystemExit) as ended:
        train(compose_train(*on_fakes(cut, family, codec, *stop)))
    assert ended.value.code == 128 + signal.SIGTERM
    save_without_axes(cut / "checkpoints" / "last.ckpt")
    overrides = (f"resume='{cut}'", f"run_dir='{cut}'", "+callbacks.signal=null")
    train(compose_train("data=fake", *family, *overrides), overrides)
    assert_equal_to_the_bit(state(cut), state(uncut))
    assert load_codec(cut / "codec").contract == load_codec(codec).contract


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, prepared: Path) -> Path:
    base = tmp_path_factory.mktemp("codes")
    data = ("data.limit=24", f"data.prepared_dir={prepared}")
    [folder] = prepare_from_config(composed("prepare", "data=demo", *data).data)
    corpus = PreparedCorpus.open(folder)
    mels = torch.cat([corpus.read(row, ("mel",))["mel"] for row in corpus.rows])
    codec = fit_mel_rvq(mels, corpus.facts.contract, codebooks=3, codebook_size=16, rounds=3)
    codec.iterations = 2
    codec.save(base / "rvq", {"license": "CC0-1.0"})
    overrides = [
        *FAMILY, *data, "trainer=cpu", "trainer.precision=32-true", "data.workers=0",
        f"data.codec={base}/rvq", "data.frames_per_batch=1500", f"run_dir={base}/run",
        "callbacks.samples.count=1", "callbacks.validation_metrics.count=1",
        "callbacks.samples.vocoder._target_=tts.vocoders.griffin_lim.GriffinLim",
        *(f"callbacks.validation_metrics.measures.{name}=null" for name in UNMEASURED),
        "callbacks.free_running.count=1", "model.max_length=0.5", "callbacks.metric_history=null",
        "trainer.val_check_interval=2", "trainer.log_every_n_steps=1", "trainer.max_steps=2",
    ]  # fmt: skip
    train(composed("train", *overrides))
    return base / "run"


def test_a_training_logs_token_accuracy_and_draws_what_it_speaks(run: Path) -> None:
    events = EventAccumulator(str(next(run.rglob("events*")).parent), {"images": 0}).Reload()
    scalars, images = events.Tags()["scalars"], events.Tags()["images"]
    for name in ("tokens", "token_accuracy", "token_accuracy_1", "token_accuracy_3", "coverage"):
        assert {f"train/{name}", f"val/{name}"} <= set(scalars)
    assert {"val/spoken_coverage", "metrics/mcd"} <= set(scalars)
    for part in ("mel/", "alignment/", "spoken_alignment"):
        assert any(tag.startswith(part) for tag in images), part
    assert len([tag for tag in events.Tags()["audio"] if "synthesized" in tag]) == 1


def test_a_run_speaks_with_its_codec_and_so_does_its_voice(run: Path, tmp_path: Path) -> None:
    voice = Synthesizer.load(run)
    [sentence] = voice.sentences("Good morning.", seed=1)
    assert sentence.features.dtype == torch.int64
    assert sentence.features.shape[1] == 3
    assert len(sentence.waveform) == len(sentence.features) * 256
    assert sentence.durations is not None
    assert int(sentence.durations.sum()) == len(sentence.features)
    assert voice.mel_of(sentence.features).shape == (len(sentence.features), 80)
    said = voice.speak("Good morning.", seed=1, temperature=0.5, top_k=5).waveform
    assert not np.array_equal(said, sentence.waveform)
    assert len(voice.speak("Good morning.", beam=2).waveform)
    streamed = np.concatenate(list(voice.stream("Good morning.", seed=1)))
    assert np.isfinite(streamed).all()
    assert len(streamed) % 256 == 0

    export_voice(composed("export", f"run={run}", f"out={tmp_path / 'voice'}", "top_k=5"))
    exported = Synthesizer.load(tmp_path / "voice")
    assert np.array_equal(said, exported.speak("Good morning.", seed=1, temperature=0.5).waveform)
    assert "CC0-1.0" in (tmp_path / "voice" / "codec" / "voice.json").read_text()


def test_another_codec_or_none_is_named(run: Path, tmp_path: Path) -> None:
    export_voice(composed("export", f"run={run}", f"out={tmp_path / 'voice'}"))
    other = load_codec(tmp_path / "voice" / "codec")
    assert isinstance(other, MelRVQ)
    right = other.contract
    other.entries[0] += 1
    other.save(tmp_path / "voice" / "codec")
    with pytest.raises(ContractError, match=f"weights: {right.weights} in the model"):
        Synthesizer.load(tmp_path / "voice")
    shutil.rmtree(tmp_path / "voice" / "codec")
    with pytest.raises(CheckpointError, match=rf"codes of MelRVQ \({right.weights}\)"):
        Synthesizer.load(tmp_path / "voice")
    voice = Synthesizer.load(run)
    with pytest.raises(ContractError, match="codec settings"):
        Synthesizer(voice.model, CodecDecoder(other), voice.frontend, voice.facts)
    with pytest.raises(UserError, match=r"set data\.codec"):
        train(composed("train", *FAMILY, "data.limit=24", f"run_dir={tmp_path}/none"))
    assert not (tmp_path / "none").exists()


def test_evaluation_scores_codes_against_copies_by_the_codec(run: Path, tmp_path: Path) -> None:
    light = [f"metrics.{name}=null" for name in SLOW]
    config = composed("evaluate", f"run={run}", "utterances=1", "workers=1", *light,
                      "top_k=3", f"out={tmp_path}")  # fmt: skip
    scores = evaluate(config)
    assert list(scores["systems"]) == ["recordings", "copy synthesis", "run"]
    model = scores["models"]["run"]
    assert 0 <= model["token_accuracy"][0] <= 1
    assert model["rtf_mel"] > 0
