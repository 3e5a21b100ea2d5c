"""Triton kernel of SELL-delta4 for many columns of x, which it gathers from global memory."""
# ruff: noqa: PLR0917 - a kernel takes its pointers and sizes one by one.

import triton
import triton.language as tl

from kernels.formats.gpu.bits import high_half, low_half, split_words
from kernels.formats.gpu.early_start import let_next_start, wait_for_previous
from kernels.formats.sell.decoding import prefix_sums, read_step, span, step_pointers


@triton.jit
def _gather_batch(x_pointer, columns, shift: tl.constexpr, offset: tl.constexpr, BATCH: tl.constexpr):
    """Rows of the transposed x (in, BATCH): one wide load serves every batch column."""
    row = x_pointer + ((columns >> shift) & 0xFF) * BATCH + offset
    width: tl.constexpr = min(BATCH, 8)  # ty: ignore[invalid-assignment]  jit
    return tl.load(row[:, None] + tl.arange(0, width)[None, :]).to(tl.float32)


@triton.jit
def _consume_batch(
    words, gaps, x_pointer, acc, upper, BLOCK: tl.constexpr, BF16: tl.constexpr, BATCH: tl.constexpr
):  # fmt: skip
    """As _consume for BATCH columns; `upper` holds the columns from 8 on."""
    w0, w1, w2, w3 = split_words(words, BLOCK)
    after_even, after_odd = prefix_sums(gaps)
    for j in tl.static_range(4):
        w = w0 if j == 0 else (w1 if j == 1 else (w2 if j == 2 else w3))
        low = low_half(w, BF16)[:, None]
        high = high_half(w, BF16)[:, None]
        acc += low * _gather_batch(x_pointer, after_even, 8 * j, 0, BATCH)
        acc += high * _gather_batch(x_pointer, after_odd, 8 * j, 0, BATCH)
        if BATCH > 8:
            upper += low * _gather_batch(x_pointer, after_even, 8 * j, 8, BATCH)
            upper += high * _gather_batch(x_pointer, after_odd, 8 * j, 8, BATCH)
    x_pointer += (after_odd >> 24) * BATCH
    return x_pointer, acc, upper


@triton.jit
def sell_batch_kernel(
    values_ptr,  # (steps, TILE_ROWS · LANES, 4) int32: two 16-bit values a word
    gaps_ptr,  # (steps, TILE_ROWS · LANES) int32: eight 4-bit column gaps a word
    starts_ptr,  # (tiles, phases, TILE_ROWS · LANES) int16, unsigned: column of a lane's first entry
    steps_ptr,  # (tiles + 1,) int32: running totals of a phase's steps
    row_order_ptr,  # (out_features,) int32: row at each place of the tiles
    x_t_ptr,  # (in_features, BATCH) 16 bits: x transposed
    y_ptr,  # (batch, out_features) 16 bits: written
    out_features,
    uniform,  # steps of every tile, 0 where tiles differ
    phases,  # windows of x, one after the other
    batch,
    TILE_ROWS: tl.constexpr,  # rows a program
    LANES: tl.constexpr,  # lanes per row
    BF16: tl.constexpr,  # 16-bit values are bfloat16, not float16
    BATCH: tl.constexpr,  # batch, rounded up to a power of two
    PDL: tl.constexpr,  # the next kernel starts with this one
):
    """As sell_kernel for up to 16 columns of x: each entry is decoded once for all of them."""
    BLOCK: tl.constexpr = TILE_ROWS * LANES
    WIDTH: tl.constexpr = min(BATCH, 8)  # ty: ignore[invalid-assignment]  jit
    if PDL:
        let_next_start()
    tile = tl.program_id(0)
    first, count = span(steps_ptr, uniform, tile)
    starts_ptr += tile * phases * BLOCK
    lane = tl.arange(0, BLOCK)
    acc = tl.zeros((BLOCK, WIDTH), tl.float32)
    upper = tl.zeros((BLOCK, WIDTH), tl.float32)
    for phase in range(phases):
        value_pointer, gap_pointer = step_pointers(
            values_ptr, gaps_ptr, first * phases + phase * count, BLOCK
        )
        words, gap = read_step(value_pointer, gap_pointer, 0, count, BLOCK)
        x_pointer = x_t_ptr + (tl.load(starts_ptr + phase * BLOCK + lane).to(tl.int32) & 0xFFFF) * BATCH
        if PDL:
            wait_for_previous()
        for step in range(count):
            next_words, next_gap = read_step(value_pointer, gap_pointer, 1, count - step, BLOCK)
            value_pointer += BLOCK * 4
            gap_pointer += BLOCK
            x_pointer, acc, upper = _consume_batch(words, gap, x_pointer, acc, upper, BLOCK, BF16, BATCH)
            words, gap = next_words, next_gap
    _store_batch(acc, row_order_ptr, y_ptr, tile, out_features, batch, 0, TILE_ROWS, LANES, WIDTH)
    if BATCH > 8:
        _store_batch(upper, row_order_ptr, y_ptr, tile, out_features, batch, 8, TILE_ROWS, LANES, WIDTH)


@triton.jit
def _store_batch(
    acc, row_order, y, tile, out_features, batch, offset: tl.constexpr,
    TILE_ROWS: tl.constexpr, LANES: tl.constexpr, WIDTH: tl.constexpr,
):  # fmt: skip
    row = tile * TILE_ROWS + tl.arange(0, TILE_ROWS)
    inside = row < out_features
    row = tl.load(row_order + row, mask=inside, other=0)
    column = offset + tl.arange(0, WIDTH)
    total = tl.sum(tl.reshape(acc, (LANES, TILE_ROWS, WIDTH)), 0)
    target = y + column[None, :].to(tl.int64) * out_features + row[:, None]
    tl.store(target, total.to(y.dtype.element_ty), mask=inside[:, None] & (column < batch)[None, :])
