"""How the sparsity of a model is spread over its blocks: the mean stays what was asked for.

- linear: block sparsities rise with depth in an arithmetic progression (arXiv 2502.14770).
- owl: blocks with many outliers among their Wanda scores keep more (OWL, arXiv 2310.05175).

Free of torch but for types, since only numbers of blocks are handled here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from etl.model.matrices import WeightMatrix
    from etl.pruning.request import PruningRequest

#: OWL's M: a score counts as an outlier above this multiple of its block's mean score.
OUTLIER_MULTIPLE = 5
#: Every block keeps at least this part of the mean share kept.
_LEAST_KEPT = 0.1


@dataclass(frozen=True)
class BlockShare:
    """The sparsity that a block is given, and OWL's outlier ratio where it was taken."""

    sparsity: float
    outlier_ratio: float | None = None


@dataclass(frozen=True)
class Allocation:
    """What every block is given, by layer, and how many weights go of every matrix, by tensor name."""

    shares: Mapping[int, BlockShare] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)


def allocate(
    request: PruningRequest,
    matrices: Sequence[WeightMatrix],
    outlier_ratios: Callable[[], Mapping[int, float]],
) -> Allocation:
    """Spread the sparsity of a request over the blocks of `matrices`; nothing to say where it is uniform.

    Of all weights together int(count · sparsity) go. `outlier_ratios`, by layer, is called for owl alone.
    """
    if request.allocation == "uniform":
        return Allocation()
    sizes: dict[int, int] = {}
    for matrix in matrices:
        sizes[matrix.layer] = sizes.get(matrix.layer, 0) + _size(matrix)
    blocks = list(sizes.values())
    ratios: Mapping[int, float] = {}
    if request.allocation == "linear":
        sparsities = linear_sparsities(blocks, request.sparsity, request.allocation_spread)
    else:
        ratios = outlier_ratios()
        ordered = [ratios[layer] for layer in sizes]
        sparsities = owl_sparsities(ordered, blocks, request.sparsity, request.allocation_spread)
    of_block = pruned_counts(blocks, sparsities, int(sum(blocks) * request.sparsity))
    counts: dict[str, int] = {}
    for layer, sparsity, total in zip(sizes, sparsities, of_block, strict=True):
        members = [matrix for matrix in matrices if matrix.layer == layer]
        parts = pruned_counts([_size(matrix) for matrix in members], [sparsity] * len(members), total)
        counts |= {matrix.tensor_name: part for matrix, part in zip(members, parts, strict=True)}
    shares = {
        layer: BlockShare(sparsity, ratios.get(layer))
        for layer, sparsity in zip(sizes, sparsities, strict=True)
    }
    return Allocation(shares, counts)


def _size(matrix: WeightMatrix) -> int:
    return matrix.out_features * matrix.in_features


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
