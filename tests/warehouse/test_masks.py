"""Packed masks of a matrix and their density at any resolution."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sample_shapes import RUNS, Shape, keep_mask, list_matrices
from tests.sample_warehouse import build
from warehouse.masks import MissingMaskError, PackedMask, pixel_edges, read_mask
from warehouse.reading import Reader


def packed(mask: np.ndarray) -> PackedMask:
    """Pack (features, positions) booleans as DuckDB hands them out: padded in front with zeros."""
    padding = np.zeros((len(mask), -mask.shape[1] % 8), dtype=bool)
    return PackedMask(np.packbits(np.concatenate([padding, mask], axis=1), axis=1), mask.shape[1])


@st.composite
def views(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, range, tuple[int, int]]:
    """Draw a mask, some of its features in any order, a range of positions and a size of picture."""
    features, positions = draw(st.integers(1, 40)), draw(st.integers(1, 70))
    mask = np.random.default_rng(draw(st.integers(0, 2**32))).random((features, positions)) < 0.5
    chosen = draw(st.lists(st.integers(0, features - 1), min_size=1, max_size=60))
    start = draw(st.integers(0, positions - 1))
    stop = draw(st.integers(start + 1, positions))
    return mask, np.array(chosen), range(start, stop), (draw(st.integers(1, 80)), draw(st.integers(1, 80)))


@given(views())
def test_density_is_the_mean_of_each_pixel(
    view: tuple[np.ndarray, np.ndarray, range, tuple[int, int]],
) -> None:
    """However features are ordered and positions cut, a pixel is the mean over its weights."""
    mask, features, positions, (height, width) = view
    part = mask[features][:, positions.start : positions.stop]
    rows, columns = (
        list(zip(*pixel_edges(n, p), strict=True)) for n, p in zip(part.shape, (height, width), strict=True)
    )
    expected = [[part[top:bottom, left:right].mean() for left, right in columns] for top, bottom in rows]
    assert np.allclose(packed(mask).density(features, positions, height, width), expected)


def test_density_by_hand() -> None:
    """Two features of four positions in a picture of one row and two columns."""
    mask = packed(np.array([[1, 1, 0, 0], [1, 0, 1, 1]], dtype=bool))
    assert mask.density(np.array([0, 1]), range(4), 1, 2).tolist() == [[0.75, 0.5]]


@given(st.integers(1, 500), st.integers(1, 500))
def test_pixels_cover_everything(count: int, pixels: int) -> None:
    """Pixels follow each other without a gap, none is empty, and the last ends at the end."""
    starts, ends = pixel_edges(count, pixels)
    assert starts[0] == 0
    assert ends[-1] == count
    assert (ends > starts).all()
    assert (starts[1:] <= ends[:-1]).all()


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the sample warehouse."""
    return build(tmp_path_factory.mktemp("masks") / "sparsity.db")


@pytest.mark.parametrize("axis", ["input", "output"])
def test_reading_gives_the_mask_that_was_written(sample: Path, axis: str) -> None:
    """Features of the input axis are columns of the matrix, those of the output axis rows."""
    matrix = next(matrix for matrix in list_matrices(Shape()) if matrix.projection == "down")
    mask = keep_mask(RUNS[2], matrix)
    expected = mask.T if axis == "input" else mask
    found = read_mask(Reader(sample).cursor(), RUNS[2].run_id, matrix.matrix_id, axis, expected.shape[1])
    assert found.feature_count == len(expected)
    everything = np.arange(found.feature_count)
    assert (found.density(everything, range(expected.shape[1]), *expected.shape) == expected).all()


def test_a_mask_that_is_not_there(sample: Path) -> None:
    """The dense model has no mask, and most matrices none along their outputs."""
    cursor = Reader(sample).cursor()
    with pytest.raises(MissingMaskError, match="run 1 has no mask along the input axis"):
        read_mask(cursor, 1, 1, "input", 32)
    with pytest.raises(MissingMaskError, match="along the output axis"):
        read_mask(cursor, 3, 1, "output", 32)
