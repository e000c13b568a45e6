"""Laws of the quantizers: codes and vectors, straight-through gradients, dropout, living codes."""

from copy import deepcopy
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from processes import SERVER
from torch import Tensor

from tts.errors import UserError
from tts.modules.finite_scalar_quantizer import FiniteScalarQuantizer
from tts.modules.quantizer import Quantizer
from tts.modules.residual_quantizer import ResidualVectorQuantizer

SIZE = 4, 20, 6  # sequences, frames, channels


def vectors(seed: int = 0) -> Tensor:
    return torch.randn(*SIZE, generator=torch.Generator().manual_seed(seed))


def rvq(**changes: float) -> ResidualVectorQuantizer:
    torch.manual_seed(1)
    settings = {"codebooks": 3, "codebook_size": 16, "decay": 0.8, "dropout": 0.0, **changes}
    return ResidualVectorQuantizer(SIZE[2], **settings)  # type: ignore[arg-type]


def fsq(**changes: float) -> FiniteScalarQuantizer:
    torch.manual_seed(1)
    return FiniteScalarQuantizer(SIZE[2], codebooks=3, levels=(4, 3), **{"dropout": 0.0, **changes})


def trained(quantizer: Quantizer, batches: int = 30) -> Quantizer:
    for seed in range(batches):
        quantizer(vectors(seed))
    return quantizer


@pytest.mark.parametrize("quantizer", [rvq(), fsq()], ids=["rvq", "fsq"])
def test_codes_give_back_the_quantized_vectors(quantizer: Quantizer) -> None:
    trained(quantizer).eval()
    with torch.no_grad():
        output = quantizer(vectors())
        codes = quantizer.quantize(vectors())
        assert torch.equal(output.codes, codes)
        assert codes.shape == (*SIZE[:2], 3)
        assert 0 <= codes.min() <= codes.max() < quantizer.codebook_size
        assert torch.allclose(quantizer.dequantize(codes), output.latent, atol=1e-5)


@pytest.mark.parametrize("quantizer", [rvq(), fsq()], ids=["rvq", "fsq"])
def test_the_straight_through_gradient_reaches_the_input(quantizer: Quantizer) -> None:
    trained(quantizer)
    x = vectors().requires_grad_()
    quantizer(x).latent.sum().backward()
    assert x.grad is not None
    assert (x.grad.abs().sum(-1) > 0).all()


@pytest.mark.parametrize("make", [rvq, fsq])
def test_dropout_keeps_the_first_levels(make) -> None:  # type: ignore[no-untyped-def]
    quantizer = trained(make(dropout=1.0))
    before = deepcopy(quantizer)  # the step moves the entries
    with torch.no_grad():
        output = quantizer(vectors())
        prefixes = [before.dequantize(output.codes[..., :count]) for count in (1, 2, 3)]
    kept = [
        [torch.allclose(prefix[row], output.latent[row], atol=1e-5) for prefix in prefixes]
        for row in range(SIZE[0])
    ]
    assert all(map(any, kept))
    assert not all(row[-1] for row in kept)
    rows = make(dropout=1.0).kept_levels(torch.zeros(1000, 1))
    assert set(map(tuple, rows.tolist())) == {(1, 0, 0), (1, 1, 0), (1, 1, 1)}
    assert make(dropout=1.0).eval().kept_levels(torch.zeros(9, 1)).all()


def test_more_levels_lose_less_and_the_codebooks_are_used() -> None:
    quantizer = trained(rvq()).eval()
    x = vectors(99)
    codes = quantizer.quantize(x)
    errors = [float((quantizer.dequantize(codes[..., :n]) - x).square().mean()) for n in (1, 2, 3)]
    assert 0.7 > errors[0] > errors[1] > errors[2]
    assert all(len(codes[..., level].unique()) > 12 for level in range(3))


def test_entries_that_nothing_chooses_are_revived_by_data() -> None:
    quantizer = trained(rvq())
    with torch.no_grad():
        quantizer.entries[1, 4:] = 1000.0  # where no vector is
        quantizer.use[1, 4:] = 0.1
    trained(quantizer)
    assert quantizer.entries.abs().max() < 10
    kept = rvq(revive_below=0.0)
    trained(kept)
    with torch.no_grad():
        kept.entries[1, 4:] = 1000.0
    trained(kept)
    assert (kept.entries[1, 4:] == 1000.0).all()


def test_entries_are_the_mean_of_their_vectors() -> None:
    quantizer = rvq(codebooks=1, codebook_size=2, decay=0.9)
    two = torch.tensor([[1.0] * 6, [-1.0] * 6])
    for seed in range(100):
        generator = torch.Generator().manual_seed(seed)
        quantizer(two.repeat(20, 1)[None] + 0.1 * torch.randn(1, 40, 6, generator=generator))
    assert torch.allclose(quantizer.entries[0].sort(0)[0], two.flip(0), atol=0.1)
    assert torch.allclose(quantizer.use, torch.tensor([20.0, 20.0]), atol=0.1)


def test_a_reloaded_quantizer_goes_on_exactly() -> None:
    quantizer = trained(rvq(dropout=0.5), 3)
    again = rvq(dropout=0.5)
    again.load_state_dict(quantizer.state_dict())
    for each in (quantizer, again):
        torch.manual_seed(2)
        trained(each, 3)
    for name, value in quantizer.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name


def test_evaluation_changes_no_codebook() -> None:
    quantizer = trained(rvq(), 2).eval()
    before = {name: value.clone() for name, value in quantizer.state_dict().items()}
    quantizer(vectors(7))
    assert all(torch.equal(value, before[name]) for name, value in quantizer.state_dict().items())


def test_finite_scalars_reach_every_level() -> None:
    quantizer = FiniteScalarQuantizer(3, codebooks=1, levels=(4, 3, 2))
    with torch.no_grad():
        quantizer.down.weight.copy_(2 * torch.eye(3))
        quantizer.down.bias.zero_()
        codes = quantizer.quantize(torch.randn(1, 4000, 3))
    assert len(codes.unique()) == quantizer.codebook_size == 24
    numbers = codes[..., None] // quantizer.places % quantizer.sizes
    assert torch.equal((numbers * quantizer.places).sum(-1), codes)
    with pytest.raises(UserError, match=r"levels=\[256, 256, 256\] make more than"):
        FiniteScalarQuantizer(3, levels=(256, 256, 256))


def train_as_rank(rank: int, folder: Path) -> None:
    """Train on one of two ranks: new codebooks, then one batch of given ones; save both."""
    dist.init_process_group("gloo", f"file://{folder}/store", rank=rank, world_size=2)
    quantizer = rvq()
    torch.manual_seed(rank)  # ranks draw different numbers
    for seed in range(6):
        quantizer(vectors(2 * seed + rank))
    fresh = {name: value.clone() for name, value in quantizer.state_dict().items()}
    quantizer.load_state_dict(torch.load(folder / "given.pt", weights_only=True))
    quantizer(vectors(100 + rank))
    torch.save((fresh, quantizer.state_dict()), folder / f"{rank}.pt")
    dist.destroy_process_group()


def test_two_ranks_have_the_codebooks_of_all_their_vectors(tmp_path: Path) -> None:
    given = trained(rvq(revive_below=0.0))
    torch.save(given.state_dict(), tmp_path / "given.pt")
    ranks = [SERVER.Process(target=train_as_rank, args=(rank, tmp_path)) for rank in (0, 1)]
    for process in ranks:
        process.start()
    for process in ranks:
        process.join(120)
        assert process.exitcode == 0
    first, second = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1))
    for one, other in zip(first, second, strict=True):
        assert all(torch.equal(value, other[name]) for name, value in one.items())
    assert (first[0]["use"] > 0).all()
    given(torch.cat([vectors(100), vectors(101)]))
    assert torch.allclose(given.entries, first[1]["entries"], atol=1e-5)
    assert torch.allclose(given.use, first[1]["use"])


@pytest.mark.parametrize("quantizer", [rvq(), fsq()], ids=["rvq", "fsq"])
def test_the_vectors_of_the_codes_add_up_to_what_they_stand_for(quantizer: Quantizer) -> None:
    trained(quantizer).eval()
    codes = torch.randint(0, quantizer.codebook_size, (2, 9, 3))
    with torch.no_grad():
        per_code = quantizer.code_vectors()
        assert per_code.shape == (3, quantizer.codebook_size, SIZE[2])
        assert per_code.mean(1).abs().max() < 1e-5
        total = torch.stack([per_code[k][codes[..., k]] for k in range(3)]).sum(0)
        difference = quantizer.dequantize(codes) - total
    assert torch.allclose(difference, difference[:1, :1], atol=1e-4)  # a constant
