"""int4: symmetric, −7 to 7 steps of a scale for each 128 inputs of a row.

    level = code − 8                            scale = largest |value| of the group / 7, as bfloat16

Bits = 4, and 16 a group. Arithmetic on the tensor core is exact: scales multiply a group's sum.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl

from kernels.formats.values.codec import Codec


@triton.jit
def _expand_one(code, BF16: tl.constexpr):  # noqa: ARG001 - the same for both types
    """Subtract the 8 that codes are too large by."""
    return (code - 8).to(tl.float32)


class Int4(Codec):
    """Whole numbers of four bits."""

    name = "int4"
    bits = 4
    group = 128
    largest = 7
    tolerance = 0.2
    zero_word = 0x88888888
    expand_one = _expand_one

    def code(self, levels: torch.Tensor) -> torch.Tensor:
        """Round to the nearest whole number."""
        return levels.round().long() + 8

    def level(self, codes: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
        """Subtract 8."""
        del dtype
        return (codes - 8).float()

    def constants(self, dtype: torch.dtype) -> dict[str, int]:
        """1 twice; −136 twice for bfloat16, −1032 twice for float16."""
        if dtype == torch.bfloat16:
            return {"one": 0x3F803F80, "offset": 0xC308C308}
        return {"one": 0x3C003C00, "offset": 0xE408E408}

    def expand(self, source: str, target: str, dtype: torch.dtype) -> list[str]:
        """Set the code as the lowest bits of a number whose last bit counts 1, then subtract that and 8.

        Int4().expand("w", "a", torch.bfloat16):
            lop3.b32 a, w, 0x000f000f, 0x43004300, 0xea;  // (w & 15) | 0x4300: 128 + code
            fma.rn.bf16x2 a, a, one, offset;              // there is no add before Hopper
        """
        kind, magic = ("bf16", 0x43004300) if dtype == torch.bfloat16 else ("f16", 0x64006400)
        return [
            f"lop3.b32 {target}, {source}, 0x000f000f, {magic:#x}, 0xea;",
            f"fma.rn.{kind}x2 {target}, {target}, one, offset;",
        ]
