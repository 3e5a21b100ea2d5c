"""Ibis expressions about one matrix, against the masks of the sample and against SQL."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ibis.expr.types import Table

from tests.sample_shapes import RUNS, Shape, keep_mask, list_matrices
from tests.sample_warehouse import build
from warehouse.expressions import matrices
from warehouse.expressions.views import Views
from warehouse.reading import Reader

RUN = RUNS[2]
DOWN = next(matrix for matrix in list_matrices(Shape()) if matrix.projection == "down")
PLACE = (RUN.run_id, DOWN.matrix_id)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the sample warehouse."""
    return build(tmp_path_factory.mktemp("expressions") / "sparsity.db")


@pytest.fixture
def views(sample: Path) -> Views:
    """Return the views of the sample on a cursor of their own."""
    return Views(Reader(sample).cursor())


def test_separations_are_those_of_the_matrix(views: Views) -> None:
    """One row a k, along the axis that was clustered, with chance beside it."""
    rows = views.rows(matrices.separations(views, *PLACE), matrices.Separation)
    assert [(row.k, row.axis, row.reference_feature) for row in rows] == [(4, "output", 0), (8, "output", 0)]
    assert all(row.null_count == 3 for row in rows)
    for row in rows:
        assert row.z_score == pytest.approx((row.separation_ratio - row.null_ratio_mean) / row.null_ratio_sd)


def test_cluster_sizes_and_assignments_agree(views: Views) -> None:
    """Sizes, the largest first, count the assignments; these go by distance to the reference."""
    number = views.rows(matrices.separations(views, *PLACE), matrices.Separation)[1].clustering_id
    sizes = views.rows(matrices.cluster_sizes(views, number), matrices.ClusterSize)
    assigned = views.rows(matrices.assignments(views, number), matrices.Assignment)
    counts = [size.feature_count for size in sizes]
    assert counts == sorted(counts, reverse=True)
    for size in sizes:
        assert size.feature_count == sum(row.cluster == size.cluster for row in assigned)
    assert [row.gradient_rank for row in assigned] == list(range(16))
    assert assigned[0].feature_index == 0


def test_gradient_orders_every_feature(views: Views) -> None:
    """All rows of the matrix by their Hamming distance to row 0, ties by index."""
    mask = keep_mask(RUN, DOWN)
    distances = (mask != mask[0]).mean(axis=1)
    rows = views.rows(matrices.hamming_gradient(views, *PLACE, "output", 0), matrices.Distance)
    assert [row.feature_index for row in rows] == np.argsort(distances, kind="stable").tolist()
    assert [row.distance for row in rows] == pytest.approx(sorted(distances))


def test_histogram_counts_the_distances(views: Views) -> None:
    """Hundredths of distance, the reference itself left out."""
    mask = keep_mask(RUN, DOWN)
    hundredths = np.minimum(np.floor((mask[1:] != mask[0]).mean(axis=1) * 100), 99)
    rows = views.rows(matrices.hamming_histogram(views, *PLACE, "output", 0), matrices.HistogramBin)
    expected = dict(zip(*np.unique(hundredths, return_counts=True), strict=True))
    assert {round(row.distance_from * 100): row.feature_count for row in rows} == expected


@pytest.mark.parametrize(("axis", "count"), [("input", 64), ("output", 32)])
def test_density_profile_averages_neighbours(views: Views, axis: str, count: int) -> None:
    """Groups of three neighbours, the last one smaller."""
    mask = keep_mask(RUN, DOWN)
    densities = mask.mean(axis=0 if axis == "input" else 1)
    rows = views.rows(matrices.density_profile(views, *PLACE, axis, 3), matrices.DensityBin)
    assert [row.first_feature for row in rows] == list(range(0, count, 3))
    expected = [densities[start : start + 3].mean() for start in range(0, count, 3)]
    assert [row.density for row in rows] == pytest.approx(expected)


def test_extremes_are_at_both_ends(views: Views) -> None:
    """The densest fall, the sparsest rise, ties by index."""
    densities = keep_mask(RUN, DOWN).mean(axis=0)
    dense = views.rows(matrices.densest_features(views, *PLACE, "input", 5), matrices.FeatureFigures)
    sparse = views.rows(matrices.sparsest_features(views, *PLACE, "input", 5), matrices.FeatureFigures)
    assert [row.feature_index for row in dense] == np.lexsort((np.arange(64), -densities))[:5].tolist()
    assert [row.feature_index for row in sparse] == np.lexsort((np.arange(64), densities))[:5].tolist()


@pytest.mark.parametrize(
    "question",
    [
        lambda v: matrices.separations(v, 99, 1),
        lambda v: matrices.cluster_sizes(v, 9999),
        lambda v: matrices.feature_metrics(v, 3, 1, "output"),
    ],
)
def test_what_is_not_there_is_empty(views: Views, question: Callable[[Views], Table]) -> None:
    """A matrix without clusters or figures gives no rows and no error."""
    assert views.relation(question(views)).fetchall() == []


def test_axis_names_cannot_become_sql(views: Views) -> None:
    """Values are literals of the expression."""
    assert views.relation(matrices.feature_metrics(views, 3, 1, "' OR 1=1 --")).fetchall() == []
