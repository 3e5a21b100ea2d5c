"""What tensor cores compute, from the fragments of bfloat16 in the lanes of each warp (PTX ISA, mma)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float32]
LANE = np.arange(32)
ROW, T = LANE // 4, LANE % 4


def dense_product(a: Words, b: Words, c: Words) -> Words:
    """`mma.m16n8k16`: words of A (4, threads), B (2, threads) and sums (4, threads) to sums."""
    return _by_warp(_dense_tiles, a, b, c)


def sparse_product(a: Words, b: Words, c: Words, positions: Words, selector: Words) -> Words:
    """`mma.sp.m16n8k32`: as dense_product for two kept of four, with their positions (1, threads)."""
    return _by_warp(lambda *parts: _sparse_tiles(*parts, int(selector[0, 0])), a, b, c, positions)


def _by_warp(tiles, *parts: Words) -> Words:
    warps = [part.reshape(len(part), -1, 32) for part in parts]
    found = [_multiply(*tiles(*(part[:, warp] for part in warps))) for warp in range(warps[0].shape[1])]
    return np.concatenate(found, axis=1)


def _multiply(a: Floats, b: Floats, c: Words) -> Words:
    """Add A (16, k) × B (k, 8) to the sums of one warp."""
    sums = c.astype(np.uint32).view(np.float32)
    total = a @ b
    found = [total[ROW + i // 2 * 8, 2 * T + i % 2] + sums[i] for i in range(4)]
    return np.array(found, np.float32).view(np.uint32).astype(np.uint64)


def _halves(words: Words) -> Floats:
    """Both bfloat16 of each word (…, 2)."""
    pair = np.stack([words << np.uint64(16), words & np.uint64(0xFFFF0000)], -1)
    return pair.astype(np.uint32).view(np.float32)


def _dense_tiles(a: Words, b: Words, c: Words) -> tuple[Floats, Floats, Words]:
    weights, x = np.zeros((16, 16), np.float32), np.zeros((16, 8), np.float32)
    for i, word in enumerate(_halves(a)):
        for half in (0, 1):
            weights[ROW + i % 2 * 8, 2 * T + i // 2 * 8 + half] = word[:, half]
    for i, word in enumerate(_halves(b)):
        for half in (0, 1):
            x[2 * T + i * 8 + half, ROW] = word[:, half]
    return weights, x, c


def _sparse_tiles(
    a: Words, b: Words, c: Words, positions: Words, selector: int
) -> tuple[Floats, Floats, Words]:
    weights, x = np.zeros((16, 32), np.float32), np.zeros((32, 8), np.float32)
    for i, word in enumerate(_halves(a)):
        row_half, group_half = i % 2, i // 2
        found = positions[0, 4 * ROW + 2 * selector + group_half].astype(np.int64) >> (16 * row_half + 4 * T)
        assert ((found & 3) < (found >> 2 & 3)).all(), "positions must ascend"
        for half in (0, 1):
            column = 4 * (4 * group_half + T) + (found >> 2 * half & 3)
            weights[ROW + row_half * 8, column] = word[:, half]
    for i, word in enumerate(_halves(b)):
        for half in (0, 1):
            x[2 * T + i * 8 + half, ROW] = word[:, half]
    return weights, x, c
