"""SparseGPT: prune column by column, each error made good by the weights that follow (arXiv 2301.00774)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from etl.errors import PruningError
from etl.pruning import selection
from etl.pruning.request import PruningRequest
from etl.pruning.statistics import full_float32

#: Prunes the columns of a block in place, given block, factor, mask and request; returns their errors.
ColumnPruner = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, PruningRequest], torch.Tensor]

#: Damping is raised tenfold this often before the Hessian counts as unusable.
_DAMPING_RAISES = 6


@dataclass(frozen=True)
class InverseFactor:
    """U (in, in), upper triangular, UᵀU = H⁻¹ of the damped Hessian; `dead` (in,) marks inputs that are 0."""

    upper: torch.Tensor
    dead: torch.Tensor
    warnings: tuple[str, ...] = ()


@torch.no_grad()
def inverse_factor(hessian: torch.Tensor, damping: float) -> InverseFactor:
    """Factor the inverse of H + damping·mean(diag H)·I for H (in, in), with H_jj = 1 for dead inputs.

    Where that matrix is not positive definite in float32, damping is raised tenfold and a warning says so.
    Raises PruningError when no damping helps, as with infinite or NaN inputs.
    """
    hessian = hessian.clone()
    diagonal = hessian.diagonal()
    dead = diagonal == 0
    diagonal[dead] = 1
    mean = diagonal.mean().item()
    for attempt in range(_DAMPING_RAISES + 1):
        damped = hessian.clone()
        damped.diagonal().add_(damping * 10**attempt * mean)
        upper = _upper_inverse_factor(damped)
        if upper is not None:
            return InverseFactor(upper, dead, _damping_warnings(damping, attempt))
    msg = "the calibration inputs give no usable Hessian (infinite or NaN values); check the calibration text"
    raise PruningError(msg)


def _damping_warnings(damping: float, raises: int) -> tuple[str, ...]:
    if raises == 0:
        return ()
    return (f"the Hessian was not positive definite at damping {damping:g}; used {damping * 10**raises:g}",)


def _upper_inverse_factor(matrix: torch.Tensor) -> torch.Tensor | None:
    """Return U with UᵀU = matrix⁻¹, or None where `matrix` is not positive definite.

    Reversing rows and columns turns the lower Cholesky factor into an upper one, matrix = R·Rᵀ, and then
    U = R⁻¹: one factorisation and one triangular solve in place of two factorisations and an inverse.
    """
    lower, failed = torch.linalg.cholesky_ex(matrix.flip(0, 1))
    if failed.item():
        return None
    identity = torch.eye(len(matrix), dtype=matrix.dtype, device=matrix.device)
    upper = torch.linalg.solve_triangular(lower.flip(0, 1), identity, upper=True)
    # LAPACK answers in columns; pruning reads rows.
    return upper.contiguous() if upper.isfinite().all() else None


@torch.no_grad()
def prune(
    weight: torch.Tensor, factor: InverseFactor, request: PruningRequest
) -> tuple[torch.Tensor, torch.Tensor]:
    """Prune W (out, in) on the inputs behind `factor`.

    Returns the updated weights, float32 and 0 where pruned, and the bool mask of the pruned. Unstructured,
    each block of columns has one threshold over all of its rows, taken from the weights at its start; N:M
    groups are chosen from the weights as updated so far. Blocks are cut to whole groups.
    """
    # Transposed, so that one input's weights lie side by side in memory: (in, out).
    columns = weight.float().T.contiguous()
    pruned = torch.zeros_like(columns, dtype=torch.bool)
    if request.sparsity == 0:
        return columns.T, pruned.T
    columns[factor.dead] = 0
    group = request.pattern.group or 1
    width = max(request.block_size // group, 1) * group
    prune_block = _column_pruner(columns.device, width, request)
    with full_float32():
        for start in range(0, len(columns), width):
            end = min(start + width, len(columns))
            block, goes = columns[start:end], pruned[start:end]
            upper = factor.upper[start:end, start:end]
            if request.pattern.group is None:
                saliency = block.square() / upper.diagonal().unsqueeze(1).square()
                rank = int(block.numel() * request.sparsity)
                goes.copy_(selection.at_or_below_rank(saliency, rank)[0])
            errors = prune_block(block, upper, goes, request)
            columns[end:].addmm_(factor.upper[start:end, end:].T, errors, alpha=-1)
    return columns.T.contiguous(), pruned.T.contiguous()


def _column_pruner(device: torch.device, width: int, request: PruningRequest) -> ColumnPruner:
    """Return what prunes a block of `width` columns on `device`: the kernel where it fits, or the loop."""
    if device.type == "cuda":
        from etl.pruning import sparsegpt_kernels  # noqa: PLC0415  Triton exists on Linux alone

        if sparsegpt_kernels.fits(width, request):
            return sparsegpt_kernels.prune_columns
    return prune_columns


def prune_columns(
    block: torch.Tensor, upper: torch.Tensor, pruned: torch.Tensor, request: PruningRequest
) -> torch.Tensor:
    """Prune the columns of one block in place: `block`, `pruned` (width, out), `upper` (width, width).

    Unstructured, `pruned` is given; for N:M it is chosen here, group by group. Returns each column's error
    over its diagonal entry (width, out), for the columns after the block.
    """
    diagonal = upper.diagonal().unsqueeze(1)
    group = request.pattern.group
    scale = pruned / diagonal
    errors = torch.empty_like(block)
    # One view a column, made once: the loop is bound by the number of calls, not by arithmetic.
    columns = zip(block.unbind(), scale.unbind(), errors.unbind(), upper.unbind(), strict=True)
    for index, (column, column_scale, error, row) in enumerate(columns):
        if group is not None and index % group == 0:
            ahead = slice(index, index + group)
            saliency = block[ahead].square() / diagonal[ahead].square()
            pruned[ahead] = selection.lowest_of_columns(saliency, request.pattern.pruned)
            scale[ahead] = pruned[ahead] / diagonal[ahead]
        torch.mul(column, column_scale, out=error)
        block[index + 1 :].addr_(row[index + 1 :], error, alpha=-1)
    block.masked_fill_(pruned, 0)
    return errors
