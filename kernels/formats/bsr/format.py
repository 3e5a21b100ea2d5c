"""BSR: blocks of R × C entries; a block is stored whole or not at all.

    y[R·i … R·i+R-1] = Σ over stored blocks (i, j): block · x[C·j … C·j+C-1]

    offsets [block row]   int32       columns [block]   int32       values [block][R][C]   16 bits

Bytes = (2 · R · C + 4) · stored blocks + 4 · (block rows + 1): 8 bits per weight with half the blocks.
"""

# ruff: noqa: PLR0917 - a kernel takes its pointers and sizes one by one.

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import triton
import triton.language as tl

from kernels.device import programmatic_launch
from kernels.formats.base import Config, Entries, Format, Packed, ceil_div, expect, running_totals
from kernels.formats.gpu.early_start import let_next_start, wait_for_previous
from kernels.formats.gpu.launching import start

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class PackedBSR(Packed):
    """`offsets` (block rows + 1,), `columns` (blocks,), `values` (blocks, R, C)."""

    offsets: torch.Tensor
    columns: torch.Tensor
    values: torch.Tensor

    @property
    def occupancy(self) -> float:
        """Share of all blocks that are stored."""
        across = ceil_div(self.shape[1], self.values.shape[2])
        return self.values.shape[0] / max((self.offsets.numel() - 1) * across, 1)


@triton.jit
def bsr_kernel(
    offsets_ptr,  # (block rows + 1,) int32: first block of each row of blocks
    columns_ptr,  # (blocks,) int32: column of blocks
    values_ptr,  # (blocks, ROWS, COLUMNS) 16 bits
    x_ptr,  # (1, in_features) 16 bits
    y_ptr,  # (1, out_features) 16 bits: written
    out_features,
    in_features,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
    BLOCKS: tl.constexpr,  # blocks read at a time
    PDL: tl.constexpr,  # start while the kernel before drains
):
    """One row of blocks a program, BLOCKS of them side by side at a time."""
    if PDL:
        let_next_start()  # ty: ignore[invalid-argument-type]  jit
    block_row = tl.program_id(0)
    first = tl.load(offsets_ptr + block_row)
    last = tl.load(offsets_ptr + block_row + 1)
    row = tl.arange(0, ROWS)
    lane = tl.arange(0, BLOCKS * COLUMNS)
    column = lane % COLUMNS
    acc = tl.zeros((ROWS, BLOCKS * COLUMNS), tl.float32)  # ty: ignore[invalid-argument-type]  jit
    if PDL:
        wait_for_previous()  # ty: ignore[invalid-argument-type]  jit
    for ahead in range(first, last, BLOCKS):
        block = ahead + lane // COLUMNS
        stored = block < last
        at = block.to(tl.int64)[None, :] * (ROWS * COLUMNS) + row[:, None] * COLUMNS + column[None, :]
        w = tl.load(values_ptr + at, mask=stored[None, :], other=0.0, eviction_policy="evict_first")
        position = tl.load(columns_ptr + block, mask=stored, other=0) * COLUMNS + column
        xs = tl.load(x_ptr + position, mask=stored & (position < in_features), other=0.0)
        acc += w.to(tl.float32) * xs.to(tl.float32)[None, :]
    target = block_row * ROWS + row
    tl.store(y_ptr + target, tl.sum(acc, 1).to(y_ptr.dtype.element_ty), mask=target < out_features)


def tile_blocks(matrix: torch.Tensor, rows: int, columns: int) -> torch.Tensor:
    """Cut a matrix, padded with zeros, into blocks: (block rows, block columns, rows, columns)."""
    margin = (0, -matrix.shape[1] % columns, 0, -matrix.shape[0] % rows)
    padded = torch.nn.functional.pad(matrix, margin)
    return padded.view(padded.shape[0] // rows, rows, -1, columns).transpose(1, 2)


def store_blocks(
    weight: torch.Tensor, mask: torch.Tensor, rows: int, columns: int
) -> dict[str, torch.Tensor]:
    """Fields of PackedBSR for every block in which the mask keeps anything."""
    occupied = tile_blocks(mask, rows, columns).flatten(2).any(-1)
    at = occupied.nonzero(as_tuple=True)
    counts = occupied.sum(1)
    return {
        "offsets": running_totals(counts).int(),
        "columns": at[1].int(),
        "values": tile_blocks(weight.masked_fill(~mask, 0), rows, columns)[at].contiguous(),
    }


def multiply_blocks(packed: PackedBSR, x: torch.Tensor, out: torch.Tensor, launch: Mapping[str, int]) -> None:
    """Launch the kernel; settings: `blocks` at a time, `warps`, `pdl`."""
    pdl = bool(launch["pdl"]) and programmatic_launch(packed.device)
    _, rows, columns = packed.values.shape
    start(
        bsr_kernel, packed.offsets.numel() - 1,
        packed.offsets, packed.columns, packed.values, x, out, *packed.shape,
        ROWS=rows, COLUMNS=columns, BLOCKS=launch["blocks"], PDL=pdl, num_warps=launch["warps"], early=pdl,
    )  # fmt: skip


def block_launches(packed: PackedBSR) -> list[Config]:
    """Tiles of 1 to 64 entries per thread."""
    _, rows, columns = packed.values.shape
    candidates = []
    for entries, warps in ((16384, 8), (8192, 4), (8192, 8), (16384, 16), (4096, 4), (2048, 4), (1024, 2)):
        blocks = max(1, entries // (rows * columns))
        if blocks * columns <= 4096:
            candidates.append({"blocks": blocks, "warps": warps, "pdl": 1})
    return candidates


class BSR(Format):
    """Block sparsity."""

    name = "bsr"
    summary = "whole blocks stored or skipped"
    limits = "any mask and shape, gains only where blocks are empty; batch 1"
    max_batch = 1

    def store(self, weight: torch.Tensor, mask: torch.Tensor, layout: Mapping[str, int]) -> PackedBSR:
        """Store every block with a kept entry; layout: `block_rows`, `block_columns`, powers of two."""
        fields = store_blocks(weight, mask, layout["block_rows"], layout["block_columns"])
        return PackedBSR((weight.shape[0], weight.shape[1]), weight.dtype, **fields)

    def entries(self, packed: Packed) -> Entries:
        """List all entries of all stored blocks that lie inside the matrix."""
        packed = expect(packed, PackedBSR)
        count, rows, columns = packed.values.shape
        block_row = torch.repeat_interleave(packed.offsets.long().diff())
        axis = torch.arange(max(rows, columns), device=packed.device)
        row = (block_row[:, None, None] * rows + axis[:rows, None]).expand(count, rows, columns)
        column = (packed.columns.long()[:, None, None] * columns + axis[:columns]).expand(
            count, rows, columns
        )
        real = (row < packed.shape[0]) & (column < packed.shape[1])
        return Entries(row[real], column[real], packed.values[real])

    def launch(self, packed: Packed, x: torch.Tensor, out: torch.Tensor, launch: Mapping[str, int]) -> None:
        """Run one row of blocks a program."""
        multiply_blocks(expect(packed, PackedBSR), x, out, launch)

    def layouts(self, shape: tuple[int, int], density: float, batch: int) -> Sequence[Config]:
        """Blocks of 16 × 64: long enough for full memory transactions."""
        del shape, density, batch
        return [{"block_rows": 16, "block_columns": 64}]

    def launches(self, packed: Packed, batch: int) -> Sequence[Config]:
        """How many blocks are read at a time, by how many warps."""
        del batch
        return block_launches(expect(packed, PackedBSR))
