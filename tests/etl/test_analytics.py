"""A pipeline over the tiny model fills every analytical table, with two algorithms on two distances."""

from pathlib import Path

import duckdb
import pytest

from etl.cli import main
from tests.etl.tiny import QUICK
from warehouse.opening import attach_read_only

pytestmark = pytest.mark.xdist_group("analytics")

METHODS = ["--algorithm", "kmeans", "agglomerative", "--distance", "euclidean", "hamming", "--k", "2"]
REPEATS = ["--references", "2", "--cluster-seed", "0", "1", "--restarts", "2"]


@pytest.fixture(scope="module")
def analysed(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """Two methods at 50% over one block, clustered in three ways."""
    path = tmp_path_factory.mktemp("analytics") / "sparsity.db"
    flags = ["--model", str(tiny_model), "--layers", "0", "--method", "magnitude", "wanda"]
    flags += ["--pattern", "unstructured", "--no-evaluate", *QUICK, *METHODS, *REPEATS]
    assert main(["run", "--db", str(path), *flags]) == 0
    return attach_read_only(path)


def test_every_combination_has_its_ratios(analysed: duckdb.DuckDBPyConnection) -> None:
    """Two references and two seeds for seven matrices of two runs; k-means keeps to Euclidean distance."""
    found = analysed.execute(
        "SELECT algorithm, distance, count(*) FROM separation_ratios GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    ways = [("agglomerative", "euclidean"), ("agglomerative", "hamming"), ("kmeans", "euclidean")]
    assert found == [(algorithm, distance, 2 * 2 * 7 * 2) for algorithm, distance in ways]


def test_intervals_and_stability_follow(analysed: duckdb.DuckDBPyConnection) -> None:
    """Four clusterings stand behind every interval; seeds and references are compared."""
    counts = analysed.execute("SELECT DISTINCT clustering_count FROM separation_intervals").fetchall()
    assert max(counts) == (4,)
    varied = analysed.execute("SELECT DISTINCT varied FROM cluster_stability ORDER BY 1").fetchall()
    assert varied == [("reference",), ("seed",)]
    # Linkage draws nothing at random.
    stable = analysed.execute(
        "SELECT min(adjusted_rand) FROM cluster_stability"
        " WHERE algorithm = 'agglomerative' AND varied = 'seed'"
    ).fetchall()
    assert stable == [(1.0,)]


def test_embeddings_of_every_reference(analysed: duckdb.DuckDBPyConnection) -> None:
    """Eight features around each of two references, laid out once."""
    found = analysed.execute(
        "SELECT embedding, count(*) FROM feature_embeddings GROUP BY 1 ORDER BY 1"
    ).fetchall()
    assert found == [("pca", 2 * 7 * 2 * 8)]


def test_runs_are_compared(analysed: duckdb.DuckDBPyConnection) -> None:
    """Columns of six matrices, rows of down."""
    found = analysed.execute(
        "SELECT projection, feature_count, mean_jaccard BETWEEN 0.3 AND 1 FROM comparison_summary ORDER BY 1"
    ).fetchall()
    assert found == [(p, 32, True) for p in ("down", "gate", "k", "o", "q", "up", "v")]


def test_research_names_are_there(analysed: duckdb.DuckDBPyConnection) -> None:
    """Publishing made the views, and they answer from an attached file."""
    assert analysed.execute("SELECT count(*) FROM magnitude_0_5_down_proj").fetchall() == [(64 + 32,)]
