"""What pruning methods of other packages are held to: an error of theirs ends in one line."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from etl.errors import PruningError
from etl.pruning.registry import BUILT_IN, said
from warehouse.errors import SparsityError

if TYPE_CHECKING:
    import torch

    from etl.pruning.pruner import Choice


@contextmanager
def guarded(method: str, tensor_name: str) -> Generator[None]:
    """Turn whatever a method of another package raises on a matrix into a PruningError."""
    try:
        yield
    except SparsityError:
        raise
    except Exception as error:
        if method in BUILT_IN:
            raise
        msg = f"the pruning method {method} failed on {tensor_name} with {said(error)}; --debug shows where"
        raise PruningError(msg) from error


def check_scores(method: str, scores: torch.Tensor, weight: torch.Tensor) -> None:
    """Raise PruningError unless a method of another package gave a score ≥ 0 for every weight (out, in)."""
    if method in BUILT_IN:
        return
    if scores.shape != weight.shape or not bool((scores >= 0).all()):
        msg = (
            f"the pruning method {method} must give one score ≥ 0 for each of {tuple(weight.shape)} weights, "
            f"not {tuple(scores.shape)} scores from {scores.min().item():g} on"
        )
        raise PruningError(msg)


def check_choice(method: str, choice: Choice, weight: torch.Tensor) -> None:
    """Raise PruningError unless a method of another package gave finite weights (out, in), 0 where pruned."""
    if method in BUILT_IN:
        return
    whole = {choice.weight.shape, choice.pruned.shape} == {weight.shape}
    if not whole or not bool(choice.weight.isfinite().all()) or choice.weight[choice.pruned].any():
        msg = (
            f"the pruning method {method} must give finite weights {tuple(weight.shape)} that are 0 wherever "
            "its mask of the same shape prunes"
        )
        raise PruningError(msg)
