"""Which clustering algorithm works on which distance; without scikit-learn, so that planning stays quick."""

from __future__ import annotations

from etl.errors import ClusteringRequestError

#: Distances each algorithm admits. K-means minimises squared Euclidean distance and nothing else.
ALGORITHM_DISTANCES: dict[str, tuple[str, ...]] = {
    "kmeans": ("euclidean",),
    "agglomerative": ("euclidean", "hamming", "cosine"),
    "dbscan": ("euclidean", "hamming", "cosine"),
    "spectral": ("euclidean", "hamming", "cosine"),
}
DISTANCES = ("euclidean", "hamming", "cosine")
EMBEDDINGS = ("pca", "tsne")
#: What chance masks keep of the real one.
MARGINS = ("both", "features")


def combinations(algorithms: tuple[str, ...], distances: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return every algorithm with each of the distances it admits.

    Raises:
        ClusteringRequestError: an algorithm admits none of the distances, or a distance has no algorithm.
    """
    pairs = tuple(
        (algorithm, distance)
        for algorithm in dict.fromkeys(algorithms)
        for distance in dict.fromkeys(distances)
        if distance in ALGORITHM_DISTANCES[algorithm]
    )
    for algorithm in algorithms:
        if algorithm not in {pair[0] for pair in pairs}:
            admitted = " or ".join(ALGORITHM_DISTANCES[algorithm])
            asked = " or ".join(distances)
            msg = f"{algorithm} works on {admitted} distance, not on {asked}; add it to distance"
            raise ClusteringRequestError(msg)
    for distance in distances:
        if distance not in {pair[1] for pair in pairs}:
            able = ", ".join(name for name, admitted in ALGORITHM_DISTANCES.items() if distance in admitted)
            asked = ", ".join(algorithms)
            msg = f"{asked} cannot work on {distance} distance; add one of {able} to algorithm"
            raise ClusteringRequestError(msg)
    return pairs
