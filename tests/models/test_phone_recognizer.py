"""Phone recognizer: padding, masks, what counts as a phone, CTC, and a training that saves."""

from pathlib import Path

import pytest
import torch
from fakes import composed, model_factory
from hypothesis import given, settings
from hypothesis import strategies as st
from processes import command

from tests.models.assemble import batch, facts
from tts.contract import MelContract
from tts.errors import UserError
from tts.export.voice import export_voice
from tts.losses.phones import ConnectionistTemporalClassification
from tts.metrics.evaluation_sample import EvaluationSample
from tts.metrics.phone_error import PhoneErrorRate, load_recognizer
from tts.models.phone_recognizer import PhoneRecognizer, SpectrogramMasks, recognized
from tts.synthesizer import Synthesizer
from tts.text.symbol_table import SymbolTable
from tts.text.symbols import SYMBOLS
from tts.vocoders.load import load_vocoder

FACTS = facts()


def recognizer(*overrides: str) -> PhoneRecognizer:
    torch.manual_seed(0)
    config = composed("train", "model=phone_recognizer", "model/size=tiny", *overrides)
    model = model_factory(config)(facts=FACTS)
    assert isinstance(model, PhoneRecognizer)
    return model.eval()


@pytest.mark.parametrize("encoder", ["conv", "mamba_conv", "transformer"])
def test_padding_changes_nothing(encoder: str) -> None:
    model = recognizer(f"model/encoder={encoder}")
    short, padded = model(batch()), model(batch(extra_tokens=3, extra_frames=17))
    assert torch.equal(short.lengths, padded.lengths)
    assert torch.equal(short.phone_lengths, padded.phone_lengths)
    for row, length in enumerate(short.lengths.tolist()):
        one, other = (o.log_probabilities[row, :length] for o in (short, padded))
        assert torch.allclose(one, other, atol=1e-4)
    loss = ConnectionistTemporalClassification()
    assert torch.allclose(loss(short, batch()), loss(padded, batch()), atol=1e-4)


def test_a_constant_response_of_the_microphone_changes_nothing() -> None:
    model, mel = recognizer(), torch.randn(1, 40, 80)
    lengths = torch.tensor([40])
    one, other = (model.probabilities(m, lengths)[0] for m in (mel, mel + torch.randn(80)))
    assert torch.allclose(one, other, atol=1e-4)


@settings(max_examples=50)
@given(st.lists(st.integers(1, len(FACTS.symbols) - 1), min_size=1, max_size=12))
def test_the_phones_are_what_counts_in_order(tokens: list[int]) -> None:
    model = recognizer()
    padded = torch.tensor([[*tokens, 0, 0]])
    phones, count = model.phones_of(padded, torch.tensor([len(tokens)]))
    wanted = model.phones_in(model.table.codes(tokens))
    assert model.table.codes(phones[0, : int(count)].tolist()) == wanted
    assert not phones[0, int(count) :].any()


def test_marks_and_silent_symbols_are_no_phones() -> None:
    model = recognizer()
    model.table, model.counted = SymbolTable(SYMBOLS), PhoneRecognizer.counted_of(SYMBOLS)
    assert model.phones_in(" h\u0259lˈo\u028a, w\u025c\u02d0ld.") == "h\u0259lo\u028aw\u025cld"


def test_repetitions_and_blanks_are_not_heard() -> None:
    steps = torch.tensor([[0, 3, 3, 0, 3, 5, 5, 0, 7, 7]])
    scores = torch.nn.functional.one_hot(steps, 9).float()
    assert recognized(scores, torch.tensor([8])) == [[3, 3, 5]]


def test_masks_are_for_training_and_no_wider_than_asked() -> None:
    torch.manual_seed(0)
    masks, mel = SpectrogramMasks(1, bands=15, frames=20), torch.ones(64, 100, 80)
    assert torch.equal(masks.eval()(mel), mel)
    masked = masks.train()(mel) == 0
    frames, bands = masked.all(2).sum(1), masked.all(1).sum(1)
    assert frames.max() <= 20
    assert bands.max() <= 15
    assert frames.float().mean() > 5
    assert bands.float().mean() > 4
    assert torch.equal(SpectrogramMasks(0, 15, 20).train()(mel), mel)


def test_it_learns_what_is_said() -> None:
    model = recognizer("model.masks=0").train()
    data = batch(token_lengths=(5, 4), frame_lengths=(60, 50))
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    loss = ConnectionistTemporalClassification()
    for _ in range(150):
        optimizer.zero_grad()
        loss(model(data), data).backward()
        optimizer.step()
    output = model.eval()(data)
    said = [r[:n].tolist() for r, n in zip(output.phones, output.phone_lengths, strict=True)]
    assert recognized(output.log_probabilities, output.lengths) == said


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, prepared: Path) -> Path:
    folder = tmp_path_factory.mktemp("recognizer") / "run"
    command(
        "train.py", "model=phone_recognizer", "model/size=tiny", "data.limit=24", "data.workers=0",
        f"data.prepared_dir={prepared}", "trainer=cpu", "trainer.max_steps=1",
        "logger=none", f"hydra.run.dir={folder}",
    )  # fmt: skip
    command("train.py", f"resume={folder}", "trainer.max_steps=2")
    return folder


def test_a_run_measures_speech_of_its_languages_alone(run: Path, tmp_path: Path) -> None:
    measure = PhoneErrorRate(str(run))
    wave = torch.randn(22050).mul(0.1).numpy()
    known = EvaluationSample(wave, MelContract(), "Good morning.", "en-us")
    said, heard = measure.statistics(known), load_recognizer(str(run)).recognize(known)
    assert said is not None
    assert said[1] == len(load_recognizer(str(run)).phones("Good morning.", "en-us")) > 6
    assert max(0, len(heard) - said[1]) <= said[0] <= max(len(heard), said[1])
    measure.update(known)
    assert float(measure.compute()) == pytest.approx(100 * said[0] / said[1])
    assert measure.statistics(EvaluationSample(wave, MelContract(), "Guten Morgen.", "de")) is None
    for unreadable in ("", "<b>bold</b>", "..."):
        assert (
            measure.statistics(EvaluationSample(wave, MelContract(), unreadable, "en-us")) is None
        )


def test_a_recognizer_is_exported_and_refused_where_speech_is_made(
    run: Path, tmp_path: Path
) -> None:
    out = tmp_path / "voice"
    export_voice(composed("export", f"run={run}", f"out={out}"))
    wave = torch.randn(22050).mul(0.1).numpy()
    sample = EvaluationSample(wave, MelContract(), "Good morning.", "en-us")
    one, other = (load_recognizer(str(path)).recognize(sample) for path in (run, out))
    assert one == other
    for refused, message in (
        (("export", f"run={run}", f"out={tmp_path}/x", "format=onnx"), "with format=voice"),
        (("export", f"run={run}", f"out={tmp_path}/x", "energy=1"), "energy: a phone recognizer"),
    ):
        with pytest.raises(UserError, match=message):
            export_voice(composed(*refused))
    with pytest.raises(UserError, match="is a phone recognizer; give an acoustic model"):
        Synthesizer.load(out)
    with pytest.raises(UserError, match="is a phone recognizer; give a vocoder"):
        load_vocoder(MelContract(), str(out), None)


def test_what_is_no_recognizer_is_said() -> None:
    with pytest.raises(UserError, match=r"vocos_small.* is no phone recognizer"):
        load_recognizer("voices/vocos_small")
    with pytest.raises(UserError, match=r"metrics\.phone_error\.recognizer=nowhere"):
        load_recognizer("nowhere")
