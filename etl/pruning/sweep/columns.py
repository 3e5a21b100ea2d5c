"""The sweep of SparseGPT: each column's error is made good by the columns that follow (arXiv 2301.00774)."""

from __future__ import annotations

from collections.abc import Callable

import torch

from etl.pruning import selection
from etl.pruning.request import PruningRequest
from etl.pruning.statistics import full_float32
from etl.pruning.sweep.factor import InverseFactor

#: Prunes the columns of a block in place, given block, factor, mask and request; returns their errors.
ColumnPruner = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, PruningRequest], torch.Tensor]


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
        return columns.T.contiguous(), pruned.T.contiguous()
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
        from etl.pruning.sweep import kernel  # noqa: PLC0415  Triton exists on Linux alone

        if kernel.fits(width, request):
            return kernel.prune_columns
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
