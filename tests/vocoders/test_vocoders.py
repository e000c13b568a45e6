"""Tests of every vocoder: output length, streaming, context, weight folding, invalid input."""

import dataclasses
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from tts.audio.low_pass import low_pass_filter
from tts.audio.mel import mel_spectrogram, stft_magnitude
from tts.batch import Clips
from tts.checkpoint import CheckpointError, Run, fold_weights, load_run, save_voice
from tts.contract import ContractError, MelContract
from tts.errors import UserError
from tts.losses.waveform import AmplitudeLoss, MultiResolutionSTFT, PhaseLoss
from tts.losses.weighted import WeightedLoss
from tts.training.warm_start import start_from
from tts.vocoders.antialias import Antialiased
from tts.vocoders.bigvgan import BigVGAN
from tts.vocoders.griffin_lim import GriffinLim
from tts.vocoders.harmonic_source import HarmonicSource
from tts.vocoders.harmonic_vocos import HarmonicVocos
from tts.vocoders.hifigan import HiFiGAN
from tts.vocoders.inverse_stft import InverseSTFT
from tts.vocoders.load import load_vocoder
from tts.vocoders.sample_head import SampleHead
from tts.vocoders.univnet import UnivNet, location_variable_conv
from tts.vocoders.vocoder import Vocoder
from tts.vocoders.vocos import Vocos
from tts.vocoders.weight_norm import normalize_weights

CONTRACT = MelContract(bands=20)
CENTERED = dataclasses.replace(CONTRACT, centered=True)
UPSAMPLING = {"channels": 16, "rates": (8, 8, 4), "up_kernels": (16, 16, 8)}


def vocos(contract: MelContract = CONTRACT) -> Vocos:
    return Vocos(contract, dim=16, hidden=32, depth=2)


def refined_vocos() -> Vocos:
    return Vocos(CONTRACT, dim=16, hidden=32, depth=2, prior=True, refinements=2)


def relaxed_vocos() -> Vocos:
    return Vocos(
        CONTRACT, dim=16, hidden=32, depth=2, prior=True, refinements=2, magnitude_weight=0.2
    )


def vocos_of_samples() -> Vocos:
    return Vocos(CONTRACT, dim=16, hidden=32, depth=2, head="samples")


def harmonic_vocos() -> HarmonicVocos:
    source = partial(HarmonicSource, dim=16, hidden=32, depth=1)
    return HarmonicVocos(CONTRACT, source, 16, 32, 2)


def hifigan() -> HiFiGAN:
    return HiFiGAN(CONTRACT, **UPSAMPLING, kernels=(3, 7), dilations=((1, 3), (1, 5)))  # type: ignore[arg-type]


def unpaired_hifigan() -> HiFiGAN:
    return HiFiGAN(CONTRACT, **UPSAMPLING, kernels=(3, 5), dilations=((1, 2), (2, 6)), paired=False)  # type: ignore[arg-type]


def bigvgan() -> BigVGAN:
    return BigVGAN(CONTRACT, **UPSAMPLING, kernels=(3, 7), dilations=((1, 3), (1, 5)))  # type: ignore[arg-type]


def univnet() -> UnivNet:
    return UnivNet(CONTRACT, channels=8, noise=4, dilations=(1, 3), hidden=16)


LEARNED: list[Callable[[], Vocoder]] = [
    vocos, lambda: vocos(CENTERED), refined_vocos, relaxed_vocos, vocos_of_samples, harmonic_vocos,
    hifigan, unpaired_hifigan, bigvgan, univnet,
]  # fmt: skip
NAMES = [
    "vocos", "centered vocos", "refined vocos", "relaxed vocos", "vocos of samples",
    "harmonic vocos", "hifigan", "unpaired hifigan", "bigvgan", "univnet",
]  # fmt: skip


def with_random_weights(make: Callable[[], Vocoder]) -> Vocoder:
    """Return a vocoder whose weights all affect the output; initial ones are too small."""
    torch.manual_seed(1)
    vocoder = make().eval()
    with torch.no_grad():
        for parameter in vocoder.parameters():
            if parameter.ndim > 1:
                parameter.normal_(std=parameter[0].numel() ** -0.5)
    return vocoder


@pytest.mark.parametrize("make", [*LEARNED, lambda: GriffinLim(CONTRACT, 2)],
                         ids=[*NAMES, "griffin-lim"])  # fmt: skip
@pytest.mark.parametrize("frames", [1, 2, 9])
def test_frames_times_hop_is_samples(make: Callable[[], Vocoder], frames: int) -> None:
    wave = make().synthesize(torch.randn(2, frames, 20) - 4)
    assert wave.shape == (2, frames * 256)
    assert torch.isfinite(wave).all()
    assert wave.abs().max() <= 1


@pytest.mark.parametrize("make", LEARNED, ids=NAMES)
def test_streamed_chunks_equal_the_full_output(make: Callable[[], Vocoder]) -> None:
    vocoder = with_random_weights(make)
    assert vocoder.context is not None
    mel = torch.randn(1, 4 * vocoder.context + 11, 20) - 2
    full = vocoder.synthesize(mel)
    assert full.std() > 1e-3
    for frames in (vocoder.context // 2, 17):
        chunks = list(vocoder.stream(mel, frames))
        assert [c.shape[1] for c in chunks[:-1]] == [frames * 256] * (len(chunks) - 1)
        assert torch.allclose(torch.cat(chunks, 1), full, atol=1e-4)


@pytest.mark.parametrize("make", [relaxed_vocos, vocos_of_samples, harmonic_vocos])
def test_bfloat16_keeps_the_output_and_the_law_of_chunks(make: Callable[[], Vocoder]) -> None:
    vocoder = with_random_weights(make)
    mel = torch.randn(1, 90, 20) - 2
    full = vocoder.synthesize(mel)
    vocoder.use_bfloat16()
    half = vocoder.synthesize(mel)
    assert 0 < (half - full).norm() < 0.05 * full.norm()
    chunks = list(vocoder.stream_pieces([mel[:, :50], mel[:, 50:]], 32, 4))
    assert torch.allclose(torch.cat(chunks, 1), half, atol=1e-4)


@pytest.mark.parametrize("make", LEARNED, ids=NAMES)
def test_the_context_is_the_receptive_field(make: Callable[[], Vocoder]) -> None:
    """A change outside the context has no effect; the context is at most twice too wide.

    Beside the excitation of a source, whose phases depend on all of the past.
    """
    vocoder = with_random_weights(make)
    assert vocoder.context is not None
    middle = 3 * vocoder.context
    mel = torch.randn(1, 2 * middle + 1, 20)
    changed = mel.clone()
    changed[:, middle] += 1.0
    _, *excitation = vocoder.prepare(mel)
    with torch.no_grad():
        difference = (vocoder(mel, *excitation) - vocoder(changed, *excitation))[0].abs()
    affected = torch.nonzero(difference > 1e-9).flatten()
    first, last = int(affected[0]) // 256, int(affected[-1]) // 256
    assert middle - first <= vocoder.context
    assert last - middle <= vocoder.context
    assert max(middle - first, last - middle) >= 0.5 * vocoder.context


def test_griffin_lim_streams_one_chunk() -> None:
    mel = torch.randn(1, 40, 20)
    chunks = GriffinLim(CONTRACT, 2).stream(mel, 10)
    next(chunks)
    assert not torch.is_inference_mode_enabled(), "between chunks the caller's mode holds"
    assert not list(chunks)


@pytest.mark.parametrize("make", LEARNED, ids=NAMES)
def test_folded_weights_give_the_same_output(make: Callable[[], Vocoder]) -> None:
    vocoder = with_random_weights(make)
    mel = torch.randn(1, 8, 20)
    plain = vocoder.synthesize(mel)
    trained = normalize_weights(vocoder)
    with torch.no_grad():
        for parameter in trained.parameters():  # as training does
            parameter.mul_(1.1)
    expected = trained.synthesize(mel)
    assert not torch.allclose(expected, plain, atol=1e-3)
    again = make().eval()
    again.load_state_dict(fold_weights(trained.state_dict()))
    assert torch.allclose(again.synthesize(mel), expected, atol=1e-5)


@pytest.mark.parametrize("contract", [CONTRACT, CENTERED])
def test_the_inverse_stft_inverts_the_stft(contract: MelContract) -> None:
    wave = torch.randn(1, 256 * 12)
    pad = 512 if contract.centered else 384
    padded = torch.nn.functional.pad(wave[:, None], (pad, pad), mode="reflect")[:, 0]
    spectrum = torch.stft(
        padded, 1024, 256, window=torch.hann_window(1024), center=False, return_complex=True
    )
    back = InverseSTFT(contract)(spectrum.mT[:, :12])
    # one window less covers the last half hop of a centered contract
    valid = slice(0, 256 * 12 - (256 if contract.centered else 0))
    assert torch.allclose(back[:, valid], wave[:, valid], atol=1e-4)


@pytest.mark.parametrize("contract", [CONTRACT, CENTERED])
def test_the_stft_of_an_inverse_stft_is_consistent(contract: MelContract) -> None:
    inverse = InverseSTFT(contract)
    wave = inverse(torch.randn(1, 20, 513, dtype=torch.complex64))
    again = inverse(inverse.stft(wave))
    valid = slice(512, -512)
    assert torch.allclose(again[:, valid], wave[:, valid], atol=1e-5)


def test_each_refinement_makes_phases_more_consistent() -> None:
    """Griffin & Lim 1984: the distance to a consistent spectrum never rises."""
    torch.manual_seed(0)
    inverse = InverseSTFT(CONTRACT)
    spectrum = torch.polar(torch.rand(1, 20, 513), 6 * torch.rand(1, 20, 513))

    def inconsistency(rounds: int, momentum: float = 0.0) -> float:
        refined = inverse.refine_phases(spectrum, rounds, momentum)
        # except in the rare silent bin, which has no phase
        kept = torch.isclose(refined.abs(), spectrum.abs(), atol=1e-3)
        assert kept.float().mean() > 0.999
        return float((inverse.stft(inverse(refined)) - refined).abs().square().sum())

    found = [inconsistency(rounds) for rounds in (0, 1, 2, 8)]
    assert found == sorted(found, reverse=True)
    assert found[-1] < 0.8 * found[0]
    assert inconsistency(8, momentum=0.99) < 0.9 * found[-1], "momentum does not accelerate"


def test_with_a_prior_an_untrained_vocos_has_the_magnitudes_of_the_mel() -> None:
    time = torch.arange(22016) / 22050
    tone = 0.3 * torch.sin(2 * torch.pi * 500 * time)[None]
    contract = MelContract()
    mel = mel_spectrogram(tone, contract)

    def relative_error(prior: bool) -> float:
        vocos = Vocos(contract, 16, 32, 2, prior=prior)
        magnitude = vocos.predict_spectrum(mel).abs()[:, 4:-4]
        real = stft_magnitude(tone, contract)[:, 4:-4]
        return float(((magnitude - real).norm() / real.norm()).detach())

    assert relative_error(True) < 0.6 < 0.95 < relative_error(False)


def test_the_samples_of_a_frame_are_a_linear_map_of_its_features() -> None:
    """Few frames and many, which are computed in another order."""
    head = with_random_weights(vocos_of_samples).samples
    assert isinstance(head, SampleHead)
    for frames in (1, 3, 700):
        x = torch.randn(2, frames, 16)
        expected = head.samples(head.project(x)).flatten(1)
        assert torch.allclose(head(x), expected, atol=1e-4)
        assert torch.allclose(head.merged()(x).flatten(1), expected, atol=1e-4)


def test_a_vocos_of_samples_has_no_losses_of_a_spectrum() -> None:
    audio = 0.1 * torch.randn(1, 20 * 256)
    clips = Clips(torch.randn(1, 20, 20), audio, torch.full((1,), 20))
    terms = {"amplitude": AmplitudeLoss(), "phase": PhaseLoss(), "stft": MultiResolutionSTFT()}
    loss = WeightedLoss(terms, dict.fromkeys(terms, 1.0))
    output = vocos_of_samples().training_output(clips.mel, audio)
    assert set(loss(output, clips, 0).terms) == {"stft"}
    assert set(loss(vocos().training_output(clips.mel, audio), clips, 0).terms) == set(terms)


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"prior": True}, "prior=true"),
        ({"refinements": 2}, "refinements=2"),
        ({"magnitude_weight": 0.5}, r"magnitude_weight=0\.5"),
    ],
)
def test_settings_of_a_spectrum_do_not_go_with_samples(settings: dict[str, Any], key: str) -> None:
    with pytest.raises(UserError, match=f"^{key} needs predicted .* which head=samples does not"):
        Vocos(CONTRACT, 16, 32, 2, head="samples", **settings)
    Vocos(CONTRACT, 16, 32, 2, head="spectrum", **settings)


def test_the_low_pass_filter_passes_low_and_stops_high_frequencies() -> None:
    gain = torch.fft.rfft(low_pass_filter(0.25, 0.3, 12).flatten(), 512).abs()
    assert gain[0] == pytest.approx(1.0)
    assert gain[: 512 // 16].min() > 0.9
    assert gain[-512 // 16 :].max() < 0.05


def test_an_antialiased_activation_keeps_low_frequencies_and_makes_no_aliases() -> None:
    time = torch.arange(400.0)
    low = torch.sin(0.1 * time).view(1, 1, -1)
    filtered = Antialiased(torch.nn.Identity())(low)
    assert (filtered - low)[..., 20:-20].abs().max() < 0.01
    # squaring a tone at 0.3 of the rate makes one at 0.6, which must not fold back to 0.4
    tone = torch.sin(2 * torch.pi * 0.3 * time).view(1, 1, -1)
    window = torch.hann_window(400)

    def alias_level(wave: torch.Tensor) -> float:
        spectrum = torch.fft.rfft(wave.flatten() * window).abs()
        return float(spectrum[155:165].max() / spectrum[:5].max())

    assert alias_level(Antialiased(torch.square)(tone)) < 0.3 * alias_level(tone.square())


@pytest.mark.parametrize(
    ("mel", "message"),
    [
        (torch.zeros(1, 0, 20), "zero frames"),
        (torch.zeros(1, 5, 80), r"frames, 20\)"),
        (torch.zeros(5, 20), "shape"),
        (torch.full((1, 5, 20), float("nan")), "100 values that are NaN or infinite"),
    ],
)
def test_an_invalid_mel_raises_an_error(mel: torch.Tensor, message: str) -> None:
    with pytest.raises(UserError, match=message):
        vocos().synthesize(mel)


def test_the_product_of_rates_must_be_the_hop() -> None:
    with pytest.raises(UserError, match=r"make 64 samples.*hop=256"):
        HiFiGAN(CONTRACT, channels=16, rates=(8, 8), up_kernels=(16, 16))
    with pytest.raises(UserError, match="halves"):
        HiFiGAN(CONTRACT, channels=12, rates=(8, 8, 4), up_kernels=(16, 16, 8))
    with pytest.raises(UserError, match="even number"):
        HiFiGAN(CONTRACT, channels=16, rates=(8, 8, 4), up_kernels=(16, 16, 7))


def save_small_vocos(folder: object, make: Callable[[], Vocos] = vocos, **settings: object) -> None:
    model = {"_target_": "tts.vocoders.vocos.Vocos", "_partial_": True, "dim": 16, "hidden": 32,
             "depth": 2, **settings}  # fmt: skip
    weights = make().state_dict()
    save_voice(Run(None, {"model": model}, CONTRACT, None, None, weights, 7), folder, {})  # type: ignore[arg-type]


def test_a_saved_voice_loads_with_the_same_output(tmp_path) -> None:  # type: ignore[no-untyped-def]
    torch.manual_seed(3)
    save_small_vocos(tmp_path / "v")
    assert load_run(tmp_path / "v").step == 7
    loaded = load_vocoder(CONTRACT, tmp_path / "v", "Vocos")
    torch.manual_seed(3)
    mel = torch.randn(1, 5, 20)
    torch.manual_seed(3)
    assert torch.equal(loaded.synthesize(mel), vocos().synthesize(mel))


def test_a_saved_vocos_of_samples_takes_no_refinements(tmp_path) -> None:  # type: ignore[no-untyped-def]
    save_small_vocos(tmp_path, vocos_of_samples, head="samples")
    loaded = load_vocoder(CONTRACT, tmp_path, "Vocos", refinements=None, magnitude_weight=None)
    assert isinstance(loaded, Vocos)
    assert loaded.head == "samples"
    with pytest.raises(UserError, match=r"^refinements=8 .*set refinements=0, or use a vocoder"):
        load_vocoder(CONTRACT, tmp_path, "Vocos", refinements=8)


def test_blocks_carry_over_to_another_head(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    save_small_vocos(tmp_path)
    started = vocos_of_samples()
    fresh = started.samples.project.weight.clone()
    with caplog.at_level("INFO"):
        start_from(str(tmp_path), started, None)
    assert "new: samples;" in caplog.text
    assert "of it not used: spectrum" in caplog.text
    assert torch.equal(started.samples.project.weight, fresh)
    weights = load_run(tmp_path).weights
    assert torch.equal(
        started.blocks.state_dict()["0.expand.weight"], weights["blocks.0.expand.weight"]
    )


def test_a_voice_of_another_family_or_contract_raises_an_error(tmp_path) -> None:  # type: ignore[no-untyped-def]
    folder = tmp_path / "v"
    save_small_vocos(folder)
    with pytest.raises(CheckpointError, match="is a Vocos, not a HiFiGAN"):
        load_vocoder(CONTRACT, folder, "HiFiGAN")
    with pytest.raises(ContractError, match="bands: 20"):
        load_vocoder(MelContract(), folder, None)
    weights = folder / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:500])
    with pytest.raises(CheckpointError, match=r"weights\.safetensors"):
        load_vocoder(CONTRACT, folder, None)
    (folder / "voice.json").write_text("{")
    with pytest.raises(CheckpointError, match=r"voice\.json"):
        load_vocoder(CONTRACT, folder, None)


def test_a_location_variable_convolution_uses_each_frames_own_kernel() -> None:
    x, kernels = torch.randn(2, 12, 3), torch.randn(2, 4, 9, 5)  # 4 frames of 3 samples
    biases = torch.randn(2, 4, 5)
    y = location_variable_conv(x, kernels, biases)
    for frame in range(4):
        weight = kernels[1, frame].view(3, 3, 5).permute(2, 1, 0)  # (outputs, inputs, kernel)
        expected = torch.nn.functional.conv1d(x[1:].mT, weight, biases[1, frame], padding=1).mT
        own = slice(3 * frame, 3 * frame + 3)
        assert torch.allclose(y[1:, own], expected[:, own], atol=1e-5)


def test_univnet_samples_noise_in_training_alone() -> None:
    model, mel = univnet(), torch.randn(1, 8, 20)
    with torch.no_grad():
        assert not torch.equal(model.train()(mel), model(mel))
        assert torch.equal(model.eval()(mel), model(mel))
