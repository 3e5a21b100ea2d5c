# type: ignore
# The type checker does not know what triton.jit makes of a function.
"""x in shared memory: reserved, filled and gathered from with inline PTX, which Triton itself has no words for.

Gathers of x that hit the L1 cache still queue behind the weights that stream past it; shared memory has a
path of its own. A kernel reserves a buffer once, copies a window of x into it (every thread 16 bytes at a
time), waits with `tl.debug_barrier`, and then reads by 32-bit addresses.
"""
# ruff: noqa: PLR0917 - a kernel takes its pointers and sizes one by one.

import triton
import triton.language as tl

# 48 KiB is what a kernel may declare; the reduction over a program's lanes takes up to 4 KiB of it.
STAGED_BYTES = 44 << 10
COPY_BYTES = 16
# Entries in one copy: inputs, and where a window starts, are multiples of it.
ALIGNMENT = COPY_BYTES // 2
# Copies of a thread that are under way at once.
COPIES_AHEAD = 3


def reserve_text(size: int) -> str:
    """PTX that declares `size` bytes of shared memory and returns their address."""
    return f"{{ .shared .align 16 .b8 staged[{size}]; mov.u32 $0, staged; }}"


def copy_text(size: int, threads: int, *, transposed: bool = False) -> str:
    """PTX that copies `size` bytes from global address $2 to shared address $1, shared among `threads`.

    `size` is a multiple of 16, `threads` of 8, both addresses are aligned to 16 bytes. `transposed`: of every
    128 bytes, a matrix of 8 × 4 words, the columns are stored one after the other.
    """
    stride = COPY_BYTES * threads
    offsets = range(0, size, stride)
    lines = [
        f".reg .b32 v<{4 * COPIES_AHEAD}>, a, b, o; .reg .b64 g; .reg .pred in;",
        f"mov.u32 o, %tid.x; mul.lo.u32 o, o, {COPY_BYTES}; cvt.u64.u32 g, o; add.u64 g, $2, g;",
        "and.b32 a, o, 0xffffff80; bfe.u32 b, o, 4, 3; mad.lo.u32 a, b, 4, a; add.u32 a, $1, a;"
        if transposed
        else "add.u32 a, $1, o;",
    ]
    for start in range(0, len(offsets), COPIES_AHEAD):
        group = offsets[start : start + COPIES_AHEAD]
        for verb in ("load", "store"):
            for slot, offset in enumerate(group):
                words = ", ".join(f"v{4 * slot + i}" for i in range(4))
                guard = ""
                if offset + stride > size:
                    lines.append(f"setp.lt.u32 in, o, {size - offset};")
                    guard = "@in "
                if verb == "load":
                    lines.append(f"{guard}ld.global.v4.b32 {{{words}}}, [g+{offset}];")
                elif transposed:
                    lines += [f"{guard}st.shared.b32 [a+{offset + 32 * i}], v{4 * slot + i};" for i in range(4)]
                else:
                    lines.append(f"{guard}st.shared.v4.b32 [a+{offset}], {{{words}}};")
    return "{ " + " ".join(lines) + " mov.u32 $0, $1; }"


# Both work on scalars, which every thread computes once: the compiler may compute a tensor in several layouts.
@triton.jit
def reserve(RESERVE: tl.constexpr):
    """Shared address of the buffer."""
    return tl.inline_asm_elementwise(RESERVE, "=r", [], dtype=tl.int32, is_pure=False, pack=1)


@triton.jit
def copy(buffer, source, COPY: tl.constexpr):
    """Copy a window of x, from the pointer `source` on, into the buffer; barriers before and after are due."""
    return tl.inline_asm_elementwise(
        COPY, "=r,r,l", [buffer, source.to(tl.int64)], dtype=tl.int32, is_pure=False, pack=1
    )


@triton.jit
def gather(address, counts, FACTORS: tl.constexpr):
    """16 bits at `address` plus the dot product of the bytes of `counts` and FACTORS, and that address."""
    return tl.inline_asm_elementwise(
        "{ .reg .b16 h; dp4a.u32.u32 $1, $3, $4, $2; ld.shared.b16 h, [$1]; cvt.u32.u16 $0, h; }",
        "=r,=r,r,r,r", [address, counts, tl.full(address.shape, FACTORS, tl.int32)],
        dtype=(tl.int32, tl.int32), is_pure=False, pack=1,
    )  # fmt: skip


@triton.jit
def read_words(address):
    """Four 32-bit words at an address aligned to 16 bytes."""
    return tl.inline_asm_elementwise(
        "ld.shared.v4.b32 {$0, $1, $2, $3}, [$4];", "=r,=r,=r,=r,r", [address],
        dtype=(tl.int32, tl.int32, tl.int32, tl.int32), is_pure=False, pack=1,
    )  # fmt: skip
