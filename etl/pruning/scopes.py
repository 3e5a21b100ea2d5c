"""Over which weights the scores of a method without weight update compete.

- `row`: the inputs of one output; `matrix`: all weights of a matrix; `model`: those of all matrices.
- `cumulative`: as many weights as in `matrix`, but every row gives up the same share α of its summed score:
  W_ij goes if the scores of its row up to its own, in ascending order, sum to at most α of the row's sum.
  α is where exactly the share asked for goes (arXiv 2306.11695, the variant of its code, which searches for
  α by bisection down to 0.001 of the sparsity).
"""

from __future__ import annotations

import torch

from etl.pruning import selection
from etl.pruning.request import PruningRequest


def prune_lowest(
    scores: torch.Tensor,
    request: PruningRequest,
    model_cut: selection.StreamThreshold | None = None,
    count: int | None = None,
) -> tuple[torch.Tensor, float | None]:
    """Prune the lowest of `scores` (out, in ≥ 0) in the groups or the scope that `request` names.

    Scope `model` takes its cut from `model_cut`, which must see the matrices in the order of its stream.
    `count` is how many weights go where that is not the share asked for of every matrix alike.
    Returns a bool mask (out, in), True where pruned, and the largest score pruned where one rules the matrix.
    """
    if request.pattern.group is not None:
        choose = selection.topk_of_groups if request.ties == "reference" else selection.lowest_of_groups
        return choose(scores, request.pattern), None
    if model_cut is not None:
        return model_cut.prune_next(scores), model_cut.value if request.sparsity else None
    if request.scope == "row":
        of_each = int(scores.shape[1] * request.sparsity) * len(scores)
        return _lowest_of_rows(scores, of_each if count is None else count), None
    if count is None:
        count = int(scores.numel() * request.sparsity)
    if request.scope == "cumulative":
        return selection.lowest_of_matrix(_cumulative_shares(scores), count)[0], None
    if request.ties == "reference" and count:
        return selection.at_or_below_rank(scores, count)
    return selection.lowest_of_matrix(scores, count)


def _lowest_of_rows(scores: torch.Tensor, count: int) -> torch.Tensor:
    """Prune `count` weights, of every row as many; what is left over goes where the next score is lowest."""
    of_each, left = divmod(count, len(scores))
    pruned = selection.lowest_of_rows(scores, of_each)
    if left:
        lowest = scores.masked_fill(pruned, torch.inf).min(dim=1)
        rows = lowest.values.sort(stable=True).indices[:left]
        pruned[rows, lowest.indices[rows]] = True
    return pruned


def _cumulative_shares(scores: torch.Tensor) -> torch.Tensor:
    """Return for each score which share of its row's sum it and all lower ones make up (out, in), float64."""
    ordered, order = scores.double().sort(dim=1, stable=True)
    summed = ordered.cumsum(dim=1)
    # A row of zeros has nothing to lose: it goes first.
    shares = (summed / summed[:, -1:]).nan_to_num(0)
    return torch.empty_like(shares).scatter_(1, order, shares)
