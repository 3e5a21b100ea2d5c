"""What kernels on tensor cores share: the sums as `mma.m16n8` leaves them in the lanes of a warp."""
# ruff: noqa: PLR0917 - a kernel takes its pointers and sizes one by one.

import triton
import triton.language as tl

from kernels.formats.gpu.staging import add_up, write_floats


@triton.jit
def store_tile(
    sums,  # four floats a lane: 16 rows × 8 columns
    buffer,  # shared address of 512 bytes per warp
    scales_ptr,  # (rows,) bfloat16 where SCALED: factor of each row
    y_ptr,  # (batch, out_features) 16 bits: written
    row,  # first row and column of the first group of rows
    column,
    out_features,
    batch,
    WARPS: tl.constexpr,
    ROW_WARPS: tl.constexpr,  # groups of rows; warp i holds sums of group i mod ROW_WARPS
    ROW_STRIDE: tl.constexpr,  # rows from one group to the next
    SCALED: tl.constexpr,
    SUM: tl.constexpr,  # PTX that adds the sums of a group's warps, of which there are at least four
):
    """Add the sums that the warps hold of 16 rows × 8 columns per group, and store them."""
    thread = tl.arange(0, 32 * WARPS)
    # Other warps may still be reading what the buffer held before.
    tl.debug_barrier()
    write_floats(buffer + thread * 16, sums)  # ty: ignore[invalid-argument-type]  jit
    tl.debug_barrier()
    place = thread % 128
    row += thread // 128 * ROW_STRIDE + place // 16 + place % 4 // 2 * 8
    column += place // 4 % 4 * 2 + place % 2
    keep = (thread < 128 * ROW_WARPS) & (row < out_features) & (column < batch)
    total = add_up(buffer + thread * 4, keep, SUM)  # ty: ignore[invalid-argument-type]  jit
    if SCALED:
        total *= tl.load(scales_ptr + row, mask=keep, other=0.0).to(tl.float32)
    tl.store(y_ptr + column.to(tl.int64) * out_features + row, total.to(y_ptr.dtype.element_ty), mask=keep)
