"""Triton kernels of N:M sparsity; format.py beside this draws the layout they read."""
# ruff: noqa: PLR0917, RET505 - a kernel takes its pointers and sizes one by one; Triton needs the else.

import triton
import triton.language as tl

from kernels.formats.gpu.early_start import let_next_start
from kernels.formats.gpu.mma import store_tile
from kernels.formats.gpu.staging import reserve


@triton.jit
def _run_loop(
    values, positions, scales, x, row_tiles, blocks, inputs, buffer,
    LOOP: tl.constexpr, CONSTRAINTS: tl.constexpr, TILES: tl.constexpr, WARPS: tl.constexpr,
):  # fmt: skip
    """Four sums a lane for each of TILES (1, 2 or 4) tiles of rows and columns; ptx.py lists the operands."""
    # A tensor among the operands makes the results tensors, of one element a thread.
    operands = [
        values + tl.zeros((32 * WARPS,), tl.int64),
        positions,
        scales,
        x,
        row_tiles,
        blocks,
        inputs,
        buffer,
    ]
    if TILES == 1:
        return tl.inline_asm_elementwise(
            LOOP, CONSTRAINTS, operands, dtype=(tl.float32, tl.float32, tl.float32, tl.float32),
            is_pure=False, pack=1,
        )  # fmt: skip
    elif TILES == 2:
        return tl.inline_asm_elementwise(
            LOOP, CONSTRAINTS, operands,
            dtype=(
                tl.float32, tl.float32, tl.float32, tl.float32,
                tl.float32, tl.float32, tl.float32, tl.float32,
            ), is_pure=False, pack=1,
        )  # fmt: skip
    else:
        return tl.inline_asm_elementwise(
            LOOP, CONSTRAINTS, operands,
            dtype=(
                tl.float32, tl.float32, tl.float32, tl.float32,
                tl.float32, tl.float32, tl.float32, tl.float32,
                tl.float32, tl.float32, tl.float32, tl.float32,
                tl.float32, tl.float32, tl.float32, tl.float32,
            ), is_pure=False, pack=1,
        )  # fmt: skip


@triton.jit
def nm_tensor_core_kernel(
    values_ptr,  # (row_tiles, blocks, words / 4, 32, 4) int32: kept values, eight of a lane on end
    positions_ptr,  # (row_tiles, blocks, 32, 2) int32: eight pairs of 2-bit positions a word
    scales_ptr,  # (row_tiles, blocks, 8, 2) bfloat16, or where SCALED (16 · row_tiles,), or nothing
    x_ptr,  # (batch, in_features) 16 bits
    y_ptr,  # (batch, out_features) 16 bits: written
    out_features,
    in_features,  # a multiple of 8
    row_tiles,  # tiles of 16 rows
    blocks,  # blocks of 128 inputs
    batch,
    LOOP: tl.constexpr,  # PTX of the loop over blocks
    CONSTRAINTS: tl.constexpr,  # kinds of its operands
    WARPS: tl.constexpr,
    ROW_WARPS: tl.constexpr,  # groups of rows, each with warps of its own
    ROW_TILES: tl.constexpr,  # tiles of rows per group, 1 or 2
    COLUMN_TILES: tl.constexpr,  # tiles of 8 columns of x, 1 or 2
    SCALED: tl.constexpr,  # rows have one scale each
    PDL: tl.constexpr,  # start while the kernel before drains
    RESERVE: tl.constexpr,  # PTX that declares the shared memory
    SUM: tl.constexpr,  # PTX that adds the sums of the warps that share a tile of rows
):
    """16 · ROW_TILES · ROW_WARPS rows a program, times all columns of x."""
    if PDL:
        let_next_start()
    buffer = reserve(RESERVE)
    sums = _run_loop(
        values_ptr.to(tl.int64), positions_ptr.to(tl.int64), scales_ptr.to(tl.int64), x_ptr.to(tl.int64),
        row_tiles, blocks, in_features, buffer, LOOP, CONSTRAINTS, ROW_TILES * COLUMN_TILES, WARPS,
    )  # fmt: skip
    row = tl.program_id(0) * (16 * ROW_TILES * ROW_WARPS)
    for tile in tl.static_range(ROW_TILES * COLUMN_TILES):
        four = (sums[4 * tile], sums[4 * tile + 1], sums[4 * tile + 2], sums[4 * tile + 3])
        store_tile(
            four, buffer, scales_ptr, y_ptr, row + 16 * (tile % ROW_TILES), tile // ROW_TILES * 8,
            out_features, batch, WARPS, ROW_WARPS, 16 * ROW_TILES, SCALED, SUM,
        )  # fmt: skip


@triton.jit
def nm_plain_kernel(
    values_ptr,  # (row_tiles, blocks, 4 · WORDS / 4, 32, 4) int32: kept values, eight of a lane on end
    positions_ptr,  # (row_tiles, blocks, 32, 2) int32: eight pairs of 2-bit positions a word
    scales_ptr,  # (row_tiles, blocks, 8, 2) bfloat16 where GROUPED, (16 · row_tiles,) where SCALED
    x_ptr,  # (batch, in_features) 16 bits
    y_ptr,  # (batch, out_features) 16 bits: written
    out_features,
    in_features,
    blocks,  # blocks of 128 inputs
    batch,
    EXPAND: tl.constexpr,  # function from a code to its level
    BITS: tl.constexpr,  # bits of a code
    BF16: tl.constexpr,  # 16-bit values are bfloat16, not float16
    GROUPED: tl.constexpr,  # blocks have scales of their own
    SCALED: tl.constexpr,  # rows have one scale each
    BATCH: tl.constexpr,  # batch, rounded up to a power of two
):
    """Twin of the tensor-core kernel in plain Triton: the same words, x gathered by decoded position."""
    WORDS: tl.constexpr = BITS // 4
    CODE: tl.constexpr = 2**BITS - 1
    row_tile = tl.program_id(0)
    lane = tl.arange(0, 32)
    column = tl.arange(0, BATCH)
    x_row = x_ptr + column[None, :].to(tl.int64) * in_features
    near = (column < batch)[None, :]
    for half in tl.static_range(2):
        sums = tl.zeros((32, BATCH), tl.float32)
        row = row_tile * 16 + half * 8 + lane // 4
        for block in range(blocks):
            base = (row_tile * blocks + block).to(tl.int64)
            block_sums = tl.zeros((32, BATCH), tl.float32)
            for part in tl.static_range(8):
                # Product part div 2 of the block, lower or upper half of its groups.
                pair: tl.constexpr = part % 2 * 2 + half
                number: tl.constexpr = part // 2 * WORDS + pair * WORDS // 4
                shift: tl.constexpr = pair % (4 // WORDS) * BITS
                word = tl.load(values_ptr + base * (128 * WORDS) + number // 4 * 128 + lane * 4 + number % 4)
                source = lane // 4 * 4 + part // 2 % 2 * 2 + part % 2
                found = tl.load(positions_ptr + base * 64 + source * 2 + part // 4)
                found = found >> (16 * half + 4 * (lane % 4))
                group = block * 128 + part // 2 * 32 + (part % 2 * 4 + lane % 4) * 4
                for i in tl.static_range(2):
                    position = (group + ((found >> (2 * i)) & 3))[:, None]
                    inside = near & (position < in_features)
                    xs = tl.load(x_row + position, mask=inside, other=0.0).to(tl.float32)
                    level = EXPAND((word >> (shift + 16 * i)) & CODE, BF16)
                    block_sums += level[:, None] * xs
            if GROUPED:
                scale = tl.load(scales_ptr + base * 16 + lane // 4 * 2 + half).to(tl.float32)
                block_sums *= scale[:, None]
            sums += block_sums
        total = tl.sum(tl.reshape(sums, (8, 4, BATCH)), 1)
        row = row_tile * 16 + half * 8 + tl.arange(0, 8)
        if SCALED:
            total *= tl.load(scales_ptr + row).to(tl.float32)[:, None]
        target = y_ptr + column[None, :].to(tl.int64) * out_features + row[:, None]
        tl.store(target, total.to(y_ptr.dtype.element_ty), mask=near & (row < out_features)[:, None])
