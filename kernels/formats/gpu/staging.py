"""x in shared memory, by inline PTX: the Triton language cannot express it.

Gathers of x that hit the L1 cache still queue behind the weights that stream through it; reads of shared
memory do not. A kernel reserves a buffer once, copies a window of x into it (ptx.py beside this writes the
text), waits with `tl.debug_barrier`, and then reads by 32-bit addresses.
"""

import triton
import triton.language as tl


# reserve and copy take scalars, which every thread computes once; Triton may compute a tensor twice, in two
# layouts.
@triton.jit
def reserve(RESERVE: tl.constexpr):
    """Return the shared address of the buffer."""
    return tl.inline_asm_elementwise(RESERVE, "=r", [], dtype=tl.int32, is_pure=False, pack=1)  # ty: ignore[invalid-argument-type]  jit


@triton.jit
def copy(buffer, source, stride, columns, COPY: tl.constexpr):
    """Copy windows of x into the buffer, the first from the pointer `source` on, then every `stride` bytes.

    The caller places barriers before and after.
    """
    return tl.inline_asm_elementwise(
        COPY, "=r,r,l,l,r", [buffer, source.to(tl.int64), stride, columns],  # ty: ignore[invalid-argument-type]  jit
        dtype=tl.int32, is_pure=False, pack=1,
    )  # fmt: skip


@triton.jit
def gather(address, counts, FACTORS: tl.constexpr):
    """Read 16 bits at `address` + the dot product of the bytes of `counts` and FACTORS; and that address."""
    return tl.inline_asm_elementwise(
        "{ .reg .b16 h; dp4a.u32.u32 $1, $3, $4, $2; ld.shared.b16 h, [$1]; cvt.u32.u16 $0, h; }",
        "=r,=r,r,r,r", [address, counts, tl.full(address.shape, FACTORS, tl.int32)],
        dtype=(tl.int32, tl.int32), is_pure=False, pack=1,
    )  # fmt: skip


@triton.jit
def gather_2(address, counts, FACTORS: tl.constexpr):
    """As gather, 32 bits."""
    return tl.inline_asm_elementwise(
        "dp4a.u32.u32 $1, $3, $4, $2; ld.shared.b32 $0, [$1];",
        "=r,=&r,r,r,r", [address, counts, tl.full(address.shape, FACTORS, tl.int32)],
        dtype=(tl.int32, tl.int32), is_pure=False, pack=1,
    )  # fmt: skip


@triton.jit
def gather_4(address, counts, FACTORS: tl.constexpr):
    """As gather, 64 bits."""
    return tl.inline_asm_elementwise(
        "dp4a.u32.u32 $2, $4, $5, $3; ld.shared.v2.b32 {$0, $1}, [$2];",
        "=r,=r,=&r,r,r,r", [address, counts, tl.full(address.shape, FACTORS, tl.int32)],
        dtype=(tl.int32, tl.int32, tl.int32), is_pure=False, pack=1,
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


@triton.jit
def write_floats(address, values):
    """Write four floats to an address aligned to 16 bytes."""
    v0, v1, v2, v3 = values
    return tl.inline_asm_elementwise(
        "st.shared.v4.f32 [$1], {$2, $3, $4, $5}; mov.b32 $0, $1;", "=r,r,f,f,f,f", [address, v0, v1, v2, v3],
        dtype=tl.int32, is_pure=False, pack=1,
    )  # fmt: skip


@triton.jit
def add_up(address, wanted, SUM: tl.constexpr):
    """Sum floats from an address on where `wanted`, as the text says, and return zeros elsewhere.

    `tl.sum` over the warps of a program writes its parts to addresses that share a bank.
    """
    return tl.inline_asm_elementwise(
        SUM, "=&f,r,r", [address, wanted.to(tl.int32)],  # ty: ignore[invalid-argument-type]  jit
        dtype=tl.float32, is_pure=False, pack=1,
    )  # fmt: skip
