"""SELL-delta4: kept values with 4-bit column gaps, one stream of entries per lane.

    y_r = Σ over the lanes of row r, Σ over their entries: value · x[column]

Rows are sorted by their number of kept entries and cut into tiles of R rows (SELL-C-σ, arXiv 1307.6209,
with σ = all rows), so padding follows the longest row of each tile and not of the matrix. A row's entries
are dealt to S lanes in order. A step is 8 entries; a lane reads B steps at once (a burst), and every lane of
a tile holds the same number of bursts. Lane = segment · R + row, so neighbours walk nearby columns of x.

    tile of R rows × S lanes                       one step of one lane: 20 bytes
    starts [lane]              column of entry 0   values  v0 v1 | v2 v3 | v4 v5 | v6 v7   4 × int32
    values [burst][B][lane][4] 16-bit pairs        gaps    g0 g1 g2 g3 g4 g5 g6 g7         1 × int32
    gaps   [burst][lane][B]    4 bits each         column of entry i = column before + g_i

A gap of 0 repeats the column before and occurs only at a lane's first entry and in padding, whose value is
0, so no lane ever leaves the row. A gap over 15 takes explicit zeros, 15 columns apart.

Bytes = 20 · E/8 + 2 · lanes + 4 · rows + 4 · (tiles + 1) for E entries after padding: 10.1 bits a weight
at 50 %. The prefix sums of 8 gaps come from one multiplication, so decoding costs three instructions a value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import torch

from kernels.device import programmatic_launch
from kernels.errors import PackingError
from kernels.formats.base import Config, Entries, Format, Packed, expect, next_power_of_2
from kernels.formats.launching import start
from kernels.formats.sell_kernels import sell_batch_kernel, sell_kernel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

STEP = 8
WIDEST_GAP = 15
WIDEST_ROW = 1 << 16
FEWEST_STEPS = 4
# (rows a tile, lanes a row, steps a burst, bursts of slack) worth trying. The first whose lanes a row can
# fill with four steps each is the default, so the short ones at the end serve small matrices.
LAYOUTS = (
    (32, 32, 1, 0), (32, 16, 1, 0), (16, 32, 1, 0), (8, 64, 1, 0), (16, 64, 1, 0), (64, 16, 1, 0),
    (32, 32, 1, 1), (32, 8, 1, 0), (32, 4, 1, 0), (32, 2, 1, 0), (32, 1, 1, 0),
)  # fmt: skip


@dataclass(frozen=True)
class PackedSell(Packed):
    """`tile_rows` × `lanes` lanes a tile, `burst` steps a read; `bursts` (tiles + 1,) are running totals.

    `uniform` is the number of bursts every tile has, 0 where tiles differ.
    """

    tile_rows: int
    lanes: int
    burst: int
    uniform: int
    values: torch.Tensor
    gaps: torch.Tensor
    starts: torch.Tensor
    bursts: torch.Tensor
    row_order: torch.Tensor


class _Stream(NamedTuple):
    """Entries of all rows in order, explicit zeros included, and the number each row has."""

    rows: torch.Tensor
    columns: torch.Tensor
    values: torch.Tensor
    counts: torch.Tensor


class _Places(NamedTuple):
    """Where each entry goes: flat slot, its lane, and whether it is the lane's first."""

    slot: torch.Tensor
    lane: torch.Tensor
    first: torch.Tensor


def _stream(weight: torch.Tensor, mask: torch.Tensor) -> _Stream:
    rows, columns = mask.nonzero(as_tuple=True)
    previous = torch.roll(columns, 1)
    same_row = rows == torch.roll(rows, 1)
    if rows.numel():
        same_row[0] = False
    gap = torch.where(same_row, columns - previous, 0)
    repeats = torch.clamp((gap + WIDEST_GAP - 1) // WIDEST_GAP, min=1)
    values = weight[rows, columns]
    if bool((repeats > 1).any()):
        source = torch.repeat_interleave(repeats)
        index = torch.arange(source.numel(), device=rows.device) - (repeats.cumsum(0) - repeats)[source]
        filler = index < repeats[source] - 1
        columns = torch.where(filler, previous[source] + WIDEST_GAP * (index + 1), columns[source])
        rows, values = rows[source], values[source].masked_fill(filler, 0)
    return _Stream(rows, columns, values, torch.bincount(rows, minlength=weight.shape[0]))


def _tile_bursts(
    counts: torch.Tensor, tile_rows: int, lane_round: int, slack: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Order of the rows, longest first, and running totals of bursts over the tiles that hold any."""
    order = torch.argsort(counts, descending=True, stable=True)
    longest = counts[order][::tile_rows]
    per_tile = (longest + lane_round - 1) // lane_round + slack * (longest > 0)
    return order, torch.cat([per_tile.new_zeros(1), per_tile.cumsum(0)])


def _boundaries(stream: _Stream, capacity: torch.Tensor, lanes: int) -> torch.Tensor:
    """Entry of each row at which each of its lanes starts (rows, lanes), counted over all entries.

    The gathers of a warp conflict in the L1 banks the less, the closer its lanes stay in x. So lane s
    starts where the matrix as a whole has spent s / lanes of its entries, as far as the row's `capacity`
    (rows,) a lane allows, and not where the row itself has.
    """
    width = int(stream.columns.max()) + 1 if stream.columns.numel() else 1
    spent = torch.bincount(stream.columns, minlength=width).cumsum(0)
    share = torch.arange(lanes, device=spent.device) * int(spent[-1]) // lanes
    rows = torch.arange(stream.counts.numel(), device=spent.device)
    wanted = rows[:, None] * width + torch.searchsorted(spent, share, right=True)
    row_start = stream.counts.cumsum(0) - stream.counts
    wanted = torch.searchsorted(stream.rows * width + stream.columns, wanted) - row_start[:, None]
    bounds = torch.zeros_like(wanted)
    for lane in range(1, lanes):
        least = torch.maximum(stream.counts - (lanes - lane) * capacity, bounds[:, lane - 1])
        most = bounds[:, lane - 1] + capacity
        bounds[:, lane] = torch.minimum(torch.maximum(wanted[:, lane], least), most)
    return bounds + row_start[:, None]


def _places(stream: _Stream, order: torch.Tensor, steps: torch.Tensor, tile_rows: int, lanes: int) -> _Places:
    """Place entries; `steps` are running totals of steps over the tiles."""
    position = torch.empty_like(order)
    position[order] = torch.arange(order.numel(), device=order.device)
    capacity = steps.diff()[position // tile_rows] * STEP
    bounds = _boundaries(stream, capacity, lanes).view(-1)
    rank = torch.arange(stream.rows.numel(), device=order.device)
    owner = torch.searchsorted(bounds, rank, right=True) - 1
    within = rank - bounds[owner]
    position = position[stream.rows]
    tile = position // tile_rows
    lane = owner % lanes * tile_rows + position % tile_rows
    block = tile_rows * lanes
    slot = ((steps[tile] + within // STEP) * block + lane) * STEP + within % STEP
    return _Places(slot, tile * block + lane, within == 0)


def _nibbles(gaps: torch.Tensor, block: int, burst: int) -> torch.Tensor:
    """Pack (steps · block, 8) gaps into int32, the first in the lowest 4 bits, and order them by burst."""
    pairs = gaps[:, 0::2] | (gaps[:, 1::2] << 4)
    words = pairs.contiguous().view(torch.int32).view(gaps.shape[0] // (burst * block), burst, block)
    return words.transpose(1, 2).contiguous().view(-1)


def _common(bursts: torch.Tensor) -> int:
    """Bursts of every tile where all have as many, else 0."""
    return int(bursts[0]) if bursts.numel() and bool((bursts == bursts[0]).all()) else 0


class Sell(Format):
    """Unstructured sparsity, any mask."""

    name = "sell"
    summary = "SELL-delta4: unstructured, 4-bit column gaps, one stream a lane"
    limits = "any mask and shape; batch 1 to 16; above 80 % gaps over 15 cost explicit zeros"

    def store(self, weight: torch.Tensor, mask: torch.Tensor, layout: Mapping[str, int]) -> PackedSell:
        """Store the kept entries; layout: `tile_rows`, `lanes`, `burst`, powers of two, and `slack`."""
        rows, columns = weight.shape
        if columns > WIDEST_ROW:
            raise PackingError(
                f"sell stores 16-bit start columns: split the {columns} inputs into {WIDEST_ROW}"
            )
        tile_rows, lanes, burst = layout["tile_rows"], layout["lanes"], layout["burst"]
        stream = _stream(weight, mask)
        order, bursts = _tile_bursts(stream.counts, tile_rows, lanes * burst * STEP, layout["slack"])
        block = tile_rows * lanes
        places = _places(stream, order, bursts * burst, tile_rows, lanes)
        values = torch.zeros(int(bursts[-1]) * burst * block * STEP, dtype=weight.dtype, device=weight.device)
        values[places.slot] = stream.values
        gaps = torch.zeros(values.numel(), dtype=torch.uint8, device=weight.device)
        previous = torch.where(places.first, stream.columns, torch.roll(stream.columns, 1))
        gaps[places.slot] = (stream.columns - previous).to(torch.uint8)
        starts = torch.zeros((bursts.numel() - 1) * block, dtype=torch.int16, device=weight.device)
        starts[places.lane[places.first]] = stream.columns[places.first].to(torch.int16)
        return PackedSell(
            shape=(rows, columns), dtype=weight.dtype, tile_rows=tile_rows, lanes=lanes, burst=burst,
            values=values.view(torch.int32), gaps=_nibbles(gaps.view(-1, STEP), block, burst), starts=starts,
            bursts=bursts.int(), row_order=order.int(), uniform=_common(bursts.diff()),
        )  # fmt: skip

    def entries(self, packed: Packed) -> Entries:
        """Decode values and columns lane by lane."""
        packed = expect(packed, PackedSell)
        block = packed.tile_rows * packed.lanes
        total = int(packed.bursts[-1])
        words = packed.gaps.view(total, block, packed.burst).transpose(1, 2).reshape(-1)
        nibbles = words.view(torch.uint8).view(total * packed.burst, block, STEP // 2)
        gaps = torch.stack([nibbles & 15, nibbles >> 4], dim=-1).flatten(2).long()
        per_step = gaps.sum(-1)
        before = per_step.cumsum(0) - per_step
        steps = packed.bursts.long() * packed.burst
        tile = torch.repeat_interleave(steps.diff())
        advance = before - before[steps[tile]] if tile.numel() else before
        starts = packed.starts.view(-1, block)[tile].long() & 0xFFFF
        columns = starts[..., None] + advance[..., None] + gaps.cumsum(-1)
        lane_row = torch.arange(block, device=packed.device) % packed.tile_rows
        position = (tile[:, None] * packed.tile_rows + lane_row)[..., None].expand_as(columns)
        real = position < packed.shape[0]
        values = packed.values.view(packed.dtype).view(columns.shape)
        return Entries(packed.row_order.long()[position[real]], columns[real], values[real])

    def launch(self, packed: Packed, x: torch.Tensor, out: torch.Tensor, launch: Mapping[str, int]) -> None:
        """Run one program a tile and one thread a lane; settings: `depth` (1 or 2), `unroll`, `pdl`."""
        packed = expect(packed, PackedSell)
        pdl = bool(launch["pdl"]) and programmatic_launch(packed.device)
        programs = packed.bursts.numel() - 1
        stored = (packed.values, packed.gaps, packed.starts, packed.bursts, packed.row_order)
        sizes = (packed.shape[0], packed.uniform)
        settings = {
            "TILE_ROWS": packed.tile_rows, "LANES": packed.lanes, "BURST": packed.burst, "PDL": pdl,
            "BF16": packed.dtype == torch.bfloat16,
            "num_warps": max(1, packed.tile_rows * packed.lanes // 32),
        }  # fmt: skip
        batch = x.shape[0]
        if batch == 1:
            settings |= {"DEPTH": launch["depth"], "UNROLL": launch["unroll"]}
            start(sell_kernel, programs, *stored, x, out, *sizes, early=pdl, **settings)
            return
        width = next_power_of_2(batch)
        x_t = torch.nn.functional.pad(x, (0, 0, 0, width - batch)).t().contiguous()
        start(
            sell_batch_kernel, programs, *stored, x_t, out, *sizes, batch, BATCH=width, early=pdl, **settings
        )

    def layouts(self, shape: tuple[int, int], density: float, batch: int) -> Sequence[Config]:
        """Tiles of 8 to 32 rows; as many lanes a row as leaves each lane at least one full burst."""
        del batch
        kept = max(1, int(shape[1] * density))
        fitting = [c for c in LAYOUTS if c[1] == 1 or c[1] * FEWEST_STEPS * STEP <= kept]
        names = ("tile_rows", "lanes", "burst", "slack")
        return [dict(zip(names, values, strict=True)) for values in fitting]

    def launches(self, packed: Packed, batch: int) -> Sequence[Config]:
        """Choose bursts read ahead, unrolling, and whether to start while the kernel before drains."""
        del packed
        if batch > 1:
            return [{"pdl": 1}, {"pdl": 0}]
        return [
            {"depth": d, "unroll": u, "pdl": p} for d, u, p in ((2, 2, 1), (2, 1, 1), (1, 1, 1), (1, 1, 0))
        ]
