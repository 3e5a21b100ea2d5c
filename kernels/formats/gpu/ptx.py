"""PTX of shared memory: buffers and copies into them, as text with the sizes of one launch written out.

Operands follow Triton's inline assembly: `$0` is the result, `$1` and up the arguments. Texts are cached:
writing one takes longer than running many of the kernels. Each function's docstring shows a text it writes,
line by line; `…` stands for lines like those around it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

# Shared memory that a kernel may declare, and what is left of it after Triton's own reductions.
SHARED_BYTES = 48 << 10
STAGED_BYTES = SHARED_BYTES - (4 << 10)
WARP = 32
WORD_BYTES = 4
COPY_BYTES = 16
# Entries in one copy: inputs, and where a window starts, are multiples of it.
ALIGNMENT = COPY_BYTES // 2
# Copies and partial sums that a thread keeps in flight at once.
COPIES_AHEAD = 2
SUM_CHAINS = 4
# Rows of weights and columns of x that a tensor core multiplies at once.
TILE_ROWS = 16
TILE_COLUMNS = 8
# The sums that one such product leaves in the lanes of a warp.
SUM_BYTES = WORD_BYTES * TILE_ROWS * TILE_COLUMNS


def reserve_text(size: int) -> str:
    """PTX that declares `size` bytes of shared memory and returns their address.

    reserve_text(512):
        .shared .align 16 .b8 staged[512];  // the buffer of a program
        mov.u32 $0, staged;                 // its address
    """
    return f"{{ .shared .align 16 .b8 staged[{size}]; mov.u32 $0, staged; }}"


@cache
def sum_text(count: int, stride: int) -> str:
    """PTX that sums `count` floats from the address $1 on, `stride` bytes apart, where $2 is not zero.

    A warp in which no thread wants a sum skips the reads.

    sum_text(5, 512):
        .reg .pred p; .reg .f32 v, s<4>;
        mov.f32 $0, 0f00000000;               // the result of threads that want no sum
        setp.eq.b32 p, $2, 0; @p bra last;
        ld.shared.f32 s0, [$1+0]; …           // four sums, so that additions need not wait for each other
        ld.shared.f32 s3, [$1+1536];
        ld.shared.f32 v, [$1+2048]; add.f32 s0, s0, v;
        add.f32 s0, s0, s1; …                 // the four become one
        add.f32 s0, s0, s3;
        mov.f32 $0, s0;
        last:
    """
    chains = range(min(count, SUM_CHAINS))
    reads = [f"ld.shared.f32 s{i}, [$1+{i * stride}];" for i in chains]
    reads += [
        f"ld.shared.f32 v, [$1+{i * stride}]; add.f32 s{i % SUM_CHAINS}, s{i % SUM_CHAINS}, v;"
        for i in range(len(chains), count)
    ]
    adds = [f"add.f32 s0, s0, s{i};" for i in chains[1:]]
    registers = f".reg .pred p; .reg .f32 v, s<{SUM_CHAINS}>;"
    skip = "mov.f32 $0, 0f00000000; setp.eq.b32 p, $2, 0; @p bra last;"
    return f"{{ {registers} {skip} {' '.join(reads + adds)} mov.f32 $0, s0; last: }}"


class Copy(NamedTuple):
    """What `threads` threads copy: `columns` columns of x, `size` bytes of each (a multiple of 16)."""

    size: int
    columns: int
    threads: int

    def text(self, address: str, store: Callable[[int], str]) -> str:
        """PTX of a copy, 16 bytes per thread at a time.

        Operands: $1 shared address, $2 global address, $3 bytes from one column of x to the next, $4 columns.
        `address` sets `a` from `o` (offset in a column) and `n` (column); `store(i)` writes words v<4i> to
        v<4i + 3> to a<i>. Both addresses are aligned to 16 bytes.
        """
        pieces = self.size // COPY_BYTES
        rounds = range(0, self.columns * pieces, self.threads)
        lines = [
            f".reg .b32 v<{4 * COPIES_AHEAD}>, a<{COPIES_AHEAD}>, a, q, n, o, b, all; .reg .b64 g, d;",
            f".reg .b16 l, h; .reg .pred p<{COPIES_AHEAD}>; mul.lo.u32 all, $4, {pieces};",
        ]
        for first in range(0, len(rounds), COPIES_AHEAD):
            group = rounds[first : first + COPIES_AHEAD]
            for slot, start in enumerate(group):
                words = ", ".join(f"v{4 * slot + i}" for i in range(4))
                lines += [
                    f"mov.u32 q, %tid.x; add.u32 q, q, {start}; setp.lt.u32 p{slot}, q, all;",
                    self._place(),
                    f"{address} add.u32 a{slot}, $1, a; cvt.u64.u32 d, o; add.u64 g, g, d;",
                    f"@p{slot} ld.global.v4.b32 {{{words}}}, [g];",
                ]
            for slot in range(len(group)):
                lines += [f"@p{slot} {line.strip()};" for line in store(slot).split(";") if line.strip()]
        return "{ " + " ".join(lines) + " mov.u32 $0, $1; }"

    def _place(self) -> str:
        """PTX that finds column `n`, offset `o` and the column's global address `g` of piece `q`."""
        if self.columns == 1:
            return f"mov.u32 n, 0; mul.lo.u32 o, q, {COPY_BYTES}; mov.u64 g, $2;"
        pieces = self.size // COPY_BYTES
        divide = f"div.u32 n, q, {pieces}; mul.lo.u32 o, n, {pieces}; sub.u32 o, q, o;"
        return f"{divide} mul.lo.u32 o, o, {COPY_BYTES}; cvt.u64.u32 g, n; mad.lo.u64 g, g, $3, $2;"


@cache
def row_text(size: int, threads: int, columns: int) -> str:
    """PTX that copies columns of x, the values of all columns for one input beside each other.

    row_text(64, 32, 2):
        .reg .b32 v<8>, a<2>, a, q, n, o, b, all; .reg .b64 g, d; .reg .b16 l, h; .reg .pred p<2>;
        mul.lo.u32 all, $4, 4;                      // pieces of 16 bytes in all columns
        mov.u32 q, %tid.x; add.u32 q, q, 0;         // this thread's first piece
        setp.lt.u32 p0, q, all;                     // is there one?
        div.u32 n, q, 4;                            // its column
        mul.lo.u32 o, n, 4; sub.u32 o, q, o;        // its number in that column
        mul.lo.u32 o, o, 16;                        // and its offset there, in bytes
        cvt.u64.u32 g, n; mad.lo.u64 g, g, $3, $2;  // where the column starts in global memory
        mul.lo.u32 a, o, 2; mad.lo.u32 a, n, 2, a;  // where its first value goes: input · 2 columns + column
        add.u32 a0, $1, a; cvt.u64.u32 d, o; add.u64 g, g, d;
        @p0 ld.global.v4.b32 {v0, v1, v2, v3}, [g];
        @p0 mov.b32 {l, h}, v0;                     // two inputs of a column: 4 bytes apart
        @p0 st.shared.b16 [a0+0], l; @p0 st.shared.b16 [a0+4], h; …
        mov.u32 $0, $1;                             // the result is the buffer's address
    """

    def whole(slot: int) -> str:
        words = ", ".join(f"v{4 * slot + i}" for i in range(4))
        return f"st.shared.v4.b32 [a{slot}], {{{words}}};"

    def spread(slot: int) -> str:
        return " ".join(
            f"mov.b32 {{l, h}}, v{4 * slot + i};"
            f" st.shared.b16 [a{slot}+{4 * i * columns}], l;"
            f" st.shared.b16 [a{slot}+{(4 * i + 2) * columns}], h;"
            for i in range(4)
        )

    if columns == 1:
        return Copy(size, 1, threads).text("mov.u32 a, o;", whole)
    return Copy(size, columns, threads).text(f"mul.lo.u32 a, o, {columns}; mad.lo.u32 a, n, 2, a;", spread)
