"""Masked: multiply, mask, multiply without skipping anything; the honest zero line.

    y_r = Σ_c (W_rc · M_rc) · x_c

    values [row][column]   16 bits        mask [row][column]   8 bits

Bytes = 3 · out · in: 24 bits per weight at any sparsity, so its limit is two thirds of dense's speed.
"""

# ruff: noqa: PLR0917 - a kernel takes its pointers and sizes one by one.

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import triton
import triton.language as tl

from kernels.formats.base import Config, Entries, Format, Packed, ceil_div, expect
from kernels.formats.gpu.launching import start

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class PackedMasked(Packed):
    """`values` (out, in), unpruned, and `mask` (out, in) of 0 and 1 as uint8."""

    values: torch.Tensor
    mask: torch.Tensor


@triton.jit
def masked_kernel(
    values_ptr,  # (out_features, in_features) 16 bits
    mask_ptr,  # (out_features, in_features) uint8: 1 kept, 0 pruned
    x_ptr,  # (1, in_features) 16 bits
    y_ptr,  # (1, out_features) 16 bits: written
    out_features,
    in_features,
    ROWS: tl.constexpr,  # rows a program
    COLUMNS: tl.constexpr,  # inputs at a time
):
    """ROWS rows a program, COLUMNS inputs at a time."""
    row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    acc = tl.zeros((ROWS, COLUMNS), tl.float32)  # ty: ignore[invalid-argument-type]  jit
    for done in range(0, in_features, COLUMNS):
        column = done + tl.arange(0, COLUMNS)
        inside = (row < out_features)[:, None] & (column < in_features)[None, :]
        at = row.to(tl.int64)[:, None] * in_features + column[None, :]
        w = tl.load(values_ptr + at, mask=inside, other=0.0).to(tl.float32)
        keep = tl.load(mask_ptr + at, mask=inside, other=0).to(tl.float32)
        xs = tl.load(x_ptr + column, mask=column < in_features, other=0.0).to(tl.float32)
        acc += w * keep * xs[None, :]
    tl.store(y_ptr + row, tl.sum(acc, 1).to(y_ptr.dtype.element_ty), mask=row < out_features)


class Masked(Format):
    """Dense weights times a byte mask."""

    name = "masked"
    summary = "dense values times a byte mask, nothing skipped"
    limits = "any mask and shape; batch 1"
    max_batch = 1

    def store(self, weight: torch.Tensor, mask: torch.Tensor, layout: Mapping[str, int]) -> PackedMasked:
        """Keep values and mask side by side."""
        del layout
        shape = (weight.shape[0], weight.shape[1])
        return PackedMasked(shape, weight.dtype, weight.contiguous(), mask.to(torch.uint8).contiguous())

    def entries(self, packed: Packed) -> Entries:
        """List the entries the mask keeps."""
        packed = expect(packed, PackedMasked)
        rows, columns = packed.mask.nonzero(as_tuple=True)
        return Entries(rows, columns, packed.values[rows, columns])

    def launch(self, packed: Packed, x: torch.Tensor, out: torch.Tensor, launch: Mapping[str, int]) -> None:
        """Run tiles of rows; settings: `rows` a program, `columns` at a time, `warps`."""
        packed = expect(packed, PackedMasked)
        start(
            masked_kernel, ceil_div(packed.shape[0], launch["rows"]),
            packed.values, packed.mask, x, out, *packed.shape,
            ROWS=launch["rows"], COLUMNS=launch["columns"], num_warps=launch["warps"],
        )  # fmt: skip

    def launches(self, packed: Packed, batch: int) -> Sequence[Config]:
        """Few rows and many columns, or the other way round."""
        del packed, batch
        sizes = ((4, 1024, 8), (8, 512, 8), (4, 512, 4), (2, 2048, 8))
        return [{"rows": rows, "columns": columns, "warps": warps} for rows, columns, warps in sizes]
