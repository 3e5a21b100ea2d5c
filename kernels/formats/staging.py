# type: ignore
# The type checker does not know what triton.jit makes of a function.
"""x in shared memory: reserved, filled and gathered from with inline PTX, which Triton itself has no words for.

Gathers of x that hit the L1 cache still queue behind the weights that stream past it; shared memory has a
path of its own. A kernel reserves a buffer once, copies a window of x into it (every thread 16 bytes at a
time), waits with `tl.debug_barrier`, and then reads by 32-bit addresses.
"""
# ruff: noqa: PLR0917 - a kernel takes its pointers and sizes one by one.

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import triton
import triton.language as tl

if TYPE_CHECKING:
    from collections.abc import Callable

# 48 KiB is what a kernel may declare; the reduction over a program's lanes takes up to 4 KiB of it.
STAGED_BYTES = 44 << 10
COPY_BYTES = 16
# Entries in one copy: inputs, and where a window starts, are multiples of it.
ALIGNMENT = COPY_BYTES // 2
# Copies of a thread that are under way at once.
COPIES_AHEAD = 2


def reserve_text(size: int) -> str:
    """PTX that declares `size` bytes of shared memory and returns their address."""
    return f"{{ .shared .align 16 .b8 staged[{size}]; mov.u32 $0, staged; }}"


class Copy(NamedTuple):
    """What `threads` threads copy: `columns` columns of x, `size` bytes of each (a multiple of 16)."""

    size: int
    columns: int
    threads: int

    def text(self, address: str, store: Callable[[int], str]) -> str:
        """PTX of a copy, 16 bytes a thread at a time.

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
        """PTX that finds column, offset and global address of piece q."""
        if self.columns == 1:
            return f"mov.u32 n, 0; mul.lo.u32 o, q, {COPY_BYTES}; mov.u64 g, $2;"
        pieces = self.size // COPY_BYTES
        return (
            f"div.u32 n, q, {pieces}; mul.lo.u32 o, n, {pieces}; sub.u32 o, q, o; mul.lo.u32 o, o, {COPY_BYTES};"
            " cvt.u64.u32 g, n; mad.lo.u64 g, g, $3, $2;"
        )


def row_text(size: int, threads: int, columns: int) -> str:
    """PTX that copies columns of x, the values of all columns for one input beside each other."""

    def whole(slot: int) -> str:
        return f"st.shared.v4.b32 [a{slot}], {{v{4 * slot}, v{4 * slot + 1}, v{4 * slot + 2}, v{4 * slot + 3}}};"

    def spread(slot: int) -> str:
        halves = "mov.b32 {{l, h}}, v{word}; st.shared.b16 [a{slot}+{low}], l; st.shared.b16 [a{slot}+{high}], h;"
        return " ".join(
            halves.format(word=4 * slot + i, slot=slot, low=4 * i * columns, high=(4 * i + 2) * columns)
            for i in range(4)
        )

    if columns == 1:
        return Copy(size, 1, threads).text("mov.u32 a, o;", whole)
    return Copy(size, columns, threads).text(f"mul.lo.u32 a, o, {columns}; mad.lo.u32 a, n, 2, a;", spread)


def operand_text(size: int, threads: int, columns: int, pitch: int) -> str:
    """PTX that copies columns of x, `pitch` bytes apart, as operands of a tensor core.

    Of every 128 bytes, a matrix of 8 × 4 words, the columns are stored one after the other.
    """
    place = "and.b32 a, o, 0xffffff80; bfe.u32 b, o, 4, 3; mad.lo.u32 a, b, 4, a;"
    address = f"{place} mad.lo.u32 a, n, {pitch}, a;"

    def store(slot: int) -> str:
        return " ".join(f"st.shared.b32 [a{slot}+{32 * i}], v{4 * slot + i};" for i in range(4))

    return Copy(size, columns, threads).text(address, store)


# Both work on scalars, which every thread computes once: the compiler may compute a tensor in several layouts.
@triton.jit
def reserve(RESERVE: tl.constexpr):
    """Shared address of the buffer."""
    return tl.inline_asm_elementwise(RESERVE, "=r", [], dtype=tl.int32, is_pure=False, pack=1)


@triton.jit
def copy(buffer, source, stride, columns, COPY: tl.constexpr):
    """Copy windows of x, the first from the pointer `source` on and then every `stride` bytes, into the buffer.

    Barriers before and after are due.
    """
    return tl.inline_asm_elementwise(
        COPY, "=r,r,l,l,r", [buffer, source.to(tl.int64), stride, columns],
        dtype=tl.int32, is_pure=False, pack=1,
    )  # fmt: skip


@triton.jit
def gather(address, counts, FACTORS: tl.constexpr):
    """16 bits at `address` plus the dot product of the bytes of `counts` and FACTORS, and that address."""
    return tl.inline_asm_elementwise(
        "{ .reg .b16 h; dp4a.u32.u32 $1, $3, $4, $2; ld.shared.b16 h, [$1]; cvt.u32.u16 $0, h; }",
        "=r,=r,r,r,r", [address, counts, tl.full(address.shape, FACTORS, tl.int32)],
        dtype=(tl.int32, tl.int32), is_pure=False, pack=1,
    )  # fmt: skip


@triton.jit
def gather_2(address, counts, FACTORS: tl.constexpr):
    """Read 32 bits instead of 16."""
    return tl.inline_asm_elementwise(
        "dp4a.u32.u32 $1, $3, $4, $2; ld.shared.b32 $0, [$1];",
        "=r,=&r,r,r,r", [address, counts, tl.full(address.shape, FACTORS, tl.int32)],
        dtype=(tl.int32, tl.int32), is_pure=False, pack=1,
    )  # fmt: skip


@triton.jit
def gather_4(address, counts, FACTORS: tl.constexpr):
    """Read 64 bits instead of 16."""
    return tl.inline_asm_elementwise(
        "dp4a.u32.u32 $2, $4, $5, $3; ld.shared.v2.b32 {$0, $1}, [$2];",
        "=r,=r,=&r,r,r,r", [address, counts, tl.full(address.shape, FACTORS, tl.int32)],
        dtype=(tl.int32, tl.int32, tl.int32), is_pure=False, pack=1,
    )  # fmt: skip


@triton.jit
def read_words(address):
    """Four 32-bit words at an address aligned to 16 bytes."""
    return tl.inline_asm_elementwise(
        "ld.shared.v4.b32 {$0, $1, $2, $3}, [$4];", "=r,=r,=r,=r,r", [address],
        dtype=(tl.int32, tl.int32, tl.int32, tl.int32), is_pure=False, pack=1,
    )  # fmt: skip


@triton.jit
def write_word(address, word, wanted):
    """Write a 32-bit word to an address where `wanted` is not zero."""
    return tl.inline_asm_elementwise(
        "{ .reg .pred p; setp.ne.b32 p, $3, 0; @p st.shared.b32 [$1], $2; mov.b32 $0, $1; }",
        "=r,r,r,r", [address, word, wanted], dtype=tl.int32, is_pure=False, pack=1,
    )  # fmt: skip


@triton.jit
def read_word(address):
    """Read a 32-bit word."""
    return tl.inline_asm_elementwise(
        "ld.shared.b32 $0, [$1];", "=r,r", [address], dtype=tl.int32, is_pure=False, pack=1
    )
