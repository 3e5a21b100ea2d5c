"""Reading pairs of 16-bit numbers out of 32-bit words inside Triton kernels."""

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
