"""Sparsities of blocks: the published formulas, exact means and exact counts."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from etl.pruning.allocation import linear_sparsities, outlier_ratio, owl_sparsities, pruned_counts


def published_owl(ratios: list[float], sparsity: float, spread: float) -> np.ndarray:
    """The lines of the authors' code, which give the share kept of every block."""
    kept = np.array(ratios)
    kept = (kept - kept.min()) * (1 / (kept.max() - kept.min()) * spread * 2)
    return 1 - (kept - np.mean(kept) + (1 - sparsity))


def test_owl_is_the_published_formula() -> None:
    """With blocks of one size; many outliers mean a low sparsity."""
    ratios = [0.03, 0.01, 0.02, 0.005]
    found = owl_sparsities(ratios, [100] * 4, 0.7, 0.08)
    assert found == pytest.approx(published_owl(ratios, 0.7, 0.08).tolist(), abs=1e-12)
    assert max(found) - min(found) == pytest.approx(0.16)


def test_equal_outlier_ratios_are_uniform() -> None:
    """Nothing to divide by."""
    assert owl_sparsities([0.02] * 3, [10, 20, 30], 0.5, 0.08) == [0.5] * 3


def test_linear_is_an_arithmetic_progression() -> None:
    """From 0.42 to 0.58 in equal steps."""
    assert linear_sparsities([7] * 5, 0.5, 0.08) == pytest.approx([0.42, 0.46, 0.5, 0.54, 0.58])
    assert linear_sparsities([7], 0.5, 0.08) == [0.5]


def test_the_outlier_ratio_is_over_all_matrices_of_a_block() -> None:
    """Mean 2 over ten scores: one of them is above 10, and none above five times its own matrix's mean."""
    assert outlier_ratio([torch.tensor([[11.0, 1, 1]]), torch.ones(7, 1)]) == pytest.approx(1 / 10)
    assert outlier_ratio([torch.tensor([[10.0, 1.5, 1.5]]), torch.ones(7, 1)]) == 0


@given(
    st.lists(st.tuples(st.integers(1, 10**9), st.floats(0, 1)), min_size=1, max_size=40),
    st.floats(0, 0.999),
    st.floats(0.001, 0.49),
)
def test_means_are_exact_and_blocks_stay_in_range(
    blocks: list[tuple[int, float]], sparsity: float, spread: float
) -> None:
    """Whatever the sizes, over all weights; no block is emptied, none is below 0."""
    sizes = [size for size, _ in blocks]
    for found in (
        linear_sparsities(sizes, sparsity, spread),
        owl_sparsities([ratio for _, ratio in blocks], sizes, sparsity, spread),
    ):
        assert np.average(found, weights=sizes) == pytest.approx(sparsity, abs=1e-9)
        assert min(found) >= -1e-12
        assert max(found) <= 1 - 0.0999 * (1 - sparsity)


@given(
    st.lists(st.tuples(st.integers(1, 5000), st.floats(0, 1)), min_size=1, max_size=30),
    st.floats(0, 0.999),
)
def test_counts_add_up_to_the_total(blocks: list[tuple[int, float]], sparsity: float) -> None:
    """Each count differs from its exact share by less than one weight, and the total by nothing."""
    sizes = [size for size, _ in blocks]
    sparsities = owl_sparsities([ratio for _, ratio in blocks], sizes, sparsity, 0.08)
    total = int(sum(sizes) * sparsity)
    counts = pruned_counts(sizes, sparsities, total)
    assert sum(counts) == total
    for count, size, share in zip(counts, sizes, sparsities, strict=True):
        assert 0 <= count <= size
        assert abs(count - size * share) <= 1 + 1e-6


def test_impossible_shares_still_add_up() -> None:
    """A caller's total far from the shares is met within the sizes."""
    assert pruned_counts([3, 3], [0.5, 0.5], 6) == [3, 3]
    assert pruned_counts([3, 3], [1.0, 1.0], 1) in ([1, 0], [0, 1])
