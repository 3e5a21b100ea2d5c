"""From masks in the database to clusterings in it: planted structure stands out, random masks do not."""

import dataclasses
from collections.abc import Iterator

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from etl.clusters.clustering import chance_neighbourhood, cluster_neighbourhood
from etl.clusters.loading import centroids, load_clusterings, pair_distances
from etl.clusters.neighbourhoods import AxisMasks, ClusteringPlan, clustering_tasks
from etl.studies.artefact import load_random_matrix, random_wanda_mask
from tests.sample_rows import Rows
from warehouse import schema, sql_files

PLAN = ClusteringPlan(
    methods=(("kmeans", "euclidean"), ("agglomerative", "hamming")),
    k_values=(4, 8),
    neighbours=32,
    references=2,
    seeds=(0, 1),
    restarts=2,
    null_replicates=5,
    embeddings=("pca",),
)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """The points are few: threads of BLAS and OpenMP would only wait for each other."""
    with threadpool_limits(1):
        yield


@pytest.fixture
def db() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:")
    schema.build(connection)
    return connection


def planted_mask(rows: int = 200, features: int = 64, groups: int = 4) -> NDArray[np.bool_]:
    """Return a mask whose columns are noisy copies of a few random ones."""
    generator = np.random.default_rng(0)
    prototypes = generator.random((rows, groups)) < 0.5
    return prototypes[:, np.arange(features) % groups] ^ (generator.random((rows, features)) < 0.05)


def clustered(db: duckdb.DuckDBPyConnection, mask: NDArray[np.bool_], plan: ClusteringPlan = PLAN) -> None:
    rows = Rows(db)
    rows.run(1)
    rows.matrix_of_run(1, 1, mask)
    tasks = list(clustering_tasks(db, 1, plan))
    load_clusterings(db, 1, [(task, cluster_neighbourhood(task)) for task in tasks])


def test_planted_structure_is_found(db: duckdb.DuckDBPyConnection) -> None:
    """Columns copied with noise separate far above chance, by both algorithms and at every k."""
    clustered(db, planted_mask())
    found = db.execute(
        "SELECT z_score, separation_ratio, null_ratio_mean, verdict FROM separation_ratios"
    ).fetchall()
    assert len(found) == 2 * 2 * 2 * 2
    for z, ratio, chance, verdict in found:
        assert z > 10
        assert ratio > 2 * chance
        assert verdict.startswith("not tested; effect large: ")


@pytest.mark.parametrize("margins", ["both", "features"])
def test_chance_masks_keep_what_they_are_asked_to(db: duckdb.DuckDBPyConnection, margins: str) -> None:
    """Of 2:4 every group of a row keeps two in them as well, unless only the features' counts are kept."""
    mask = np.random.default_rng(0).random((40, 16, 4)).argsort(axis=-1) < 2
    rows = Rows(db)
    rows.run(1, pattern="2:4")
    rows.matrix_of_run(1, 1, mask.reshape(40, 64))
    plan = dataclasses.replace(PLAN, neighbours=64, references=1, seeds=(0,), margins=margins)
    (task,) = clustering_tasks(db, 1, plan)
    for replicate in range(plan.null_replicates):
        found = chance_neighbourhood(task, replicate)
        assert sorted(found.sum(axis=1)) == sorted(mask.reshape(40, 64).sum(axis=0))
        assert (found.sum(axis=0) == 32).all() == (margins == "both")
        assert (found != task.masks).any()


def test_random_masks_stay_at_chance(db: duckdb.DuckDBPyConnection) -> None:
    """Nothing is called structured where nothing is."""
    clustered(db, np.random.default_rng(0).random((200, 64)) < 0.5)
    effects = db.execute("SELECT DISTINCT effect FROM separation_ratios").fetchall()
    assert {effect for (effect,) in effects} <= {"small", "none"}


def test_random_weights_give_the_reports_ratios(db: duckdb.DuckDBPyConnection) -> None:
    """On random weights of its width the report's pipeline gives its ratios; the verdict says chance."""
    load_random_matrix(db, 4096, seed=0, null_replicates=5)
    found = db.execute(
        "SELECT separation_ratio_macro, separation_ratio, null_ratio_macro_mean, singleton_count, verdict"
        " FROM separation_ratios ORDER BY k"
    ).fetchall()
    macro, ratio, chance_macro, singletons, verdicts = zip(*found, strict=True)
    # The report has 4.01 and 8.03 for SparseGPT's v at k = 4 and 8, and 8.34 for its down at k = 16.
    assert macro == pytest.approx((4.3, 8.7, 8.3), rel=0.03)
    assert singletons == (3, 7, 14)
    assert max(ratio) < 1.1
    assert min(chance_macro) > 3
    for count, verdict in zip(singletons, verdicts, strict=True):
        assert verdict.startswith(("not tested; effect none", "not tested; effect small"))
        assert f"inflated by {count} singletons" in verdict
    assert db.execute("SELECT count(*) FROM structured_matrices").fetchall() == [(0,)]


def test_random_wanda_mask_keeps_half_of_every_row() -> None:
    """The mask is Wanda's at 50%: rows are even, columns are as uneven as the norms."""
    mask = random_wanda_mask(64, seed=1)
    assert (mask.sum(axis=1) == 32).all()
    assert mask.mean(axis=0).std() > 0.1


def test_what_is_loaded_passes_every_check(db: duckdb.DuckDBPyConnection) -> None:
    """Clusterings, pairs, assignments, centroids and embeddings obey the rules of the warehouse."""
    clustered(db, planted_mask())
    for name, text in sql_files.read_folder("checks").items():
        assert db.execute(text).fetchall() == [], name
    counts = {
        table: db.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]
        for table in ("clusterings", "cluster_assignments", "cluster_centroids", "feature_embeddings")
    }
    # 2 references × 2 seeds × 4 variants, each with 5 chance replicates; embeddings once a reference.
    assert counts == {
        "clusterings": 16 * 6,
        "cluster_assignments": 16 * 32,
        "cluster_centroids": 8 * 4 + 8 * 8,
        "feature_embeddings": 2 * 32,
    }
    assert db.execute("SELECT count(*) FROM clustered_embeddings").fetchall() == [(16 * 32,)]
    assert db.execute("SELECT count(*) FROM cluster_profiles").fetchall() == [(8 * 4 + 8 * 8,)]
    assert db.execute("SELECT count(DISTINCT varied) FROM cluster_stability").fetchall() == [(2,)]


def test_neighbours_are_those_of_sql(db: duckdb.DuckDBPyConnection) -> None:
    """The packed search finds what ordering by the Hamming macro finds."""
    clustered(db, np.random.default_rng(3).random((50, 64)) < 0.4)
    for reference, features in db.execute(
        "SELECT DISTINCT reference_feature, list(feature_index ORDER BY gradient_rank)"
        " FROM cluster_assignments INNER JOIN clusterings USING (clustering_id)"
        " GROUP BY clustering_id, reference_feature"
    ).fetchall():
        by_sql = db.execute(
            "SELECT feature_index FROM reference_distances WHERE reference_feature = ?"
            " ORDER BY feature_index <> reference_feature, distance, feature_index LIMIT 32",
            [reference],
        ).fetchall()
        assert features == [row[0] for row in by_sql]


def test_masks_are_read_as_stored(db: duckdb.DuckDBPyConnection) -> None:
    """Whatever the width, unpacking gives the mask that was loaded."""
    for width in (7, 8, 13, 64):
        db.execute("DELETE FROM feature_masks; DELETE FROM models")
        mask = np.random.default_rng(width).random((width, 5)) < 0.5
        Rows(db).masks(1, 1, mask)
        read = AxisMasks.read(db, 1, 1, "input", width)
        np.testing.assert_array_equal(read.unpack(np.array([4, 0])), mask.T[[4, 0]])


def test_pairs_by_hand() -> None:
    """Two alike features and one apart: one pair within at 0.2, two between at 0.5 and 0.7."""
    distances = np.array([[0, 0.2, 0.5], [0.2, 0, 0.7], [0.5, 0.7, 0]])
    labels = np.array([4, 4, 9], dtype=np.int32)
    whole = pair_distances(distances, labels, merge_between=False)
    assert [np.asarray(whole[name]).tolist() for name in ("cluster_a", "cluster_b", "pair_count")] == [
        [4, 4, 9],
        [4, 9, 9],
        [1, 2, 0],
    ]
    np.testing.assert_allclose(whole["distance_sum"], [0.2, 1.2, 0.0])
    merged = pair_distances(distances, labels, merge_between=True)
    assert merged["cluster_a"].to_pylist() == [4, 9, None]
    assert merged["cluster_b"].to_pylist() == [4, 9, None]
    assert merged["pair_count"].tolist() == [1, 0, 2]
    np.testing.assert_allclose(merged["distance_sum"], [0.2, 0.0, 1.2])


def test_one_cluster_has_no_pairs_between() -> None:
    """There is no row for what does not exist."""
    merged = pair_distances(np.zeros((2, 2)), np.zeros(2, dtype=np.int32), merge_between=True)
    assert merged["cluster_a"].to_pylist() == [0]


def test_centroids_by_hand() -> None:
    """Of three masks the majority keeps positions 0 and 1; the masks agree with it in 7 of 9 places."""
    masks = np.array([[1, 1, 0], [1, 0, 0], [1, 1, 1], [0, 0, 1]], dtype=bool)
    found = centroids(masks, np.array([0, 0, 0, 1], dtype=np.int32))
    with duckdb.connect() as connection:
        arriving = found["majority_mask"]
        connection.register("arriving", pa.table({"m": arriving}))
        assert connection.execute("SELECT m::VARCHAR FROM arriving").fetchall() == [("110",), ("001",)]
    assert found["feature_count"].tolist() == [3, 1]
    np.testing.assert_allclose(found["mean_density"], [6 / 9, 1 / 3], rtol=1e-6)
    np.testing.assert_allclose(found["majority_agreement"], [7 / 9, 1.0], rtol=1e-6)
