"""Repairing the mask of one matrix, its kept weights being the dense ones, as they are or rounded."""

from __future__ import annotations

import torch

from etl.pruning.pruner import Choice
from etl.pruning.refinement.swaps import swap
from etl.pruning.request import PruningRequest
from etl.pruning.values import Grid


def exchanged(
    dense: torch.Tensor, pruned: torch.Tensor, gram: torch.Tensor, request: PruningRequest
) -> Choice:
    """Return W (out, in) with the mask `pruned` (out, in) improved by exchanges; no threshold rules it.

    Narrow values keep the scales that the starting mask gives them, so that each exchange is exact.
    """
    grid = Grid.of(request, dense.shape[1])
    if grid is None:
        mask = swap(dense, pruned, gram, request.pattern)
        return Choice(dense.masked_fill(mask, 0), mask)
    scales = grid.scales(dense.masked_fill(pruned, 0))
    values = grid.rounded(dense, scales).to(dense.dtype)
    mask = swap(dense, pruned, gram, request.pattern, values)
    return Choice(values.masked_fill(mask, 0), mask, scales=scales)
