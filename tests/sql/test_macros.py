"""The macros against SciPy and scikit-learn."""

from itertools import product

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import hamming, jaccard
from sklearn.metrics import adjusted_rand_score
from sklearn.metrics.cluster import pair_confusion_matrix

bits = st.integers(1, 80).flatmap(
    lambda n: st.tuples(*[st.lists(st.booleans(), min_size=n, max_size=n) for _ in range(2)])
)


def text(mask: list[bool]) -> str:
    return "".join("1" if bit else "0" for bit in mask)


def value(db: duckdb.DuckDBPyConnection, expression: str, *parameters: object) -> float:
    return db.execute(f"SELECT {expression}", list(parameters)).fetchall()[0][0]


@settings(max_examples=60)
@given(pair=bits)
def test_mask_similarities_agree_with_scipy(
    built: duckdb.DuckDBPyConnection, pair: tuple[list, list]
) -> None:
    """Hamming and Jaccard of BIT masks are SciPy's; two empty masks are alike."""
    a, b = pair
    assert value(built, "hamming_distance(?::BIT, ?::BIT)", text(a), text(b)) == pytest.approx(hamming(a, b))
    expected = 1 - jaccard(a, b) if any(a) or any(b) else 1.0
    assert value(built, "jaccard_similarity(?::BIT, ?::BIT)", text(a), text(b)) == pytest.approx(expected)


@pytest.mark.parametrize("degrees", [1, 2, 5, 8, 9, 12, 30, 400])
def test_student_quantile(built: duckdb.DuckDBPyConnection, degrees: int) -> None:
    """The 97.5% quantile of Student's t is good to four digits."""
    assert value(built, "student_t_975(?)", degrees) == pytest.approx(stats.t.ppf(0.975, degrees), rel=2e-4)


def test_student_quantile_needs_two_values(built: duckdb.DuckDBPyConnection) -> None:
    """One value has no spread, so no interval."""
    assert value(built, "student_t_975(0)") is None


@pytest.mark.parametrize(("most", "trials", "share"), [(2, 4, 0.5), (4, 8, 0.3), (0, 3, 0.9), (4, 4, 0.2)])
def test_poisson_binomial_of_equal_trials(
    built: duckdb.DuckDBPyConnection, most: int, trials: int, share: float
) -> None:
    """Where all probabilities are equal it is the cumulative binomial of SciPy."""
    expected = stats.binom.cdf(most, trials, share)
    found = value(built, "poisson_binomial_at_most(?, ?)", most, [share] * trials)
    assert found == pytest.approx(expected)


def test_poisson_binomial_of_unequal_trials(built: duckdb.DuckDBPyConnection) -> None:
    """Over every outcome of four trials, the probabilities of those with at most two successes add up."""
    chances = [0.1, 0.4, 0.7, 0.95]
    expected = sum(
        np.prod([p if hit else 1 - p for p, hit in zip(chances, hits, strict=True)])
        for hits in product((0, 1), repeat=4)
        if sum(hits) <= 2
    )
    assert value(built, "poisson_binomial_at_most(?, ?)", 2, chances) == pytest.approx(expected)


@settings(max_examples=60)
@given(labels=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=30))
def test_adjusted_rand_agrees_with_scikit_learn(
    built: duckdb.DuckDBPyConnection, labels: list[tuple[int, int]]
) -> None:
    """From pairs of members together, the index is scikit-learn's."""
    first, second = zip(*labels, strict=True)
    (_, only_b), (only_a, both) = pair_confusion_matrix(first, second) / 2
    total = len(labels) * (len(labels) - 1) / 2
    found = value(built, "adjusted_rand(?, ?, ?, ?)", both, both + only_a, both + only_b, total)
    assert found == pytest.approx(adjusted_rand_score(first, second))


def test_chance_distance_is_that_of_independent_masks(built: duckdb.DuckDBPyConnection) -> None:
    """Masks keeping 1/4 and 1/2 differ at 1/4·1/2 + 3/4·1/2 of the positions."""
    assert value(built, "chance_hamming_distance(2, 4, 8)") == pytest.approx(0.5)
    assert value(built, "chance_hamming_distance(0, 2, 8)") == pytest.approx(0.25)


def test_z_score_without_spread(built: duckdb.DuckDBPyConnection) -> None:
    """Chance that does not vary gives no z-score."""
    assert value(built, "z_score(3, 1, 0.5)") == pytest.approx(4)
    assert value(built, "z_score(3, 1, 0)") is None


@pytest.mark.parametrize(("pattern", "density", "expected"), [("2:4", 0.5, 9.0), ("unstructured", 0.5, 10.0)])
def test_packed_bits(built: duckdb.DuckDBPyConnection, pattern: str, density: float, expected: float) -> None:
    """2:4 stores 16 + 2 bits a kept value, unstructured 16 + 4."""
    assert value(built, "packed_bits_per_weight(?, ?)", pattern, density) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            "0.01, 'large', 3.1, 3.1, 0, 1.02, 1.1",
            "structured; effect large: 3.100× against 1.020 at chance",
        ),
        (
            "0.01, 'small', 1.05, 1.06, 0, 1.02, 1.02",
            "structured; effect small: 1.050× against 1.020 at chance",
        ),
        (
            "0.3, 'small', 1.03, 1.03, 0, 1.02, 1.02",
            "at chance; effect small: 1.030× against 1.020 at chance",
        ),
        (
            "NULL, 'none', 1.0, 15.9, 15, 1.0, 14.0",
            "not tested; effect none: 1.000× against 1.000 at chance;"
            " macro ratio 15.90 is inflated by 15 singletons (14.00 at chance)",
        ),
        (
            "0.3, NULL, 2.0, 2.6, 1, NULL, NULL",
            "no chance masks to compare with; macro ratio 2.60 is inflated by 1 singleton",
        ),
        ("0.3, NULL, NULL, NULL, 0, 1.0, 1.0", "no pairs on both sides to compare"),
        (
            "0.01, 'identical', NULL, NULL, 0, 1.0, 1.0",
            "identical: the features of each cluster keep the same positions",
        ),
    ],
)  # fmt: skip
def test_verdicts(built: duckdb.DuckDBPyConnection, arguments: str, expected: str) -> None:
    """Every kind of figure has its sentence."""
    assert value(built, f"separation_verdict({arguments})") == expected


def test_similarities_of_wide_masks(built: duckdb.DuckDBPyConnection) -> None:
    """Masks as wide as those of a 7B model keep full precision."""
    a, b = np.random.default_rng(0).random((2, 11008)) < 0.5
    found = value(built, "hamming_distance(?::BIT, ?::BIT)", text(a.tolist()), text(b.tolist()))
    assert found == pytest.approx((a != b).mean(), abs=1e-12)
