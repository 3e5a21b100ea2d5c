"""SELL-delta4: kept values with 4-bit column gaps, one stream of entries per lane.

    y_r = Σ over the lanes of row r, Σ over their entries: value · x[column]

Rows are sorted by their number of kept entries and cut into tiles of R rows (SELL-C-σ, arXiv 1307.6209,
with σ = all rows), so padding follows the longest row of each tile and not of the matrix. A row's entries
are dealt in order to P phases of S lanes each. A step is 8 entries, and every lane of a tile holds the same
number of steps. Lane = segment · R + row, so neighbours walk nearby columns of x.

    tile of R rows, phase of R × S lanes           one step of one lane: 20 bytes
    starts [lane]          column of entry 0       values  v0 v1 | v2 v3 | v4 v5 | v6 v7   4 × int32
    values [step][lane][4] 16-bit pairs            gaps    g0 g1 g2 g3 g4 g5 g6 g7         1 × int32
    gaps   [step][lane]    4 bits each             column of entry i = column before + g_i

A gap of 0 repeats the column before and occurs only at a lane's first entry and in padding, whose value is
0, so no lane ever leaves the row. A gap over 15 takes explicit zeros, 15 columns apart.

The lanes of phase p take their columns from a window of x that starts at p · shift and that fits a program's
shared memory; a row so uneven that it leaves the window sends its matrix to gathers from global memory.

Bytes = 20 · E/8 + 2 · lanes + 4 · rows + 4 · (tiles + 1) for E entries after padding: 10.1 bits per weight
at 50 %. The prefix sums of 8 gaps come from one multiplication, so decoding costs three instructions a value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from kernels.device import inline_ptx, programmatic_launch
from kernels.errors import PackingError
from kernels.formats.base import Config, Entries, Format, Packed, expect, next_power_of_2
from kernels.formats.gpu.launching import start
from kernels.formats.gpu.ptx import COPY_BYTES, WARP, reserve_text, row_text
from kernels.formats.sell.batch_kernel import sell_batch_kernel
from kernels.formats.sell.kernel import sell_kernel
from kernels.formats.sell.packing import (
    STEP,
    pack_nibbles,
    place_entries,
    stream_entries,
    tile_rows_by_length,
)
from kernels.formats.sell.windows import WIDEST_STAGED, Window, choose_window, count_phases

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WIDEST_ROW = 1 << 16
FEWEST_STEPS = 4
# Registers a thread by depth: enough not to spill in the loop, few enough to fill a multiprocessor.
REGISTERS = {1: 32, 2: 40, 4: 64}
# (rows per tile, lanes per row) worth trying. The first whose lanes a row can fill with four
# steps each is the default, so the short ones at the end serve small matrices.
LAYOUTS = (
    (32, 16), (16, 32), (32, 32), (8, 64), (16, 64), (64, 16), (8, 32), (32, 8),
    (32, 4), (32, 2), (32, 1),
)  # fmt: skip


@dataclass(frozen=True)
class PackedSell(Packed):
    """`phases` × `lanes` lanes for each of `tile_rows` rows per tile.

    `steps` (tiles + 1,) are running totals of a phase's steps over the tiles; `uniform` is the number every
    tile has, 0 where tiles differ. `spans` holds the first and last column of each phase.
    """

    tile_rows: int
    lanes: int
    phases: int
    uniform: int
    spans: tuple[tuple[int, int], ...]
    values: torch.Tensor
    gaps: torch.Tensor
    starts: torch.Tensor
    steps: torch.Tensor
    row_order: torch.Tensor


def _common(steps: torch.Tensor) -> int:
    """Return the steps of every tile where all have as many, else 0."""
    return int(steps[0]) if steps.numel() and bool((steps == steps[0]).all()) else 0


def _first_columns(phases: int, columns: int, block: int, tiles: int, device: torch.device) -> torch.Tensor:
    """Return start columns (tiles · phases · block,) for lanes without entries: one of their phase's."""
    first = torch.arange(phases, device=device) * columns // phases
    return first.repeat_interleave(block).repeat(tiles)


def _spans(starts: torch.Tensor, last: torch.Tensor, phases: int) -> tuple[tuple[int, int], ...]:
    """Find the first and last column of each phase; `starts` and `last` are (tiles · phases, block)."""
    low = starts.view(-1, phases, starts.shape[-1]).amin((0, 2)) if starts.numel() else []
    high = last.view(-1, phases, last.shape[-1]).amax((0, 2)) if last.numel() else []
    return tuple((int(a), int(b)) for a, b in zip(low, high, strict=True))


class Sell(Format):
    """Unstructured sparsity, any mask."""

    name = "sell"
    summary = "SELL-delta4: unstructured, 4-bit column gaps, one stream a lane"
    limits = (
        "any mask and shape; batch 1 to 16, from 4 on bitmask is faster;"
        " above 80 % gaps over 15 cost explicit zeros"
    )

    def store(self, weight: torch.Tensor, mask: torch.Tensor, layout: Mapping[str, int]) -> PackedSell:
        """Store the kept entries; layout: `tile_rows`, `lanes`, powers of two, and `phases`."""
        rows, columns = weight.shape
        if columns > WIDEST_ROW:
            raise PackingError(
                f"sell stores 16-bit start columns: split the {columns} inputs into {WIDEST_ROW}"
            )
        tile_rows, lanes, phases = layout["tile_rows"], layout["lanes"], layout["phases"]
        block = tile_rows * lanes
        stream = stream_entries(weight, mask)
        tiling = tile_rows_by_length(stream.counts, tile_rows, lanes * phases * STEP)
        places = place_entries(stream, tiling, tile_rows, lanes, phases)
        size = int(tiling.steps[-1]) * phases * block * STEP
        values = torch.zeros(size, dtype=weight.dtype, device=weight.device)
        values[places.slot] = stream.values
        gaps = torch.zeros(size, dtype=torch.uint8, device=weight.device)
        previous = torch.where(places.first, stream.columns, torch.roll(stream.columns, 1))
        gaps[places.slot] = (stream.columns - previous).to(torch.uint8)
        starts = _first_columns(phases, columns, block, tiling.steps.numel() - 1, weight.device)
        last = starts.clone()
        starts[places.lane[places.first]] = stream.columns[places.first]
        last.scatter_reduce_(0, places.lane, stream.columns, "amax")
        return PackedSell(
            shape=(rows, columns), dtype=weight.dtype, tile_rows=tile_rows, lanes=lanes, phases=phases,
            spans=_spans(starts.view(-1, block), last.view(-1, block), phases),
            values=values.view(torch.int32), gaps=pack_nibbles(gaps.view(-1, STEP)),
            starts=starts.to(torch.int16), steps=tiling.steps.int(), row_order=tiling.order.int(),
            uniform=_common(tiling.steps.diff()),
        )  # fmt: skip

    def entries(self, packed: Packed) -> Entries:
        """Decode values and columns lane by lane."""
        packed = expect(packed, PackedSell)
        block = packed.tile_rows * packed.lanes
        nibbles = packed.gaps.view(torch.uint8).view(-1, block, STEP // 2)
        gaps = torch.stack([nibbles & 15, nibbles >> 4], dim=-1).flatten(2).long()
        per_step = gaps.sum(-1)
        before = per_step.cumsum(0) - per_step
        # A part is one phase of one tile: its lanes stream on their own.
        parts = packed.steps.long().diff().repeat_interleave(packed.phases)
        part = torch.repeat_interleave(parts)
        advance = before - before[(parts.cumsum(0) - parts)[part]] if part.numel() else before
        starts = packed.starts.view(-1, block)[part].long() & 0xFFFF
        columns = starts[..., None] + advance[..., None] + gaps.cumsum(-1)
        lane_row = torch.arange(block, device=packed.device) % packed.tile_rows
        position = part[:, None] // packed.phases * packed.tile_rows + lane_row
        position = position[..., None].expand_as(columns)
        real = position < packed.shape[0]
        values = packed.values.view(packed.dtype).view(columns.shape)
        return Entries(packed.row_order.long()[position[real]], columns[real], values[real])

    def launch(self, packed: Packed, x: torch.Tensor, out: torch.Tensor, launch: Mapping[str, int]) -> None:
        """Run one program a tile and one thread a lane; settings: `depth` (1, 2 or 4), `pdl` (0 to 2)."""
        packed = expect(packed, PackedSell)
        pdl = launch["pdl"] if programmatic_launch(packed.device) else 0
        programs = packed.steps.numel() - 1
        stored = (packed.values, packed.gaps, packed.starts, packed.steps, packed.row_order)
        warps = max(1, packed.tile_rows * packed.lanes // WARP)
        settings: dict[str, Any] = {
            "TILE_ROWS": packed.tile_rows, "LANES": packed.lanes, "PDL": pdl,
            "BF16": packed.dtype == torch.bfloat16, "num_warps": warps,
        }  # fmt: skip
        batch, width = x.shape[0], next_power_of_2(x.shape[0])
        window = self._window(packed, x, width)
        if window or batch == 1:
            window, size = window or Window(0, 0), 2 * window.size if window else 0
            settings |= {
                "WIDTH": width, "DEPTH": launch["depth"], "STAGED": size > 0,
                "maxnreg": REGISTERS[launch["depth"]] if width == 1 else None,
                "RESERVE": reserve_text(size * width), "COPY": row_text(size, WARP * warps, width),
            }  # fmt: skip
            sizes = (*packed.shape, packed.uniform, packed.phases, window.shift, batch)
            start(sell_kernel, programs, *stored, x, out, *sizes, early=pdl > 0, **settings)
            return
        x_t = torch.nn.functional.pad(x, (0, 0, 0, width - batch)).t().contiguous()
        sizes = (packed.shape[0], packed.uniform, packed.phases, batch)
        start(sell_batch_kernel, programs, *stored, x_t, out, *sizes, BATCH=width, early=pdl > 0, **settings)

    def layouts(self, shape: tuple[int, int], density: float, batch: int) -> Sequence[Config]:
        """Tiles of 8 to 64 rows; as many lanes per row as leaves each lane at least four steps."""
        width = next_power_of_2(batch)
        phases = count_phases(shape[1], width)
        kept = max(1, int(shape[1] * density))
        fitting = [c for c in LAYOUTS if c[1] == 1 or c[1] * phases * FEWEST_STEPS * STEP <= kept]
        names = ("tile_rows", "lanes")
        return [dict(zip(names, values, strict=True)) | {"phases": phases} for values in fitting]

    def launches(self, packed: Packed, batch: int) -> Sequence[Config]:
        """Choose steps read ahead, and whether to start while the kernel before drains."""
        del packed
        if next_power_of_2(batch) > WIDEST_STAGED:
            return [{"depth": 1, "pdl": pdl} for pdl in (1, 0)]
        return [{"depth": depth, "pdl": pdl} for depth, pdl in ((2, 1), (1, 1), (4, 1), (2, 2), (1, 2))]

    def _window(self, packed: PackedSell, x: torch.Tensor, width: int) -> Window | None:
        """Windows of x for shared memory; None where x is to be gathered from global memory."""
        window = choose_window(packed.shape[1], packed.phases, width)
        if window is None or not inline_ptx(packed.device) or x.data_ptr() % COPY_BYTES:
            return None
        return window if window.holds(packed.spans) else None
