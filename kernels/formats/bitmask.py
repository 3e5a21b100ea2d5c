"""Bitmask: one bit a position and the kept values, packed row by row; the storage baseline.

    y_r = Σ_c bit_rc · values[offset_r + #{kept before c}] · x_c

    bits [row][column / 8]   uint8, first column lowest    values [entry]   16 bits    offsets [row]   int32

Bytes = out · ⌈in/8⌉ + 2 · kept + 4 · (out + 1): 9 bits a weight at 50 %, the smallest of all formats there.
Its decoding cost follows positions, not kept values: every position takes a bit test and a prefix sum.
"""

# ruff: noqa: PLR0917 - a kernel takes its pointers and sizes one by one.

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import triton
import triton.language as tl

from kernels.errors import PackingError
from kernels.formats.base import Config, Entries, Format, Packed, ceil_div, expect
from kernels.formats.launching import start

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class PackedBitmask(Packed):
    """`bits` (out, ⌈in/8⌉), `values` (kept,), `offsets` (out + 1,)."""

    bits: torch.Tensor
    values: torch.Tensor
    offsets: torch.Tensor


@triton.jit
def bitmask_kernel(
    bits, values, offsets, x, y, out_features, in_features, row_bytes,
    ROWS: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    """ROWS rows a program; the rank of a kept value is a running prefix sum of bits."""
    row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    inside = row < out_features
    rank = tl.load(offsets + row, mask=inside, other=0)
    acc = tl.zeros((ROWS, COLUMNS), tl.float32)  # ty: ignore[invalid-argument-type]  jit
    for done in range(0, in_features, COLUMNS):
        column = done + tl.arange(0, COLUMNS)
        here = inside[:, None] & (column < in_features)[None, :]
        byte = tl.load(
            bits + row.to(tl.int64)[:, None] * row_bytes + (column // 8)[None, :], mask=here, other=0
        )
        bit = (byte.to(tl.int32) >> (column % 8)[None, :]) & 1
        place = rank[:, None] + tl.cumsum(bit, 1) - bit
        w = tl.load(values + place, mask=here & (bit == 1), other=0.0).to(tl.float32)
        xs = tl.load(x + column, mask=column < in_features, other=0.0).to(tl.float32)
        acc += w * xs[None, :]
        rank += tl.sum(bit, 1)
    tl.store(y + row, tl.sum(acc, 1).to(y.dtype.element_ty), mask=inside)


class Bitmask(Format):
    """Unstructured sparsity at the fewest bits."""

    name = "bitmask"
    summary = "one bit a position plus packed values: smallest at 50 %, slow to decode"
    limits = "any mask and shape; batch 1"
    max_batch = 1

    def store(self, weight: torch.Tensor, mask: torch.Tensor, layout: Mapping[str, int]) -> PackedBitmask:
        """Store bits and kept values; raises PackingError beyond 2³¹ kept values."""
        del layout
        rows, columns = weight.shape
        counts = mask.sum(1)
        if int(counts.sum()) >= 2**31:
            raise PackingError("bitmask stores 32-bit offsets: split the matrix by rows")
        padded = torch.nn.functional.pad(mask, (0, -columns % 8)).view(rows, -1, 8)
        shifts = torch.arange(8, device=mask.device)
        bits = (padded.int() << shifts).sum(-1).to(torch.uint8)
        offsets = torch.cat([counts.new_zeros(1), counts.cumsum(0)]).int()
        return PackedBitmask((rows, columns), weight.dtype, bits, weight[mask], offsets)

    def entries(self, packed: Packed) -> Entries:
        """Unfold the bits; kept values come in their order."""
        packed = expect(packed, PackedBitmask)
        shifts = torch.arange(8, device=packed.device)
        mask = (packed.bits[..., None].int() >> shifts & 1).bool().flatten(1)[:, : packed.shape[1]]
        rows, columns = mask.nonzero(as_tuple=True)
        return Entries(rows, columns, packed.values)

    def launch(self, packed: Packed, x: torch.Tensor, out: torch.Tensor, launch: Mapping[str, int]) -> None:
        """Run tiles of rows; settings: `rows` a program, `columns` at a time, `warps`."""
        packed = expect(packed, PackedBitmask)
        start(
            bitmask_kernel, ceil_div(packed.shape[0], launch["rows"]),
            packed.bits, packed.values, packed.offsets, x, out, *packed.shape, packed.bits.shape[1],
            ROWS=launch["rows"], COLUMNS=launch["columns"], num_warps=launch["warps"],
        )  # fmt: skip

    def launches(self, packed: Packed, batch: int) -> Sequence[Config]:
        """One or a few rows a program."""
        del packed, batch
        sizes = ((4, 512, 4), (1, 1024, 4), (2, 512, 4), (8, 256, 4), (4, 1024, 8))
        return [{"rows": rows, "columns": columns, "warps": warps} for rows, columns, warps in sizes]
