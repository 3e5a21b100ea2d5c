"""Starting Triton kernels: the one call whose arguments a type checker cannot follow."""

from __future__ import annotations

from typing import Any


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
