"""Clustering finds planted groups by every algorithm, and geometry keeps the distances of masks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from etl.clusters.clustering import (
    ClusteringTask,
    Geometry,
    Variant,
    cluster,
    cluster_neighbourhood,
    embed,
    reference_features,
)
from etl.clusters.methods import ALGORITHM_DISTANCES, combinations
from etl.errors import ClusteringRequestError

PAIRS = [(a, d) for a, distances in ALGORITHM_DISTANCES.items() for d in distances]


def planted(groups: int = 3, copies: int = 12, positions: int = 96, noise: float = 0.03) -> NDArray[np.bool_]:
    """Return copies of a few random masks with a few positions flipped, group by group."""
    generator = np.random.default_rng(0)
    masks = np.repeat(generator.random((groups, positions)) < 0.5, copies, axis=0)
    return masks ^ (generator.random(masks.shape) < noise)


def task(masks: NDArray[np.bool_], **columns: object) -> ClusteringTask:
    defaults = {
        "matrix_id": 1, "axis": "input", "reference_feature": 0,
        "features": np.arange(len(masks), dtype=np.int32), "masks": masks,
        "kept_counts": masks.sum(axis=1).astype(np.int32),
        "variants": (Variant("kmeans", "euclidean", 3),), "seed": 0, "restarts": 1, "null_replicates": 2,
    }  # fmt: skip
    return ClusteringTask(**(defaults | columns))


@settings(max_examples=30)
@given(seed=st.integers(0, 999), density=st.floats(0, 1))
def test_distances_agree_with_scipy(seed: int, density: float) -> None:
    """All three distances are SciPy's; cosine where SciPy has one."""
    masks = np.random.default_rng(seed).random((9, 33)) < density
    geometry = Geometry(masks)
    np.testing.assert_allclose(geometry.distances("hamming"), cdist(masks, masks, "hamming"), atol=1e-12)
    numbers = masks.astype(float)
    np.testing.assert_allclose(geometry.distances("euclidean"), cdist(numbers, numbers), atol=1e-9)
    kept = masks.any(axis=1)
    expected = cdist(numbers[kept], numbers[kept], "cosine") if kept.any() else np.empty((0, 0))
    np.testing.assert_allclose(geometry.distances("cosine")[np.ix_(kept, kept)], expected, atol=1e-9)


def test_cosine_of_empty_masks() -> None:
    """Two empty masks are alike; an empty and a full one share nothing."""
    masks = np.array([[0, 0], [0, 0], [1, 1]], dtype=bool)
    np.testing.assert_allclose(
        Geometry(masks).distances("cosine"), [[0, 0, 1], [0, 0, 1], [1, 1, 0]], atol=1e-12
    )


def test_points_have_the_distances_of_the_masks() -> None:
    """Classical scaling loses nothing: 40 masks of 500 positions span 39 dimensions."""
    masks = np.random.default_rng(0).random((40, 500)) < 0.5
    geometry = Geometry(masks)
    assert geometry.points.shape == (40, 39)
    np.testing.assert_allclose(
        cdist(geometry.points, geometry.points), geometry.distances("euclidean"), atol=1e-6
    )


def test_kmeans_on_points_is_kmeans_on_masks() -> None:
    """The inertia is that of scikit-learn on the 0/1 vectors themselves."""
    masks = planted()
    labels = cluster(Geometry(masks), Variant("kmeans", "euclidean", 3), seed=0, restarts=5)
    direct = KMeans(3, n_init=5, random_state=0).fit(masks.astype(float))
    assert adjusted_rand_score(labels, direct.labels_) == 1


@pytest.mark.parametrize(("algorithm", "distance"), PAIRS)
def test_every_algorithm_finds_planted_groups(algorithm: str, distance: str) -> None:
    """Three groups of noisy copies come apart on every distance; DBSCAN's k is its MinPts."""
    k = 4 if algorithm == "dbscan" else 3
    labels = cluster(Geometry(planted()), Variant(algorithm, distance, k), seed=0, restarts=3)
    truth = np.repeat(np.arange(3), 12)
    assert adjusted_rand_score(truth, labels) > (0.5 if algorithm == "dbscan" else 0.99)


@pytest.mark.parametrize(("algorithm", "distance"), PAIRS)
def test_equal_masks_do_no_harm(algorithm: str, distance: str) -> None:
    """All masks equal leaves nothing to separate, and no algorithm fails on it."""
    labels = cluster(Geometry(np.ones((12, 20), dtype=bool)), Variant(algorithm, distance, 4), seed=0)
    assert labels.shape == (12,)
    assert labels.min() >= 0


@pytest.mark.parametrize("outliers", [1, 3])
@pytest.mark.parametrize("distance", ["euclidean", "hamming", "cosine"])
def test_noise_of_dbscan_is_clusters_of_one(distance: str, outliers: int) -> None:
    """Masks far from all others belong to no dense region: neither to one together nor to another's."""
    group = planted(groups=1, copies=20)
    noise = np.random.default_rng(7).random((outliers, group.shape[1])) < 0.5
    labels = cluster(Geometry(np.concatenate([group, noise])), Variant("dbscan", distance, 4), seed=0)
    for place in range(20, 20 + outliers):
        assert (labels == labels[place]).sum() == 1
    assert np.bincount(labels).max() > 10


def test_pca_is_that_of_the_masks() -> None:
    """Up to the sign of an axis, the layout is scikit-learn's."""
    masks = planted()
    expected = PCA(2).fit_transform(masks.astype(float))
    found = embed(Geometry(masks), "pca", seed=0)
    np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=1e-6)
    assert (found[np.abs(found).argmax(axis=0), [0, 1]] > 0).all()


def test_tsne_keeps_groups_together() -> None:
    """The nearest point in the plane is of the same group."""
    with threadpool_limits(1):
        layout = embed(Geometry(planted()), "tsne", seed=0)
    distances = cdist(layout, layout) + np.diag(np.full(len(layout), np.inf))
    groups = np.repeat(np.arange(3), 12)
    assert (groups[distances.argmin(axis=1)] == groups).mean() > 0.95


def test_task_gives_the_real_mask_and_its_chance() -> None:
    """One sample for the mask, one a replicate; coordinates for the mask alone; twice the same."""
    masks = planted()
    variants = (Variant("kmeans", "euclidean", 3), Variant("agglomerative", "hamming", 2))
    first, second = (
        cluster_neighbourhood(task(masks, variants=variants, embeddings=("pca",))) for _ in range(2)
    )
    assert [sample.replicate for sample in first] == [None, 0, 1]
    assert [sample.labels.shape for sample in first] == [(2, 36)] * 3
    assert [list(sample.coordinates) for sample in first] == [["pca"], [], []]
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a.labels, b.labels)
    other = cluster_neighbourhood(task(masks, seed=1))
    assert (other[1].distances != first[1].distances).any()


def test_references_are_the_same_in_every_run() -> None:
    """They depend on block and component alone, and more of them begin with the fewer."""
    assert reference_features(100, 3, 0, "mlp.up_proj") == reference_features(100, 5, 0, "mlp.up_proj")[:3]
    assert reference_features(100, 5, 1, "mlp.up_proj") != reference_features(100, 5, 0, "mlp.up_proj")


def test_algorithms_take_the_distances_they_admit() -> None:
    """K-means stays with Euclidean distance beside algorithms that take others too."""
    found = combinations(("kmeans", "agglomerative"), ("euclidean", "hamming"))
    assert found == (("kmeans", "euclidean"), ("agglomerative", "euclidean"), ("agglomerative", "hamming"))


@pytest.mark.parametrize(
    ("algorithms", "distances", "message"),
    [
        (("kmeans",), ("hamming",), "kmeans works on euclidean distance, not on hamming; add it"),
        (("kmeans",), ("euclidean", "cosine"), "kmeans cannot work on cosine distance; add one of aggl"),
    ],
)  # fmt: skip
def test_impossible_combinations_are_refused(algorithms: tuple, distances: tuple, message: str) -> None:
    """The message says what to add."""
    with pytest.raises(ClusteringRequestError, match=message):
        combinations(algorithms, distances)
