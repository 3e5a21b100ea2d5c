"""What a view says of one thing stays when rows of another come in: no join and no filter is missing."""

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.sample_rows import Rows
from tests.sql.one_row import insert_row
from warehouse import sql_files

VIEWS = sorted(sql_files.read_folder("views"))
#: Views that hold runs of a model against each other: a run more may change a rank, a winner or a count.
OF_MANY_RUNS = {"sparsity_sweep", "separation_summary", "separation_winners", "ranked_options"}


def clusterings(rows: Rows, labels: list[int], scale: float, **columns: object) -> None:
    """Write a clustering whose ratio is `scale`, beside two chance replicates around half of it."""
    for replicate, factor in ((None, 1.0), (0, 0.5), (1, 0.55)):
        key = rows.clustering(labels, null_replicate=replicate, **columns)  # ty: ignore[invalid-argument-type]
        rows.pairs(key, (0, 0, 1, 0.1), (1, 1, 1, 0.1), (0, 1, 4, 0.4 * factor * scale))
        if replicate is None:
            for cluster in (0, 1):
                insert_row(rows.db, "cluster_centroids", clustering_id=key, cluster=cluster)


def below_chance(rows: Rows, **columns: object) -> None:
    """Write a clustering whose ratio is 1, beside one chance replicate at 2."""
    for replicate, ratio in ((None, 1.0), (0, 2.0), (1, 2.1)):
        key = rows.clustering([0, 0, 1, 1], null_replicate=replicate, **columns)  # ty: ignore[invalid-argument-type]
        rows.pairs(key, (0, 0, 1, 0.1), (1, 1, 1, 0.1), (0, 1, 4, 0.4 * ratio))


def metrics(rows: Rows, run_id: int, matrix_id: int, axis: str, base: float) -> None:
    """Write the figures of four features."""
    place = {"run_id": run_id, "matrix_id": matrix_id, "axis": axis}
    for feature in range(4):
        own = {"feature_index": feature, "weight_norm": base + feature, "activation_norm": base * 2}
        insert_row(rows.db, "feature_metrics", **place, **own, density=0.5)


def embeddings(rows: Rows, run_id: int, matrix_id: int, axis: str, reference: int, x: float) -> None:
    """Write the places of four features in the plane."""
    place = {"run_id": run_id, "matrix_id": matrix_id, "axis": axis, "reference_feature": reference}
    for feature in range(4):
        insert_row(rows.db, "feature_embeddings", **place, feature_index=feature, x=x + feature, y=x)


def mask(seed: int) -> NDArray[np.bool_]:
    return np.random.default_rng(seed).random((4, 4)) < 0.5


def content(rows: Rows, run_id: int, matrix_id: int, seed: int, axis: str = "input") -> None:
    """Write masks, figures, places and clusterings of one run and matrix, all drawn from a seed."""
    rows.masks(run_id, matrix_id, mask(seed), axis)
    metrics(rows, run_id, matrix_id, axis, float(seed))
    embeddings(rows, run_id, matrix_id, axis, 0, float(seed))
    place = {"run_id": run_id, "matrix_id": matrix_id, "axis": axis}
    clusterings(rows, [0, 0, 1, 1] if seed % 2 else [0, 1, 0, 1], 2 + seed / 10, **place)


@pytest.fixture
def scene(rows: Rows) -> Rows:
    """A dense run and two pruned ones, of which views have something to say."""
    rows.run(1, "dense", 0.0)
    rows.matrix(1, (4, 4), head_count=2)
    for run_id, method in ((2, "wanda"), (3, "sparsegpt")):
        rows.run(run_id, method)
        rows.pruning(run_id, 1, 8, 16, error=0.1 * run_id)
        content(rows, run_id, 1, seed=run_id)
        rows.tests(0.01, run_id=run_id)
        clusterings(rows, [0, 1, 1, 0], 3.0, run_id=run_id, seed=1)
        rows.benchmark("sell", (4, 4), 5.0, mask_source=str(run_id))
    insert_row(rows.db, "feature_comparisons", run_id_a=2, run_id_b=3, axis="input", jaccard=0.5)
    for kernel, latency in (("csr", 9.0), ("clustered", 8.0), ("sell", 4.0)):
        rows.benchmark(kernel, (4, 4), latency, bits_per_weight=latency)
    for run_id in (1, 2, 3):
        text = {"dataset": "text", "window": 8, "token_count": 64}
        insert_row(rows.db, "perplexities", run_id=run_id, perplexity=4.0 + run_id, **text)
    insert_row(rows.db, "reference_results", metric="separation_ratio_macro", method="wanda", value=4.0,
               pattern="unstructured", projection="q", k=2)  # fmt: skip
    insert_row(rows.db, "activation_thresholds", model_id="m", activation_sparsity=0.9)
    measured = {"model_id": "m", "activation_sparsity": 0.9, "perplexity": 9.0}
    insert_row(rows.db, "activation_perplexities", **measured, dataset="text", window=8, token_count=64)
    insert_row(rows.db, "etl_runs")
    insert_row(rows.db, "etl_steps", state="finished")
    return rows


def written(value: object) -> str:
    """Write a value; sums in another order differ in the last digits of floats."""
    return f"{value:.9g}" if isinstance(value, float) else str(value)


def snapshot(rows: Rows) -> dict[str, Counter[str]]:
    """Return the rows of every view as text, by view."""
    return {
        view: Counter(", ".join(map(written, row)) for row in rows.db.table(view).fetchall())
        for view in VIEWS
    }


def another_matrix(rows: Rows) -> None:
    rows.matrix(2, (4, 4), "k")
    for run_id in (2, 3):
        rows.pruning(run_id, 2, 4, 16, error=0.9)
        content(rows, run_id, 2, seed=7 + run_id)


def another_run(rows: Rows) -> None:
    rows.run(4, "magnitude", 0.7)
    rows.pruning(4, 1, 4, 16, error=0.9)
    content(rows, 4, 1, seed=9)
    insert_row(rows.db, "feature_comparisons", run_id_a=2, run_id_b=4, axis="input", jaccard=0.25)
    text = {"dataset": "text", "window": 8, "token_count": 64}
    insert_row(rows.db, "perplexities", run_id=4, perplexity=99.0, **text)


def another_model(rows: Rows) -> None:
    rows.model("n")
    rows.run(5, "dense", 0.0, model_id="n")
    rows.run(6, "wanda", model_id="n")
    for run_id in (5, 6):
        text = {"dataset": "text", "window": 8, "token_count": 64}
        insert_row(rows.db, "perplexities", run_id=run_id, perplexity=50.0, **text)


def the_other_axis(rows: Rows) -> None:
    """Masks, figures and places of rows; clusterings below chance, so that no best one changes."""
    for run_id in (2, 3):
        rows.masks(run_id, 1, mask(20 + run_id), "output")
        metrics(rows, run_id, 1, "output", 30.0)
        embeddings(rows, run_id, 1, "output", 0, 30.0)
        below_chance(rows, run_id=run_id, axis="output", k=1)


def other_ways_of_clustering(rows: Rows) -> None:
    for columns in ({"k": 1}, {"algorithm": "spectral"}, {"distance": "hamming"}):
        below_chance(rows, run_id=2, **columns)


def chance_of_another_reference(rows: Rows) -> None:
    """Chance masks around another feature, or of another seed, are not the chance of this clustering."""
    for columns in ({"reference": 3}, {"seed": 5}):
        key = rows.clustering([0, 0, 1, 1], run_id=2, null_replicate=0, **columns)  # ty: ignore[invalid-argument-type]
        rows.pairs(key, (0, 0, 1, 0.1), (1, 1, 1, 0.1), (None, None, 4, 9.0))
    embeddings(rows, 2, 1, "input", 3, 40.0)


def other_texts(rows: Rows) -> None:
    text = {"dataset": "text", "window": 8, "token_count": 64}
    for other in ({"dataset": "prose"}, {"window": 16}, {"token_count": 32}):
        insert_row(rows.db, "perplexities", run_id=1, perplexity=77.0, **(text | other))


def other_measurements(rows: Rows) -> None:
    """Faster ones, each under one condition that does not apply."""
    for columns in (
        {"cache": "warm"}, {"batch": 16}, {"pattern": "2:4"}, {"sparsity": 0.7}, {"mask_source": "9"},
        {"out_features": 8}, {"in_features": 8}, {"error": "wrong result"}, {"latency_us_p50": None},
        {"device": "another GPU", "batch": 2}, {"dtype": "float32", "batch": 2},
    ):  # fmt: skip
        rows.benchmark("csr", (4, 4), 0.1, **columns)
    rows.benchmark("activation", (4, 4), 0.1)


def other_publications(rows: Rows) -> None:
    published = {"metric": "separation_ratio_macro", "method": "wanda", "pattern": "unstructured"}
    for other in ({"metric": "speedup"}, {"method": "ria"}, {"pattern": "2:4"}, {"sparsity": 0.9}):
        values = {**published, "projection": "q", "k": 2, "value": 8.0, **other}
        insert_row(rows.db, "reference_results", **values)


def other_invocations(rows: Rows) -> None:
    insert_row(rows.db, "etl_runs", etl_run_id=2)
    insert_row(rows.db, "etl_steps", etl_run_id=2, state="failed")


#: Who comes in, and the views whose rows may change by it.
BYSTANDERS: dict[Callable[[Rows], None], set[str]] = {
    # A run has a matrix more: its means, slopes and ranks over matrices change.
    another_matrix: {
        "block_sparsities",
        "run_overview",
        "sparsity_sweep",
        "separation_summary",
        "separation_winners",
    },
    another_run: OF_MANY_RUNS,
    another_model: set(),
    the_other_axis: set(),
    other_ways_of_clustering: set(),
    chance_of_another_reference: set(),
    other_texts: set(),
    # They are measurements of their own in the one view that shows all.
    other_measurements: {"kernel_speedups"},
    other_publications: set(),
    other_invocations: set(),
}


@pytest.mark.parametrize("arrive", BYSTANDERS, ids=lambda arrive: arrive.__name__)
def test_what_was_said_stays_said(scene: Rows, arrive: Callable[[Rows], None]) -> None:
    """Every row of every view is there afterwards as it was before."""
    before = snapshot(scene)
    arrive(scene)
    after = snapshot(scene)
    changed = {view: lost for view in VIEWS if (lost := before[view] - after[view])}
    assert changed.keys() <= BYSTANDERS[arrive], changed


def test_every_view_has_something_to_say(scene: Rows) -> None:
    """A view without rows would pass the test above unseen."""
    assert {view for view, found in snapshot(scene).items() if not found} == set()


def test_overlap_counts_every_weight_once(scene: Rows) -> None:
    """Masks stored along both axes are the same weights."""
    the_other_axis(scene)
    assert scene.one("SELECT weight_count FROM mask_overlap") == (16,)


def test_a_feature_has_one_place_in_the_plane(scene: Rows) -> None:
    """Places of other runs, matrices, axes and references are not those of a clustering."""
    for arrive in (another_matrix, another_run, the_other_axis, chance_of_another_reference):
        arrive(scene)
    found = scene.db.execute(
        "SELECT max(places) FROM"
        " (SELECT count(*) AS places FROM clustered_embeddings GROUP BY clustering_id, feature_index)"
    ).fetchall()
    assert found == [(1,)]
