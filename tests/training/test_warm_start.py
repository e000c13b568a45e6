"""Warm start: which weights of another run are taken, and what the log reports."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from compose_once import composed_once
from fakes import model_factory
from omegaconf import OmegaConf

from tests.models.assemble import batch, build, config, facts
from tts.checkpoint import WEIGHTS, load_run, save_atomic
from tts.contract import CodecContract
from tts.corpus import CorpusFacts
from tts.errors import UserError
from tts.models.fastspeech import FastSpeech
from tts.modules.film import FiLM
from tts.project_files import VOICES
from tts.training.system import _warn_of_missing_order
from tts.training.warm_start import start_from, trained_by
from tts.weights import FORMER_SCALARS, read_safetensors

KNOWN = facts(speakers=2)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    model, _ = build()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.1
    state = {f"model.{name}": value for name, value in model.state_dict().items()}
    card = {
        "config": {"model": {"_target_": "tts.models.fastspeech.FastSpeechParts"}},
        "facts": KNOWN.to_dict(),
        "frontend": {},
    }
    save_atomic({**card, "state_dict": state}, tmp_path / "old.ckpt")
    return tmp_path / "old.ckpt"


def build_model(whose: CorpusFacts, *overrides: str) -> FastSpeech:
    torch.manual_seed(5)
    return model_factory(config(*overrides))(facts=whose).eval()


def test_the_same_model_takes_all_weights(run: Path) -> None:
    old, _ = build()
    model = build_model(KNOWN)
    start_from(str(run), model, KNOWN)
    for (name, one), other in zip(model.named_parameters(), old.parameters(), strict=True):
        assert torch.allclose(one, other + 0.1), name


def test_a_voice_whose_scalars_have_no_axis_gives_all_weights() -> None:
    voice = VOICES / "kathleen_codes"
    saved = read_safetensors(voice / WEIGHTS)
    assert any(saved[key].shape == () for key in saved if key.endswith(FORMER_SCALARS))
    run = load_run(voice)
    model = run.build()
    torch.nn.utils.vector_to_parameters(
        torch.zeros(sum(p.numel() for p in model.parameters())), model.parameters()
    )
    start_from(str(voice), model, run.require_facts())
    for key, value in model.named_parameters():
        assert torch.equal(value, saved[key].float().reshape(value.shape)), key


def test_new_parts_keep_their_initial_weights_and_are_logged(
    run: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model, untouched = (build_model(KNOWN, "model/flow=residual") for _ in range(2))
    with caplog.at_level(logging.INFO):
        start_from(str(run), model, KNOWN)
    assert "; new: flow" in caplog.text
    assert "not used" not in caplog.text
    for name, value in model.flow.state_dict().items():  # type: ignore[union-attr]
        assert torch.equal(value, untouched.flow.state_dict()[name])  # type: ignore[union-attr]
    assert not torch.equal(model.embed.weight, untouched.embed.weight)


def test_speakers_keep_their_embeddings_by_name_and_their_own_statistics(run: Path) -> None:
    statistics = replace(KNOWN.statistics[0], pitch_mean=5.5)
    ours = replace(KNOWN, speakers=("newcomer", "speaker0"), statistics=(statistics,) * 2)
    old, _ = build()
    model = build_model(ours)
    start_from(str(run), model, ours)
    table = old.style.table.weight + 0.1  # type: ignore[union-attr]
    assert torch.allclose(model.style.table.weight[1], table[0])  # type: ignore[union-attr]
    assert torch.allclose(model.style.table.weight[0], table.mean(0))  # type: ignore[union-attr]
    assert model.adaptor.normalize.pitch_mean.tolist() == [5.5, 5.5]


COMPOSED = ("model/style=composed", "model.style.dropout=0.2")


def composed_run(folder: Path, *overrides: str) -> tuple[Path, FastSpeech]:
    """Save a model with a composed style whose weights are all random; return its path and it."""
    choices = (*COMPOSED, *overrides)
    model = build_model(KNOWN, *choices)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    composed = OmegaConf.to_container(config(*choices), resolve=True)["model"]  # type: ignore[index, call-overload]
    card = {"config": {"model": composed}, "facts": KNOWN.to_dict(), "frontend": {}}
    state = {f"model.{name}": value for name, value in model.state_dict().items()}
    save_atomic({**card, "state_dict": state}, folder / "composed.ckpt")
    return folder / "composed.ckpt", model


def test_a_new_part_of_a_style_changes_nothing_at_first(tmp_path: Path) -> None:
    path, old = composed_run(tmp_path, "model/style/parts=[speaker,prosody]")
    parts = "model/style/parts=[tokens,prosody,reference,speaker]"
    model = build_model(KNOWN, *COMPOSED, parts)
    start_from(str(path), model, KNOWN)
    ours, theirs = (one.eval()(batch()) for one in (model, old))
    assert torch.allclose(ours.mel, theirs.mel, atol=1e-5)
    ours.mel.square().mean().backward()
    readers = [module for module in model.modules() if isinstance(module, FiLM)]
    gradients = [reader.project.weight.grad for reader in readers]
    assert all(each is None or each.abs().sum() > 0 for each in gradients)
    assert sum(each is not None for each in gradients) > 2


def test_styles_of_one_width_and_other_parts_are_told_apart(tmp_path: Path) -> None:
    path, _ = composed_run(tmp_path, "model/style/parts=[speaker,prosody]")
    model = build_model(KNOWN, *COMPOSED, "model/style/parts=[prosody,speaker]")
    with pytest.raises(UserError, match=r"set model/style/parts=\[speaker,prosody\]"):
        start_from(str(path), model, KNOWN)


def test_other_symbols_mels_and_models_are_rejected(run: Path) -> None:
    others = replace(KNOWN, symbols=(*KNOWN.symbols[:-1], "ü"))
    with pytest.raises(UserError, match="another symbol table"):
        start_from(str(run), build_model(others), others)
    others = replace(KNOWN, contract=replace(KNOWN.contract, fmax=11025.0))
    with pytest.raises(UserError, match="fmax"):
        start_from(str(run), build_model(others), others)
    with pytest.raises(UserError, match="none of its weights fit"):
        start_from(str(run), torch.nn.Linear(2, 2), KNOWN)
    wide = {"embed": torch.nn.Embedding(204, 300), "project": torch.nn.Linear(300, 80)}
    wide["project"].bias = torch.nn.Parameter(torch.zeros_like(build()[0].project.bias))
    with pytest.raises(UserError, match=r"less than 1% .* \(embed\.weight is \(30, "):
        start_from(str(run), torch.nn.ModuleDict(wide), KNOWN)
    with pytest.raises(UserError, match="does not exist: give a run"):
        start_from(str(run.parent / "nowhere"), build_model(KNOWN), KNOWN)


def test_what_of_the_other_model_is_not_used_is_logged(
    run: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = build_model(KNOWN, "model/decoder=conv")
    with caplog.at_level(logging.INFO):
        start_from(str(run), model, KNOWN)
    assert "; new: decoder; 0.1 M of it not used: decoder" in caplog.text


def test_languages_and_symbols_that_were_never_trained_are_logged(
    run: Path, caplog: pytest.LogCaptureFixture
) -> None:
    dutch = replace(KNOWN, languages=("nl",), trained_symbols=(" ", ".", "ə", "ø"))
    assert trained_by(dutch, str(run)).trained_symbols is None  # of an older version
    state = torch.load(run, weights_only=True)
    state["facts"]["trained_symbols"] = [" ", "ə", "ɹ"]
    save_atomic(state, run)
    with caplog.at_level(logging.INFO):
        start_from(str(run), build_model(dutch), dutch)
    assert "was never trained on language=nl" in caplog.text
    assert "was never trained on: ø\n" in caplog.text
    assert trained_by(dutch, str(run)).trained_symbols == (" ", "ə", "ɹ", ".", "ø")


def test_attention_without_positions_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    for overrides, warned in (
        ((), False),
        (("model/encoder=transformer",), False),
        (("model/encoder=transformer", "model/positional=none"), True),
        (("model/encoder=transformer", "model/positional=sinusoidal"), False),
        (("model/flow=residual", "model/flow/velocity_net=transformer"), False),
        (("model/decoder=transformer", "model/positional=none"), True),
    ):
        caplog.clear()
        _warn_of_missing_order(build_model(KNOWN, *overrides))
        assert ("attention without positions" in caplog.text) == warned, overrides


def test_a_model_of_codes_takes_text_side_durations_and_decoder_of_a_model_of_mels(
    run: Path, caplog: pytest.LogCaptureFixture
) -> None:
    codec = CodecContract(22050, 512, "Fake", "0", codebooks=3, codebook_size=11)
    ours = replace(KNOWN, codec=codec)
    model = model_factory(composed_once(None, ["+model=masked_codec", "model/size=tiny"]))(ours)
    with caplog.at_level(logging.INFO):
        start_from(str(run), model, ours)
    assert "; new: audio;" in caplog.text
    old = dict(build()[0].named_parameters())
    pairs = {"embed": "embed", "audio.decoder": "decoder", "duration.predictor": "adaptor.duration"}
    for name, parameter in model.named_parameters():
        for part, theirs in pairs.items():
            if name.startswith(part + "."):
                before = old[theirs + name.removeprefix(part)]
                assert torch.allclose(parameter, before + 0.1), name
