"""Triton kernels of bitmasks; format.py beside this draws the records they read."""
# ruff: noqa: PLR0917 - a kernel takes its pointers and sizes one by one.

import triton
import triton.language as tl

from kernels.formats.gpu.bits import split_words
from kernels.formats.gpu.mma import store_tile
from kernels.formats.gpu.staging import reserve


@triton.jit
def _find_record(offsets, record, records):
    """Begin and end of a record in pieces of 16 bytes, nothing behind the last."""
    inside = record < records
    first = tl.load(offsets + record, mask=inside, other=0)
    return first, tl.load(offsets + record + 1, mask=inside, other=0)


@triton.jit
def _copy_record(words, first, last, slot, COPY: tl.constexpr):
    """Start copying a record to shared memory."""
    source = (words + first.to(tl.int64) * 4).to(tl.int64)
    tl.inline_asm_elementwise(
        COPY, "=r,r,l,r", [slot, source, last - first], dtype=tl.int32, is_pure=False, pack=1
    )


@triton.jit
def _read_tile(x, stride, record, records, column, batch, BLOCK: tl.constexpr):
    """Words of 16 inputs of a column of x a lane, zeros beyond the batch and behind the last record."""
    wanted = ((record < records) & (column < batch))[:, None]
    at = (x + record * 32 + column.to(tl.int64) * stride)[:, None] + tl.arange(0, 4)[None, :]
    x0, x1, x2, x3 = split_words(tl.load(at, mask=wanted, other=0), BLOCK)
    x4, x5, x6, x7 = split_words(tl.load(at + 16, mask=wanted, other=0), BLOCK)
    return x0, x1, x2, x3, x4, x5, x6, x7


@triton.jit
def _read_x(x, stride, record, records, column, batch, BLOCK: tl.constexpr, COLUMN_TILES: tl.constexpr):
    """Words of x of one or two tiles of columns."""
    near = _read_tile(x, stride, record, records, column, batch, BLOCK)
    if COLUMN_TILES == 1:
        return near, near
    return near, _read_tile(x, stride, record, records, column + 8, batch, BLOCK)


@triton.jit
def _decode(sums, near, far, slot, active, DECODE: tl.constexpr, CONSTRAINTS: tl.constexpr):
    """Multiply a record by its words of x; ptx.py beside this lists the operands."""
    s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, s12, s13, s14, s15 = sums
    x0, x1, x2, x3, x4, x5, x6, x7 = near
    x8, x9, x10, x11, x12, x13, x14, x15 = far
    return tl.inline_asm_elementwise(
        DECODE, CONSTRAINTS,
        [s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, s12, s13, s14, s15,
         x0, x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, x13, x14, x15, slot, active],
        dtype=(
            tl.float32, tl.float32, tl.float32, tl.float32, tl.float32, tl.float32, tl.float32, tl.float32,
            tl.float32, tl.float32, tl.float32, tl.float32, tl.float32, tl.float32, tl.float32, tl.float32,
        ), is_pure=False, pack=1,
    )  # fmt: skip


@triton.jit
def _store(sums, buffer, y, row, column, out_features, batch, WARPS: tl.constexpr, SUM: tl.constexpr):
    """Store the sums of 16 rows × 8 columns that all warps share."""
    store_tile(sums, buffer, y, y, row, column, out_features, batch, WARPS, 1, 0, False, SUM)


@triton.jit
def bitmask_kernel(
    words_ptr,  # (pieces · 4,) int32: records, each its bits and then its values
    offsets_ptr,  # (row tiles · records + 1,) int32: where records start, in pieces of 16 bytes
    x_ptr,  # (batch, in_words) int32: two 16-bit inputs a word
    y_ptr,  # (batch, out_features) 16 bits: written
    out_features,
    in_words,  # words of a column of x, a multiple of 32
    records,  # records of 64 inputs in a tile of rows
    batch,
    WARPS: tl.constexpr,
    ROW_TILES: tl.constexpr,  # tiles of 16 rows a program, 1 or 2
    COLUMN_TILES: tl.constexpr,  # tiles of 8 columns of x, 1 or 2
    AHEAD: tl.constexpr,  # records copied before they are used, 1 to 3
    SLOT_BYTES: tl.constexpr,  # shared memory of a record
    RESERVE: tl.constexpr,  # PTX that declares the shared memory
    COPY: tl.constexpr,  # PTX that starts copying a record
    WAIT: tl.constexpr,  # PTX that waits for the record to use next
    DECODE: tl.constexpr,  # PTX that decodes and multiplies a record
    CONSTRAINTS: tl.constexpr,  # kinds of its operands
    SUM: tl.constexpr,  # PTX that adds the sums of the warps
):
    """16 · ROW_TILES rows a program, their `records` dealt to its warps and copied AHEAD of their use."""
    BLOCK: tl.constexpr = 32 * WARPS
    tile = tl.program_id(0)
    thread = tl.arange(0, BLOCK)
    lane, record = thread % 32, thread // 32
    column = lane // 4
    x_ptr += lane % 4 * 4
    offsets_ptr += tile * records
    buffer = reserve(RESERVE)
    slots = buffer + record * ((AHEAD + 1) * SLOT_BYTES)
    zeros = tl.zeros((BLOCK,), tl.float32)
    sums = (
        zeros, zeros, zeros, zeros, zeros, zeros, zeros, zeros,
        zeros, zeros, zeros, zeros, zeros, zeros, zeros, zeros,
    )  # fmt: skip
    for ahead in tl.static_range(AHEAD):
        first, last = _find_record(offsets_ptr, record + ahead * WARPS, records)
        _copy_record(words_ptr, first, last, slots + ahead * SLOT_BYTES, COPY)
    first, last = _find_record(offsets_ptr, record + AHEAD * WARPS, records)
    slot, free = 0, AHEAD * SLOT_BYTES
    near, far = _read_x(x_ptr, in_words, record, records, column, batch, BLOCK, COLUMN_TILES)
    for _ in range(0, records, WARPS):
        tl.inline_asm_elementwise(WAIT, "=r", [], dtype=tl.int32, is_pure=False, pack=1)
        _copy_record(words_ptr, first, last, slots + free, COPY)
        # A warp stalls when it first uses a loaded value, so the next round's loads are issued in this one.
        first, last = _find_record(offsets_ptr, record + (AHEAD + 1) * WARPS, records)
        next_x = _read_x(x_ptr, in_words, record + WARPS, records, column, batch, BLOCK, COLUMN_TILES)
        active = (record < records).to(tl.int32)
        sums = _decode(sums, near, far, slots + slot, active, DECODE, CONSTRAINTS)
        near, far = next_x
        record += WARPS
        free = slot
        slot = tl.where(slot == AHEAD * SLOT_BYTES, 0, slot + SLOT_BYTES)
    row = tile * (16 * ROW_TILES)
    s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, s12, s13, s14, s15 = sums
    _store((s0, s1, s2, s3), buffer, y_ptr, row, 0, out_features, batch, WARPS, SUM)
    if COLUMN_TILES == 2:
        _store((s8, s9, s10, s11), buffer, y_ptr, row, 8, out_features, batch, WARPS, SUM)
    if ROW_TILES == 2:
        _store((s4, s5, s6, s7), buffer, y_ptr, row + 16, 0, out_features, batch, WARPS, SUM)
        if COLUMN_TILES == 2:
            _store((s12, s13, s14, s15), buffer, y_ptr, row + 16, 8, out_features, batch, WARPS, SUM)


@triton.jit
def bitmask_plain_kernel(
    words_ptr,  # (pieces · 4,) int32: records, each its bits and then its values
    values_ptr,  # (pieces · 8,) 16 bits: the same memory as numbers
    offsets_ptr,  # (row tiles · records + 1,) int32: where records start, in pieces of 16 bytes
    x_ptr,  # (batch, in_features) 16 bits
    y_ptr,  # (batch, out_features) 16 bits: written
    out_features,
    in_features,
    records,  # records of 64 inputs in a tile of rows
    batch,
    ROW_TILES: tl.constexpr,  # tiles of 16 rows a program, 1 or 2
    BATCH: tl.constexpr,  # batch, rounded up to a power of two
):
    """Twin of bitmask_kernel in plain Triton: one program decodes its records one by one."""
    tile = tl.program_id(0)
    # Positions in the order of the values: tile of rows, step, byte, lane, bit.
    place = tl.arange(0, 1024 * ROW_TILES)
    bit, lane, byte, step = place % 4, place // 4 % 32, place // 128 % 4, place // 512 % 2
    word = lane * ROW_TILES + place // 1024
    column = byte // 2 * 32 + lane % 4 * 8 + step * 4 + bit
    sample = tl.arange(0, BATCH)[:, None]
    acc = tl.zeros((BATCH, 1024 * ROW_TILES), tl.float32)
    for record in range(records):
        first = tl.load(offsets_ptr + tile * records + record).to(tl.int64)
        kept = (tl.load(words_ptr + first * 4 + word) >> (8 * byte + 4 * step + bit)) & 1
        rank = tl.cumsum(kept, 0) - kept
        weight = tl.load(values_ptr + first * 8 + 64 * ROW_TILES + rank, mask=kept == 1, other=0.0)
        inputs = (record * 64 + column)[None, :]
        xs = tl.load(
            x_ptr + sample * in_features + inputs, mask=(sample < batch) & (inputs < in_features), other=0.0
        )
        acc += weight.to(tl.float32)[None, :] * xs.to(tl.float32)
    # (sample · tile of rows, step · half of the inputs, row, input) → sums by row
    total = tl.sum(tl.sum(tl.reshape(acc, (BATCH * ROW_TILES, 4, 16, 16)), 3), 1)
    index = tl.arange(0, BATCH * ROW_TILES)[:, None]
    row = (tile * ROW_TILES + index % ROW_TILES) * 16 + tl.arange(0, 16)[None, :]
    keep = (index // ROW_TILES < batch) & (row < out_features)
    target = y_ptr + (index // ROW_TILES).to(tl.int64) * out_features + row
    tl.store(target, total.to(y_ptr.dtype.element_ty), mask=keep)
