"""int8: two's complement, −127 to 127 steps of a scale for each row.

    level = code − 256 · (code div 128)         scale = largest |value| of the row / 127, as bfloat16

Bits = 8, and 16 a row.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl

from kernels.formats.values.codec import Codec


@triton.jit
def _expand_one(code, BF16: tl.constexpr):  # noqa: ARG001 - the same for both types
    """Shift the sign to the top and back."""
    return ((code << 24) >> 24).to(tl.float32)


class Int8(Codec):
    """Whole numbers of one byte."""

    name = "int8"
    bits = 8
    group = 0
    largest = 127
    tolerance = 0.02
    expand_one = _expand_one

    def code(self, levels: torch.Tensor) -> torch.Tensor:
        """Round to the nearest whole number."""
        return levels.round().long() & 0xFF

    def level(self, codes: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
        """Read as two's complement."""
        del dtype
        return (codes - ((codes >> 7) << 8)).float()

    def constants(self, dtype: torch.dtype) -> dict[str, int]:
        """−1 twice for bfloat16; 1 and −1152 twice for float16."""
        if dtype == torch.bfloat16:
            return {"minus_one": 0xBF80BF80}
        return {"one": 0x3C003C00, "offset": 0xE480E480}

    def expand(self, source: str, target: str, dtype: torch.dtype) -> list[str]:
        """Set the code as the lowest bits of a number whose last bit counts 1, then subtract that.

        bfloat16 has 7 bits of fraction: 128 + lower 7 bits, minus 128 or, where the sign is set, 256.

        Int8().expand("w", "a", torch.bfloat16):
            lop3.b32 negative, w, 0x00800080, 0x43004300, 0xea;  // (w & 0x80) | 0x4300: 128 or 256
            lop3.b32 a, w, 0x007f007f, 0x43004300, 0xea;         // 128 + lower bits
            fma.rn.bf16x2 a, negative, minus_one, a;

        Int8().expand("w", "a", torch.float16):
            lop3.b32 a, w, 0x00ff00ff, 0x64806480, 0x6a;         // (w & 0xff) ^ 0x6480: 1152 + level
            fma.rn.f16x2 a, a, one, offset;
        """
        if dtype == torch.bfloat16:
            return [
                f"lop3.b32 negative, {source}, 0x00800080, 0x43004300, 0xea;",
                f"lop3.b32 {target}, {source}, 0x007f007f, 0x43004300, 0xea;",
                f"fma.rn.bf16x2 {target}, negative, minus_one, {target};",
            ]
        return [
            f"lop3.b32 {target}, {source}, 0x00ff00ff, 0x64806480, 0x6a;",
            f"fma.rn.f16x2 {target}, {target}, one, offset;",
        ]
