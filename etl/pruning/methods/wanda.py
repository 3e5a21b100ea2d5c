"""Wanda: the smallest |W_ij|·‖x_j‖₂ of each output row go (arXiv 2306.11695). No weight changes.

Scope `cumulative` is the paper's variant (`use_variant` of its code): every row gives up the same share of
its summed score rather than the same number of weights.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from etl.pruning.pruner import Scorer

if TYPE_CHECKING:
    import torch


class Wanda(Scorer):
    """|W_ij|·√a_j."""

    scopes: ClassVar = ("row", "matrix", "model", "cumulative")

    def scores(self, weight: torch.Tensor, squared_norms: torch.Tensor) -> torch.Tensor:
        """Return |W_ij|·√a_j (out, in) in float32."""
        return weight.abs().float() * squared_norms.sqrt()
