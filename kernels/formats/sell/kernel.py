"""Triton kernel of SELL-delta4 for few columns of x; format.py beside this draws the layout it reads."""
# ruff: noqa: PLR0917, RET505 - a kernel takes its pointers and sizes one by one; Triton needs the else.

import triton
import triton.language as tl

from kernels.formats.gpu.bits import high_half, low_half, split_words
from kernels.formats.gpu.early_start import let_next_start, wait_for_previous
from kernels.formats.gpu.staging import copy, gather, gather_2, gather_4, reserve
from kernels.formats.sell.decoding import prefix_sums, read_step, span, step_pointers


@triton.jit
def _gather(at, columns, BYTE: tl.constexpr, BF16: tl.constexpr, STAGED: tl.constexpr):
    """Entry `at` + byte BYTE of `columns` of x as float32, and its place: an address where x is staged."""
    if STAGED:
        bits, at = gather(at, columns, 2 << (8 * BYTE))
        return low_half(bits, BF16), at
    else:
        at += (columns >> (8 * BYTE)) & 0xFF
        return tl.load(at).to(tl.float32), at


@triton.jit
def _consume_one(words, gaps, at, acc, BLOCK: tl.constexpr, BF16: tl.constexpr, STAGED: tl.constexpr):
    """Multiply and add a step of every lane; all its gathers are issued before the first use."""
    even, odd = prefix_sums(gaps)
    x0, _ = _gather(at, even, 0, BF16, STAGED)
    x1, _ = _gather(at, odd, 0, BF16, STAGED)
    x2, _ = _gather(at, even, 1, BF16, STAGED)
    x3, _ = _gather(at, odd, 1, BF16, STAGED)
    x4, _ = _gather(at, even, 2, BF16, STAGED)
    x5, _ = _gather(at, odd, 2, BF16, STAGED)
    x6, _ = _gather(at, even, 3, BF16, STAGED)
    x7, at = _gather(at, odd, 3, BF16, STAGED)
    w0, w1, w2, w3 = split_words(words, BLOCK)
    acc += low_half(w0, BF16) * x0
    acc += high_half(w0, BF16) * x1
    acc += low_half(w1, BF16) * x2
    acc += high_half(w1, BF16) * x3
    acc += low_half(w2, BF16) * x4
    acc += high_half(w2, BF16) * x5
    acc += low_half(w3, BF16) * x6
    acc += high_half(w3, BF16) * x7
    return at, acc


@triton.jit
def _add_entry(w, at, columns, acc, BYTE: tl.constexpr, WIDTH: tl.constexpr, BF16: tl.constexpr):
    """Add a weight's products with the staged x of 2 or 4 columns."""
    acc0, acc1, acc2, acc3 = acc
    if WIDTH == 2:
        pair, at = gather_2(at, columns, 4 << (8 * BYTE))
    else:
        pair, second, at = gather_4(at, columns, 8 << (8 * BYTE))
        acc2 += w * low_half(second, BF16)
        acc3 += w * high_half(second, BF16)
    acc0 += w * low_half(pair, BF16)
    acc1 += w * high_half(pair, BF16)
    return at, (acc0, acc1, acc2, acc3)


@triton.jit
def _consume(
    words, gaps, at, acc, BLOCK: tl.constexpr, WIDTH: tl.constexpr, BF16: tl.constexpr, STAGED: tl.constexpr
):  # fmt: skip
    """Multiply and add a step of every lane for WIDTH columns of x; `acc` has a sum for each of 4."""
    if WIDTH == 1:
        at, first = _consume_one(words, gaps, at, acc[0], BLOCK, BF16, STAGED)
        return at, (first, acc[1], acc[2], acc[3])
    else:
        even, odd = prefix_sums(gaps)
        w0, w1, w2, w3 = split_words(words, BLOCK)
        _, acc = _add_entry(low_half(w0, BF16), at, even, acc, 0, WIDTH, BF16)
        _, acc = _add_entry(high_half(w0, BF16), at, odd, acc, 0, WIDTH, BF16)
        _, acc = _add_entry(low_half(w1, BF16), at, even, acc, 1, WIDTH, BF16)
        _, acc = _add_entry(high_half(w1, BF16), at, odd, acc, 1, WIDTH, BF16)
        _, acc = _add_entry(low_half(w2, BF16), at, even, acc, 2, WIDTH, BF16)
        _, acc = _add_entry(high_half(w2, BF16), at, odd, acc, 2, WIDTH, BF16)
        _, acc = _add_entry(low_half(w3, BF16), at, even, acc, 3, WIDTH, BF16)
        at, acc = _add_entry(high_half(w3, BF16), at, odd, acc, 3, WIDTH, BF16)
        return at, acc


@triton.jit
def sell_kernel(  # noqa: C901, PLR0912, PLR0915 - the branches are the compiler's
    values_ptr,  # (steps, TILE_ROWS · LANES, 4) int32: two 16-bit values a word
    gaps_ptr,  # (steps, TILE_ROWS · LANES) int32: eight 4-bit column gaps a word
    starts_ptr,  # (tiles, phases, TILE_ROWS · LANES) int16, unsigned: column of a lane's first entry
    steps_ptr,  # (tiles + 1,) int32: running totals of a phase's steps
    row_order_ptr,  # (out_features,) int32: row at each place of the tiles
    x_ptr,  # (batch, in_features) 16 bits
    y_ptr,  # (batch, out_features) 16 bits: written
    out_features,
    in_features,
    uniform,  # steps of every tile, 0 where tiles differ
    phases,  # windows of x, one after the other
    shift,  # inputs from one window of x to the next
    batch,
    TILE_ROWS: tl.constexpr,  # rows a program
    LANES: tl.constexpr,  # lanes per row
    WIDTH: tl.constexpr,  # batch, rounded up to a power of two: 1, or where x is STAGED 2 or 4
    BF16: tl.constexpr,  # 16-bit values are bfloat16, not float16
    DEPTH: tl.constexpr,  # steps of a lane that are read before they are used: 1, 2 or 4
    PDL: tl.constexpr,  # the next kernel starts with this one (1), after its reads (2), after it (0)
    STAGED: tl.constexpr,  # x lies in shared memory
    RESERVE: tl.constexpr,  # PTX that declares the shared memory
    COPY: tl.constexpr,  # PTX that copies a window of x
):
    """One tile a program, one lane a thread, DEPTH steps of each lane loading at any time.

    Phase p takes its inputs from p · shift on; where x is STAGED, that window of it lies in shared memory.
    """
    BLOCK: tl.constexpr = TILE_ROWS * LANES
    if PDL == 1:
        let_next_start()
    tile = tl.program_id(0)
    first, count = span(steps_ptr, uniform, tile)
    starts_ptr += tile * phases * BLOCK
    lane = tl.arange(0, BLOCK)
    zeros = tl.zeros((BLOCK,), tl.float32)
    acc = (zeros, zeros, zeros, zeros)
    if STAGED:
        buffer = reserve(RESERVE)
    for phase in range(phases):
        value_pointer, gap_pointer = step_pointers(
            values_ptr, gaps_ptr, first * phases + phase * count, BLOCK
        )
        words0, gap0 = read_step(value_pointer, gap_pointer, 0, count, BLOCK)
        if DEPTH > 1:
            words1, gap1 = read_step(value_pointer, gap_pointer, 1, count, BLOCK)
        if DEPTH == 4:
            words2, gap2 = read_step(value_pointer, gap_pointer, 2, count, BLOCK)
            words3, gap3 = read_step(value_pointer, gap_pointer, 3, count, BLOCK)
        column = tl.load(starts_ptr + phase * BLOCK + lane).to(tl.int32) & 0xFFFF
        if PDL:
            wait_for_previous()
        if STAGED:
            # All warps must have finished reading the previous window before it is overwritten.
            tl.debug_barrier()
            window = copy(buffer, x_ptr + phase * shift, in_features.to(tl.int64) * 2, batch, COPY)
            at = window + (column - phase * shift) * (2 * WIDTH)
            tl.debug_barrier()
        else:
            at = x_ptr + column
        for step in tl.range(0, count, DEPTH):
            left = count - step
            if DEPTH == 1:
                next_words, next_gap = read_step(value_pointer, gap_pointer, 1, left, BLOCK)
                at, acc = _consume(words0, gap0, at, acc, BLOCK, WIDTH, BF16, STAGED)
                words0, gap0 = next_words, next_gap
            else:
                at, acc = _consume(words0, gap0, at, acc, BLOCK, WIDTH, BF16, STAGED)
                words0, gap0 = read_step(value_pointer, gap_pointer, DEPTH, left, BLOCK)
                at, acc = _consume(words1, gap1, at, acc, BLOCK, WIDTH, BF16, STAGED)
                words1, gap1 = read_step(value_pointer, gap_pointer, DEPTH + 1, left, BLOCK)
            if DEPTH == 4:
                at, acc = _consume(words2, gap2, at, acc, BLOCK, WIDTH, BF16, STAGED)
                words2, gap2 = read_step(value_pointer, gap_pointer, DEPTH + 2, left, BLOCK)
                at, acc = _consume(words3, gap3, at, acc, BLOCK, WIDTH, BF16, STAGED)
                words3, gap3 = read_step(value_pointer, gap_pointer, DEPTH + 3, left, BLOCK)
            value_pointer += DEPTH * BLOCK * 4
            gap_pointer += DEPTH * BLOCK
    if PDL == 2:
        let_next_start()
    row = tile * TILE_ROWS + tl.arange(0, TILE_ROWS)
    inside = row < out_features
    row = tl.load(row_order_ptr + row, mask=inside, other=0)
    for column in tl.static_range(WIDTH):
        total = tl.sum(tl.reshape(acc[column], (LANES, TILE_ROWS)), 0)
        target = y_ptr + tl.full((), column, tl.int64) * out_features + row
        # Compared as blocks, as in read_step.
        wanted = inside & (tl.zeros((TILE_ROWS,), tl.int32) + column < batch)
        tl.store(target, total.to(y_ptr.dtype.element_ty), mask=wanted)
