"""SparseGPT's loop over the columns of one block as one GPU kernel.

Rows of W do not touch each other inside a block once the threshold is known, so a program keeps 32 of them
on chip, one per thread with all of its columns in registers, and walks through the columns without leaving
the chip: one launch per block in place of several per column.
"""
# ruff: noqa: PLR0917 - a kernel takes its pointers and sizes one by one.

from __future__ import annotations

import torch
import triton
import triton.language as tl

from etl.pruning.request import PruningRequest

#: Rows of W a program holds: the threads of its one warp.
_ROWS = 32
#: Columns a thread can keep in registers.
MAX_WIDTH = 128
#: Group positions that fit the bits in which a thread notes its choice.
MAX_GROUP = 16


@triton.jit
def _prune_columns_kernel(
    block_ptr,  # (width, out) float32: weights at block entry, updated in place
    upper_ptr,  # (width, upper_stride) float32: the factor's rows, from the block's own diagonal on
    pruned_ptr,  # (width, out) int8: read where GROUP is 1, written where groups are chosen here
    errors_ptr,  # (width, out) float32: written
    width,
    out_features,
    upper_stride,
    GROUP: tl.constexpr,
    GROUP_PRUNED: tl.constexpr,
    WIDTH: tl.constexpr,
    ROWS: tl.constexpr,
):
    columns = tl.arange(0, WIDTH)[:, None]
    rows = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    in_rows = rows < out_features
    inside = (columns < width) & in_rows[None, :]
    tile = tl.load(block_ptr + columns * out_features + rows[None, :], mask=inside, other=0.0)
    for start in range(0, width, GROUP):
        chosen = tl.zeros((ROWS,), tl.int32)
        if GROUP > 1:
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
        for i in tl.static_range(GROUP):
            column = start + i
            if GROUP > 1:
                goes = (chosen >> i) & 1
                tl.store(pruned_ptr + column * out_features + rows, goes.to(tl.int8), mask=in_rows)
            else:
                goes = tl.load(pruned_ptr + column * out_features + rows, mask=in_rows, other=0)
            weight = tl.sum(tl.where(columns == column, tile, 0.0), axis=0)
            error = tl.where(goes != 0, weight, 0.0) / tl.load(upper_ptr + column * (upper_stride + 1))
            tl.store(errors_ptr + column * out_features + rows, error, mask=in_rows)
            later = (columns > column) & (columns < width)
            factor = tl.load(upper_ptr + column * upper_stride + columns, mask=later, other=0.0)
            tile -= factor * error[None, :]
    tl.store(block_ptr + columns * out_features + rows[None, :], tile, mask=inside)


def fits(width: int, request: PruningRequest) -> bool:
    """Tell whether a block of `width` columns and the pattern's groups fit the kernel."""
    return width <= MAX_WIDTH and (request.pattern.group or 1) <= MAX_GROUP


def prune_columns(
    block: torch.Tensor, upper: torch.Tensor, pruned: torch.Tensor, request: PruningRequest
) -> torch.Tensor:
    """Prune the columns of one block in place, as `etl.pruning.sweep.columns.prune_columns` does.

    `block` (width, out) float32 and `pruned` (width, out) bool are contiguous, `upper` (width, width) float32
    has contiguous rows. Unstructured, `pruned` is given; for N:M it is chosen here. Returns the errors
    (width, out).
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
            width,
            out_features,
            upper.stride(0),
            GROUP=request.pattern.group or 1,
            GROUP_PRUNED=request.pattern.pruned,
            WIDTH=triton.next_power_of_2(width),
            ROWS=_ROWS,
            num_warps=1,
        )
    block.masked_fill_(pruned, 0)
    return errors
