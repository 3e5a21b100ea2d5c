"""SparseGPT against its definition with explicit inverses, in float64."""

import pytest
import torch

from etl.errors import PruningError
from etl.pruning.request import PruningRequest
from etl.pruning.sweep import columns
from etl.pruning.sweep.factor import inverse_factor

SHAPES = [(5, 12, 4), (7, 20, 8), (3, 9, 128)]


def problem(rows: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Random weights (rows, width) and the Hessian of correlated inputs."""
    generator = torch.Generator().manual_seed(rows * width)
    mixing = torch.randn(width, width, generator=generator)
    inputs = torch.randn(4 * width, width, generator=generator) @ mixing
    return torch.randn(rows, width, generator=generator), inputs.T @ inputs * 2 / (4 * width)


def surgeon(weight: torch.Tensor, hessian: torch.Tensor, pruned: torch.Tensor) -> torch.Tensor:
    """Optimal Brain Surgeon left to right: invert what is left, spread each error over it."""
    weight = weight.double().clone()
    for column in range(weight.shape[1]):
        inverse = torch.linalg.inv(hessian[column:, column:])
        error = torch.where(pruned[:, column], weight[:, column], 0) / inverse[0, 0]
        weight[:, column:] -= torch.outer(error, inverse[0])
    return weight


@pytest.mark.parametrize(
    ("pattern", "rows", "width", "block_size"),
    [("unstructured", *shape) for shape in SHAPES]
    + [("2:4", 5, 12, 4), ("2:4", 7, 20, 8), ("1:3", 3, 9, 128)],
)
def test_prune_spreads_each_error_as_explicit_inverses_do(
    pattern: str, rows: int, width: int, block_size: int
):
    """Given the mask, the weights are those of the surgeon on the damped Hessian; pruned ones are +0.0."""
    weight, hessian = problem(rows, width)
    request = PruningRequest.of(
        "sparsegpt", 0.5 if pattern == "unstructured" else None, pattern=pattern, block_size=block_size
    )
    updated, pruned, _ = columns.prune(weight, inverse_factor(hessian, 0.01), request)
    damped = hessian.double() + 0.01 * hessian.double().diagonal().mean() * torch.eye(width)
    expected = surgeon(weight, damped, pruned)
    torch.testing.assert_close(updated.double(), expected, rtol=1e-3, atol=1e-4)
    assert (updated[pruned] == 0).all()
    assert not updated[pruned].signbit().any()


@pytest.mark.parametrize(("rows", "width", "block_size"), SHAPES)
def test_unstructured_blocks_prune_one_more_than_their_share(rows: int, width: int, block_size: int):
    """The published rule takes the score at index int(n·s) too, in every block of columns."""
    weight, hessian = problem(rows, width)
    request = PruningRequest.of("sparsegpt", 0.5, block_size=block_size)
    _, pruned, _ = columns.prune(weight, inverse_factor(hessian, 0.01), request)
    for block in pruned.split(block_size, dim=1):
        assert block.sum() == int(block.numel() * 0.5) + 1


def test_the_first_block_is_chosen_by_its_weights_at_entry():
    """Its scores are W²/U_jj² before any update."""
    weight, hessian = problem(6, 16)
    factor = inverse_factor(hessian, 0.01)
    _, pruned, _ = columns.prune(weight, factor, PruningRequest.of("sparsegpt", 0.5, block_size=8))
    scores = (weight / factor.upper.diagonal())[:, :8].square()
    assert torch.equal(pruned[:, :8], scores <= scores.flatten().sort().values[24])


@pytest.mark.parametrize("block_size", [1, 6, 128])
def test_groups_of_n_m_keep_n_whatever_the_block_size(block_size: int):
    """Blocks are cut to whole groups, also where the block size is smaller than a group."""
    weight, hessian = problem(5, 24)
    request = PruningRequest.of("sparsegpt", pattern="3:8", block_size=block_size)
    _, pruned, _ = columns.prune(weight, inverse_factor(hessian, 0.01), request)
    assert (pruned.reshape(5, 3, 8).sum(2) == 5).all()


def test_sparsity_zero_changes_nothing():
    """Nothing is asked for, so not even the published rule's extra weight goes."""
    weight, hessian = problem(4, 8)
    updated, pruned, _ = columns.prune(
        weight, inverse_factor(hessian, 0.01), PruningRequest.of("sparsegpt", 0.0)
    )
    assert torch.equal(updated, weight)
    assert not pruned.any()
    # What is not contiguous cannot be written to a file.
    assert updated.is_contiguous()
    assert pruned.is_contiguous()


def test_the_weights_given_are_left_alone():
    """Pruning works on a copy."""
    weight, hessian = problem(4, 8)
    before, hessian_before = weight.clone(), hessian.clone()
    columns.prune(weight, inverse_factor(hessian, 0.01), PruningRequest.of("sparsegpt", 0.5))
    assert torch.equal(weight, before)
    assert torch.equal(hessian, hessian_before)


@pytest.mark.parametrize("width", [1, 5, 64])
def test_inverse_factor_is_an_upper_root_of_the_inverse(width: int):
    """UᵀU times the damped Hessian is the identity, and U has nothing below its diagonal."""
    _, hessian = problem(2, width)
    factor = inverse_factor(hessian, 0.01)
    damped = hessian.double() + 0.01 * hessian.double().diagonal().mean() * torch.eye(width)
    upper = factor.upper.double()
    torch.testing.assert_close(
        upper.T @ upper @ damped, torch.eye(width, dtype=torch.float64), rtol=0, atol=1e-3
    )
    assert torch.equal(upper, upper.triu())
    assert factor.warnings == ()


def test_dead_inputs_lose_their_weights():
    """An input that is always 0 gets a diagonal of 1, and its weights go to 0."""
    weight, hessian = problem(4, 8)
    hessian[3] = hessian[:, 3] = 0
    factor = inverse_factor(hessian, 0.01)
    assert factor.dead.tolist() == [column == 3 for column in range(8)]
    updated, _, _ = columns.prune(weight, factor, PruningRequest.of("sparsegpt", pattern="2:4"))
    assert (updated[:, 3] == 0).all()


def test_a_failed_cholesky_raises_damping_and_says_so():
    """An indefinite matrix is damped tenfold until it factors, with a warning that names both dampings."""
    hessian = torch.diag(torch.tensor([1.0, 1.0, 1.0, 1.0]))
    hessian[0, 1] = hessian[1, 0] = 1.05
    factor = inverse_factor(hessian, 0.01)
    assert factor.warnings == ("the Hessian was not positive definite at damping 0.01; used 0.1",)
    upper = factor.upper.double()
    damped = hessian.double() + 0.1 * torch.eye(4)
    torch.testing.assert_close(upper.T @ upper @ damped, torch.eye(4, dtype=torch.float64), rtol=0, atol=1e-4)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_hessian_without_a_factor_is_an_error(value: float):
    """Inputs that overflowed are not damped away."""
    hessian = torch.eye(4)
    hessian[1, 1] = value
    with pytest.raises(PruningError, match="no usable Hessian"):
        inverse_factor(hessian, 0.01)
