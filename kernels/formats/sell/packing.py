"""Laying out a matrix as SELL-delta4: where every kept value goes; format.py beside this draws the layout."""

from __future__ import annotations

from typing import NamedTuple

import torch

from kernels.formats.base import number_within, running_totals

STEP = 8
WIDEST_GAP = 15


class Stream(NamedTuple):
    """Entries of all rows in order, explicit zeros included, and the number each row has."""

    rows: torch.Tensor
    columns: torch.Tensor
    values: torch.Tensor
    counts: torch.Tensor


class Tiling(NamedTuple):
    """Order of the rows, longest first, and running totals of a phase's steps over the tiles."""

    order: torch.Tensor
    steps: torch.Tensor


class Places(NamedTuple):
    """Where each entry goes: flat slot, its lane, and whether it is the lane's first."""

    slot: torch.Tensor
    lane: torch.Tensor
    first: torch.Tensor


def stream_entries(weight: torch.Tensor, mask: torch.Tensor) -> Stream:
    """List the kept entries row by row, with zeros wherever a gap is too wide for 4 bits."""
    rows, columns = mask.nonzero(as_tuple=True)
    previous = torch.roll(columns, 1)
    same_row = rows == torch.roll(rows, 1)
    if rows.numel():
        same_row[0] = False
    gap = torch.where(same_row, columns - previous, 0)
    repeats = torch.clamp((gap + WIDEST_GAP - 1) // WIDEST_GAP, min=1)
    values = weight[rows, columns]
    if bool((repeats > 1).any()):
        source, index = number_within(repeats)
        filler = index < repeats[source] - 1
        columns = torch.where(filler, previous[source] + WIDEST_GAP * (index + 1), columns[source])
        rows, values = rows[source], values[source].masked_fill(filler, 0)
    return Stream(rows, columns, values, torch.bincount(rows, minlength=weight.shape[0]))


def tile_rows_by_length(counts: torch.Tensor, tile_rows: int, round_entries: int) -> Tiling:
    """Sort the rows by their entries; a step of all lanes of a row holds `round_entries`."""
    order = torch.argsort(counts, descending=True, stable=True)
    longest = counts[order][::tile_rows]
    per_tile = (longest + round_entries - 1) // round_entries
    return Tiling(order, running_totals(per_tile))


def lane_boundaries(stream: Stream, capacity: torch.Tensor, lanes: int) -> torch.Tensor:
    """Entry of each row at which each of its lanes starts (rows, lanes), counted over all entries.

    A warp's gathers from x have fewer bank conflicts when its lanes read nearby inputs. So lane s of every
    row starts at the same input: the one before which s / lanes of all entries of the matrix lie. A row
    deviates from that only where a lane would get more entries than its `capacity` (rows,) allows.
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


def place_entries(stream: Stream, tiling: Tiling, tile_rows: int, lanes: int, phases: int) -> Places:
    """Place entries in the lanes of `phases` · `lanes` that each row has."""
    order, steps = tiling
    position = torch.empty_like(order)
    position[order] = torch.arange(order.numel(), device=order.device)
    depth = steps.diff()
    bounds = lane_boundaries(stream, depth[position // tile_rows] * STEP, lanes * phases).view(-1)
    rank = torch.arange(stream.rows.numel(), device=order.device)
    owner = torch.searchsorted(bounds, rank, right=True) - 1
    within = rank - bounds[owner]
    position = position[stream.rows]
    tile = position // tile_rows
    phase, segment = owner % (lanes * phases) // lanes, owner % lanes
    lane = segment * tile_rows + position % tile_rows
    block = tile_rows * lanes
    step = steps[tile] * phases + phase * depth[tile] + within // STEP
    slot = (step * block + lane) * STEP + within % STEP
    return Places(slot, (tile * phases + phase) * block + lane, within == 0)


def pack_nibbles(gaps: torch.Tensor) -> torch.Tensor:
    """Pack (…, 8) gaps into int32, the first in the lowest 4 bits."""
    pairs = gaps[..., 0::2] | (gaps[..., 1::2] << 4)
    return pairs.contiguous().view(torch.int32).view(-1)
