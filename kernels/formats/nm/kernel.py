"""Triton kernels of N:M sparsity; format.py beside this draws the layout they read."""
# ruff: noqa: PLR0917 - a kernel takes its pointers and sizes one by one.

import triton
import triton.language as tl

from kernels.formats.gpu.bits import high_half, low_half, split_words
from kernels.formats.gpu.early_start import let_next_start, wait_for_previous
from kernels.formats.gpu.mma import store_tile
from kernels.formats.gpu.staging import copy, read_words, reserve


@triton.jit
def _mma_sp(a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3, positions, PTX: tl.constexpr):
    """One sparse 16×32 by 32×8 product a warp; lane i of a warp holds element i of every operand."""
    return tl.inline_asm_elementwise(
        PTX, "=f,=f,=f,=f,r,r,r,r,r,r,r,r,f,f,f,f,r",
        [a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3, positions],
        dtype=(tl.float32, tl.float32, tl.float32, tl.float32), is_pure=True, pack=1,
    )  # fmt: skip


@triton.jit
def _read_block(values, positions, row_tile, block, blocks, lane):
    """Both tiles and the positions of one block a warp."""
    inside = block < blocks
    base = (row_tile * blocks + block).to(tl.int64)
    meta = tl.load(positions + base * 32 + lane, mask=inside, other=0x44444444, cache_modifier=".cg")
    tile = values + (base * 256)[:, None] + (lane[:, None] * 4 + tl.arange(0, 4)[None, :])
    first = tl.load(tile, mask=inside[:, None], other=0, cache_modifier=".cg")
    second = tl.load(tile + 128, mask=inside[:, None], other=0, cache_modifier=".cg")
    return first, second, meta


@triton.jit
def _multiply_block(t0, t1, meta, b, c, FIRST: tl.constexpr, SECOND: tl.constexpr, THREADS: tl.constexpr):
    """Multiply both tiles of a block by 8 columns of x; `b` holds 8 words of x, `c` 4 sums."""
    b0, b1, b2, b3, b4, b5, b6, b7 = b
    c0, c1, c2, c3 = c
    a0, a1, a2, a3 = split_words(t0, THREADS)
    c0, c1, c2, c3 = _mma_sp(a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3, meta, FIRST)
    a0, a1, a2, a3 = split_words(t1, THREADS)
    return _mma_sp(a0, a1, a2, a3, b4, b5, b6, b7, c0, c1, c2, c3, meta, SECOND)


@triton.jit
def _read_operand(address):
    """All 8 words of x that a lane needs for a block."""
    b0, b1, b2, b3 = read_words(address)
    b4, b5, b6, b7 = read_words(address + 16)
    return b0, b1, b2, b3, b4, b5, b6, b7


@triton.jit
def nm_tensor_core_kernel(  # noqa: C901, PLR0912, PLR0915 - the branches are the compiler's
    values_ptr,  # (row_tiles, blocks, 2, 32, 4) int32: two 16-bit values a word
    positions_ptr,  # (row_tiles, blocks, 32) int32: eight pairs of 2-bit positions a word
    x_ptr,  # (batch, in_features) 16 bits, in_features a multiple of 64
    y_ptr,  # (batch, out_features) 16 bits: written
    out_features,
    in_features,
    row_tiles,  # tiles of 16 rows
    blocks,  # blocks of 64 inputs
    per_phase,  # blocks whose x is in shared memory at a time
    phases,  # windows of x, one after the other
    batch,
    WARPS: tl.constexpr,
    FIRST: tl.constexpr,  # PTX of the product of a block's first 16 × 32 tile
    SECOND: tl.constexpr,  # PTX of the product of its second
    ROW_TILES: tl.constexpr,  # tiles of rows a program, 1 or 2
    COLUMN_TILES: tl.constexpr,  # tiles of 8 columns of x, 1 or 2
    PITCH: tl.constexpr,  # bytes from one column of x to the next in shared memory
    AHEAD: tl.constexpr,  # blocks read before they are used, 0 to 2
    UNROLL: tl.constexpr,
    PDL: tl.constexpr,  # start while the kernel before drains
    RESERVE: tl.constexpr,  # PTX that declares the shared memory
    COPY: tl.constexpr,  # PTX that copies a window of x
    SUM: tl.constexpr,  # PTX that adds the sums of the warps
):
    """16 · ROW_TILES rows a program, the blocks of inputs dealt to its warps; x lies in shared memory.

    Columns of x past the batch hold whatever the memory holds: no sum that is stored sees them.
    """
    THREADS: tl.constexpr = 32 * WARPS
    if PDL:
        let_next_start()
    row_tile = tl.program_id(0) * ROW_TILES
    thread = tl.arange(0, THREADS)
    lane, warp = thread % 32, thread // 32
    column = lane // 4
    mine = lane % 4 * 32 + tl.minimum(column, batch - 1) * PITCH
    far = lane % 4 * 32 + tl.minimum(column + 8, batch - 1) * PITCH
    buffer = reserve(RESERVE)
    zeros = tl.zeros((THREADS,), tl.float32)
    c = (zeros, zeros, zeros, zeros)
    d, e, f = c, c, c
    t0, t1, meta = _read_block(values_ptr, positions_ptr, row_tile, warp, blocks, lane)
    if ROW_TILES == 2:
        # A program's second tile of rows may lie past the last; it reads the last and stores nothing.
        second = tl.minimum(row_tile + 1, row_tiles - 1)
        s0, s1, second_meta = _read_block(values_ptr, positions_ptr, second, warp, blocks, lane)
    if AHEAD == 2:
        n0, n1, next_meta = _read_block(values_ptr, positions_ptr, row_tile, warp + WARPS, blocks, lane)
    if PDL:
        wait_for_previous()
    for phase in range(phases):
        begin = phase * per_phase
        # Windows have one size; the last begins early enough not to reach past the end of x.
        window = tl.minimum(begin, blocks - per_phase)
        # All warps must have finished reading the previous window before it is overwritten.
        tl.debug_barrier()
        near = copy(buffer, x_ptr + window * 64, in_features.to(tl.int64) * 2, batch, COPY)
        tl.debug_barrier()
        for start in tl.range(begin, tl.minimum(begin + per_phase, blocks), WARPS, loop_unroll_factor=UNROLL):
            block = start + warp
            if AHEAD == 2:
                f0, f1, far_meta = _read_block(
                    values_ptr, positions_ptr, row_tile, block + 2 * WARPS, blocks, lane
                )
            elif AHEAD == 1:
                n0, n1, next_meta = _read_block(
                    values_ptr, positions_ptr, row_tile, block + WARPS, blocks, lane
                )
            # Past the last block the weights are zeros, but what lies behind x might be no number.
            at = near + (tl.minimum(block, blocks - 1) - window) * 128
            b = _read_operand(at + mine)
            c = _multiply_block(t0, t1, meta, b, c, FIRST, SECOND, THREADS)
            if ROW_TILES == 2:
                d = _multiply_block(s0, s1, second_meta, b, d, FIRST, SECOND, THREADS)
            if COLUMN_TILES == 2:
                b = _read_operand(at + far)
                e = _multiply_block(t0, t1, meta, b, e, FIRST, SECOND, THREADS)
                if ROW_TILES == 2:
                    f = _multiply_block(s0, s1, second_meta, b, f, FIRST, SECOND, THREADS)
            if ROW_TILES == 2:
                s0, s1, second_meta = _read_block(
                    values_ptr, positions_ptr, second, block + WARPS, blocks, lane
                )
            if AHEAD == 2:
                t0, t1, meta = n0, n1, next_meta
                n0, n1, next_meta = f0, f1, far_meta
            elif AHEAD == 1:
                t0, t1, meta = n0, n1, next_meta
            else:
                t0, t1, meta = _read_block(values_ptr, positions_ptr, row_tile, block + WARPS, blocks, lane)
    row = row_tile * 16
    store_tile(c, buffer, y_ptr, row, 0, out_features, batch, WARPS, SUM)
    if COLUMN_TILES == 2:
        store_tile(e, buffer, y_ptr, row, 8, out_features, batch, WARPS, SUM)
    if ROW_TILES == 2:
        store_tile(d, buffer, y_ptr, row + 16, 0, out_features, batch, WARPS, SUM)
        if COLUMN_TILES == 2:
            store_tile(f, buffer, y_ptr, row + 16, 8, out_features, batch, WARPS, SUM)


@triton.jit
def nm_plain_kernel(
    values_ptr,  # (row_tiles, blocks, 2, 32, 4) int32: two 16-bit values a word
    positions_ptr,  # (row_tiles, blocks, 32) int32: eight pairs of 2-bit positions a word
    x_ptr,  # (batch, in_features) 16 bits
    y_ptr,  # (batch, out_features) 16 bits: written
    out_features,
    in_features,
    blocks,  # blocks of 64 inputs
    batch,
    BF16: tl.constexpr,
    BATCH: tl.constexpr,  # batch, rounded up to a power of two
):
    """Twin of the tensor-core kernel in plain Triton: the same words, x gathered by decoded position."""
    row_tile = tl.program_id(0)
    lane = tl.arange(0, 32)
    column = tl.arange(0, BATCH)
    upper = tl.zeros((32, BATCH), tl.float32)
    lower = tl.zeros((32, BATCH), tl.float32)
    for block in range(blocks):
        base = (row_tile * blocks + block).to(tl.int64)
        for part in tl.static_range(8):
            mma: tl.constexpr = part // 4
            group_half: tl.constexpr = (part // 2) % 2
            row_half: tl.constexpr = part % 2
            word = tl.load(values_ptr + base * 256 + mma * 128 + lane * 4 + group_half * 2 + row_half)
            meta = tl.load(positions_ptr + base * 32 + (lane // 4) * 4 + mma * 2 + group_half)
            nibble = meta >> (16 * row_half + 4 * (lane % 4))
            group = block * 64 + mma * 32 + (group_half * 4 + lane % 4) * 4
            p0, p1 = group + (nibble & 3), group + ((nibble >> 2) & 3)
            row = x_ptr + column[None, :].to(tl.int64) * in_features
            near = (column < batch)[None, :]
            x0 = tl.load(row + p0[:, None], mask=near & (p0 < in_features)[:, None], other=0.0).to(tl.float32)
            x1 = tl.load(row + p1[:, None], mask=near & (p1 < in_features)[:, None], other=0.0).to(tl.float32)
            part_sum = low_half(word, BF16)[:, None] * x0 + high_half(word, BF16)[:, None] * x1
            if row_half == 0:
                upper += part_sum
            else:
                lower += part_sum
    rows = row_tile * 16 + tl.arange(0, 8)
    target = y_ptr + column[None, :].to(tl.int64) * out_features + rows[:, None]
    keep = (column < batch)[None, :]
    total = tl.sum(tl.reshape(upper, (8, 4, BATCH)), 1)
    tl.store(target, total.to(y_ptr.dtype.element_ty), mask=keep & (rows < out_features)[:, None])
    total = tl.sum(tl.reshape(lower, (8, 4, BATCH)), 1)
    tl.store(target + 8, total.to(y_ptr.dtype.element_ty), mask=keep & (rows + 8 < out_features)[:, None])
