"""Views over the bits of masks, on masks small enough to count by hand and against NumPy."""

from itertools import product

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sample_rows import Rows, scratch

#: Rows of a 4 × 4 mask: columns 0 and 1 are alike and empty in its lower half, columns 2 and 3 the reverse.
BLOCKS = np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 0]], dtype=bool)


def coherence(rows: Rows) -> dict[str, tuple]:
    found = rows.db.execute(
        "SELECT feature_order, block_coherence, chance_block_coherence, skippable_share,"
        " chance_skippable_share, pruned_share, mean_block_size, verdict FROM block_coherence"
    ).fetchall()
    return {row[0]: row[1:] for row in found}


def test_block_coherence_depends_on_the_order(rows: Rows) -> None:
    """Clusters {0, 1} and {2, 3} are empty in 2 + 2 of 8 blocks; gradient order 0, 2, 1, 3 empties none."""
    rows.run(1)
    rows.matrix_of_run(1, 1, BLOCKS)
    rows.clustering([0, 1, 0, 1], features=[0, 2, 1, 3])
    found = coherence(rows)
    assert found["cluster"][:6] == pytest.approx((0.5, 0.3125, 0.5, 0.3125, 9 / 16, 2.0))
    assert found["stored"][0] == pytest.approx(0.5)
    # Blocks {0, 2} and {1, 3}: the second is empty in the last row alone.
    assert found["gradient"][0] == pytest.approx(1 / 8)
    assert found["cluster"][6] == "good: blocks can be skipped"
    assert found["gradient"][6] == "too low to skip blocks"


def test_small_blocks_do_not_inflate_the_skippable_share(rows: Rows) -> None:
    """A cluster of one is empty wherever its feature is pruned; weighting by size shows how little."""
    mask = np.ones((4, 4), dtype=bool)
    mask[:, 3] = False
    rows.run(1)
    rows.matrix_of_run(1, 1, mask)
    rows.clustering([0, 0, 0, 1])
    found = coherence(rows)["cluster"]
    assert found[0] == pytest.approx(0.5)
    assert found[2] == pytest.approx(0.25)


@settings(max_examples=25)
@given(
    kept=st.lists(st.lists(st.booleans(), min_size=6, max_size=6), min_size=5, max_size=5),
    labels=st.lists(st.integers(0, 2), min_size=6, max_size=6),
)
def test_block_coherence_agrees_with_numpy(
    built: duckdb.DuckDBPyConnection, kept: list[list[bool]], labels: list[int]
) -> None:
    """On random masks and clusters the shares are what counting block by block gives."""
    mask, clusters = np.array(kept), np.array(labels)
    with scratch(built) as rows:
        rows.run(1)
        rows.matrix_of_run(1, 1, mask)
        rows.clustering(labels)
        found = coherence(rows)
    orders = {
        "cluster": np.argsort(clusters, kind="stable"),
        "gradient": np.arange(6),
        "stored": np.arange(6),
    }
    sizes = np.bincount(clusters)[np.unique(clusters)]
    for name, order in orders.items():
        blocks = np.split(order, np.cumsum(sizes)[:-1])
        empty = [(~mask[:, block].any(axis=1)).mean() for block in blocks]
        chance = [np.prod(1 - mask[:, block].mean(axis=0)) for block in blocks]
        assert found[name][0] == pytest.approx(np.mean(empty))
        assert found[name][1] == pytest.approx(np.mean(chance))
        assert found[name][2] == pytest.approx(np.average(empty, weights=sizes))


@settings(max_examples=40)
@given(
    kept=st.sampled_from([4, 8, 12, 16, 20]).flatmap(
        lambda width: st.lists(
            st.lists(st.booleans(), min_size=width, max_size=width), min_size=1, max_size=9
        )
    )
)
def test_pattern_compliance_agrees_with_numpy(
    built: duckdb.DuckDBPyConnection, kept: list[list[bool]]
) -> None:
    """Adding up bits digit by digit gives the counts of every group."""
    mask = np.array(kept)
    with scratch(built) as rows:
        rows.run(1)
        rows.matrix_of_run(1, 1, mask)
        found = {
            row[0]: row[1:]
            for row in built.execute(
                "SELECT candidate_pattern, group_count, compliant_share, excess_share FROM pattern_compliance"
            ).fetchall()
        }
    expected = {}
    for limit, size in ((2, 4), (4, 8)):
        groups = mask[:, : mask.shape[1] // size * size].reshape(len(mask), -1, size).sum(axis=2)
        if groups.size:
            excess = np.maximum(groups - limit, 0).sum() / (groups.size * size)
            expected[f"{limit}:{size}"] = (groups.size, (groups <= limit).mean(), excess)
    assert found.keys() == expected.keys()
    for pattern, figures in expected.items():
        assert found[pattern] == pytest.approx(figures)


def test_pattern_compliance_by_chance(rows: Rows) -> None:
    """Columns kept in 3, 2, 2 and 1 of 4 rows: every row of independent ones keeps two or less as often."""
    rows.run(1)
    mask = np.array([[1, 1, 1, 0], [1, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 1]], dtype=bool)
    rows.matrix_of_run(1, 1, mask)
    shares = mask.mean(axis=0)
    chance = sum(
        np.prod(np.where(hits, shares, 1 - shares)) for hits in product((0, 1), repeat=4) if sum(hits) <= 2
    )
    found = rows.db.execute("SELECT candidate_pattern, compliant_share, chance_share FROM pattern_compliance")
    assert found.fetchall() == [("2:4", 0.75, pytest.approx(chance))]


def test_overlap_of_two_runs(rows: Rows) -> None:
    """Of 4 weights the runs share 1 and either keeps 3; independent columns would share 1 of 3 as well."""
    rows.run(1)
    rows.run(2, "sparsegpt")
    rows.matrix_of_run(1, 1, np.array([[1, 1], [0, 0]], dtype=bool))
    rows.pruning(2, 1)
    rows.masks(2, 1, np.array([[1, 0], [0, 1]], dtype=bool))
    found = rows.one(
        "SELECT method_a, method_b, kept_by_both, kept_by_either, jaccard, hamming, chance_jaccard"
        " FROM mask_overlap"
    )
    assert found[:4] == ("wanda", "sparsegpt", 1, 3)
    assert found[4:] == pytest.approx((1 / 3, 0.5, 1 / 3))


def test_histogram_of_distances_to_the_reference(rows: Rows) -> None:
    """Column 1 equals column 0, columns 2 and 3 differ from it in 4 and 3 of 4 positions."""
    rows.run(1)
    rows.matrix_of_run(1, 1, BLOCKS)
    rows.clustering([0, 0, 1, 1])
    found = rows.db.execute(
        "SELECT distance_from, distance_to, feature_count FROM hamming_histogram ORDER BY ALL"
    ).fetchall()
    assert found == [(0.0, 0.01, 1), (0.75, 0.76, 1), (0.99, 1.0, 1)]
    distances = rows.db.execute(
        "SELECT feature_index, distance, chance_distance FROM reference_distances ORDER BY ALL"
    ).fetchall()
    assert distances == [(0, 0.0, 0.5), (1, 0.0, 0.5), (2, 1.0, 0.5), (3, 0.75, 0.5)]


def test_histogram_has_the_mean_of_chance(rows: Rows) -> None:
    """Features that keep 2 and 0 of 4 lie at one distance of a reference that keeps 1; chance: 0.5, 0.25."""
    rows.run(1)
    rows.matrix_of_run(1, 1, np.array([[1, 1, 0], [0, 1, 0], [0, 0, 0], [0, 0, 0]], dtype=bool))
    rows.clustering([0, 0, 1])
    found = rows.one("SELECT distance_from, feature_count, chance_distance FROM hamming_histogram")
    assert found == (0.25, 2, 0.375)


def test_heads_by_hand(rows: Rows) -> None:
    """Two heads of two rows each in q and of two columns each in o: kept, and shared by two runs."""
    mask = np.array([[1, 1, 0, 0], [1, 0, 0, 0], [1, 1, 1, 1], [0, 0, 0, 1]], dtype=bool)
    for matrix_id, projection in ((1, "q"), (2, "o"), (3, "up")):
        rows.matrix(matrix_id, (4, 4), projection, head_count=None if projection == "up" else 2)
        for run_id in (1, 2):
            rows.pruning(run_id, matrix_id, 9, 16)
            rows.masks(run_id, matrix_id, mask if run_id == 1 else ~mask | np.eye(4, dtype=bool))
    rows.run(1)
    rows.run(2, "sparsegpt")
    found = rows.db.execute(
        "SELECT projection, head, head_size, kept_count, weight_count, head_density, relative_density"
        " FROM head_figures WHERE run_id = 1 ORDER BY projection DESC, head"
    ).fetchall()
    assert found == [
        ("q", 0, 2, 3, 8, 3 / 8, pytest.approx(3 / 4)),
        ("q", 1, 2, 5, 8, 5 / 8, pytest.approx(5 / 4)),
        ("o", 0, 2, 5, 8, 5 / 8, pytest.approx(5 / 4)),
        ("o", 1, 2, 3, 8, 3 / 8, pytest.approx(3 / 4)),
    ]
    found = rows.db.execute(
        "SELECT projection, head, kept_by_both, kept_by_either, jaccard FROM head_overlap"
        " ORDER BY projection DESC, head"
    ).fetchall()
    # Both keep the places of the diagonal that the first keeps: (0, 0), (2, 2) and (3, 3).
    assert found == [
        ("q", 0, 1, 8, 1 / 8), ("q", 1, 2, 8, 1 / 4), ("o", 0, 1, 8, 1 / 8), ("o", 1, 2, 8, 1 / 4),
    ]  # fmt: skip
