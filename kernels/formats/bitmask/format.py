"""Bitmask: one bit a position and the kept values, in the operand order of dense tensor cores.

    y_r = Σ_c bit_rc · values[rank of (r, c)] · x_c

A record holds 16 · R rows × 64 inputs, R = 1 or 2, padded to pieces of 16 bytes; records follow each other
row tile by row tile.

    record    [lane][R] int32   bits of R tiles of 16 rows      [entry] 16 bits   kept values
    offsets   [record] int32    where it starts, in pieces

    lane = 4 · (row mod 8) + t,  t = 0 … 3       bit = 8 · (2 · half + row div 8) + 4 · step + i
    input = 32 · half + 8 · t + 4 · step + i,  half and step 0 or 1,  i = 0 … 3

Entries are ordered by row tile, step, byte of the bits, lane and bit. A warp decodes a record into operands
of `mma.m16n8k16`, so that 8 columns of x cost no more than one. Arithmetic follows positions, bytes follow
kept values: 9 bits per weight at 50 %.
Bytes = records · (128 · R + 4) + 2 · kept, and on average 7 of padding a record.
Bits and a decode into tensor core operands: SpInfer (EuroSys 2025); the order of entries is our own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from kernels.device import inline_ptx
from kernels.errors import LaunchError, PackingError
from kernels.formats.base import (
    Config,
    Entries,
    Format,
    Packed,
    ceil_div,
    expect,
    next_power_of_2,
    number_within,
    running_totals,
)
from kernels.formats.bitmask.kernel import bitmask_kernel, bitmask_plain_kernel
from kernels.formats.bitmask.packing import (
    COLUMNS,
    order_entries,
    pack_bits,
    split_positions,
    unpack_bits,
)
from kernels.formats.bitmask.ptx import copy_text, decode_constraints, decode_text, wait_text
from kernels.formats.gpu.launching import align_inputs, start
from kernels.formats.gpu.ptx import (
    ALIGNMENT,
    COPY_BYTES,
    SHARED_BYTES,
    SUM_BYTES,
    TILE_COLUMNS,
    TILE_ROWS,
    WARP,
    WORD_BYTES,
    reserve_text,
    sum_text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# How far past the end of a record the reads of positions that are not kept may reach.
MARGIN_BYTES = 16
# Slot sizes are rounded up to this many pieces, so that similar matrices share one compiled kernel.
SLOT_PIECES = 8


@dataclass(frozen=True)
class PackedBitmask(Packed):
    """`words` (pieces · 4,) and `offsets` (records + 1,) int32, in pieces, as is the `largest` record."""

    row_tiles: int
    largest: int
    words: torch.Tensor
    offsets: torch.Tensor


class Bitmask(Format):
    """Unstructured sparsity at the fewest bits."""

    name = "bitmask"
    summary = "one bit a position plus packed values, decoded into tensor cores: smallest at 50 %"
    limits = "any mask and shape; batch 1 to 16 at nearly one cost"

    def store(self, weight: torch.Tensor, mask: torch.Tensor, layout: Mapping[str, int]) -> PackedBitmask:
        """Store bits and kept values; layout: `row_tiles`, 1 or 2. Raises PackingError beyond 32 GiB."""
        row_tiles = layout["row_tiles"]
        split = split_positions(mask, row_tiles)
        kept = order_entries(split)
        counts = kept.sum(1)
        head = _head_pieces(row_tiles)
        pieces = head + (counts + ALIGNMENT - 1) // ALIGNMENT
        offsets = running_totals(pieces)
        size = int(offsets[-1])
        if size >= 2**31:
            raise PackingError("bitmask numbers its pieces with 31 bits: split the matrix by rows")
        words = torch.zeros(size, COPY_BYTES // WORD_BYTES, dtype=torch.int32, device=weight.device)
        lead = offsets[:-1, None] + torch.arange(head, device=weight.device)
        words[lead] = pack_bits(split).view(*lead.shape, -1)
        record, rank = number_within(counts)
        values = order_entries(split_positions(weight, row_tiles))[kept]
        words.view(-1).view(weight.dtype)[(offsets[record] + head) * ALIGNMENT + rank] = values
        largest = int(pieces.max()) if pieces.numel() else head
        shape = (weight.shape[0], weight.shape[1])
        return PackedBitmask(shape, weight.dtype, row_tiles, largest, words.view(-1), offsets.int())

    def entries(self, packed: Packed) -> Entries:
        """Unfold the bits; kept values come in their order."""
        packed = expect(packed, PackedBitmask)
        tiles, records = _extent(packed)
        first = packed.offsets[:-1].long()
        lanes = torch.arange(WARP * packed.row_tiles, device=packed.device)
        bits = packed.words[first[:, None] * (COPY_BYTES // WORD_BYTES) + lanes]
        kept = order_entries(unpack_bits(bits, tiles, packed.row_tiles))
        record, rank = number_within(kept.sum(1))
        head = _head_pieces(packed.row_tiles)
        values = packed.words.view(packed.dtype)[(first[record] + head) * ALIGNMENT + rank]
        rows, columns = tiles * TILE_ROWS * packed.row_tiles, records * COLUMNS
        position = torch.arange(rows * columns, device=packed.device).view(rows, columns)
        position = order_entries(split_positions(position, packed.row_tiles))[kept]
        return Entries(position // columns, position % columns, values)

    def launch(self, packed: Packed, x: torch.Tensor, out: torch.Tensor, launch: Mapping[str, int]) -> None:
        """Run one program a tile of rows; settings: `warps` and the records each copies `ahead` (1 to 3).

        Kernels do not start early: programs that wait would spread unevenly over the multiprocessors.
        """
        packed = expect(packed, PackedBitmask)
        tiles, records = _extent(packed)
        batch, (rows, columns) = x.shape[0], packed.shape
        if not inline_ptx(packed.device):
            start(
                bitmask_plain_kernel, tiles, packed.words, packed.words.view(packed.dtype), packed.offsets,
                x, out, rows, columns, records, batch,
                ROW_TILES=packed.row_tiles, BATCH=next_power_of_2(batch),
            )  # fmt: skip
            return
        warps, ahead = launch["warps"], launch["ahead"]
        if not _fits(packed, warps, ahead):
            raise LaunchError(
                f"bitmask's records of this matrix leave no room for {warps} warps × {ahead} ahead"
            )
        x = align_inputs(x, records * COLUMNS)
        column_tiles = ceil_div(batch, TILE_COLUMNS)
        slot = _slot_bytes(packed)
        kind = "bf16" if packed.dtype == torch.bfloat16 else "f16"
        settings: dict[str, Any] = {
            "WARPS": warps, "num_warps": warps, "ROW_TILES": packed.row_tiles, "COLUMN_TILES": column_tiles,
            "AHEAD": ahead, "SLOT_BYTES": slot,
            "RESERVE": reserve_text(warps * max(slot * (ahead + 1), SUM_BYTES)),
            "COPY": copy_text(slot // COPY_BYTES), "WAIT": wait_text(ahead - 1),
            "DECODE": decode_text(packed.row_tiles, column_tiles, kind), "CONSTRAINTS": decode_constraints(),
            "SUM": sum_text(warps, SUM_BYTES),
        }  # fmt: skip
        start(
            bitmask_kernel, tiles, packed.words, packed.offsets, x.view(torch.int32), out,
            rows, x.shape[1] // 2, records, batch, **settings,
        )  # fmt: skip

    def layouts(self, shape: tuple[int, int], density: float, batch: int) -> Sequence[Config]:
        """Tiles of 16 rows make more programs, tiles of 32 read x half as often."""
        del shape, density, batch
        return [{"row_tiles": 1}, {"row_tiles": 2}]

    def launches(self, packed: Packed, batch: int) -> Sequence[Config]:
        """Few warps that each copy many records ahead, or many warps that copy few."""
        del batch
        packed = expect(packed, PackedBitmask)
        choices = [(8, 1), (4, 3), (8, 2), (4, 1), (4, 2), (16, 1)]
        return [{"warps": warps, "ahead": ahead} for warps, ahead in choices if _fits(packed, warps, ahead)]


def _head_pieces(row_tiles: int) -> int:
    """Pieces of a record's bits."""
    return WARP * row_tiles * WORD_BYTES // COPY_BYTES


def _extent(packed: PackedBitmask) -> tuple[int, int]:
    """Count the tiles of rows and the records across."""
    return ceil_div(packed.shape[0], TILE_ROWS * packed.row_tiles), ceil_div(packed.shape[1], COLUMNS)


def _slot_bytes(packed: PackedBitmask) -> int:
    """Shared memory of one record."""
    return ceil_div(packed.largest, SLOT_PIECES) * SLOT_PIECES * COPY_BYTES + MARGIN_BYTES


def _fits(packed: PackedBitmask, warps: int, ahead: int) -> bool:
    """Tell whether the records being copied fit in shared memory."""
    return _slot_bytes(packed) * (ahead + 1) * warps <= SHARED_BYTES
