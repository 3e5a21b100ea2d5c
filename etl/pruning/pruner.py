"""What a pruning method offers: scores of weights that may go, or a mask together with new weights.

A method is one class of one of these two kinds, named in `etl.pruning.registry` or, from another package, by
an entry point of the group `sparsity_tui.pruners`. Importing this module loads no torch; a method's module
should not either, so that planning stays quick.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    import torch

    from etl.pruning.request import PruningRequest


SCORE_SCOPES = ("row", "matrix", "model", "cumulative")


@dataclass(frozen=True)
class Choice:
    """What a method decided for one matrix: the new weights, the mask of the pruned, its threshold.

    `weight` (out, in) is 0 wherever `pruned` (out, in), bool, is True. `scales` (out, groups) bfloat16 are
    those of a narrow value format, where the method has rounded the weights itself; otherwise they are
    rounded to the nearest afterwards.
    """

    weight: torch.Tensor
    pruned: torch.Tensor
    threshold: float | None = None
    scales: torch.Tensor | None = None
    warnings: tuple[str, ...] = ()


class Pruner(ABC):
    """A pruning method; `scopes` names over what its scores may compete, the first being the default.

    One that does not prune (`prunes` False) only rounds weights to a narrow value format.

    A Scorer has some of `SCORE_SCOPES`, which `etl.pruning.scopes` explains; an Updater names its own, such
    as block, a group of columns.
    """

    scopes: ClassVar[tuple[str, ...]]
    prunes: ClassVar[bool] = True


class Scorer(Pruner):
    """A method that only takes weights away: those with the lowest scores go.

    `needs_inputs` says whether scores depend on the calibration inputs.
    """

    needs_inputs: ClassVar[bool] = True

    @abstractmethod
    def scores(self, weight: torch.Tensor, squared_norms: torch.Tensor) -> torch.Tensor:
        """Return scores (out, in), finite and ≥ 0, of W (out, in).

        `squared_norms` (in,) float32 holds a_j, the mean over sequences of Σ_tokens x_j²; for a method that
        needs no inputs it is empty.
        """


class Slicer(Pruner):
    """A method that takes whole dimensions of the residual stream away; `etl.slicing` carries it out."""


class Updater(Pruner):
    """A method that changes the weights it keeps, from the second moment of the inputs."""

    @abstractmethod
    def prepare(self, hessian: torch.Tensor, request: PruningRequest) -> Any:
        """Return what matrices that read the same inputs share; `hessian` (in, in) is (2/n)·Σ x xᵀ."""

    @abstractmethod
    def prune(self, weight: torch.Tensor, prepared: Any, request: PruningRequest) -> Choice:
        """Choose what of W (out, in) goes, and what the rest becomes."""
