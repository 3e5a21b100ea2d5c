"""Dense: the baseline every other format is held against.

    y = x Wᵀ, pruned entries stored as zeros

    values [row][column]   16 bits each

Bytes = 2 · out · in: 16 bits per weight, at any sparsity.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from kernels.formats.base import Entries, Format, Packed, expect

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class PackedDense(Packed):
    """`values` (out, in)."""

    values: torch.Tensor


class Dense(Format):
    """What the vendor's library does with the zeros left in."""

    name = "dense"
    summary = "zeros stored and multiplied: cuBLAS"
    limits = "any mask and shape; batch 1 to 16"
    needs_triton = False

    def store(self, weight: torch.Tensor, mask: torch.Tensor, layout: Mapping[str, int]) -> PackedDense:
        """Store the pruned matrix as it is."""
        del layout
        return PackedDense((weight.shape[0], weight.shape[1]), weight.dtype, weight.masked_fill(~mask, 0))

    def entries(self, packed: Packed) -> Entries:
        """List the entries that are not zero."""
        packed = expect(packed, PackedDense)
        rows, columns = packed.values.nonzero(as_tuple=True)
        return Entries(rows, columns, packed.values[rows, columns])

    def launch(self, packed: Packed, x: torch.Tensor, out: torch.Tensor, launch: Mapping[str, int]) -> None:
        """Multiply by the library's matrix product."""
        del launch
        packed = expect(packed, PackedDense)
        torch.mm(x, packed.values.t(), out=out)
