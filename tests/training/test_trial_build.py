"""Contradicting values and models too large are reported before a corpus is prepared."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from compose_once import Compose, composing
from fakes import FakeOutput, composed

from tts.checkpoint import is_vocoder
from tts.config.compose import to_plain
from tts.errors import UserError
from tts.losses.term import output_part
from tts.memory import available_memory
from tts.training import model_memory
from tts.training.run import train
from tts.training.trial_build import build_on_meta, require_buildable


@pytest.fixture
def compose() -> Any:
    with composing() as compose:
        yield compose


def trainer_on(device: str = "cpu", ranks: int = 1, **strategy: object) -> Any:
    strategy_ = SimpleNamespace(root_device=torch.device(device), **strategy)
    return SimpleNamespace(strategy=strategy_, world_size=ranks, num_devices=ranks)


def tried(compose: Compose, *overrides: str) -> None:
    config = compose("train", ["run_dir=x", *overrides])
    require_buildable(config, to_plain(config), trainer_on())


@pytest.mark.parametrize(
    "choices",
    [
        "model/encoder=transformer model/positional=alibi model/style=reference "
        "model/aligner=given model/postnet=conv model/balance=gradnorm optimizer=adam",
        "model/flow=residual model/adaptor=flow model/postnet=boundary model/balance=uncertainty "
        "discriminator=mel_patches scheduler=wsd",
        "model/encoder=conv model/style=none model/decoder=mamba_conv scheduler=one_cycle",
        "model=vocos discriminator=period_cqt",
        "model=vocos discriminator=period_scale",
        "model=hifigan", "model=bigvgan", "model=univnet", "model=harmonic_vocos",
    ],
)  # fmt: skip
def test_every_kind_of_part_is_built_without_memory(compose: Compose, choices: str) -> None:
    config = compose("train", ["run_dir=x", "model/size=tiny", *choices.split()])
    before = torch.get_rng_state()
    system = build_on_meta(config, to_plain(config))
    assert {p.device.type for p in system.parameters()} == {"meta"}
    assert torch.equal(torch.get_rng_state(), before), "a run must not depend on the trial"


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ("size.dim=100 model/encoder=transformer",
         "heads=4 must divide dim=100 .*size.dim"),
        ("size.head_dim=7", "head_dim=7 must divide dim .*size.head_dim"),
        ("model/positional=rope model/encoder=transformer model.encoder.mixer.heads=32",
         "heads=32 must divide dim=.*model.encoder.mixer.heads"),
        ("model/encoder=conv model.encoder.mixer.kernels=[4]", "kernels=[4]: .*odd"),
        ("model=hifigan model.rates=[8,8]", "rates=[8, 8] and up_kernels=.*(model.rates, size."),
        ("model=hifigan model.rates=[8,8,2] model.up_kernels=[16,16,4]",
         "make 128 samples per frame: .*audio.hop=256"),
        ("model=hifigan model.up_kernels=[16,16,7]", "up_kernels=[16, 16, 7]: 7 must exceed"),
        ("model=hifigan model.kernels=[3]", "kernels=[3] and dilations="),
        ("model=bigvgan model.kernels=[3]", "kernels=[3] and dilations="),
        ("model=bigvgan size.bigvgan.channels=20", "channels=20 .*size.bigvgan.channels"),
        ("model=univnet audio.hop=128 audio.n_fft=1024", "audio.hop=128"),
        ("model=vocos model.loss.terms.mel.windows=[1024,512]",
         "windows=[1024, 512] and bands=.*mel.bands, model.loss.terms.mel.windows)"),
        ("model=vocos data.clips.frames=2", "data.clips.frames=2 make 512 .*at least"),
        ("model=vocos data.clips.validation_frames=1", "data.clips.validation_frames=1 make 256"),
        ("model=vocos model.loss.terms.mel.windows=[65536] model.loss.terms.mel.bands=[80]",
         "WaveMelLoss needs 32769"),
        ("model=vocos discriminator=period_cqt discriminator.parts.cqt.hops=[512,256]",
         "hops=[512, 256] and bins="),
        ("model=vocos discriminator=period_resolution discriminator.parts.resolution.windows=[8]",
         "windows: 8 is too short"),
        ("model=autoregressive model.alignment_layers=99",
         "model.alignment_layers=99: the decoder has"),
        ("model=autoregressive model.alignment_heads=99",
         "model.alignment_heads=99: the decoder has"),
        ("model=autoregressive size.decoder_depth=1 model.alignment_layers=2",
         "model.alignment_layers=2: the decoder has 1"),
        ("model=autoregressive model/cross_attention=monotonic model.alignment_heads=2",
         "model.alignment_heads=2: the decoder has 1"),
        ("model=autoregressive model.loss.decays.guided_attention=[500,100]",
         "decays.guided_attention=[500,100] must end"),
        ("data.codec=voices/codec_small",
         "data.codec=voices/codec_small: this model does not predict codes; choose"),
        ("model=phone_recognizer data.codec=voices/codec_small", "does not predict codes"),
        ("data.embeddings=true", "no style of this model reads speaker embeddings"),
        ("model=vocos data.embeddings=true", "no style of this model reads speaker embeddings"),
        ("discriminator=period_resolution", "discriminators period, resolution have no use"),
        ("size.dim=65536 size.encoder_depth=3",
         "the model is too large: .* GiB free; lower size.encoder_depth=3 or size.dim=65536"),
        ("model=vocos size.vocos.dim=60000 size.vocos.hidden=60000",
         "too large: .*size.vocos.dim=60000 or size.vocos.hidden=60000"),
    ],
)  # fmt: skip
def test_values_that_contradict_each_other_are_named(
    compose: Compose, overrides: str, message: str
) -> None:
    escaped = message.replace("(", r"\(").replace(")", r"\)").replace("[", r"\[")
    with pytest.raises(UserError, match=escaped) as error:
        tried(compose, "model/size=tiny", *overrides.split())
    assert len(str(error.value).splitlines()) == 1


def test_nothing_is_prepared_for_a_model_that_cannot_be_built(tmp_path: Path) -> None:
    overrides = ["model/size=tiny", "trainer=cpu", "size.head_dim=7", f"run_dir={tmp_path}/run",
                 f"data.prepared_dir={tmp_path}/prepared"]  # fmt: skip
    with pytest.raises(UserError, match="head_dim=7"):
        train(composed("train", *overrides))
    assert not (tmp_path / "prepared").exists()


def test_memory_is_counted_by_process_and_by_shard(
    compose: Compose, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = compose("train", ["run_dir=x", "model/size=tiny"])
    system = build_on_meta(config, to_plain(config))
    needed = 16 * sum(p.numel() for p in system.parameters())
    sharded = {"gather_full_model": None}
    for trainer, share in (
        (trainer_on(), 1),
        (trainer_on(ranks=4), 4),
        (trainer_on(ranks=4, **sharded), 1),
    ):
        monkeypatch.setattr(model_memory, "available_memory", lambda n=needed * share: n)
        model_memory.require_memory(config, system, trainer)
        monkeypatch.setattr(model_memory, "available_memory", lambda n=needed * share: n - 1)
        with pytest.raises(UserError, match="too large"):
            model_memory.require_memory(config, system, trainer)
    monkeypatch.setattr(model_memory, "available_memory", lambda: None)
    model_memory.require_memory(config, system, trainer_on())
    assert (available_memory() or 2**40) > 2**26


class OwnVocoder(torch.nn.Module):
    def __init__(self, contract: object) -> None:
        super().__init__()


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("tts.vocoders.vocos.Vocos", True),
        ("tts.vocoders.mel_rvq.MelRVQ", True),
        ("tests.training.test_trial_build.OwnVocoder", True),
        ("tts.models.fastspeech.FastSpeechParts", False),
        ("fakes.FakeModel", False),
    ],
)
def test_a_vocoder_is_known_by_what_it_is_made_from(target: str, expected: bool) -> None:
    assert is_vocoder({"model": {"_target_": target}}) == expected


def test_a_loss_of_a_part_that_the_output_lacks_is_named() -> None:
    output = FakeOutput(torch.zeros(1))
    assert output_part(output, "mel") is output.mel
    with pytest.raises(UserError, match="of=ja is not a part of the output; choose from mel"):
        output_part(output, "ja")
