"""The figures a heatmap can show, and how they are written."""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite

from warehouse.overview import MatrixFigures


def number(value: float | None, *, signed: bool = False) -> str:
    """Write a figure with three significant digits in at most six characters."""
    if value is None or not isfinite(value):
        return "·"
    sign = "+" if signed else ""
    size = abs(value)
    if size >= 10_000:
        return f"{value / 1000:{sign}.0f}k"
    if size >= 100:
        return f"{value:{sign}.0f}"
    if size >= 10:
        return f"{value:{sign}.1f}"
    if size >= 1 or size == 0:
        return f"{value:{sign}.2f}"
    return f"{value:{sign}.3f}"


def percent(value: float | None, *, signed: bool = False) -> str:
    """Write a share in per cent, without the sign."""
    if value is None or not isfinite(value):
        return "·"
    return f"{100 * value:{'+' if signed else ''}.1f}"


def fixed(decimals: int) -> Callable[..., str]:
    """Return a writer with so many decimals, so that the numbers of a heatmap stand in line."""

    def write(value: float | None, *, signed: bool = False) -> str:
        if value is None or not isfinite(value):
            return "·"
        if abs(value) >= 10_000:
            return number(value, signed=signed)
        # Adding 0.0 turns the −0.0 that rounding leaves into 0.0.
        return f"{round(value, decimals) + 0.0:{'+' if signed else ''}.{decimals}f}"

    return write


RATIO = fixed(3)  # real masks differ from chance in the third decimal


@dataclass(frozen=True, slots=True)
class Figure:
    """Something measured of every matrix of a run."""

    name: str
    title: str
    meaning: str
    column: str
    how_to_get: str
    write: Callable[..., str] = number

    def of(self, matrix: MatrixFigures) -> float | None:
        """Return the figure of a matrix; None where it was not measured."""
        value = getattr(matrix, self.column)
        return value if value is not None and isfinite(value) else None


CLUSTERED_BY = "sparsity-etl run clusters the masks"
FIGURES = (
    Figure(
        "error",
        "reconstruction error",
        "‖WX − ŴX‖ / ‖WX‖ on the calibration inputs",
        "reconstruction_error",
        "sparsity-etl run measures it where there are calibration inputs",
        fixed(3),
    ),
    Figure("sparsity", "sparsity, %", "share of the weights that are pruned", "actual_sparsity", "", percent),
    Figure(
        "separation",
        "separation ratio",
        "between ÷ within distance by pairs; ▲ structured",
        "separation_ratio",
        CLUSTERED_BY,
        fixed(3),
    ),
    Figure(
        "macro",
        "macro separation ratio",
        "the published ratio; clusters of one inflate it",
        "separation_ratio_macro",
        CLUSTERED_BY,
        fixed(2),
    ),
    Figure(
        "z",
        "z-score of the separation",
        "distance from chance in its sd; ▲ structured",
        "z_score",
        "sparsity-etl run clusters masks drawn by chance as well",
        fixed(1),
    ),
    Figure(
        "speedup",
        "measured speed-up",
        "best kernel ÷ dense, batch 1, cold cache",
        "best_speedup",
        "measure kernels on a GPU with: sparsity-bench run",
        fixed(2),
    ),
)
MARKED = {"separation", "z"}  # figures whose cells tell which masks are structured


def figure_named(name: str | None) -> Figure:
    """Return a figure by its name, the first one where there is none of that name."""
    return next((figure for figure in FIGURES if figure.name == name), FIGURES[0])


def stands_out(matrix: MatrixFigures) -> bool:
    """Whether the mask of a matrix counts as structured."""
    return bool(matrix.is_structured)
