"""RIA: a weight counts relative to its row and its column, and by its input (arXiv 2402.05406).

    score_ij = (|W_ij| / Σ_k |W_ik| + |W_ij| / Σ_k |W_kj|) · ‖x_j‖₂^½

No weight changes. The relative importance keeps rows and columns of small weights from being pruned whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from etl.pruning.pruner import Scorer

if TYPE_CHECKING:
    import torch

#: Power of the input's norm ‖x_j‖₂, the paper's a.
_ACTIVATION_POWER = 0.5


class RIA(Scorer):
    """Relative importance and activations; the paper's code compares over the whole matrix."""

    scopes: ClassVar = ("matrix", "row", "model", "cumulative")

    def scores(self, weight: torch.Tensor, squared_norms: torch.Tensor) -> torch.Tensor:
        """Return the scores (out, in) in float32; rows and columns without weights score 0."""
        size = weight.abs().float()
        rows, columns = size.sum(1, keepdim=True), size.sum(0, keepdim=True)
        relative = (size / rows).nan_to_num(0) + (size / columns).nan_to_num(0)
        return relative * squared_norms.sqrt() ** _ACTIVATION_POWER
