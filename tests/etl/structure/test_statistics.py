"""Both statistics against float64 versions that compute every distance and every singular value."""

import numpy as np
import pytest
import torch

from etl.structure.expectation import expected_mask
from etl.structure.nulls import MarginNull, unpack
from etl.structure.statistics import NEIGHBOURS, Eigenvalue, Neighbours

CPU = torch.device("cpu")


@pytest.fixture
def mask() -> np.ndarray:
    """A (rows, columns) mask of two groups of columns, with rows of several densities."""
    generator = np.random.default_rng(0)
    odds = generator.normal(size=(50, 1)) + np.where(np.arange(30) < 15, 2.0, -2.0) * generator.normal(
        size=(50, 1)
    )
    return generator.random((50, 30)) < 1 / (1 + np.exp(-odds))


def test_expectation_has_the_counts(mask: np.ndarray) -> None:
    """Its rows and columns sum to what the mask keeps; no entry leaves [0, 1]."""
    expected = expected_mask(mask.sum(axis=1), mask.sum(axis=0))
    np.testing.assert_allclose(expected.sum(axis=1), mask.sum(axis=1), atol=0.6)
    np.testing.assert_allclose(expected.sum(axis=0), mask.sum(axis=0), atol=0.6)
    assert expected.min() >= 0
    assert expected.max() <= 1


@pytest.mark.parametrize("fill", [0, 1])
def test_expectation_of_full_and_empty_masks_is_finite(fill: int) -> None:
    """Where counts leave no choice the expectation is close to the mask."""
    expected = expected_mask(np.full(4, 3 * fill), np.full(3, 4 * fill))
    assert np.abs(expected - fill).max() < 0.5


@pytest.mark.parametrize("axis", ["input", "output"])
def test_neighbours_are_the_nearest(mask: np.ndarray, axis: str) -> None:
    """The mean over features of the distances to the nearest others, itself left out."""
    null = MarginNull(mask, None, [0])
    features = mask.T if axis == "input" else mask
    near = Neighbours.choose(null.schedule.end, axis, features.shape[1], [0], CPU)
    found = near.distances(unpack(null.observed))[0]
    distances = np.sort((features[:, None] != features).mean(axis=2), axis=1)[:, 1 : NEIGHBOURS + 1]
    assert found.mean() == pytest.approx(distances.mean(), rel=1e-5)


def test_eigenvalue_is_that_of_the_residual(mask: np.ndarray) -> None:
    """The square of the largest singular value of mask − expectation, over the number of entries."""
    null = MarginNull(mask, None, [0])
    found = Eigenvalue(mask, null.schedule.end, [0], CPU)(unpack(null.observed))[0]
    residual = mask - expected_mask(mask.sum(axis=1), mask.sum(axis=0)).astype(np.float64)
    largest = np.linalg.svd(residual, compute_uv=False)[0] ** 2 / mask.size
    assert found == pytest.approx(largest, rel=1e-3)
