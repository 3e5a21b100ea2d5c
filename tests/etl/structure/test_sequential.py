"""P-values are uniform without structure and small with it; stopping and carrying on change nothing."""

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from etl.structure.sequential import ENOUGH, LARGEST, NEAREST, Outcome, Subject, carry_on


def subject(mask: np.ndarray, seed: int = 0, axis: str = "input", group: int | None = None) -> Subject:
    """A (rows, columns) mask as the pipeline hands it on."""
    padded = np.pad(mask.T, ((0, 0), (-mask.shape[0] % 8, 0)))
    return Subject(1, axis, np.packbits(padded, axis=1), mask.shape[0], group, (seed,))


def planted(size: int, flips: float, rows: int = 96, columns: int = 128) -> np.ndarray:
    """Columns in groups of `size` that are copies of one random mask, but for a share of flipped bits."""
    generator = np.random.default_rng(1)
    centres = generator.random((rows, columns // size)) < 0.5
    return np.repeat(centres, size, axis=1) ^ (generator.random((rows, columns)) < flips)


def outcome(observed: float, null: list[float], sign: int = 1) -> Outcome:
    """An outcome with a single part."""
    return Outcome(LARGEST, sign, np.array([observed]), np.array(null).reshape(-1, 1))


def test_masks_come_back_as_they_were() -> None:
    """Rows that fill no whole byte are padded in front, as the warehouse stores them."""
    mask = np.random.default_rng(0).random((13, 5)) < 0.5
    np.testing.assert_array_equal(subject(mask).mask(), mask)


def test_p_values_by_hand() -> None:
    """(b + 1) / (n + 1) of n replicates; h / l where the h-th as extreme was the l-th drawn."""
    assert outcome(2.0, [1.0, 1.0, 3.0]).p_value == 2 / 4
    assert outcome(2.0, [1.0, 1.0, 3.0], sign=-1).p_value == 3 / 4
    assert outcome(2.0, [2.0, 1.0]).p_value == 2 / 3
    assert outcome(2.0, []).p_value == 1
    stopped = outcome(2.0, [1.0, 1.0] + ENOUGH * [3.0] + [1.0])
    assert stopped.is_over
    assert stopped.p_value == ENOUGH / (ENOUGH + 2)


def by_margins(generator: np.random.Generator, rows: int = 48, columns: int = 20) -> np.ndarray:
    """Draw a mask of independent entries whose odds are a factor of the row times one of the column."""
    odds = np.exp(generator.normal(size=(rows, 1)) / 2 + generator.normal(size=columns))
    return generator.random((rows, columns)) < odds / (1 + odds)


def two_of_four(generator: np.random.Generator, rows: int = 48, columns: int = 20) -> np.ndarray:
    """Draw a mask that keeps two of every four columns; the odds of two are the product of those of each."""
    pairs = np.array(list(combinations(range(4), 2)))
    odds = np.exp(generator.normal(size=(columns // 4, 4)))[:, pairs].prod(axis=-1)
    kept = [generator.choice(6, size=rows, p=each / each.sum()) for each in odds]
    members = (pairs[:, :, None] == np.arange(4)).any(axis=1)
    return np.concatenate([members[each] for each in kept], axis=1)


def spread(outcome: Outcome, replicates: int, generator: np.random.Generator) -> float:
    """Draw a number from between a p-value and the next lower one possible: uniform without structure."""
    p = outcome.p_value
    lower = ENOUGH / (ENOUGH / p + 1) if outcome.is_over else p - 1 / (replicates + 1)
    return float(generator.uniform(lower, p))


@pytest.mark.parametrize("draw", [by_margins, two_of_four])
def test_p_values_of_random_masks_are_uniform(draw: Callable[[np.random.Generator], np.ndarray]) -> None:
    """Over 80 masks without structure, for both tests (Kolmogorov-Smirnov, fixed seeds)."""
    found: dict[str, list[float]] = {NEAREST: [], LARGEST: []}
    for seed in range(80):
        generator = np.random.default_rng([seed, 9])
        group = 4 if draw is two_of_four else None
        for each in carry_on(subject(draw(generator), seed, group=group), (), 19):
            found[each.test].append(spread(each, 19, generator))
    for p_values in found.values():
        assert stats.kstest(p_values, "uniform").pvalue > 0.05


@pytest.mark.parametrize(
    ("size", "flips", "test"), [(16, 0.15, NEAREST), (64, 0.3, NEAREST), (64, 0.35, LARGEST)]
)
def test_planted_clusters_are_found(size: int, flips: float, test: str) -> None:
    """No replicate is as extreme as a mask with planted clusters, whether these are small or large."""
    found = {each.test: each for each in carry_on(subject(planted(size, flips)), (), 39)}
    assert found[test].p_value == 1 / 40


@pytest.mark.parametrize("axis", ["input", "output"])
def test_carrying_on_is_as_doing_all_at_once(axis: str) -> None:
    """Tests that were interrupted, also inside a batch, see the same replicates."""
    mask = planted(16, 0.3)
    begun = carry_on(subject(mask, axis=axis), (), 7)
    carried = carry_on(subject(mask, axis=axis), begun, 25)
    for each, other in zip(carried, carry_on(subject(mask, axis=axis), (), 25), strict=True):
        np.testing.assert_allclose(each.null, other.null)
        assert each.p_value == other.p_value


def test_a_test_without_structure_ends_early() -> None:
    """A few dozen replicates settle what a hundred would say no better."""
    mask = np.random.default_rng(0).random((40, 30)) < 0.5
    assert all(len(each.null) < 100 for each in carry_on(subject(mask), (), 199))
