"""Exact choice of the lowest scores: per row, per matrix, per group of M inputs, over streams beyond memory.

Every mask returned is True where a weight is pruned. Ties go to the lowest index, as a stable ascending sort
would give them. On the CPU NumPy's introselect finds thresholds an order of magnitude sooner than torch's
`topk` and `kthvalue`; on a GPU a stable sort is the quickest exact way. Scores are finite and ≥ 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch

from etl.errors import PruningError
from etl.pruning.patterns import Pattern

#: `numpy.bincount` widens its input to 64 bits, so histograms are taken over pieces of 8 MiB after widening.
_PIECE = 1 << 20
#: The upper 16 bits of float32's +infinity; those of every finite score ≥ 0 lie below.
_INFINITY_BUCKET = 0x7F80


def lowest_of_rows(scores: torch.Tensor, count: int) -> torch.Tensor:
    """Prune the `count` lowest scores of every row of `scores` (out, in); returns bool (out, in)."""
    if count == 0:
        return torch.zeros_like(scores, dtype=torch.bool)
    if scores.device.type == "cpu":
        return torch.from_numpy(_lowest_by_partition(_array(scores), count)[0])
    return _lowest_by_sort(scores, count)


def lowest_of_matrix(scores: torch.Tensor, count: int) -> tuple[torch.Tensor, float | None]:
    """Prune the `count` lowest scores of all; returns bool like `scores` and the largest score pruned."""
    if count == 0:
        return torch.zeros_like(scores, dtype=torch.bool), None
    if scores.device.type == "cpu":
        pruned, threshold = _lowest_by_partition(_array(scores).reshape(1, -1), count)
        return torch.from_numpy(pruned).view(scores.shape), float(threshold[0, 0])
    pruned = _lowest_by_sort(scores.reshape(1, -1), count).view(scores.shape)
    return pruned, float(scores[pruned].max())


def lowest_of_groups(scores: torch.Tensor, pattern: Pattern) -> torch.Tensor:
    """Prune the lowest M − N of every M consecutive inputs of each row (out, in); M divides `in`."""
    groups, count = _groups(scores, pattern)
    if scores.device.type == "cpu":
        return _lowest_by_argsort(groups, count, axis=1).view(scores.shape)
    return _lowest_by_sort(groups, count).view(scores.shape)


def lowest_of_columns(scores: torch.Tensor, count: int) -> torch.Tensor:
    """Prune the `count` lowest of each column of a few rows of `scores` (M, out), one column a group."""
    if scores.device.type == "cpu":
        return _lowest_by_argsort(scores, count, axis=0)
    return _lowest_by_sort(scores.T, count).T


def topk_of_groups(scores: torch.Tensor, pattern: Pattern) -> torch.Tensor:
    """Do as `lowest_of_groups`, ties going where `torch.topk` puts them, as in the published code."""
    groups, count = _groups(scores, pattern)
    lowest = groups.topk(count, dim=1, largest=False).indices
    return torch.zeros_like(groups, dtype=torch.bool).scatter_(1, lowest, value=True).view(scores.shape)


def at_or_below_rank(scores: torch.Tensor, rank: int) -> tuple[torch.Tensor, float]:
    """Prune every score ≤ the one at index `rank` of the ascending scores, as the published code does.

    Prunes at least `rank + 1` weights, more where scores tie. Returns bool like `scores` and that threshold.
    """
    if scores.device.type == "cpu":
        threshold = float(np.partition(_array(scores).reshape(-1), rank)[rank])
    else:
        threshold = float(scores.flatten().sort().values[rank])
    return scores <= threshold, threshold


@dataclass
class StreamThreshold:
    """The exact cut through a stream of scores: all below `value` go, then the first `ties` equal to it."""

    value: float
    ties: int

    def prune_next(self, scores: torch.Tensor) -> torch.Tensor:
        """Prune the next chunk, in the order of the stream that gave the cut; spends the ties it prunes."""
        pruned = scores < self.value
        if self.ties:
            equal = (scores == self.value).flatten().nonzero()[: self.ties, 0]
            pruned.view(-1)[equal] = True
            self.ties -= len(equal)
        return pruned


def stream_threshold(chunks: Callable[[], Iterable[torch.Tensor]], count: int) -> StreamThreshold:
    """Find the exact cut that prunes the `count` lowest scores of a stream.

    `chunks` starts the stream anew at each call and gives the same chunks in the same order. The bits of a
    float32 ≥ 0 order as integers, so a histogram of the upper 16 finds the bucket that holds the threshold,
    and a second pass takes one of the lower 16 inside it. In bfloat16 these are 0: one pass is enough.
    Memory: one chunk and two histograms. Raises PruningError for a negative, infinite or NaN score.
    """
    if count == 0:
        return StreamThreshold(-math.inf, 0)
    upper = np.zeros(1 << 16, dtype=np.int64)
    one_pass = True
    for chunk in chunks():
        one_pass = one_pass and chunk.dtype == torch.bfloat16
        for bits in _pieces_of_bits(chunk):
            upper += np.bincount(bits >> 16, minlength=len(upper))
    if upper[_INFINITY_BUCKET:].any():
        msg = "a pruning score is negative, infinite or NaN; check the weights and the calibration text"
        raise PruningError(msg)
    bucket, rank = _bucket_of_rank(upper, count - 1)
    if one_pass:
        return StreamThreshold(_float_of_bits(bucket << 16), rank + 1)
    lower = np.zeros(1 << 16, dtype=np.int64)
    for chunk in chunks():
        for bits in _pieces_of_bits(chunk):
            lower += np.bincount(bits[bits >> 16 == bucket] & 0xFFFF, minlength=len(lower))
    low, rank = _bucket_of_rank(lower, rank)
    return StreamThreshold(_float_of_bits(bucket << 16 | low), rank + 1)


def _pieces_of_bits(chunk: torch.Tensor) -> Iterator[np.ndarray]:
    """Yield the float32 bits of `chunk` as uint32 in pieces that keep `numpy.bincount`'s widening small."""
    flat = chunk.detach().reshape(-1)
    for start in range(0, flat.numel(), _PIECE):
        # Adding 0 turns −0.0, whose sign bit would sort it last, into +0.0.
        yield (flat[start : start + _PIECE].to("cpu", torch.float32) + 0.0).numpy().view(np.uint32)


def _groups(scores: torch.Tensor, pattern: Pattern) -> tuple[torch.Tensor, int]:
    """Cut rows into the groups of an N:M pattern: (groups, M), and how many of each go."""
    if pattern.group is None:
        msg = "an unstructured pattern has no groups"
        raise PruningError(msg)
    return scores.reshape(-1, pattern.group), pattern.pruned


def _bucket_of_rank(histogram: np.ndarray, rank: int) -> tuple[int, int]:
    """Return the bucket that holds the value at ascending index `rank`, and its index inside that bucket."""
    cumulative = np.cumsum(histogram)
    bucket = int(np.searchsorted(cumulative, rank, side="right"))
    below = int(cumulative[bucket - 1]) if bucket else 0
    return bucket, rank - below


def _float_of_bits(bits: int) -> float:
    return float(np.uint32(bits).view(np.float32))


def _array(scores: torch.Tensor) -> np.ndarray:
    """View CPU scores as an array; NumPy has no bfloat16, and float32 holds every bfloat16 exactly."""
    return (scores.float() if scores.dtype == torch.bfloat16 else scores).detach().numpy()


def _lowest_by_partition(scores: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Prune the `count` lowest of each row; returns bool like `scores` and each row's threshold (rows, 1)."""
    threshold = np.partition(scores, count - 1, axis=1)[:, count - 1 : count]
    pruned = scores < threshold
    equal = scores == threshold
    wanted = count - np.count_nonzero(pruned, axis=1)
    tied = np.flatnonzero(np.count_nonzero(equal, axis=1) > wanted)
    for row in tied:
        equal[row, np.flatnonzero(equal[row])[wanted[row] :]] = False
    pruned |= equal
    return pruned, threshold


def _lowest_by_argsort(scores: torch.Tensor, count: int, axis: int) -> torch.Tensor:
    """Prune the `count` lowest along a short axis of two, where NumPy's stable sort is the quickest."""
    order = _array(scores).argsort(axis=axis, kind="stable").take(range(count), axis=axis)
    pruned = np.zeros(scores.shape, dtype=bool)
    np.put_along_axis(pruned, order, values=True, axis=axis)
    return torch.from_numpy(pruned)


def _lowest_by_sort(scores: torch.Tensor, count: int) -> torch.Tensor:
    lowest = scores.sort(dim=1, stable=True).indices[:, :count]
    return torch.zeros_like(scores, dtype=torch.bool).scatter_(1, lowest, value=True)
