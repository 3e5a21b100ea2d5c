"""Taking words apart inside Triton kernels: 4 to a lane, and pairs of 16-bit numbers in each."""

import triton
import triton.language as tl


@triton.jit
def low_half(word, BF16: tl.constexpr):
    """Low 16 bits of an int32 as float32: a bfloat16 is the upper half of a float32."""
    if BF16:
        return (word << 16).to(tl.float32, bitcast=True)
    return (word & 0xFFFF).to(tl.int16).to(tl.float16, bitcast=True).to(tl.float32)


@triton.jit
def high_half(word, BF16: tl.constexpr):
    """High 16 bits of an int32 as float32."""
    if BF16:
        return (word & -65536).to(tl.float32, bitcast=True)
    return (word >> 16).to(tl.int16).to(tl.float16, bitcast=True).to(tl.float32)


@triton.jit
def split_words(words, BLOCK: tl.constexpr):
    """Take the 4 words of each lane (BLOCK, 4) apart."""
    even, odd = tl.split(tl.reshape(words, (BLOCK, 2, 2)))
    w0, w2 = tl.split(even)
    w1, w3 = tl.split(odd)
    return w0, w1, w2, w3
