"""Chance masks have the kept counts asked for and the distances of masks drawn in full."""

import numpy as np
from scipy import stats

from etl.clusters.chance import draw_neighbourhood

KEPT = np.random.default_rng(0).integers(0, 61, size=200)
POSITIONS = 60
REFERENCE = 17


def draw_in_full(generator: np.random.Generator) -> np.ndarray:
    """Draw every mask, find the nearest, and return their distances to the reference."""
    masks = generator.random((len(KEPT), POSITIONS)).argsort(axis=1).argsort(axis=1) < KEPT[:, None]
    distances = (masks != masks[REFERENCE]).sum(axis=1)
    distances[REFERENCE] = -1
    return np.sort(distances)[1:9]


def test_kept_counts_are_those_of_features() -> None:
    """Every mask keeps as many positions as some feature does, the reference as many as its own."""
    masks = draw_neighbourhood(KEPT, POSITIONS, REFERENCE, 200, np.random.default_rng(1))
    assert masks.shape == (200, POSITIONS)
    assert masks[0].sum() == KEPT[REFERENCE]
    assert sorted(masks.sum(axis=1)) == sorted(KEPT)


def test_masks_come_by_distance() -> None:
    """The neighbourhood begins with the reference and goes outwards."""
    masks = draw_neighbourhood(KEPT, POSITIONS, REFERENCE, 30, np.random.default_rng(2))
    distances = (masks != masks[0]).sum(axis=1)
    assert (np.diff(distances) >= 0).all()


def test_distances_are_distributed_as_if_drawn_in_full() -> None:
    """The nearest distances of 400 draws of each kind come from one distribution."""
    quick, full = [], []
    for seed in range(400):
        masks = draw_neighbourhood(KEPT, POSITIONS, REFERENCE, 9, np.random.default_rng([seed, 0]))
        quick.append((masks[1:] != masks[0]).sum(axis=1))
        full.append(draw_in_full(np.random.default_rng([seed, 1])))
    for place in range(8):
        found = stats.ks_2samp([q[place] for q in quick], [f[place] for f in full])
        assert found.pvalue > 0.001


def test_the_same_seed_draws_the_same_masks() -> None:
    """Chance is repeatable."""
    draws = [draw_neighbourhood(KEPT, POSITIONS, 3, 20, np.random.default_rng(5)) for _ in range(2)]
    np.testing.assert_array_equal(*draws)
