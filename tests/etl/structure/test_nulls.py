"""Replicates keep what pruning fixed, are uniform over all masks that keep it, and forget the mask."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from etl.structure.nulls import CORRELATION_LEFT, MarginNull, masks, rounds_needed


def random_mask(rows: int, columns: int, seed: int = 0) -> np.ndarray:
    """A mask whose columns and rows differ in density."""
    generator = np.random.default_rng(seed)
    odds = generator.normal(size=(rows, 1)) + generator.normal(size=columns)
    return generator.random((rows, columns)) < 1 / (1 + np.exp(-odds))


def two_of_four(rows: int, columns: int, seed: int = 0) -> np.ndarray:
    """A mask that keeps two of every four columns, some columns more often than others."""
    generator = np.random.default_rng(seed)
    scores = generator.normal(size=(rows, columns // 4, 4)) + generator.normal(size=(columns // 4, 4))
    return (scores.argsort(axis=-1).argsort(axis=-1) < 2).reshape(rows, columns)


def draw(mask: np.ndarray, count: int, group: int | None = None, **settings: object) -> np.ndarray:
    """Draw replicates of a mask."""
    null = MarginNull(mask, group, [7], **settings)  # ty: ignore[invalid-argument-type]
    return masks(null.draw(0, count), null.schedule)


@pytest.mark.parametrize(
    "shape", [(1, 5), (5, 1), (2, 2), (3, 7), (40, 30), (61, 9), (62, 8), (125, 64), (300, 5)]
)
def test_every_count_is_kept(shape: tuple[int, int]) -> None:
    """Whatever the shape, each row and each column keeps as many weights as before."""
    mask = random_mask(*shape)
    found = draw(mask, 3)
    np.testing.assert_array_equal(found.sum(axis=1), np.tile(mask.sum(axis=0), (3, 1)))
    np.testing.assert_array_equal(found.sum(axis=2), np.tile(mask.sum(axis=1), (3, 1)))


def test_groups_keep_n_of_m() -> None:
    """Of 2:4 every group of every row keeps two, and every column its count."""
    mask = two_of_four(50, 24)
    found = draw(mask, 5, group=4)
    assert (found.reshape(5, 50, 6, 4).sum(axis=-1) == 2).all()
    np.testing.assert_array_equal(found.sum(axis=1), np.tile(mask.sum(axis=0), (5, 1)))
    assert (found != mask).any(axis=(1, 2)).all()


def same_counts(mask: np.ndarray) -> list[bytes]:
    """List every mask with the counts of a small one."""
    every = (np.array(bits).reshape(mask.shape) for bits in product((False, True), repeat=mask.size))
    return [
        each.tobytes()
        for each in every
        if (each.sum(axis=0) == mask.sum(axis=0)).all() and (each.sum(axis=1) == mask.sum(axis=1)).all()
    ]


def test_replicates_are_uniform() -> None:
    """All masks with the counts of a small one are drawn equally often (chi-square, fixed seed)."""
    mask = np.array([[1, 1, 0, 0], [1, 0, 1, 0], [0, 0, 1, 1], [0, 1, 0, 0]], dtype=bool)
    every = same_counts(mask)
    found = [each.tobytes() for each in draw(mask, 6000, rounds=60)]
    counts = np.array([found.count(each) for each in every])
    assert counts.sum() == 6000
    assert stats.chisquare(counts).pvalue > 0.001


def test_a_mask_and_its_replicates_are_exchangeable_after_one_round() -> None:
    """However few the rounds, the rank of a random mask among its replicates is uniform."""
    ranks = []
    for seed in range(300):
        mask = np.random.default_rng(seed).random((8, 6)) < 0.5
        null = MarginNull(mask, None, [seed], rounds=1)
        levels = masks(null.draw(0, 4), null.schedule)[:, :4, :3].sum(axis=(1, 2)) + np.random.default_rng(
            [seed, 1]
        ).random(4)
        level = mask[:4, :3].sum() + np.random.default_rng([seed, 2]).random()
        ranks.append(int((levels < level).sum()))
    assert stats.chisquare(np.bincount(ranks, minlength=5)).pvalue > 0.001


def residual_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Correlate two masks after the means of their columns are taken away."""
    return float(np.corrcoef((a - a.mean(axis=0)).ravel(), (b - b.mean(axis=0)).ravel())[0, 1])


@pytest.mark.parametrize("density", [0.5, 0.15])
def test_the_chain_mixes_as_fast_as_is_claimed(density: float) -> None:
    """Each round leaves 1 − p(1 − p) / 2 of the autocorrelation, or its square, and all leave little."""
    mask = np.random.default_rng(0).random((200, 150)) < density
    left = 1 - density * (1 - density) / 2
    for rounds in (1, 4, rounds_needed(mask)):
        first, second = draw(mask, 2, rounds=rounds)
        for found in (residual_correlation(mask, first), residual_correlation(first, second)):
            assert left ** (2 * rounds) - 0.02 < found < left**rounds + 0.02
    assert left**rounds <= CORRELATION_LEFT


def test_batches_depend_on_their_number_alone() -> None:
    """A later batch is the same whether earlier ones were drawn or not."""
    mask = random_mask(30, 20)
    first, second = (MarginNull(mask, None, [3]) for _ in range(2))
    first.draw(0, 4)
    np.testing.assert_array_equal(first.draw(1, 4), second.draw(1, 4))
    assert (first.draw(0, 4) != first.draw(1, 4)).any()
    other = MarginNull(mask, None, [4])
    assert (masks(other.draw(0, 4), other.schedule) != masks(first.draw(0, 4), first.schedule)).any()


@pytest.mark.parametrize("fill", [False, True])
def test_what_the_counts_fix_stays(fill: bool) -> None:
    """An empty and a full mask are their own only replicates."""
    mask = np.full((20, 10), fill)
    assert (draw(mask, 2) == mask).all()
