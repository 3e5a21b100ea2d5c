"""16: values as they are, bfloat16 or float16.

Bits = 16.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl

from kernels.formats.values.codec import Codec


@triton.jit
def _expand_one(code, BF16: tl.constexpr):
    """Widen a number; a bfloat16 is the upper half of a float32."""
    if BF16:
        return (code << 16).to(tl.float32, bitcast=True)
    return code.to(tl.int16).to(tl.float16, bitcast=True).to(tl.float32)


class Sixteen(Codec):
    """No rounding, no scale."""

    name = "16"
    bits = 16
    group = None
    largest = float("inf")
    tolerance = 0.0
    expand_one = _expand_one

    def code(self, levels: torch.Tensor) -> torch.Tensor:
        """Take the bits of a 16-bit number."""
        return levels.contiguous().view(torch.int16).long() & 0xFFFF

    def level(self, codes: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
        """Read the bits as a number of `dtype`."""
        return (codes - ((codes >> 15) << 16)).to(torch.int16).view(dtype)

    def expand(self, source: str, target: str, dtype: torch.dtype) -> list[str]:
        """Move a word, which is a pair already.

        Sixteen().expand("w", "a", torch.bfloat16):
            mov.b32 a, w;
        """
        del dtype
        return [f"mov.b32 {target}, {source};"]
