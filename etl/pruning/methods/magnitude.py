"""Magnitude pruning: the smallest |W| go (Han et al., arXiv 1506.02626). No weight changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from etl.pruning.pruner import Scorer

if TYPE_CHECKING:
    import torch


class Magnitude(Scorer):
    """|W_ij|."""

    scopes: ClassVar = ("matrix", "row", "model", "cumulative")
    needs_inputs: ClassVar = False

    def scores(self, weight: torch.Tensor, squared_norms: torch.Tensor) -> torch.Tensor:
        """Return |W| (out, in) in the weight's dtype, float64 narrowed to float32."""
        del squared_norms
        return weight.abs() if weight.dtype.itemsize < 8 else weight.abs().float()
