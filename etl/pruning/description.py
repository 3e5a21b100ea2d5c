"""A pruning request in words, for plans, progress and the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etl.pruning.registry import pruner

if TYPE_CHECKING:
    from etl.pruning.request import PruningRequest


def describe(request: PruningRequest) -> str:
    """Say in words what a request prunes."""
    words = [request.method]
    if pruner(request.method).prunes:
        words += [f"{request.sparsity:g}", str(request.pattern)]
        words += [f"by {request.scope}"] if str(request.pattern) == "unstructured" else []
    if request.value_format is not None:
        groups = f"groups of {request.group_size}" if request.group_size else "rows"
        words.append(f"{request.value_format} in {groups}")
    if request.allocation != "uniform":
        words.append(f"allocation {request.allocation} ± {request.allocation_spread:g}")
    if request.refine is not None:
        words.append(f"refined by {request.refine}")
    if request.true_sequential:
        words.append("true-sequential")
    if request.projections is not None:
        words.append(f"projections {','.join(request.projections)}")
    if request.layers is not None:
        words.append(f"blocks {','.join(map(str, request.layers))}")
    if request.ties != "exact":
        words.append(f"ties {request.ties}")
    return " ".join(words)
