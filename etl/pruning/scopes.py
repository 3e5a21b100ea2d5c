"""Over which weights the scores of a method without weight update compete."""

from __future__ import annotations

import torch

from etl.pruning import selection
from etl.pruning.request import PruningRequest


def prune_lowest(
    scores: torch.Tensor, request: PruningRequest, model_cut: selection.StreamThreshold | None = None
) -> tuple[torch.Tensor, float | None]:
    """Prune the lowest of `scores` (out, in ≥ 0) in the groups or the scope that `request` names.

    Scope `model` takes its cut from `model_cut`, which must see the matrices in the order of its stream.
    Returns a bool mask (out, in), True where pruned, and the largest score pruned where one rules the matrix.
    """
    if request.pattern.group is not None:
        choose = selection.topk_of_groups if request.ties == "reference" else selection.lowest_of_groups
        return choose(scores, request.pattern), None
    if model_cut is not None:
        return model_cut.prune_next(scores), model_cut.value if request.sparsity else None
    if request.scope == "row":
        return selection.lowest_of_rows(scores, int(scores.shape[1] * request.sparsity)), None
    count = int(scores.numel() * request.sparsity)
    if request.ties == "reference" and count:
        return selection.at_or_below_rank(scores, count)
    return selection.lowest_of_matrix(scores, count)
