"""Masks without structure: what the clustering pipeline sees when only the kept counts are real."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def draw_neighbourhood(
    kept_counts: NDArray[np.integer],
    position_count: int,
    reference: int,
    neighbour_count: int,
    generator: np.random.Generator,
) -> NDArray[np.bool_]:
    """Draw random masks for all features, and return those nearest to the reference feature.

    Every feature keeps `kept_counts[feature]` of `position_count` positions, drawn independently and
    uniformly. The overlap of such a mask with the reference is hypergeometric, so the distances of all
    features are drawn first and only the nearest masks are filled in, given their overlap: the
    distribution is that of drawing every mask in full, at a fraction of the cost. Positions are
    exchangeable, so the reference keeps the first ones.

    Args:
        kept_counts: (features,) kept positions of every feature, in [0, position_count].
        position_count: positions in each mask.
        reference: the reference feature, the first mask returned.
        neighbour_count: masks returned, the reference included; at most the number of features.
        generator: source of randomness.

    Returns:
        (neighbour_count, position_count) booleans, by ascending distance to the reference.
    """
    kept = kept_counts.astype(np.int64)
    reference_kept = kept[reference]
    overlap = generator.hypergeometric(reference_kept, position_count - reference_kept, kept)
    distance = reference_kept + kept - 2 * overlap
    # The reference sorts before other features at distance 0, whatever its index.
    distance[reference] = -1
    overlap[reference] = reference_kept
    nearest = np.argsort(distance, kind="stable")[:neighbour_count]
    inside = _choose(overlap[nearest], reference_kept, generator)
    outside = _choose(kept[nearest] - overlap[nearest], position_count - reference_kept, generator)
    return np.concatenate([inside, outside], axis=1)


def _choose(counts: NDArray[np.int64], width: int, generator: np.random.Generator) -> NDArray[np.bool_]:
    """Mark, for every count, that many of `width` positions, drawn uniformly without replacement."""
    ranks = generator.permuted(
        np.broadcast_to(np.arange(width, dtype=np.int32), (len(counts), width)), axis=1
    )
    return ranks < counts[:, None]
