"""Matrices and masks the kernel tests share, with the float64 product as oracle."""

from __future__ import annotations

import torch

MASKS = ("half", "dense", "empty", "sparse", "uneven", "two_of_four", "one_of_four")


def make_mask(name: str, shape: tuple[int, int], generator: torch.Generator) -> torch.Tensor:
    """Draw a mask: `sparse` has gaps over 15, `uneven` rows from empty to full."""
    noise = torch.rand(shape, generator=generator)
    if name in {"two_of_four", "one_of_four"}:
        kept = 2 if name == "two_of_four" else 1
        padded = torch.nn.functional.pad(noise, (0, -shape[1] % 4)).view(shape[0], -1, 4)
        chosen = padded.topk(kept, dim=-1).indices
        return (
            torch.zeros_like(padded)
            .scatter_(-1, chosen, 1)
            .bool()
            .view(shape[0], -1)[:, : shape[1]]
            .contiguous()
        )
    density = {"half": 0.5, "dense": 2.0, "empty": 0.0, "sparse": 0.03}.get(name)
    if density is None:
        return noise < torch.linspace(0, 1, shape[0])[:, None]
    return noise < density


def make_case(
    mask_name: str, shape: tuple[int, int], dtype: torch.dtype, batch: int = 1, seed: int = 0
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Weight (out, in), mask (out, in) and x (batch, in), drawn anew for every seed."""
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(shape, generator=generator).to(dtype)
    mask = make_mask(mask_name, shape, generator)
    return weight, mask, torch.randn(batch, shape[1], generator=generator).to(dtype)


def dense_product(weight: torch.Tensor, mask: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Oracle x (W ∘ M)ᵀ in float64."""
    return x.double() @ (weight.double() * mask.double()).t()


def relative_error(got: torch.Tensor, want: torch.Tensor) -> float:
    """‖got − want‖ / ‖want‖, or ‖got‖ where nothing is wanted."""
    scale = want.norm()
    return float((got.double() - want).norm() / (scale if scale > 0 else 1))
