"""fp8: e4m3 (4 bits of exponent, 3 of fraction, largest 448) times a scale for each row.

    level = a number of torch.float8_e4m3fn     scale = largest |value| of the row / 448, as bfloat16

Bits = 8, and 16 a row. Format: arXiv 2209.05433.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl

from kernels.formats.values.codec import Codec


@triton.jit
def _expand_one(code, BF16: tl.constexpr):  # noqa: ARG001 - the same for both types
    """Put exponent and fraction where float32 has them; 2¹²⁰ is the difference of the exponents' biases."""
    bits = ((code & 0x80) << 24) | ((code & 0x7F) << 20)
    return bits.to(tl.float32, bitcast=True) * 1.329227995784916e36


class FP8(Codec):
    """Floating point of one byte."""

    name = "fp8"
    bits = 8
    group = 0
    largest = 448
    tolerance = 0.05
    expand_one = _expand_one

    def code(self, levels: torch.Tensor) -> torch.Tensor:
        """Round to the nearest number."""
        return levels.float().to(torch.float8_e4m3fn).view(torch.uint8).long()

    def level(self, codes: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
        """Read the bits as a number."""
        del dtype
        return codes.to(torch.uint8).view(torch.float8_e4m3fn).float()

    def constants(self, dtype: torch.dtype) -> dict[str, int]:
        """Difference of the exponents' biases, 2¹²⁰ for bfloat16 and 2⁸ for float16, and −0; twice each."""
        return {"bias": 0x7B807B80 if dtype == torch.bfloat16 else 0x5C005C00, "minus_zero": 0x80008000}

    def expand(self, source: str, target: str, dtype: torch.dtype) -> list[str]:
        """Put exponent and fraction where 16-bit numbers have them; multiply by the difference of the biases.

        That is right for numbers below the smallest normal one, too.

        FP8().expand("w", "a", torch.bfloat16):
            and.b32 sign, w, 0x00800080; shl.b32 sign, sign, 8;
            and.b32 a, w, 0x007f007f; shl.b32 a, a, 4;
            or.b32 a, a, sign;
            fma.rn.bf16x2 a, a, bias, minus_zero;
        """
        kind, shift = ("bf16", 4) if dtype == torch.bfloat16 else ("f16", 7)
        return [
            f"and.b32 sign, {source}, 0x00800080;", "shl.b32 sign, sign, 8;",
            f"and.b32 {target}, {source}, 0x007f007f;", f"shl.b32 {target}, {target}, {shift};",
            f"or.b32 {target}, {target}, sign;", f"fma.rn.{kind}x2 {target}, {target}, bias, minus_zero;",
        ]  # fmt: skip
