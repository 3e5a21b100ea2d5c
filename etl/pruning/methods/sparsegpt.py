"""SparseGPT: prune column by column, each error made good by the weights that follow (arXiv 2301.00774)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from etl.pruning.pruner import Choice, Updater

if TYPE_CHECKING:
    import torch

    from etl.pruning.request import PruningRequest
    from etl.pruning.sweep.factor import InverseFactor


class SparseGPT(Updater):
    """The sweep of `etl.pruning.sweep.columns`; a threshold rules one block of columns."""

    scopes: ClassVar = ("block",)

    def prepare(self, hessian: torch.Tensor, request: PruningRequest) -> InverseFactor:
        """Factor the inverse of the damped Hessian (in, in)."""
        from etl.pruning.sweep.factor import inverse_factor  # noqa: PLC0415  planning needs no torch

        return inverse_factor(hessian, request.damping)

    def prune(self, weight: torch.Tensor, prepared: InverseFactor, request: PruningRequest) -> Choice:
        """Sweep over the columns of W (out, in), pruning and rounding."""
        from etl.pruning.sweep.columns import prune  # noqa: PLC0415  planning needs no torch

        updated, pruned, scales = prune(weight, prepared, request)
        return Choice(updated.to(weight.dtype), pruned, scales=scales, warnings=prepared.warnings)
