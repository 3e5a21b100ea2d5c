"""SparseGPT's loop over the columns of one block as one GPU kernel.

Rows of W do not touch each other inside a block once the threshold is known, so a program keeps 32 of them
on chip, one per thread with all of its columns in registers, and walks through the columns without leaving
the chip: one launch per block in place of several per column.
"""
# ruff: noqa: PLR0917 - a kernel takes its pointers and sizes one by one.

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import triton
import triton.language as tl

from etl.pruning.request import PruningRequest

if TYPE_CHECKING:
    from etl.pruning.sweep.columns import Rounding

#: Rows of W a program holds: the threads of its one warp.
_ROWS = 32
#: Columns a thread can keep in registers.
MAX_WIDTH = 128
#: Group positions that fit the bits in which a thread notes its choice.
MAX_GROUP = 16


@triton.jit
def _rounded(weight, scale, LARGEST: tl.constexpr, FLOATING: tl.constexpr):
    """Round to the nearest level times scale, as a codec of `kernels/formats/values` does."""
    level = tl.div_rn(weight, tl.where(scale == 0.0, 1.0, scale))
    level = tl.minimum(tl.maximum(level, -LARGEST), LARGEST)
    # A float32 of 1.5 · 2²³ steps has no digits below one step: adding it rounds, halves to even.
    step = 1.0
    if FLOATING:
        # The power of two at or below |level|, whose eighth is the step of e4m3; the smallest normal is 2⁻⁶.
        power = (level.to(tl.int32, bitcast=True) & 0x7F800000).to(tl.float32, bitcast=True)
        step = tl.maximum(power, 0.015625) * 0.125
    shift = step * 12582912.0
    return ((level + shift) - shift) * scale


@triton.jit
def _lowest_of_group(
    tile, columns, start, upper_ptr, upper_stride,
    GROUP: tl.constexpr, GROUP_PRUNED: tl.constexpr, ROWS: tl.constexpr,
):  # fmt: skip
    """Return a bit for each column of a group, set where it is among the lowest scores of its row."""
    chosen = tl.zeros((ROWS,), tl.int32)
    for i in tl.static_range(GROUP):
        diagonal = tl.load(upper_ptr + (start + i) * (upper_stride + 1))
        weight = tl.sum(tl.where(columns == start + i, tile, 0.0), axis=0)
        score = weight * weight / (diagonal * diagonal)
        rank = tl.zeros((ROWS,), tl.int32)
        for k in tl.static_range(GROUP):
            if k != i:
                other_diagonal = tl.load(upper_ptr + (start + k) * (upper_stride + 1))
                other_weight = tl.sum(tl.where(columns == start + k, tile, 0.0), axis=0)
                other = other_weight * other_weight / (other_diagonal * other_diagonal)
                # A stable ascending order: an equal score further left comes first.
                if k < i:
                    rank += (other <= score).to(tl.int32)
                else:
                    rank += (other < score).to(tl.int32)
        chosen |= (rank < GROUP_PRUNED).to(tl.int32) << i
    return chosen


@triton.jit
def _prune_columns_kernel(
    block_ptr,  # (width, out) float32: weights at block entry, updated in place
    upper_ptr,  # (width, upper_stride) float32: the factor's rows, from the block's own diagonal on
    pruned_ptr,  # (width, out) int8: read where GROUP is 1, written where groups are chosen here
    errors_ptr,  # (width, out) float32: written
    scales_ptr,  # (width, out) float32: scales that kept weights are rounded under; read where LARGEST > 0
    width,
    out_features,
    upper_stride,
    GROUP: tl.constexpr,
    GROUP_PRUNED: tl.constexpr,
    WIDTH: tl.constexpr,
    ROWS: tl.constexpr,
    LARGEST: tl.constexpr,  # level of a value format, 0 where kept weights stay as they are
    FLOATING: tl.constexpr,  # levels are those of fp8 e4m3, not whole numbers
):
    columns = tl.arange(0, WIDTH)[:, None]
    rows = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    in_rows = rows < out_features
    inside = (columns < width) & in_rows[None, :]
    tile = tl.load(block_ptr + columns * out_features + rows[None, :], mask=inside, other=0.0)
    for start in range(0, width, GROUP):
        chosen = tl.zeros((ROWS,), tl.int32)
        if GROUP > 1:
            chosen = _lowest_of_group(
                tile, columns, start, upper_ptr, upper_stride, GROUP, GROUP_PRUNED, ROWS
            )
        for i in tl.static_range(GROUP):
            column = start + i
            if GROUP > 1:
                goes = (chosen >> i) & 1
                tl.store(pruned_ptr + column * out_features + rows, goes.to(tl.int8), mask=in_rows)
            else:
                goes = tl.load(pruned_ptr + column * out_features + rows, mask=in_rows, other=0)
            weight = tl.sum(tl.where(columns == column, tile, 0.0), axis=0)
            kept = weight
            if LARGEST > 0:
                scale = tl.load(scales_ptr + column * out_features + rows, mask=in_rows, other=0.0)
                kept = _rounded(weight, scale, LARGEST, FLOATING)
            kept = tl.where(goes != 0, 0.0, kept)
            error = (weight - kept) / tl.load(upper_ptr + column * (upper_stride + 1))
            if LARGEST > 0:
                tile = tl.where(columns == column, kept[None, :], tile)
            tl.store(errors_ptr + column * out_features + rows, error, mask=in_rows)
            later = (columns > column) & (columns < width)
            factor = tl.load(upper_ptr + column * upper_stride + columns, mask=later, other=0.0)
            tile -= factor * error[None, :]
    tl.store(block_ptr + columns * out_features + rows[None, :], tile, mask=inside)


def fits(width: int, request: PruningRequest) -> bool:
    """Tell whether a block of `width` columns and the pattern's groups fit the kernel."""
    return width <= MAX_WIDTH and (request.pattern.group or 1) <= MAX_GROUP


def prune_columns(
    block: torch.Tensor,
    upper: torch.Tensor,
    pruned: torch.Tensor,
    request: PruningRequest,
    rounding: Rounding | None = None,
) -> torch.Tensor:
    """Prune the columns of one block in place, as `etl.pruning.sweep.columns.prune_columns` does.

    `block` (width, out) float32 and `pruned` (width, out) bool are contiguous, `upper` (width, width) float32
    has contiguous rows, and the scales of `rounding` are contiguous. Unstructured, `pruned` is given; for N:M
    it is chosen here. Returns the errors (width, out).
    """
    width, out_features = block.shape
    errors = torch.empty_like(block)
    # Triton launches on the current device, which need not be the one that holds the block.
    with torch.cuda.device_of(block):
        _prune_columns_kernel[(triton.cdiv(out_features, _ROWS),)](
            block,
            upper,
            pruned.view(torch.int8),
            errors,
            errors if rounding is None else rounding.scales,
            width,
            out_features,
            upper.stride(0),
            GROUP=request.pattern.group or 1,
            GROUP_PRUNED=request.pattern.pruned,
            WIDTH=triton.next_power_of_2(width),
            ROWS=_ROWS,
            LARGEST=float(rounding.codec.largest) if rounding else 0.0,
            FLOATING=rounding is not None and rounding.codec.name == "fp8",
            num_warps=1,
        )
    block.masked_fill_(pruned, 0)
    return errors
