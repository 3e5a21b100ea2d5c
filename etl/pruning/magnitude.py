"""Magnitude pruning: the smallest |W| go (Han et al., arXiv 1506.02626). No weight changes."""

from __future__ import annotations

import torch


def scores(weight: torch.Tensor) -> torch.Tensor:
    """Return |W| (out, in) in the weight's dtype, float64 narrowed to float32."""
    return weight.abs().float() if weight.dtype == torch.float64 else weight.abs()
