"""GPTQ, alone and with pruning, against its definition with explicit inverses in float64."""

import pytest
import torch

from etl.pruning.methods.gptq import GPTQ
from etl.pruning.methods.round import Round
from etl.pruning.methods.sparsegpt import SparseGPT
from etl.pruning.request import VALUE_FORMATS, PruningRequest
from tests.etl.pruning.value_grids import nearest, scale

ROWS, WIDTH = 6, 24


def problem() -> tuple[torch.Tensor, torch.Tensor]:
    """Random weights (6, 24) and the Hessian of correlated inputs, of which the third is dead."""
    generator = torch.Generator().manual_seed(5)
    inputs = torch.randn(96, WIDTH, generator=generator) @ torch.randn(WIDTH, WIDTH, generator=generator)
    inputs[:, 2] = 0
    return torch.randn(ROWS, WIDTH, generator=generator), inputs.T @ inputs * 2 / 96


def explicit(
    weight: torch.Tensor, hessian: torch.Tensor, pruned: torch.Tensor, request: PruningRequest
) -> tuple[torch.Tensor, torch.Tensor]:
    """Round or prune column by column, spread each error by the inverse of what is left; weights, scales."""
    weight, hessian = weight.double().clone(), hessian.double().clone()
    hessian[2, 2] = 1
    weight[:, 2] = 0
    hessian += 0.01 * hessian.diagonal().mean() * torch.eye(WIDTH)
    size = request.group_size or WIDTH
    scales = torch.zeros(ROWS, WIDTH // size, dtype=torch.float64)
    for column in range(WIDTH):
        if column % request.block_size == 0:
            for group in range(WIDTH // size):
                if column <= group * size < column + request.block_size:
                    members = weight[:, group * size : (group + 1) * size]
                    scales[:, group] = scale(members, request.value_format)
        kept = nearest(weight[:, column], scales[:, column // size], request.value_format)
        kept[pruned[:, column]] = 0
        inverse = torch.linalg.inv(hessian[column:, column:])
        error = (weight[:, column] - kept) / inverse[0, 0]
        weight[:, column:] -= torch.outer(error, inverse[0])
        weight[:, column] = kept
    return weight, scales


@pytest.mark.parametrize("value_format", VALUE_FORMATS)
@pytest.mark.parametrize(("group_size", "block_size"), [(8, 8), (4, 8), (12, 8), (0, 8), (8, 128)])
@pytest.mark.parametrize(("method", "sparsity"), [("gptq", None), ("sparsegpt", 0.0), ("sparsegpt", 0.5)])
def test_weights_are_rounded_as_explicit_inverses_do(
    value_format: str, group_size: int, block_size: int, method: str, sparsity: float | None
):
    """Groups begin inside blocks, reach over several, or are whole rows; sparsity 0 is GPTQ."""
    weight, hessian = problem()
    request = PruningRequest.of(
        method, sparsity, value_format=value_format, group_size=group_size, block_size=block_size
    )
    pruner = GPTQ() if method == "gptq" else SparseGPT()
    found = pruner.prune(weight, pruner.prepare(hessian, request), request)
    expected, scales = explicit(weight, hessian, found.pruned, request)
    assert torch.equal(found.scales.double(), scales)
    torch.testing.assert_close(found.weight.double(), expected, rtol=1e-5, atol=1e-6)
    assert found.pruned.any() == bool(sparsity)
    assert not found.weight[found.pruned].any()


@pytest.mark.parametrize("value_format", VALUE_FORMATS)
@pytest.mark.parametrize(("pattern", "kept"), [("2:4", 2), ("1:3", 1)])
def test_groups_of_n_m_are_rounded_as_they_are_pruned(value_format: str, pattern: str, kept: int):
    """Of every M inputs N are kept, and these are rounded; errors of both kinds go on."""
    weight, hessian = problem()
    request = PruningRequest.of(
        "sparsegpt", pattern=pattern, value_format=value_format, group_size=12, block_size=12
    )
    found = SparseGPT().prune(weight, SparseGPT().prepare(hessian, request), request)
    expected, _ = explicit(weight, hessian, found.pruned, request)
    torch.testing.assert_close(found.weight.double(), expected, rtol=1e-5, atol=1e-6)
    group = request.pattern.group
    assert ((~found.pruned).unflatten(1, (-1, group)).sum(-1) == kept).all()


def test_errors_made_good_cost_less_than_rounding_to_nearest():
    """‖WX − ŴX‖² falls, which is what GPTQ is for."""
    weight, hessian = problem()
    request = PruningRequest.of("gptq", value_format="int4", group_size=0)
    found = GPTQ().prune(weight, GPTQ().prepare(hessian, request), request).weight
    plain = nearest(weight.double(), scale(weight.double(), "int4")[:, None].expand(ROWS, WIDTH), "int4")
    lost = [torch.trace(error @ hessian @ error.T) for error in (weight - found, weight - plain.float())]
    assert lost[0] < 0.5 * lost[1]


@pytest.mark.parametrize("kind", [GPTQ, Round])
def test_methods_that_only_round_say_so(kind: type):
    """The command line asks neither sparsity nor pattern of them."""
    assert kind.prunes is False
