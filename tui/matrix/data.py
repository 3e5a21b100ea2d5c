"""What the matrix screen shows, fetched and computed in workers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.matrix.spy import Picture
from tui.matrix.spy_window import Window

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    from numpy.typing import NDArray

    from warehouse.expressions.matrices import (
        Assignment,
        ClusterSize,
        Compliance,
        DensityBin,
        FeatureFigures,
        HistogramBin,
        Separation,
    )
    from warehouse.masks import PackedMask

DENSITY_BINS = 256
EXTREMES = 50
ORDERS = ("plain", "cluster", "gradient")


@dataclass(frozen=True, slots=True)
class MatrixKey:
    """A weight matrix of a run, and the axis its features lie along."""

    run_id: int
    matrix_id: int
    out_features: int
    in_features: int
    axis: str = "input"

    @property
    def position_count(self) -> int:
        """Weights in each feature."""
        return self.out_features if self.axis == "input" else self.in_features

    @property
    def feature_count(self) -> int:
        """Features along the axis."""
        return self.in_features if self.axis == "input" else self.out_features


@dataclass(frozen=True, slots=True)
class Profile:
    """Densities along one axis: groups of neighbouring features, and the densest and sparsest."""

    key: MatrixKey
    bins: "list[DensityBin]"
    densest: "list[FeatureFigures]"
    sparsest: "list[FeatureFigures]"


@dataclass(frozen=True, slots=True)
class Structure:
    """One clustering in detail."""

    separation: "Separation"
    sizes: "list[ClusterSize]"
    assignments: "list[Assignment]"
    histogram: "list[HistogramBin]"
    gradient: tuple[int, ...]


def bin_width(key: MatrixKey) -> int:
    """Return how many neighbouring features share a bar of the density panel."""
    return -(-key.feature_count // DENSITY_BINS)


def load_separations(cursor: "duckdb.DuckDBPyConnection", key: MatrixKey) -> "list[Separation]":
    """Return every clustering of a matrix."""
    from warehouse.expressions import matrices  # noqa: PLC0415  # Ibis is loaded in workers alone
    from warehouse.expressions.views import Views  # noqa: PLC0415

    views = Views(cursor)
    return views.rows(matrices.separations(views, key.run_id, key.matrix_id), matrices.Separation)


def load_profile(cursor: "duckdb.DuckDBPyConnection", key: MatrixKey) -> Profile:
    """Return the densities of a matrix along its axis."""
    from warehouse.expressions import matrices  # noqa: PLC0415
    from warehouse.expressions.views import Views  # noqa: PLC0415

    views = Views(cursor)
    place = (views, key.run_id, key.matrix_id, key.axis)
    return Profile(
        key,
        views.rows(matrices.density_profile(*place, bin_width(key)), matrices.DensityBin),
        views.rows(matrices.densest_features(*place, EXTREMES), matrices.FeatureFigures),
        views.rows(matrices.sparsest_features(*place, EXTREMES), matrices.FeatureFigures),
    )


def load_structure(
    cursor: "duckdb.DuckDBPyConnection", key: MatrixKey, separation: "Separation"
) -> Structure:
    """Return one clustering in detail."""
    from warehouse.expressions import matrices  # noqa: PLC0415
    from warehouse.expressions.views import Views  # noqa: PLC0415

    views = Views(cursor)
    place = (views, key.run_id, key.matrix_id, separation.axis, separation.reference_feature)
    number = separation.clustering_id
    return Structure(
        separation,
        views.rows(matrices.cluster_sizes(views, number), matrices.ClusterSize),
        views.rows(matrices.assignments(views, number), matrices.Assignment),
        views.rows(matrices.hamming_histogram(*place), matrices.HistogramBin),
        tuple(row.feature_index for row in views.rows(matrices.hamming_gradient(*place), matrices.Distance)),
    )


def load_compliance(cursor: "duckdb.DuckDBPyConnection", key: MatrixKey) -> "list[Compliance]":
    """Return how far the mask respects each N:M pattern."""
    from warehouse.expressions import matrices  # noqa: PLC0415
    from warehouse.expressions.views import Views  # noqa: PLC0415

    views = Views(cursor)
    return views.rows(matrices.pattern_compliance(views, key.run_id, key.matrix_id), matrices.Compliance)


def load_mask(cursor: "duckdb.DuckDBPyConnection", key: MatrixKey) -> "PackedMask":
    """Return the keep masks of a matrix along its axis."""
    from warehouse.masks import read_mask  # noqa: PLC0415  # NumPy is not needed for the first paint

    return read_mask(cursor, key.run_id, key.matrix_id, key.axis, key.position_count)


def feature_order(order: str, structure: Structure | None, count: int) -> tuple[list[int], list[int] | None]:
    """Return the features in the order they are drawn, and the cluster of each where they go by cluster."""
    if order == "cluster" and structure is not None:
        rank = {size.cluster: place for place, size in enumerate(structure.sizes)}
        ordered = sorted(structure.assignments, key=lambda a: (rank[a.cluster], a.gradient_rank))
        return [a.feature_index for a in ordered], [rank[a.cluster] for a in ordered]
    if order == "gradient" and structure is not None:
        return list(structure.gradient), None
    return list(range(count)), None


def make_picture(
    mask: "PackedMask",
    axis: str,
    order: tuple[list[int], list[int] | None],
    window: Window,
    size: tuple[int, int],
) -> Picture:
    """Pool the part of a mask in view into a picture of `size` (pixel rows, pixel columns).

    Rows of the picture are output features, columns input features, whichever the features of the mask are.
    """
    import numpy as np  # noqa: PLC0415

    height, width = size
    by_input = axis == "input"
    ranges = window.column_range, window.row_range
    along, across = ranges if by_input else ranges[::-1]
    pixels = (width, height) if by_input else (height, width)
    features = np.array(order[0])[along.start : along.stop]
    density = mask.density(features, across, *pixels)
    bands = None if order[1] is None else _bands(np.array(order[1])[along.start : along.stop], pixels[0])
    low, high = _contrast(density, max(1, window.rows // height) * max(1, window.columns // width))
    return Picture(
        density.T if by_input else density,
        low,
        high,
        window,
        row_bands=None if by_input else bands,
        column_bands=bands if by_input else None,
    )


def _bands(clusters: "NDArray[np.int_]", pixels: int) -> "NDArray[np.int_]":
    """Return the cluster of every pixel along the features."""
    import numpy as np  # noqa: PLC0415

    return clusters[np.arange(pixels) * len(clusters) // pixels]


def _contrast(density: "NDArray[np.float32]", weights_per_pixel: int) -> tuple[float, float]:
    """Return the range the shades span: all of it for single weights, else where most densities lie."""
    import numpy as np  # noqa: PLC0415

    if weights_per_pixel == 1:
        return 0.0, 1.0
    low, high = (float(value) for value in np.quantile(density, (0.01, 0.99)))
    return (low, high) if high - low > 0.01 else (0.0, 1.0)
