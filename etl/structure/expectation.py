"""What a mask is expected to keep at every place, given its row and column counts and nothing else."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Steps of the fixed-point iteration; the remainder is far below one entry a column.
_STEPS = 50
_TINY = 1e-300


def expected_mask(row_counts: NDArray[np.integer], column_counts: NDArray[np.integer]) -> NDArray[np.float32]:
    """Return the (rows, columns) probabilities of the distribution of largest entropy with these counts.

    An entry is kept with probability x_i y_j / (1 + x_i y_j), where x and y are such that the expected counts
    are the given ones (Saracco et al. 2015, arXiv:1503.05098). Rows of equal counts have equal x, so that
    only as many are fitted as there are different counts. Full rows and columns have no finite x: half an
    entry less is fitted for them.

    Args:
        row_counts: (rows,) kept columns of every row.
        column_counts: (columns,) kept rows of every column.
    """
    row_levels, row_class, row_sizes = np.unique(row_counts, return_inverse=True, return_counts=True)
    column_levels, column_class, column_sizes = np.unique(
        column_counts, return_inverse=True, return_counts=True
    )
    wanted_rows = np.minimum(row_levels, len(column_counts) - 0.5)
    wanted_columns = np.minimum(column_levels, len(row_counts) - 0.5)
    scale = max(float(np.sqrt(row_counts.sum(dtype=np.float64))), 1.0)
    x, y = wanted_rows / scale, wanted_columns / scale
    for _ in range(_STEPS):
        x = wanted_rows / (column_sizes * y / (1 + np.outer(x, y))).sum(axis=1).clip(_TINY)
        y = wanted_columns / ((row_sizes * x)[:, None] / (1 + np.outer(x, y))).sum(axis=0).clip(_TINY)
    odds = np.outer(x, y)
    return (odds / (1 + odds)).astype(np.float32)[row_class[:, None], column_class]
