"""The GPU kernel against the plain loop: in Triton's interpreter, or on a GPU where there is one."""

import pytest
import torch

from etl.pruning.request import PruningRequest
from etl.pruning.sweep import columns, kernel
from etl.pruning.sweep.factor import inverse_factor
from kernels.formats.values import CODECS

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


def block(rows: int, width: int, *, offset: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    """Columns (width, rows) of random weights, and their square out of a larger factor."""
    generator = torch.Generator().manual_seed(rows * width)
    inputs = torch.randn(3 * width, width + offset, generator=generator)
    upper = inverse_factor(inputs.T @ inputs, 0.01).upper.to(DEVICE)
    weights = torch.randn(width, rows, generator=generator).to(DEVICE)
    return weights, upper[offset:, offset:]


@pytest.mark.parametrize(
    ("pattern", "rows", "width"),
    [
        ("unstructured", 1, 1),
        ("unstructured", 33, 20),
        ("unstructured", 64, 128),
        ("2:4", 35, 24),
        ("4:8", 5, 16),
        ("1:3", 40, 21),
    ],
)
def test_the_kernel_prunes_as_the_loop_does(pattern: str, rows: int, width: int):
    """Same masks, same weights, same errors, whatever number of rows and columns is left over."""
    request = PruningRequest.of("sparsegpt", 0.5 if pattern == "unstructured" else None, pattern=pattern)
    weights, upper = block(rows, width)
    given = torch.zeros_like(weights, dtype=torch.bool)
    if pattern == "unstructured":
        given = weights.abs() < 0.6
    expected, expected_pruned = weights.clone(), given.clone()
    expected_errors = columns.prune_columns(expected, upper, expected_pruned, request)
    found, found_pruned = weights.clone(), given.clone()
    found_errors = kernel.prune_columns(found, upper, found_pruned, request)
    assert torch.equal(found_pruned, expected_pruned)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(found_errors, expected_errors, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("value_format", ["int8", "int4", "fp8"])
@pytest.mark.parametrize(("pattern", "rows", "width"), [("unstructured", 33, 20), ("2:4", 35, 24)])
def test_the_kernel_rounds_as_the_loop_does(value_format: str, pattern: str, rows: int, width: int):
    """Same levels, same errors, also for a scale of 0 and values beyond the largest level."""
    request = PruningRequest.of("sparsegpt", 0.5 if pattern == "unstructured" else None, pattern=pattern)
    weights, upper = block(rows, width)
    given = weights.abs() < 0.6
    scales = (weights.abs().amax(0) / CODECS[value_format].largest).bfloat16().float().expand(width, rows)
    scales = scales.contiguous()
    scales[:4] = 0
    rounding = columns.Rounding(CODECS[value_format], scales)
    expected, expected_pruned = weights.clone(), given.clone()
    expected_errors = columns.prune_columns(expected, upper, expected_pruned, request, rounding)
    found, found_pruned = weights.clone(), given.clone()
    found_errors = kernel.prune_columns(found, upper, found_pruned, request, rounding)
    assert torch.equal(found_pruned, expected_pruned)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-7)
    torch.testing.assert_close(found_errors, expected_errors, rtol=1e-4, atol=1e-4)
    assert len((expected / scales)[4:].round(decimals=3).unique()) > 10


def test_ties_go_as_in_the_loop():
    """Equal scores in a group are pruned from the left."""
    weights = torch.ones(8, 4, device=DEVICE)
    pruned = torch.zeros(8, 4, dtype=torch.bool, device=DEVICE)
    kernel.prune_columns(
        weights, torch.eye(8, device=DEVICE), pruned, PruningRequest.of("sparsegpt", pattern="1:4")
    )
    assert pruned[:, 0].tolist() == [True, True, True, False] * 2


@pytest.mark.parametrize(
    ("width", "pattern", "fits"),
    [(128, "2:4", True), (129, "2:4", False), (64, "8:16", True), (64, "16:32", False)],
)
def test_blocks_beyond_the_registers_take_the_loop(width: int, pattern: str, fits: bool):
    """Wider blocks and larger groups than a thread can hold are left to the loop."""
    assert kernel.fits(width, PruningRequest.of("sparsegpt", pattern=pattern)) is fits


@pytest.mark.gpu
@pytest.mark.parametrize("pattern", ["unstructured", "2:4", "4:8"])
def test_a_whole_matrix_on_a_gpu_is_pruned_as_on_the_cpu(pattern: str):
    """Masks agree but for scores within rounding of the threshold, weights where the masks do."""
    generator = torch.Generator().manual_seed(0)
    weight, inputs = torch.randn(300, 504, generator=generator), torch.randn(2000, 504, generator=generator)
    request = PruningRequest.of("sparsegpt", 0.5 if pattern == "unstructured" else None, pattern=pattern)
    hessian = inputs.T @ inputs
    here = columns.prune(weight, inverse_factor(hessian, 0.01), request)
    there = columns.prune(weight.cuda(), inverse_factor(hessian.cuda(), 0.01), request)
    same_rows = (here[1] == there[1].cpu()).all(dim=1)
    assert same_rows.float().mean() > 0.98
    torch.testing.assert_close(there[0].cpu()[same_rows], here[0][same_rows], rtol=1e-3, atol=1e-4)
