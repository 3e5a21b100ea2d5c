"""Pruning a matrix small enough to look at, by the methods of the pipeline; NumPy alone.

The methods are those of `etl.pruning` with its default settings, on one matrix whose inputs are known by
their norms and, if wanted, a correlation between neighbours.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

DAMPING = 0.01
GROUP, KEPT_OF_GROUP = 4, 2
SPARSITIES = tuple(eighths / 8 for eighths in range(8))
CORRELATIONS = (0.0, 0.5, 0.9)


@dataclass(frozen=True, slots=True)
class Lesson:
    """Weights (out, in), the norm ‖x_j‖₂ of every input, the share of zeros, the correlation of neighbours.

    Inputs i and j have the inner product norms_i · norms_j · correlation^|i − j|.
    """

    weights: tuple[tuple[float, ...], ...]
    norms: tuple[float, ...]
    sparsity: float = 0.5
    correlation: float = 0.0

    def with_value(self, row: int, column: int, value: float) -> "Lesson":
        """Return the lesson with another weight, or with another norm for row −1."""
        if row < 0:
            return replace(self, norms=(*self.norms[:column], value, *self.norms[column + 1 :]))
        changed = (*self.weights[row][:column], value, *self.weights[row][column + 1 :])
        return replace(self, weights=(*self.weights[:row], changed, *self.weights[row + 1 :]))

    def gram(self) -> Matrix:
        """Return XXᵀ (in, in) of the inputs."""
        norms = np.array(self.norms)
        places = np.arange(len(norms))
        return np.outer(norms, norms) * self.correlation ** np.abs(places[:, None] - places[None, :])


# Two inputs are far larger than the others, which is where the methods differ.
EXAMPLE = Lesson(
    weights=(
        (0.1, -0.9, 0.2, 0.4, -0.1, 0.8, -0.3, 0.5),
        (-0.5, 0.2, -0.1, -0.8, 0.6, -0.2, 0.1, -0.4),
        (0.3, -0.4, 0.7, -0.2, -0.5, 0.3, -0.9, 0.1),
        (-0.2, 0.5, -0.3, 0.1, 0.4, -0.7, 0.2, -0.6),
    ),
    norms=(1.0, 50.0, 1.2, 0.8, 1.1, 0.9, 40.0, 1.0),
)


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What a method makes of the matrix: scores, keep mask and new weights, all (out, in), and its error.

    `error` is ‖WX − ŴX‖ / ‖WX‖; `changed` marks kept weights that differ from the given ones.
    """

    method: str
    scores: Matrix
    kept: NDArray[np.bool_]
    weights: Matrix
    error: float
    changed: NDArray[np.bool_]

    @property
    def kept_count(self) -> int:
        """Weights that are kept."""
        return int(self.kept.sum())


def outcomes(lesson: Lesson) -> tuple[Outcome, ...]:
    """Return what magnitude, Wanda, 2:4 by Wanda's scores and SparseGPT make of a matrix."""
    weights = np.array(lesson.weights)
    magnitude, wanda = magnitude_scores(weights), wanda_scores(weights, np.array(lesson.norms))
    count = int(weights.size * lesson.sparsity)
    masks = {
        "magnitude": (magnitude, lowest(magnitude.reshape(1, -1), count).reshape(weights.shape)),
        "wanda": (wanda, lowest(wanda, int(weights.shape[1] * lesson.sparsity))),
        "2:4": (wanda, lowest_of_groups(wanda)),
    }
    results = [
        _outcome(lesson, method, scores, ~pruned, np.where(pruned, 0.0, weights))
        for method, (scores, pruned) in masks.items()
    ]
    return (*results, sparsegpt(lesson))


def magnitude_scores(weights: Matrix) -> Matrix:
    """Return |W| in float32, the precision of the pipeline, so that equal scores tie here as there."""
    return np.abs(weights).astype(np.float32).astype(np.float64)


def wanda_scores(weights: Matrix, norms: Matrix) -> Matrix:
    """Return |W_ij|·‖x_j‖₂ (arXiv 2306.11695), in float32 as `magnitude_scores`."""
    return (np.abs(weights).astype(np.float32) * norms.astype(np.float32)).astype(np.float64)


def lowest(scores: Matrix, count: int) -> NDArray[np.bool_]:
    """Mark the `count` lowest scores of every row; of equal ones the first."""
    order = np.argsort(scores, axis=1, kind="stable")[:, :count]
    pruned = np.zeros(scores.shape, dtype=np.bool_)
    np.put_along_axis(pruned, order, True, axis=1)
    return pruned


def lowest_of_groups(scores: Matrix) -> NDArray[np.bool_]:
    """Mark the two lowest scores of every four consecutive inputs of a row."""
    return lowest(scores.reshape(-1, GROUP), GROUP - KEPT_OF_GROUP).reshape(scores.shape)


def inverse_factor(gram: Matrix) -> Matrix:
    """Return U (in, in), upper triangular, UᵀU = (H + 0.01·mean(diag H)·I)⁻¹; dead inputs get H_jj = 1."""
    hessian = 2 * gram
    diagonal = np.diagonal(hessian).copy()
    np.fill_diagonal(hessian, np.where(diagonal == 0, 1.0, diagonal))
    hessian = hessian + DAMPING * np.diagonal(hessian).mean() * np.eye(len(hessian))
    return np.linalg.cholesky(np.linalg.inv(hessian)).T


def sparsegpt(lesson: Lesson) -> Outcome:
    """Prune column by column, each error compensated in the columns that follow (arXiv 2301.00774).

    The matrix is narrower than a block of the pipeline, so that one threshold applies: every score up to
    the one at rank `int(count · sparsity)` goes, at least one more than that many.
    """
    given = np.array(lesson.weights)
    gram = lesson.gram()
    upper = inverse_factor(gram)
    weights = np.where(np.diagonal(gram) == 0, 0.0, given)
    scores = weights**2 / np.diagonal(upper) ** 2
    pruned = np.zeros(weights.shape, dtype=np.bool_)
    if lesson.sparsity:
        pruned = scores <= np.sort(scores, axis=None)[int(scores.size * lesson.sparsity)]
        for column in range(weights.shape[1]):
            error = np.where(pruned[:, column], weights[:, column], 0.0) / upper[column, column]
            weights[:, column + 1 :] -= np.outer(error, upper[column, column + 1 :])
        weights[pruned] = 0.0
    else:
        weights = given
    return _outcome(lesson, "sparsegpt", scores, ~pruned, weights)


def output_error(given: Matrix, weights: Matrix, gram: Matrix) -> float:
    """Return ‖WX − ŴX‖ / ‖WX‖ from XXᵀ; 0 where the dense matrix gives nothing."""
    difference = given - weights
    lost, whole = np.sum(difference @ gram * difference), np.sum(given @ gram * given)
    return float(np.sqrt(max(lost, 0.0) / whole)) if whole > 0 else 0.0


def _outcome(
    lesson: Lesson, method: str, scores: Matrix, kept: NDArray[np.bool_], weights: Matrix
) -> Outcome:
    given = np.array(lesson.weights)
    changed = kept & ~np.isclose(given, weights, rtol=0, atol=5e-3)
    return Outcome(method, scores, kept, weights, output_error(given, weights, lesson.gram()), changed)
