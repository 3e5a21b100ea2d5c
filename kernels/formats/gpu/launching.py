"""Launching Triton kernels, and aligning x for them."""

from __future__ import annotations

from typing import Any

import torch

from kernels.formats.gpu.ptx import COPY_BYTES


def start(kernel: Any, programs: int, *operands: Any, early: bool = False, **settings: Any) -> None:
    """Run `programs` instances of a Triton kernel.

    Args:
        kernel: A `triton.jit` function; typed Any, since the jit decorator changes what it accepts.
        programs: Size of the one-dimensional grid.
        operands: Tensors and sizes, in the kernel's order.
        early: Let it start while the kernel before drains; the kernel then waits before it reads x.
        settings: Compile-time constants and `num_warps`.
    """
    if early:
        settings["launch_pdl"] = True
    kernel[(programs,)](*operands, **settings)


def align_inputs(x: torch.Tensor, columns: int) -> torch.Tensor:
    """Pad x (batch, in) with zeros to `columns` inputs and let it start at 16 bytes, for reads as wide."""
    if x.shape[1] < columns:
        return torch.nn.functional.pad(x, (0, columns - x.shape[1]))
    return x.clone() if x.data_ptr() % COPY_BYTES else x
