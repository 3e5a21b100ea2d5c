"""What kernels on tensor cores share: the sums as `mma.m16n8` leaves them in the lanes of a warp."""
# ruff: noqa: PLR0917 - a kernel takes its pointers and sizes one by one.

import triton
import triton.language as tl

from kernels.formats.gpu.staging import add_up, write_floats


@triton.jit
def store_tile(sums, buffer, y, row, column, out_features, batch, WARPS: tl.constexpr, SUM: tl.constexpr):
    """Add the warps' four sums of 16 rows × 8 columns, from `row` and `column` on, and store them.

    `buffer` is the shared address of 512 bytes a warp, of at least four.
    """
    thread = tl.arange(0, 32 * WARPS)
    # Other warps may still be reading what the buffer held before.
    tl.debug_barrier()
    write_floats(buffer + thread * 16, sums)  # ty: ignore[invalid-argument-type]  jit
    tl.debug_barrier()
    row += thread // 16 + thread % 4 // 2 * 8
    column += thread // 4 % 4 * 2 + thread % 2
    keep = (thread < 128) & (row < out_features) & (column < batch)
    total = add_up(buffer + thread * 4, keep, SUM)  # ty: ignore[invalid-argument-type]  jit
    tl.store(y + column.to(tl.int64) * out_features + row, total.to(y.dtype.element_ty), mask=keep)
