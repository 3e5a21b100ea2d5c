"""Hamming distances of keep masks packed into 64-bit words: XOR and bit count instead of comparing bytes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Words compared at a time: 512 KiB, so that the result of the XOR is still in the cache when it is counted.
_WORDS_AT_A_TIME = 65_536


def pack_words(masks: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Pack (features, positions) booleans into (features, words), padded with zeros."""
    return bytes_to_words(np.packbits(masks, axis=1))


def bytes_to_words(packed: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """View (features, bytes) as (features, words), padded with zeros."""
    padding = -packed.shape[1] % 8
    return np.ascontiguousarray(np.pad(packed, ((0, 0), (0, padding)))).view(np.uint64)


def differing_counts(a: NDArray[np.uint64], b: NDArray[np.uint64]) -> NDArray[np.int32]:
    """Return (features of a, features of b): the number of positions in which two features differ."""
    counts = np.empty((len(a), len(b)), dtype=np.int32)
    width = max(1, min(len(b), _WORDS_AT_A_TIME // max(a.shape[1], 1)))
    height = max(1, _WORDS_AT_A_TIME // max(width * a.shape[1], 1))
    for top in range(0, len(a), height):
        rows = a[top : top + height, None, :]
        for left in range(0, len(b), width):
            differing = np.bitwise_count(rows ^ b[None, left : left + width, :])
            np.sum(differing, axis=2, dtype=np.int32, out=counts[top : top + height, left : left + width])
    return counts


def nearest(words: NDArray[np.uint64], reference: int, count: int) -> NDArray[np.int64]:
    """Return up to `count` features by ascending distance to the reference, which itself comes first.

    Equal distances are in the order of the features, so that the choice is the same everywhere.
    """
    counts = differing_counts(words[reference : reference + 1], words)[0]
    counts[reference] = -1
    return np.argsort(counts, kind="stable")[:count]
