"""Every check passes a sound database and fires on each kind of row that breaks its rule."""

import duckdb
import numpy as np
import pytest

from etl.load.tables import insert
from tests.sample_rows import STARTED, Rows
from warehouse import sql_files

#: What breaks each rule, one statement a case.
PLANTED = {
    "kept_counts_match_masks": [
        "UPDATE feature_masks SET kept_count = kept_count + 1 WHERE feature_index = 2",
        "UPDATE feature_masks SET keep_mask = '10101'::BIT, kept_count = 3 WHERE feature_index = 2",
    ],
    "kept_counts_match_matrices": [
        "UPDATE matrix_prunings SET kept_count = kept_count - 1 WHERE run_id = 1",
        "UPDATE matrix_prunings SET weight_count = weight_count + 1 WHERE run_id = 1",
    ],
    "features_are_complete": [
        "DELETE FROM feature_masks WHERE run_id = 1 AND feature_index = 3",
        "UPDATE feature_masks SET feature_index = 7 WHERE run_id = 1 AND feature_index = 3",
        "UPDATE feature_masks SET feature_index = 2 WHERE run_id = 1 AND feature_index = 3",
    ],
    "features_in_one_cluster": [
        "DELETE FROM cluster_assignments WHERE feature_index = 3",
        "INSERT INTO cluster_assignments SELECT clustering_id, feature_index, 1 - cluster, 4, 0.1"
        " FROM cluster_assignments WHERE feature_index = 3",
        "UPDATE cluster_assignments SET gradient_rank = 1 WHERE gradient_rank = 2",
    ],
    "cluster_pairs_are_complete": [
        "DELETE FROM cluster_pair_distances WHERE cluster_a <> cluster_b",
        "DELETE FROM cluster_pair_distances WHERE clustering_id = 2",
    ],
    "cluster_distances_are_shares": [
        "UPDATE cluster_pair_distances SET distance_sum = pair_count + 1",
        "UPDATE cluster_pair_distances SET distance_sum = -0.5",
        "UPDATE cluster_pair_distances SET distance_sum = 'nan'",
    ],
    "reference_distances_match_masks": [
        "UPDATE cluster_assignments SET reference_distance = 0.9 WHERE feature_index = 3",
        "UPDATE clusterings SET reference_feature = 1",
    ],
    "chance_rows_are_present": [
        "DELETE FROM clusterings WHERE null_replicate = 1",
        "UPDATE clusterings SET k = 3 WHERE null_replicate = 1",
    ],
    "sparsity_is_a_share": [
        "UPDATE pruning_runs SET sparsity = 1.0 WHERE run_id = 1",
        "UPDATE pruning_runs SET sparsity = -0.1 WHERE run_id = 1",
        "UPDATE matrix_prunings SET kept_count = weight_count + 1 WHERE run_id = 1",
        "INSERT INTO feature_metrics VALUES (1, 1, 'input', 0, NULL, NULL, NULL, 1.5)",
    ],
    "figures_are_possible": [
        "UPDATE matrix_prunings SET reconstruction_error = -0.1 WHERE run_id = 1",
        "UPDATE matrix_prunings SET elapsed_seconds = 'inf' WHERE run_id = 1",
        "INSERT INTO perplexities VALUES (1, 'text', 512, 1000, 0.5)",
        "INSERT INTO slices VALUES (1, 0, 0, 32, 0.5)",
        "INSERT INTO slices VALUES (1, 0, 40, 32, 0.5)",
        "INSERT INTO slices VALUES (1, 0, 24, 32, 1.5)",
        "INSERT INTO slices VALUES (1, -1, 24, 32, 0.5)",
        "INSERT INTO structure_tests VALUES (1, 1, 'input', 't', 1, 1, 1, 9, 0.0, 0.5, 0, 0, 0)",
        "INSERT INTO structure_tests VALUES (1, 1, 'input', 't', 1, 1, 1, 9, 0.5, 0.4, 0, 0, 0)",
        "INSERT INTO structure_tests VALUES (1, 1, 'input', 't', 1, 1, 1, 9, 0.5, 0.5, 3, 1, 2)",
        "INSERT INTO feature_comparisons VALUES (1, 2, 1, 'input', 0, 1.5, 0.5, 0.5)",
        "INSERT INTO feature_comparisons VALUES (2, 1, 1, 'input', 0, 0.5, 0.5, 0.5)",
    ],
    "keys_are_unique": [
        "INSERT INTO models FROM models",
        "INSERT INTO clusterings SELECT * REPLACE (9 AS clustering_id) FROM clusterings"
        " WHERE clustering_id = 2",
        "INSERT INTO perplexities SELECT 1, 'text', 512, 1000, 9.0 FROM range(2)",
        "INSERT INTO slices SELECT 1, 0, 24, 32, 0.5 FROM range(2)",
        "INSERT INTO structure_tests SELECT 1, 1, 'input', 't', 1, 1, 1, 9, 0.5, 0.5, 0, 0, 0 FROM range(2)",
    ],
    "rows_have_parents": [
        "DELETE FROM models",
        "DELETE FROM matrices",
        "DELETE FROM matrix_prunings WHERE run_id = 1",
        "UPDATE pruning_runs SET calibration_id = 9 WHERE run_id = 1",
        "DELETE FROM clusterings WHERE clustering_id = 1",
        "INSERT INTO perplexities VALUES (9, 'text', 512, 1000, 9.0)",
        "INSERT INTO slices VALUES (9, 0, 24, 32, 0.5)",
        "INSERT INTO feature_comparisons VALUES (1, 9, 1, 'input', 0, 0.5, 0.5, 0.5)",
        "INSERT INTO feature_embeddings VALUES (9, 1, 'input', 0, 'pca', 0, 0, 0.0, 0.0)",
        "INSERT INTO cluster_centroids VALUES (9, 0, 1, '1'::BIT, 0.5, 0.5)",
        "INSERT INTO structure_tests VALUES (9, 1, 'input', 't', 1, 1, 1, 9, 0.5, 0.5, 0, 0, 0)",
        "DELETE FROM etl_runs",
    ],
    "pattern_runs_comply": [
        "UPDATE pruning_runs SET pattern = '2:4' WHERE run_id = 1",
        "UPDATE pruning_runs SET pattern = '1:2' WHERE run_id = 1",
    ],
}  # fmt: skip


@pytest.fixture
def sound(db: duckdb.DuckDBPyConnection, rows: Rows) -> duckdb.DuckDBPyConnection:
    """Two runs of one 4 × 4 matrix, the first unstructured and clustered, the second 2:4."""
    unstructured = np.array([[1, 1, 1, 0], [1, 0, 1, 1], [0, 1, 0, 1], [1, 1, 0, 0]], dtype=bool)
    rows.run(1)
    rows.run(2, pattern="2:4")
    rows.matrix_of_run(1, 1, unstructured)
    rows.pruning(2, 1, 8, 16)
    rows.masks(2, 1, np.tile(np.array([True, True, False, False]), (4, 1)))
    labels = np.array([0, 0, 1, 1], dtype=np.int32)
    distances = (unstructured.T[:, None] != unstructured.T[None, :]).mean(axis=2)
    for replicate in (None, 0, 1):
        rows.distances(rows.clustering(labels, null_replicate=replicate), distances, labels)
    db.executemany(
        "UPDATE cluster_assignments SET reference_distance = ? WHERE feature_index = ?",
        [(float(distances[0, feature]), feature) for feature in range(4)],
    )
    run = {"etl_run_id": 1, "command": "c", "state": "finished", "started_at": STARTED, "rows_written": 1}
    insert(db, "etl_runs", run)
    step = {"step": "model", "subject": "m", "fingerprint": "f", "state": "finished"}
    insert(db, "etl_steps", {"etl_run_id": 1, **step, "started_at": STARTED, "rows_written": 1})
    return db


def fired(db: duckdb.DuckDBPyConnection, check: str) -> list[tuple]:
    return db.execute(sql_files.read_folder("checks")[check]).fetchall()


def test_every_check_has_a_planted_case() -> None:
    """A new check comes with rows that it must find."""
    assert PLANTED.keys() == sql_files.read_folder("checks").keys()


@pytest.mark.parametrize("check", sorted(PLANTED))
def test_check_passes_a_sound_database(sound: duckdb.DuckDBPyConnection, check: str) -> None:
    """Nothing is found where nothing is wrong."""
    assert fired(sound, check) == []


@pytest.mark.parametrize(("check", "statement"), [(c, s) for c in sorted(PLANTED) for s in PLANTED[c]])
def test_check_fires(sound: duckdb.DuckDBPyConnection, check: str, statement: str) -> None:
    """One planted row that breaks the rule is found."""
    sound.execute(statement)
    assert fired(sound, check)


@pytest.mark.parametrize("check", sorted(PLANTED))
def test_check_passes_an_empty_database(db: duckdb.DuckDBPyConnection, check: str) -> None:
    """A database that is just built can be published."""
    assert fired(db, check) == []
