"""What the verbs of PTX compute, a number for each thread."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Lanes = npt.NDArray[np.uint64]
MASK = {"16": 0xFFFF, "32": 0xFFFFFFFF, "64": 0xFFFFFFFFFFFFFFFF}
BYTES = np.arange(4, dtype=np.uint64) * np.uint64(8)


def dot_bytes(a: Lanes, b: Lanes, c: Lanes) -> Lanes:
    """`dp4a.u32.u32`: the products of the bytes of a and b, added to c."""
    return c + (((a[:, None] >> BYTES) & 0xFF) * ((b[:, None] >> BYTES) & 0xFF)).sum(-1)


def permute_bytes(a: Lanes, b: Lanes, selector: Lanes) -> Lanes:
    """`prmt.b32`: a byte of b‖a for each nibble of the selector, or with its top bit that byte's sign."""
    result = np.zeros_like(a)
    for i in range(4):
        nibble = (selector >> np.uint64(4 * i)) & np.uint64(15)
        byte = ((a | b << np.uint64(32)) >> ((nibble & np.uint64(7)) * np.uint64(8))) & np.uint64(0xFF)
        byte = np.where(nibble > 7, (byte >> np.uint64(7)) * np.uint64(0xFF), byte)
        result |= byte << np.uint64(8 * i)
    return result


def add_floats(a: Lanes, b: Lanes) -> Lanes:
    """`add.f32` of bits."""
    total = a.astype(np.uint32).view(np.float32) + b.astype(np.uint32).view(np.float32)
    return total.view(np.uint32).astype(np.uint64)


def look_up(a: Lanes, b: Lanes, c: Lanes, table: Lanes) -> Lanes:
    """`lop3.b32`: a bit of the table for each three bits."""
    result = np.zeros_like(a)
    for index in range(8):
        if int(table[0]) >> index & 1:
            terms = (a if index & 4 else ~a, b if index & 2 else ~b, c if index & 1 else ~c)
            result |= terms[0] & terms[1] & terms[2]
    return result


def as_floats(a: Lanes) -> npt.NDArray[np.float32]:
    """Bits as float32."""
    return a.astype(np.uint32).view(np.float32)


def multiply_add(a: Lanes, b: Lanes, c: Lanes) -> Lanes:
    """`fma.rn.f32` of bits, rounded twice."""
    return (as_floats(a) * as_floats(b) + as_floats(c)).view(np.uint32).astype(np.uint64)


def multiply_add_pairs(a: Lanes, b: Lanes, c: Lanes) -> Lanes:
    """`fma.rn.bf16x2` of bits, where the result needs no rounding."""
    upper = np.uint64(0xFFFF0000)
    low = multiply_add(*(part << np.uint64(16) & upper for part in (a, b, c)))
    high = multiply_add(a & upper, b & upper, c & upper)
    assert not ((low | high) & np.uint64(0xFFFF)).any(), "the result is no bfloat16"
    return low >> np.uint64(16) | high


ARITHMETIC: dict[str, Callable[..., Lanes]] = {
    "mov": lambda a: a,
    "cvt": lambda a: a,
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "mad": lambda a, b, c: a * b + c,
    "div": lambda a, b: a // b,
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
    "min": np.minimum,
    "lop3": look_up,
    "shl": lambda a, b: a << b,
    "shr": lambda a, b: a >> b,
    "bfe": lambda a, start, length: a >> start & ((np.uint64(1) << length) - np.uint64(1)),
    "selp": lambda a, b, p: np.where(p != 0, a, b),
    "dp4a": dot_bytes,
    "prmt": permute_bytes,
}
FLOATS: dict[str, Callable[..., Lanes]] = {
    "add.f32": add_floats,
    "fma.rn.f32": multiply_add,
    "fma.rn.bf16x2": multiply_add_pairs,
}
