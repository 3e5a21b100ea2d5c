"""N:M in 16 bits: at most two kept of every four consecutive inputs, 2-bit positions, sparse tensor cores.

    y_r = Σ over groups g of 4 inputs: v_g0 · x[4g + p_g0] + v_g1 · x[4g + p_g1]

Values and positions are stored in the register order of `mma.sp.m16n8k32`, which multiplies a 16×32 tile
(two kept of four) by 8 columns of x and selects the x values in hardware: a lane loads its operands as
whole words and decodes nothing, so the kernel moves bytes and little else, and a batch of 8 costs the same.

    block = 16 rows × 64 inputs = two 16×32 tiles            lane = 4 · (row mod 8) + t,  t = 0 … 3
    values    [row tile][block][2][lane][4]  int32, 2 values a word
              word 0: row g, group t      word 1: row g + 8, group t
              word 2: row g, group 4 + t  word 3: row g + 8, group 4 + t
    positions [row tile][block][lane]        int32: lanes t = 0, 1 serve the first tile, t = 2, 3 the second

A group with fewer than two kept values is filled with explicit zeros (1:4 and empty rows are fine).
Bytes = 2.25 · ⌈out/16⌉·16 · ⌈in/64⌉·64 / 2 = 9 bits a weight.
Fragment layout: PTX ISA, "Matrix fragments for sparse mma.m16n8k32 with .f16 and .bf16 types".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from kernels.device import inline_ptx, programmatic_launch
from kernels.errors import LaunchError, PackingError
from kernels.formats.base import Config, Entries, Format, Packed, ceil_div, expect, next_power_of_2
from kernels.formats.gpu.launching import align_inputs, start
from kernels.formats.gpu.ptx import (
    STAGED_BYTES,
    SUM_BYTES,
    TILE_COLUMNS,
    TILE_ROWS,
    WARP,
    operand_text,
    reserve_text,
    sum_text,
)
from kernels.formats.nm.kernel import nm_plain_kernel, nm_tensor_core_kernel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

GROUP = 4
KEPT = 2
BLOCK_COLUMNS = 64
# Bytes of the 16-bit inputs of a block.
BLOCK_BYTES = 2 * BLOCK_COLUMNS
# Padding between columns of x in shared memory: lanes that read two columns use different banks.
PAD_BYTES = 16


@dataclass(frozen=True)
class PackedNM(Packed):
    """`values` (row tiles, blocks, 2, 32, 4) and `positions` (row tiles, blocks, 32), both int32."""

    values: torch.Tensor
    positions: torch.Tensor


def _choose(mask: torch.Tensor) -> torch.Tensor:
    """Two ascending positions of every group (rows, groups, 2): the kept ones, then any free ones."""
    groups = mask.view(mask.shape[0], -1, GROUP)
    if int(groups.sum(-1).max()) > KEPT:
        raise PackingError("nm stores at most 2 kept of every 4 inputs: this mask keeps more, use sell")
    return torch.argsort(~groups, dim=-1, stable=True)[..., :KEPT].sort(dim=-1).values


def _words_by_lane(words: torch.Tensor) -> torch.Tensor:
    """Order one word a group (rows, groups) as the mma.sp registers of each lane."""
    tiles, blocks = words.shape[0] // TILE_ROWS, words.shape[1] // TILE_ROWS
    # (tile, row half, g, block, mma, group half, t) → (tile, block, mma, lane = (g, t), register)
    split = words.view(tiles, 2, 8, blocks, 2, 2, 4)
    return split.permute(0, 3, 4, 2, 6, 5, 1).reshape(tiles, blocks, 2, 32, 4).contiguous()


def _positions_by_lane(positions: torch.Tensor) -> torch.Tensor:
    """Order 4-bit position pairs (rows, groups, 2) as the metadata word of each lane."""
    nibble = positions[..., 0] | (positions[..., 1] << 2)
    tiles, blocks = nibble.shape[0] // TILE_ROWS, nibble.shape[1] // TILE_ROWS
    split = nibble.view(tiles, 2, 8, blocks, 2, 2, 4).permute(0, 3, 2, 4, 5, 1, 6)
    shifts = 4 * torch.arange(8, device=nibble.device).view(2, 4)
    word = (split << shifts).sum((-1, -2))
    return (word - ((word >> 31) << 32)).int().reshape(tiles, blocks, 32).contiguous()


def _mma_text(dtype: torch.dtype, selector: int) -> str:
    """PTX of one sparse product; lanes t = 2 · `selector` and the next of every four hold its positions.

    _mma_text(torch.bfloat16, 1):
        mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.bf16.bf16.f32
            {$0,$1,$2,$3},      // sums: rows lane div 4 and 8 below, columns 2 · t and 2 · t + 1
            {$4,$5,$6,$7},      // kept values
            {$8,$9,$10,$11},    // x
            {$12,$13,$14,$15},  // sums so far
            $16,0x1;            // positions
    """
    kind = "bf16" if dtype == torch.bfloat16 else "f16"
    operands = "{$0,$1,$2,$3},{$4,$5,$6,$7},{$8,$9,$10,$11},{$12,$13,$14,$15},$16"
    name = f"mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.{kind}.{kind}.f32"
    return f"{name} {operands},0x{selector};"


class NM(Format):
    """2:4 semi-structured sparsity (and sparser: 1:4)."""

    name = "nm"
    summary = "2:4: 2-bit positions, sparse tensor cores (mma.sp) even at batch 1"
    limits = "at most 2 kept of every 4 inputs; batch 1 to 16"

    def store(self, weight: torch.Tensor, mask: torch.Tensor, layout: Mapping[str, int]) -> PackedNM:
        """Store two values of every four; raises PackingError where a mask keeps more."""
        del layout
        rows = ceil_div(weight.shape[0], TILE_ROWS) * TILE_ROWS
        columns = ceil_div(weight.shape[1], BLOCK_COLUMNS) * BLOCK_COLUMNS
        margin = (0, columns - weight.shape[1], 0, rows - weight.shape[0])
        kept = torch.nn.functional.pad(weight.masked_fill(~mask, 0), margin)
        chosen = _choose(torch.nn.functional.pad(mask, margin))
        pairs = kept.view(rows, -1, GROUP).gather(-1, chosen).contiguous()
        words = pairs.view(torch.int32).view(rows, -1)
        shape = (weight.shape[0], weight.shape[1])
        return PackedNM(shape, weight.dtype, _words_by_lane(words), _positions_by_lane(chosen))

    def entries(self, packed: Packed) -> Entries:
        """Decode both values of every group."""
        packed = expect(packed, PackedNM)
        tiles, blocks = packed.positions.shape[:2]
        # (tile, block, mma, g, t, group half, row half): undo _words_by_lane, then the lanes' metadata.
        words = packed.values.view(tiles, blocks, 2, 8, 4, 2, 2)
        meta = packed.positions.view(tiles, blocks, 8, 2, 2).permute(0, 1, 3, 2, 4)[:, :, :, :, None, :, None]
        index = torch.arange(4, device=packed.device).view(4, 1, 1)
        shift = 4 * index + 16 * torch.arange(2, device=packed.device)
        nibble = (meta.long() >> shift) & 15
        axes = [torch.arange(n, device=packed.device) for n in words.shape]
        tile, block, mma, g, t, group_half, row_half = torch.meshgrid(*axes, indexing="ij")
        row = tile * TILE_ROWS + row_half * 8 + g
        group = block * BLOCK_COLUMNS + mma * 32 + (group_half * 4 + t) * GROUP
        values = words.contiguous().view(packed.dtype).view(*words.shape, KEPT)
        column = torch.stack([group + (nibble & 3), group + (nibble >> 2)], dim=-1)
        row = row[..., None].expand_as(column)
        real = (row < packed.shape[0]) & (column < packed.shape[1])
        return Entries(row[real], column[real], values[real])

    def launch(self, packed: Packed, x: torch.Tensor, out: torch.Tensor, launch: Mapping[str, int]) -> None:
        """Run 16 or 32 rows a program, without PTX the plain twin.

        Settings: `warps`, `row_tiles` (1 or 2), blocks `ahead` (0 to 2), `unroll`, `pdl`.
        """
        packed = expect(packed, PackedNM)
        tiles, blocks = packed.positions.shape[:2]
        batch, (rows, columns) = x.shape[0], packed.shape
        if not inline_ptx(packed.device):
            start(
                nm_plain_kernel, tiles, packed.values, packed.positions, x, out, rows, columns, blocks, batch,
                BF16=packed.dtype == torch.bfloat16, BATCH=next_power_of_2(batch),
            )  # fmt: skip
            return
        warps, row_tiles = launch["warps"], launch["row_tiles"]
        pdl = bool(launch["pdl"]) and programmatic_launch(packed.device)
        x = align_inputs(x, blocks * BLOCK_COLUMNS)
        per_phase, phases = _window(blocks, batch, warps)
        size = per_phase * BLOCK_BYTES
        settings = {
            "WARPS": warps, "num_warps": warps, "UNROLL": launch["unroll"], "AHEAD": launch["ahead"],
            "ROW_TILES": row_tiles, "COLUMN_TILES": 2 if batch > TILE_COLUMNS else 1, "PDL": pdl,
            "PITCH": size + PAD_BYTES,
            "RESERVE": reserve_text(max(batch * (size + PAD_BYTES), warps * SUM_BYTES)),
            "COPY": operand_text(size, WARP * warps, batch, size + PAD_BYTES),
            "SUM": sum_text(warps, SUM_BYTES),
            "FIRST": _mma_text(packed.dtype, 0), "SECOND": _mma_text(packed.dtype, 1),
        }  # fmt: skip
        start(
            nm_tensor_core_kernel, ceil_div(tiles, row_tiles), packed.values, packed.positions, x, out,
            rows, x.shape[1], tiles, blocks, per_phase, phases, batch, early=pdl, **settings,
        )  # fmt: skip

    def launches(self, packed: Packed, batch: int) -> Sequence[Config]:
        """4 to 32 warps share the inputs of 16 rows, or of 32 where many columns of x are to be copied."""
        del packed
        choices = [
            (16, 2, 1, 1), (8, 1, 1, 1), (8, 1, 2, 1), (16, 1, 1, 1), (16, 0, 1, 1), (8, 0, 1, 1),
            (8, 2, 1, 1), (4, 1, 2, 1), (32, 1, 1, 1),
        ]  # fmt: skip
        if batch > 1:
            choices += [(8, 1, 1, 2), (8, 0, 1, 2), (16, 0, 1, 2)]
        names = ("warps", "ahead", "unroll", "row_tiles")
        fitting = (values for values in choices if values[0] <= _most_blocks(batch))
        return [dict(zip(names, values, strict=True)) | {"pdl": pdl} for values in fitting for pdl in (1, 0)]


def _most_blocks(batch: int) -> int:
    """Count the blocks of inputs whose x fits the shared memory."""
    return (STAGED_BYTES // batch - PAD_BYTES) // BLOCK_BYTES


def _window(blocks: int, batch: int, warps: int) -> tuple[int, int]:
    """Return how many blocks of x are in shared memory at a time, a multiple of `warps` or all, and phases.

    Raises LaunchError for more warps than such blocks.
    """
    most = _most_blocks(batch)
    if blocks <= most:
        return blocks, 1
    if warps > most:
        raise LaunchError(f"nm runs at most {most} warps at batch {batch}, got {warps}")
    phases = ceil_div(blocks, most // warps * warps)
    per_phase = ceil_div(blocks, phases * warps) * warps
    return per_phase, ceil_div(blocks, per_phase)
