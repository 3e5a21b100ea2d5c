"""The sweep of SparseGPT: each column's error is made good by the columns that follow (arXiv 2301.00774)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import torch

from etl.pruning import selection
from etl.pruning.request import PruningRequest
from etl.pruning.statistics import full_float32
from etl.pruning.sweep.factor import InverseFactor
from etl.pruning.values import Grid

if TYPE_CHECKING:
    from kernels.formats.values.codec import Codec


class Swept(NamedTuple):
    """Weights (out, in) float32, 0 where `pruned` (out, in) bool is True; bfloat16 scales where rounded."""

    weight: torch.Tensor
    pruned: torch.Tensor
    scales: torch.Tensor | None


class Rounding(NamedTuple):
    """How kept weights of a block are rounded: to levels of `codec`, times `scales` (width, out) float32."""

    codec: Codec
    scales: torch.Tensor


#: Prunes the columns of a block in place, given block, factor, mask, request and rounding; returns their
#: errors.
ColumnPruner = Callable[
    [torch.Tensor, torch.Tensor, torch.Tensor, PruningRequest, Rounding | None], torch.Tensor
]


@torch.no_grad()
def prune(weight: torch.Tensor, factor: InverseFactor, request: PruningRequest) -> Swept:
    """Prune W (out, in) on the inputs behind `factor`, and round what is kept where values are narrow.

    Unstructured, each block of columns has one threshold over all of its rows, taken from the weights at its
    start; N:M groups are chosen from the weights as updated so far. Blocks are cut to whole groups. The scale
    of a group of inputs comes from the weights at the start of the block in which it begins (arXiv
    2210.17323).
    """
    # Transposed, so that one input's weights lie side by side in memory: (in, out).
    columns = weight.float().T.contiguous()
    pruned = torch.zeros_like(columns, dtype=torch.bool)
    grid = Grid.of(request, len(columns))
    if request.sparsity == 0 and grid is None:
        return Swept(columns.T.contiguous(), pruned.T.contiguous(), None)
    columns[factor.dead] = 0
    scales = _Scales(grid, columns) if grid else None
    group = request.pattern.group or 1
    width = max(request.block_size // group, 1) * group
    prune_block = _column_pruner(columns.device, width, request)
    with full_float32():
        for start in range(0, len(columns), width):
            end = min(start + width, len(columns))
            block, goes = columns[start:end], pruned[start:end]
            upper = factor.upper[start:end, start:end]
            if request.pattern.group is None and request.sparsity:
                saliency = block.square() / upper.diagonal().unsqueeze(1).square()
                rank = int(block.numel() * request.sparsity)
                goes.copy_(selection.at_or_below_rank(saliency, rank)[0])
            rounding = scales.enter(start, end) if scales else None
            errors = prune_block(block, upper, goes, request, rounding)
            columns[end:].addmm_(factor.upper[start:end, end:].T, errors, alpha=-1)
    found = scales.values.T.contiguous() if scales else None
    return Swept(columns.T.contiguous(), pruned.T.contiguous(), found)


class _Scales:
    """The scales `values` (groups, out) bfloat16 of the columns (in, out) that a sweep works on."""

    def __init__(self, grid: Grid, columns: torch.Tensor) -> None:
        self._grid = grid
        self._columns = columns
        groups = len(columns) // grid.group_size
        self.values = columns.new_zeros(groups, columns.shape[1], dtype=torch.bfloat16)

    def enter(self, start: int, end: int) -> Rounding:
        """Set the scales of the groups that begin in a block, and return those of all of its columns."""
        size = self._grid.group_size
        for group in range(-(-start // size), -(-end // size)):
            members = self._columns[group * size : (group + 1) * size]
            self.values[group] = self._grid.codec.scale(members.T)
        groups = torch.arange(start, end, device=self.values.device) // size
        return Rounding(self._grid.codec, self.values[groups].float())


def _column_pruner(device: torch.device, width: int, request: PruningRequest) -> ColumnPruner:
    """Return what prunes a block of `width` columns on `device`: the kernel where it fits, or the loop."""
    if device.type == "cuda":
        from etl.pruning.sweep import kernel  # noqa: PLC0415  Triton exists on Linux alone

        if kernel.fits(width, request):
            return kernel.prune_columns
    return prune_columns


def prune_columns(
    block: torch.Tensor,
    upper: torch.Tensor,
    pruned: torch.Tensor,
    request: PruningRequest,
    rounding: Rounding | None = None,
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
        if rounding is None:
            torch.mul(column, column_scale, out=error)
        else:
            kept = rounding.codec.rounded(column, rounding.scales[index]).masked_fill_(pruned[index], 0)
            torch.div(column - kept, diagonal[index], out=error)
            column.copy_(kept)
        block[index + 1 :].addr_(row[index + 1 :], error, alpha=-1)
    block.masked_fill_(pruned, 0)
    return errors
