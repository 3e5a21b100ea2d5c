"""Keep masks of a whole matrix, packed as the database holds them, and their density at any resolution."""

from dataclasses import dataclass
from functools import cached_property

import duckdb
import numpy as np
from numpy.typing import NDArray

from warehouse.errors import SparsityError


class MissingMaskError(SparsityError):
    """The database holds no mask for this run, matrix and axis."""


@dataclass(frozen=True, eq=False)
class PackedMask:
    """The keep masks of all features of a matrix along one axis, one bit a weight.

    `packed` is (features, bytes), each row padded in front with zeros up to whole bytes.
    """

    packed: NDArray[np.uint8]
    position_count: int

    @property
    def feature_count(self) -> int:
        """Features along the axis."""
        return len(self.packed)

    def density(
        self, features: NDArray[np.int_], positions: range, height: int, width: int
    ) -> NDArray[np.float32]:
        """Return the share of kept weights in each pixel of a picture of (height, width).

        Args:
            features: the features in view, in the order in which they go down the picture.
            positions: the positions in view, across the picture.

        A picture with more pixels than weights repeats weights. Counting uses running sums of whole bytes,
        so that no bit is unpacked: 4096×11008 takes a fraction of the 45 MB of booleans.
        """
        starts, ends = pixel_edges(len(positions), width)
        counts = self._count_before(features, positions.start + ends)
        counts -= self._count_before(features, positions.start + starts)
        tops, bottoms = pixel_edges(len(features), height)
        pooled = np.add.reduceat(counts, tops, axis=0)
        areas = (bottoms - tops)[:, None] * (ends - starts)[None, :]
        return (pooled / areas).astype(np.float32)

    @cached_property
    def _running(self) -> NDArray[np.unsignedinteger]:
        """Kept weights of each feature before every byte, in the smallest type that holds them."""
        kind = np.min_scalar_type(self.position_count)
        running = np.zeros((self.feature_count, self.packed.shape[1] + 1), dtype=kind)
        np.cumsum(np.bitwise_count(self.packed), axis=1, dtype=kind, out=running[:, 1:])
        return running

    def _count_before(self, features: NDArray[np.int_], positions: NDArray[np.int_]) -> NDArray[np.int32]:
        """Return (features, positions) counts of the weights kept before each position."""
        bits = positions + self.packed.shape[1] * 8 - self.position_count
        byte, rest = bits // 8, bits % 8
        whole = self._running[features[:, None], byte[None, :]]
        # Past the last byte there is nothing left to count: its mask is empty.
        partial = self.packed[features[:, None], np.minimum(byte, self.packed.shape[1] - 1)[None, :]]
        leading = (0xFF00 >> rest & 0xFF).astype(np.uint8)
        return whole.astype(np.int32) + np.bitwise_count(partial & leading[None, :])


def read_mask(
    cursor: duckdb.DuckDBPyConnection, run_id: int, matrix_id: int, axis: str, position_count: int
) -> PackedMask:
    """Read the masks of one run and matrix along one axis.

    Args:
        position_count: weights in each feature; the other side of the matrix.

    Raises:
        MissingMaskError: there are none.
    """
    # The axis is one of two words and the rest are numbers, so that no text of a caller becomes SQL.
    along = "output" if axis == "output" else "input"
    where = f"run_id = {run_id:d} AND matrix_id = {matrix_id:d} AND axis = '{along}'"
    masks = cursor.table("feature_masks").filter(where).order("feature_index")
    rows = masks.project("keep_mask::BLOB").fetchall()
    if not rows:
        msg = f"run {run_id} has no mask along the {axis} axis of this matrix"
        raise MissingMaskError(msg)
    packed = np.frombuffer(b"".join(blob for (blob,) in rows), dtype=np.uint8)
    return PackedMask(packed.reshape(len(rows), -1), position_count)


def pixel_edges(count: int, pixels: int) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """Share out `count` things among pixels; return the first and one past the last thing of each pixel."""
    edges = np.arange(pixels + 1) * count // pixels
    return edges[:-1], np.maximum(edges[1:], edges[:-1] + 1)
