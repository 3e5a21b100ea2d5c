"""N:M: at most two kept of every four consecutive inputs, 2-bit positions, sparse tensor cores.

    y_r = Σ over groups g of 4 inputs: v_g0 · x[4g + p_g0] + v_g1 · x[4g + p_g1]

Values and positions are stored in the register order of `mma.sp.m16n8k32`, which multiplies a 16×32 tile
(two kept of four) by 8 columns of x and selects the x values in hardware: a lane loads its operands as
whole words, so the kernel moves bytes and little else, and a batch of 8 costs the same.

    block = 16 rows × 128 inputs = four 16×32 products       lane = 4 · (row mod 8) + t,  t = 0 … 3
    values    [row tile][block][W][lane][4]  int32: W words of 8 values (values/codec.py) for each product
              pair 0: row g, group t      pair 1: row g + 8, group t
              pair 2: row g, group 4 + t  pair 3: row g + 8, group 4 + t
    positions [row tile][block][lane][2]     int32, one for two products: of four lanes t = 0 and 1 serve the
                                             first product, t = 2 and 3 the second
    scales    [row tile][block][g][2]        bfloat16 of rows g and g + 8, where a group of inputs has one
              [row]                          bfloat16, where a row has one

A group with fewer than two kept values is filled with explicit zeros (1:4 and empty rows are fine).
Bytes = ⌈out/16⌉·16 · ⌈in/128⌉·128 · (bits + 2) / 16 for values of so many bits, and 2 per scale;
in bits per weight:

    16   9.0        fp8, int8   5.0        int4   3.125

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
from kernels.formats.gpu.ptx import ALIGNMENT, SUM_BYTES, TILE_ROWS, WARP, reserve_text, sum_text
from kernels.formats.nm.kernel import nm_plain_kernel, nm_tensor_core_kernel
from kernels.formats.nm.ptx import loop_text
from kernels.formats.nm.sizes import BLOCK_COLUMNS, PRODUCTS, Loop
from kernels.formats.values import get_codec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

GROUP = 4
KEPT = 2
# Registers of a multiprocessor.
REGISTERS = 1 << 16


@dataclass(frozen=True)
class PackedNM(Packed):
    """`values` (row tiles, blocks, W, 32, 4) and `positions` (row tiles, blocks, 32, 2) int32.

    `scales` bfloat16 are (row tiles, blocks, 8, 2), (16 · row tiles,) or (0,), as the codec says.
    """

    codec: str
    values: torch.Tensor
    positions: torch.Tensor
    scales: torch.Tensor


def _choose(mask: torch.Tensor) -> torch.Tensor:
    """Two ascending positions of every group (rows, groups, 2): the kept ones, then any free ones."""
    groups = mask.view(mask.shape[0], -1, GROUP)
    if int(groups.sum(-1).max()) > KEPT:
        raise PackingError("nm stores at most 2 kept of every 4 inputs: this mask keeps more, use sell")
    return torch.argsort(~groups, dim=-1, stable=True)[..., :KEPT].sort(dim=-1).values


def _split_rows(matrix: torch.Tensor) -> torch.Tensor:
    """Cut one entry a group (rows, groups, …) into tile, row half, g, block, product, group half, t, ….."""
    tiles, blocks = matrix.shape[0] // TILE_ROWS, matrix.shape[1] // (BLOCK_COLUMNS // GROUP)
    return matrix.view(tiles, 2, 8, blocks, PRODUCTS, 2, 4, *matrix.shape[2:])


def _codes_by_lane(codes: torch.Tensor) -> torch.Tensor:
    """Order codes (rows, groups, 2) as (tile, block, lane, product, pairs of a lane)."""
    split = _split_rows(codes).permute(0, 3, 2, 6, 4, 5, 1, 7)
    return split.reshape(*split.shape[:2], WARP, PRODUCTS, 8)


def _positions_by_lane(positions: torch.Tensor) -> torch.Tensor:
    """Order 4-bit position pairs (rows, groups, 2) as the two metadata words of each lane."""
    split = _split_rows(positions[..., 0] | (positions[..., 1] << 2))
    tiles, blocks = split.shape[0], split.shape[3]
    # (tile, row half, g, block, half of the products, product, group half, t)
    split = split.view(tiles, 2, 8, blocks, 2, 2, 2, 4).permute(0, 3, 2, 5, 6, 4, 1, 7)
    shifts = 4 * torch.arange(8, device=split.device).view(2, 4)
    word = (split << shifts).sum((-1, -2))
    return (word - ((word >> 31) << 32)).int().reshape(tiles, blocks, WARP, 2).contiguous()


class NM(Format):
    """2:4 semi-structured sparsity (and sparser: 1:4)."""

    name = "nm"
    summary = "2:4: 2-bit positions, sparse tensor cores (mma.sp) even at batch 1"
    limits = "at most 2 kept of every 4 inputs; batch 1 to 16; values in 16 bits, fp8, int8 or int4"
    value_formats = ("16", "fp8", "int8", "int4")

    def store(self, weight: torch.Tensor, mask: torch.Tensor, layout: Mapping[str, int]) -> PackedNM:
        """Store two values of every four; raises PackingError where a mask keeps more."""
        del layout
        codec = get_codec(self.value_format)
        rows = ceil_div(weight.shape[0], TILE_ROWS) * TILE_ROWS
        columns = ceil_div(weight.shape[1], BLOCK_COLUMNS) * BLOCK_COLUMNS
        margin = (0, columns - weight.shape[1], 0, rows - weight.shape[0])
        kept = torch.nn.functional.pad(weight.masked_fill(~mask, 0), margin)
        chosen = _choose(torch.nn.functional.pad(mask, margin))
        codes, scales = codec.encode(kept)
        codes = _codes_by_lane(codes.view(rows, -1, GROUP).gather(-1, chosen))
        words = codec.pack(codes).flatten(-2).unflatten(-1, (codec.words, 4)).transpose(2, 3)
        if codec.group:
            scales = scales.view(-1, 2, 8, columns // codec.group).permute(0, 3, 2, 1)
        return PackedNM(
            shape=(weight.shape[0], weight.shape[1]), dtype=weight.dtype, codec=codec.name,
            values=words.contiguous(), positions=_positions_by_lane(chosen),
            scales=scales.contiguous() if codec.group else scales.flatten(),
        )  # fmt: skip

    def entries(self, packed: Packed) -> Entries:
        """Decode both values of every group."""
        packed = expect(packed, PackedNM)
        codec = get_codec(packed.codec)
        tiles, blocks = packed.positions.shape[:2]
        words = packed.values.transpose(2, 3).reshape(tiles, blocks, WARP, PRODUCTS, codec.words)
        # (tile, block, g, t, product, group half, row half, value): undo _codes_by_lane.
        codes = codec.unpack(words).view(tiles, blocks, 8, 4, PRODUCTS, 2, 2, KEPT)
        axes = [torch.arange(n, device=packed.device) for n in codes.shape]
        tile, block, g, t, step, group_half, row_half, value = torch.meshgrid(*axes, indexing="ij")
        lane = g * 4 + step % 2 * 2 + group_half
        shift = 16 * row_half + 4 * t + 2 * value
        position = (packed.positions[tile, block, lane, step // 2] >> shift) & 3
        row = tile * TILE_ROWS + row_half * 8 + g
        column = block * BLOCK_COLUMNS + step * 32 + (group_half * 4 + t) * GROUP + position
        values = codec.level(codes, packed.dtype)
        if codec.group:
            values *= packed.scales[tile, block, g, row_half].float()
        elif packed.scales.numel():
            values *= packed.scales[row].float()
        real = (row < packed.shape[0]) & (column < packed.shape[1])
        return Entries(row[real], column[real], values[real])

    def launch(self, packed: Packed, x: torch.Tensor, out: torch.Tensor, launch: Mapping[str, int]) -> None:
        """Run groups of 16 or 32 rows a program, without PTX the plain twin.

        Settings: `warps`, of which `row_warps` groups of `row_tiles` tiles of rows (1 or 2) share x, blocks
        `ahead`, `pdl`, and the `programs` whose registers a multiprocessor has to hold, 0 for any.
        """
        packed = expect(packed, PackedNM)
        codec = get_codec(packed.codec)
        tiles, blocks = packed.positions.shape[:2]
        batch, (rows, columns) = x.shape[0], packed.shape
        scaled = codec.group == 0
        if not inline_ptx(packed.device):
            start(
                nm_plain_kernel, tiles, packed.values, packed.positions, packed.scales, x, out,
                rows, columns, blocks, batch, EXPAND=codec.expand_one, BITS=codec.bits,
                BF16=packed.dtype == torch.bfloat16, GROUPED=bool(codec.group), SCALED=scaled,
                BATCH=next_power_of_2(batch),
            )  # fmt: skip
            return
        loop = _loop(packed, batch, launch)
        if not loop.fits:
            raise LaunchError(f"nm has no shared memory for {loop.warps} warps at batch {batch}")
        programs = ceil_div(tiles, loop.row_tiles * loop.row_warps)
        settings = {
            "LOOP": loop_text(loop), "CONSTRAINTS": loop.constraints,
            "WARPS": loop.warps, "num_warps": loop.warps, "ROW_WARPS": loop.row_warps,
            "ROW_TILES": loop.row_tiles, "COLUMN_TILES": loop.column_tiles, "SCALED": scaled, "PDL": loop.pdl,
            "RESERVE": reserve_text(loop.buffer_bytes),
            "SUM": sum_text(loop.teams, loop.row_warps * SUM_BYTES),
            "maxnreg": REGISTERS // (WARP * loop.warps * launch["programs"]) if launch["programs"] else None,
        }  # fmt: skip
        x = align_inputs(x, ceil_div(columns, ALIGNMENT) * ALIGNMENT)
        start(
            nm_tensor_core_kernel, programs, packed.values, packed.positions, packed.scales, x, out,
            rows, x.shape[1], tiles, blocks, batch,
            early=loop.pdl, **settings,
        )  # fmt: skip

    def launches(self, packed: Packed, batch: int) -> Sequence[Config]:
        """Few or many warps to a tile of rows; from two columns of x on, more rows that share x."""
        packed = expect(packed, PackedNM)
        choices = [(16, 1, 1, 1, 0), (8, 1, 1, 2, 0), (16, 1, 1, 2, 2), (8, 1, 1, 3, 0), (4, 1, 1, 2, 0)]
        choices += [(16, 1, 1, 3, 2)]
        if batch > 1:
            choices += [
                (8, 2, 1, 2, 0),
                (16, 2, 1, 2, 2),
                (16, 2, 1, 1, 0),
                (16, 4, 1, 2, 2),
                (16, 4, 1, 1, 0),
            ]
            choices += [(8, 1, 2, 2, 0), (8, 2, 2, 2, 0), (16, 2, 2, 2, 0), (16, 4, 2, 2, 0), (4, 1, 2, 2, 0)]
        names = ("warps", "row_warps", "row_tiles", "ahead", "programs")
        found = [dict(zip(names, values, strict=True)) | {"pdl": pdl} for values in choices for pdl in (1, 0)]
        return [launch for launch in found if _loop(packed, batch, launch).fits]


def _loop(packed: PackedNM, batch: int, launch: Mapping[str, int]) -> Loop:
    """Sizes of a launch."""
    return Loop(
        codec=packed.codec, dtype=packed.dtype, batch=batch, warps=launch["warps"],
        row_warps=launch["row_warps"], row_tiles=launch["row_tiles"], ahead=launch["ahead"],
        pdl=bool(launch["pdl"]) and programmatic_launch(packed.device),
    )  # fmt: skip
