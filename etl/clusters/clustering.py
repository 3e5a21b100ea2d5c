"""Clustering the features around a reference, on the real mask and on chance masks.

A task is plain arrays in and out, so that it runs in any process: it knows neither database nor torch.
Everything follows from one matrix: in how many positions any two features differ.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import DBSCAN, AgglomerativeClustering, KMeans, SpectralClustering
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from etl.clusters.chance import draw_neighbourhood
from etl.clusters.hamming import differing_counts, pack_words


@dataclass(frozen=True)
class Variant:
    """How a neighbourhood is clustered; k is the number of clusters, for DBSCAN its MinPts."""

    algorithm: str
    distance: str
    k: int


@dataclass(frozen=True)
class ClusteringTask:
    """One matrix of one run around one reference feature.

    - `masks` (neighbours, positions) bool: the reference and the features nearest to it, by distance.
    - `kept_counts` (features,): kept positions of every feature of the axis.
    - `chance_masks` (null_replicates, neighbours, bytes): the neighbourhood in masks that keep the counts of
      both axes, bits packed; None to draw it from the kept counts of the features alone.
    - `restarts`: starts of k-means; the one with the lowest inertia is taken.
    - `embeddings`: two-dimensional embeddings of the real neighbourhood to compute: pca, tsne or both.
    """

    matrix_id: int
    axis: str
    reference_feature: int
    features: NDArray[np.int32]
    masks: NDArray[np.bool_]
    kept_counts: NDArray[np.int32]
    variants: tuple[Variant, ...]
    seed: int
    restarts: int
    null_replicates: int
    embeddings: tuple[str, ...] = ()
    chance_masks: NDArray[np.uint8] | None = None


@dataclass(frozen=True)
class Sample:
    """The clusterings of one neighbourhood in every variant: of the real one, or of a chance replicate.

    - `labels` (variants, neighbours) int32: the cluster of each feature, from 0.
    - `distances` (neighbours, neighbours) float64: Hamming distances between the clustered masks.
    - `coordinates`: (neighbours, 2) by embedding; empty for a chance replicate.
    """

    replicate: int | None
    labels: NDArray[np.int32]
    distances: NDArray[np.float64]
    coordinates: dict[str, NDArray[np.float64]]


def one_thread() -> None:
    """Limit BLAS and OpenMP of a worker process to one thread.

    The arrays are small: threads cost more than they save, and the tasks themselves run in parallel.
    """
    threadpool_limits(1)


def cluster_neighbourhood(task: ClusteringTask) -> list[Sample]:
    """Cluster the real neighbourhood and `null_replicates` chance ones, in every variant.

    Every replicate has its own stream of random numbers, made from the seed, the reference feature and its
    own number, so that the result depends neither on the process nor on the order of tasks.
    """
    samples = [_sample(task, None, task.masks, task.embeddings)]
    samples += [
        _sample(task, replicate, chance_neighbourhood(task, replicate), ())
        for replicate in range(task.null_replicates)
    ]
    return samples


def chance_neighbourhood(task: ClusteringTask, replicate: int) -> NDArray[np.bool_]:
    """Return the (neighbours, positions) chance masks of one replicate, by distance to the reference."""
    neighbours, positions = task.masks.shape
    if task.chance_masks is not None:
        return np.unpackbits(task.chance_masks[replicate], axis=1, count=positions).astype(np.bool_)
    generator = np.random.default_rng([task.seed, task.matrix_id, task.reference_feature, replicate])
    return draw_neighbourhood(task.kept_counts, positions, task.reference_feature, neighbours, generator)


def _sample(
    task: ClusteringTask, replicate: int | None, masks: NDArray[np.bool_], embeddings: tuple[str, ...]
) -> Sample:
    geometry = Geometry(masks)
    labels = [cluster(geometry, variant, task.seed, task.restarts) for variant in task.variants]
    coordinates = {name: embed(geometry, name, task.seed) for name in embeddings}
    return Sample(replicate, np.stack(labels), geometry.distances("hamming"), coordinates)


class Geometry:
    """The distances between masks, and points in Euclidean space with the same distances."""

    def __init__(self, masks: NDArray[np.bool_]) -> None:
        """Compute in how many positions any two of (features, positions) masks differ."""
        words = pack_words(masks)
        self._positions = masks.shape[1]
        self._kept = masks.sum(axis=1, dtype=np.float64)
        self._differing = differing_counts(words, words).astype(np.float64)
        self.points = self._points()
        self.distinct_count = len(np.unique(words, axis=0))

    def distances(self, distance: str) -> NDArray[np.float64]:
        """Return (features, features) distances.

        The cosine distance of two empty masks is 0, that of an empty mask to any other is 1.
        """
        if distance == "hamming":
            return self._differing / max(self._positions, 1)
        if distance == "euclidean":
            return np.sqrt(self._differing)
        overlap = (self._kept[:, None] + self._kept[None, :] - self._differing) / 2
        norms = np.sqrt(self._kept[:, None] * self._kept[None, :])
        similarity = np.divide(overlap, norms, out=(self._differing == 0).astype(np.float64), where=norms > 0)
        return np.clip(1 - similarity, 0, None)

    def _points(self) -> NDArray[np.float64]:
        """Return one point per mask, at the Euclidean distances of the masks, principal axes first.

        This is classical scaling: the same points as a principal component analysis of the masks, in no
        more dimensions than there are masks. K-means sees only distances, so it finds the same clusters.
        """
        centred = self._differing - self._differing.mean(axis=0)
        products = -0.5 * (centred - centred.mean(axis=1, keepdims=True))
        values, vectors = np.linalg.eigh(products)
        # Axes of zero variance are dropped; where all masks are equal, one is kept.
        extent = np.flatnonzero(values > 1e-12 * max(values[-1], 1.0))[::-1]
        axes = extent if len(extent) else np.array([len(values) - 1])
        return vectors[:, axes] * np.sqrt(np.clip(values[axes], 0, None))


def cluster(geometry: Geometry, variant: Variant, seed: int, restarts: int = 1) -> NDArray[np.int32]:
    """Return the cluster of every feature, from 0.

    No more clusters are made than there are distinct masks.

    - kmeans: of the restarts, the one with the lowest inertia.
    - agglomerative: Ward's linkage on Euclidean distance, average linkage on the others.
    - dbscan: MinPts = k, eps = the median distance to the k-th nearest feature; a feature that belongs to
      no dense region is a cluster of its own.
    - spectral: on the affinity exp(-(distance / median distance)² / 2).
    """
    if variant.algorithm == "kmeans":
        clusters = min(variant.k, geometry.distinct_count)
        model = KMeans(clusters, n_init=restarts, random_state=seed)
        labels = model.fit(np.ascontiguousarray(geometry.points)).labels_
    elif variant.algorithm == "agglomerative":
        labels = _agglomerative(geometry, variant)
    elif variant.algorithm == "dbscan":
        labels = _dbscan(geometry.distances(variant.distance), variant.k)
    else:
        clusters = min(variant.k, geometry.distinct_count)
        labels = _spectral(geometry.distances(variant.distance), clusters, seed)
    return labels.astype(np.int32)


def embed(geometry: Geometry, embedding: str, seed: int) -> NDArray[np.float64]:
    """Return (features, 2) coordinates: two principal axes (pca), or t-SNE of the Euclidean distances."""
    if embedding == "pca":
        plane = np.pad(geometry.points[:, :2], ((0, 0), (0, max(0, 2 - geometry.points.shape[1]))))
        # The sign of a principal axis is arbitrary; the feature furthest from 0 is put on the positive side.
        furthest = plane[np.abs(plane).argmax(axis=0), np.arange(2)]
        return plane * np.where(furthest < 0, -1.0, 1.0)
    count = len(geometry.points)
    model = TSNE(
        metric="precomputed", init="random", perplexity=min(30.0, (count - 1) / 3), random_state=seed
    )
    return np.asarray(model.fit_transform(geometry.distances("euclidean")), dtype=np.float64)


def _agglomerative(geometry: Geometry, variant: Variant) -> NDArray[np.integer]:
    clusters = min(variant.k, geometry.distinct_count)
    if variant.distance == "euclidean":
        return AgglomerativeClustering(clusters, linkage="ward").fit(geometry.points).labels_
    model = AgglomerativeClustering(clusters, metric="precomputed", linkage="average")
    return model.fit(geometry.distances(variant.distance)).labels_


def _dbscan(distances: NDArray[np.float64], k: int) -> NDArray[np.integer]:
    kth = np.sort(distances, axis=1)[:, min(k, len(distances) - 1)]
    # Where half of the masks are equal the median is 0, which scikit-learn refuses as eps.
    eps = max(float(np.median(kth)), np.finfo(np.float64).tiny)
    labels = DBSCAN(eps=eps, min_samples=k, metric="precomputed").fit(distances).labels_
    noise = labels < 0
    labels[noise] = labels.max() + 1 + np.arange(noise.sum())
    return labels


def _spectral(distances: NDArray[np.float64], k: int, seed: int) -> NDArray[np.integer]:
    width = float(np.median(distances[np.triu_indices(len(distances), k=1)]))
    if k < 2 or width == 0:
        return np.zeros(len(distances), dtype=np.int32)
    affinity = np.exp(-0.5 * (distances / width) ** 2)
    return SpectralClustering(k, affinity="precomputed", random_state=seed).fit(affinity).labels_


def reference_features(feature_count: int, count: int, layer: int, component: str) -> list[int]:
    """Draw the reference features of a matrix: the same ones in every run, so that runs can be compared."""
    generator = np.random.default_rng([layer, *component.encode()])
    return generator.permutation(feature_count)[:count].tolist()
