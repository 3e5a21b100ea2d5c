"""Wanda: the smallest |W_ij|·‖x_j‖₂ of each output row go (arXiv 2306.11695). No weight changes."""

from __future__ import annotations

import torch


def scores(weight: torch.Tensor, squared_norms: torch.Tensor) -> torch.Tensor:
    """Return |W_ij|·√a_j (out, in) in float32 for W (out, in) and a (in,), each input's mean squared norm."""
    return weight.abs().float() * squared_norms.sqrt()
