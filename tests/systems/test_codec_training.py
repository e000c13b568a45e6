"""Codec training: exact resume, use of the codebooks, export, evaluation, codes of a corpus."""

from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from fakes import composed
from hydra.utils import instantiate

from tts.checkpoint import load_checkpoint
from tts.errors import UserError
from tts.evaluation.run import evaluate
from tts.export.voice import export_voice
from tts.training.run import train
from tts.vocoders.codec import load_codec


def run(folder: Path, prepared: Path, *more: str) -> dict[str, float]:
    overrides = [
        "model=codec", "model/size=tiny", "trainer=cpu", "trainer.precision=32-true",
        "data.limit=24", f"data.prepared_dir={prepared}", "data.workers=0", "data.clips.frames=17",
        "data.clips.per_batch=4", "data.clips.validation_clips=2", "trainer.val_check_interval=2",
        "scheduler=constant", "logger=none", f"run_dir={folder}", "model.quantizer.codebooks=2",
        "model.quantizer.codebook_size=16", "discriminator=none", "callbacks.metric_history=null",
        *more,
    ]  # fmt: skip
    return train(composed("train", *overrides), overrides)


class Trained(NamedTuple):
    folder: Path
    metrics: dict[str, float]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, prepared: Path) -> Trained:
    folder = tmp_path_factory.mktemp("codec") / "uncut"
    return Trained(folder, run(folder, prepared, "trainer.max_steps=4"))


def test_a_run_resumes_exactly_with_its_codebooks(
    tmp_path: Path, prepared: Path, trained: Trained
) -> None:
    folder = tmp_path / "resumed"
    run(folder, prepared, "trainer.max_steps=2")
    overrides = [f"resume={folder}", "trainer.max_steps=4", f"run_dir={folder}"]
    train(composed("train", *overrides), overrides)
    expected, found = (
        load_checkpoint(each / "checkpoints/last.ckpt")["state_dict"]
        for each in (trained.folder, folder)
    )
    assert (expected["model.quantizer.use"] > 0).any()
    assert expected["model.quantizer.batches"] == 4
    for name, value in expected.items():
        assert torch.equal(value, found[name]), name


def test_validation_logs_the_use_of_every_codebook(trained: Trained) -> None:
    metrics = trained.metrics
    assert metrics["val/kbps"] == pytest.approx(2 * 4 * 22050 / 512 / 1000)
    for level in (1, 2):
        assert 0 < metrics[f"val/usage_{level}"] <= 1
        assert 1 <= metrics[f"val/perplexity_{level}"] <= 16
    assert metrics["val/kbps_entropy"] <= metrics["val/kbps"]


def test_a_codec_is_exported_evaluated_and_makes_the_codes_of_a_corpus(
    tmp_path: Path, prepared: Path, trained: Trained
) -> None:
    voice = tmp_path / "voice"
    export_voice(composed("export", f"run={trained.folder}", f"out={voice}", "refinements=1"))
    assert load_codec(voice).contract == load_codec(trained.folder).contract
    off = [f"metrics.{name}=null" for name in composed("evaluate").metrics if name != "mcd"]
    report = evaluate(
        composed(
            "evaluate",
            f"run={voice}",
            "data=demo",
            "data.limit=24",
            "utterances=2",
            f"data.prepared_dir={prepared}",
            "split=all",
            "workers=1",
            f"out={tmp_path}/r",
            *off,
        )
    )
    assert list(report["systems"]) == ["recordings", "voice"]
    found = report["models"]["voice"]
    assert found["kbps"] == pytest.approx(0.345, abs=0.01)
    assert {"mel_distance", "codebook_usage", "codebook_perplexity_lowest"} <= set(found)
    overrides = [
        "model/size=tiny", "data.limit=24", f"data.prepared_dir={prepared}", f"data.codec={voice}",
    ]  # fmt: skip
    data = instantiate(composed("train", *overrides).data, _convert_="all")
    assert data.facts.codec == load_codec(voice).contract


def test_predicted_mels_are_not_for_codecs(tmp_path: Path, prepared: Path) -> None:
    with pytest.raises(UserError, match=r"data\.mel_from=x: a codec encodes recordings"):
        run(tmp_path / "x", prepared, "data.mel_from=x")
