"""What the Triton kernels of SELL-delta4 share: finding, reading and decoding steps."""

import triton
import triton.language as tl


@triton.jit
def prefix_sums(gaps):
    """Byte j of the results: columns advanced after entries 2j and 2j + 1."""
    odd = (gaps >> 4) & 0x0F0F0F0F
    even = gaps & 0x0F0F0F0F
    after_odd = (odd + even).to(tl.uint32) * 0x01010101
    return after_odd - odd.to(tl.uint32), after_odd


@triton.jit
def span(steps, uniform, tile):
    """First step of a tile and its number of steps; tiles of equal size need no look-up."""
    first = tile * uniform
    count = uniform
    if uniform == 0:
        first = tl.load(steps + tile)
        count = tl.load(steps + tile + 1) - first
    return first.to(tl.int64), count


@triton.jit
def step_pointers(values, gaps, step, BLOCK: tl.constexpr):
    """Pointers to one step of every lane."""
    lane = tl.arange(0, BLOCK)
    words = lane[:, None] * 4 + tl.arange(0, 4)[None, :]
    return values + step * (BLOCK * 4) + words, gaps + step * BLOCK + lane


@triton.jit
def read_step(value_pointer, gap_pointer, ahead: tl.constexpr, left, BLOCK: tl.constexpr):
    """Read the step `ahead` of the pointers if it is one of those `left`, else zeros, which add nothing."""
    # Compared as blocks: the interpreter turns the splat of a scalar comparison into int32.
    more = tl.zeros((BLOCK,), tl.int32) + ahead < left  # ty: ignore[invalid-argument-type]  jit
    gap = tl.load(gap_pointer + ahead * BLOCK, mask=more, other=0, cache_modifier=".cg")
    words = tl.load(value_pointer + ahead * BLOCK * 4, mask=more[:, None], other=0, cache_modifier=".cg")
    return words, gap
