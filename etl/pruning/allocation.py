"""How the sparsity of a model is spread over its blocks: the mean stays what was asked for.

- linear: block sparsities rise with depth in an arithmetic progression (arXiv 2502.14770).
- owl: blocks with many outliers among their Wanda scores keep more (OWL, arXiv 2310.05175).

Free of torch but for types, since only numbers of blocks are handled here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

#: OWL's M: a score counts as an outlier above this multiple of its block's mean score.
OUTLIER_MULTIPLE = 5
#: Every block keeps at least this part of the mean share kept.
_LEAST_KEPT = 0.1


def outlier_ratio(scores: Sequence[torch.Tensor]) -> float:
    """Return the share of a block's scores, one tensor (out, in) per matrix, above M times their mean."""
    count = sum(matrix.numel() for matrix in scores)
    mean = sum(matrix.double().sum().item() for matrix in scores) / count
    return sum(int((matrix > OUTLIER_MULTIPLE * mean).sum()) for matrix in scores) / count


def linear_sparsities(sizes: Sequence[int], sparsity: float, spread: float) -> list[float]:
    """Return block sparsities that rise evenly with depth, by 2·`spread` from the first to the last block.

    `sizes` holds the number of weights of every block; `sparsity` is their mean over all weights.
    """
    steps = max(len(sizes) - 1, 1)
    return _around(sparsity, [2 * spread * depth / steps for depth in range(len(sizes))], sizes)


def owl_sparsities(
    outlier_ratios: Sequence[float], sizes: Sequence[int], sparsity: float, spread: float
) -> list[float]:
    """Return block sparsities that fall with the outlier ratio, 2·`spread` (λ) between the extremes.

    As in the published code: ratios scaled to [0, 2λ] are the shares kept, but for a shift that makes the
    mean right. Where all ratios are equal, so are the sparsities.
    """
    lowest, highest = min(outlier_ratios), max(outlier_ratios)
    scale = 2 * spread / (highest - lowest) if highest > lowest else 0.0
    return _around(sparsity, [-scale * (ratio - lowest) for ratio in outlier_ratios], sizes)


def _around(sparsity: float, offsets: Sequence[float], sizes: Sequence[int]) -> list[float]:
    """Shift offsets so that their mean over all weights is `sparsity`.

    Where a block would be pruned below 0, or keep next to nothing, all offsets shrink alike.
    """
    mean = math.fsum(offset * size for offset, size in zip(offsets, sizes, strict=True)) / sum(sizes)
    centred = [offset - mean for offset in offsets]
    most, least = max(centred), -min(centred)
    room = (1 - _LEAST_KEPT) * (1 - sparsity)
    shrink = min(1.0, room / most if most > 0 else 1.0, sparsity / least if least > 0 else 1.0)
    return [sparsity + shrink * offset for offset in centred]


def pruned_counts(sizes: Sequence[int], sparsities: Sequence[float], total: int) -> list[int]:
    """Return how many weights go of each part, `total` in all: each share rounded, largest remainders up.

    `sizes` and `sparsities` describe the parts, whose mean sparsity is total / sum(sizes) up to rounding.
    """
    exact = [size * sparsity for size, sparsity in zip(sizes, sparsities, strict=True)]
    counts = [min(math.floor(share), size) for share, size in zip(exact, sizes, strict=True)]
    by_remainder = sorted(range(len(sizes)), key=lambda part: counts[part] - exact[part])
    missing = total - sum(counts)
    while missing:
        for part in by_remainder if missing > 0 else reversed(by_remainder):
            step = (missing > 0) - (missing < 0)
            if missing and 0 <= counts[part] + step <= sizes[part]:
                counts[part] += step
                missing -= step
    return counts
