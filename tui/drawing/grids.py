"""Grids of figures for heatmaps: a run by block and projection, the runs of a model by run and projection."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from tui.drawing.colours import Scale
from tui.drawing.figures import MARKED, Figure, stands_out
from tui.state.selection import column_names
from warehouse.overview import MatrixFigures, Overview

PROJECTIONS = ("q", "k", "v", "o", "gate", "up", "down")
Place = tuple[int, str]


@dataclass(frozen=True, eq=False)
class Grid:
    """Values by row, a number with a label, and column; `known` are the places that exist at all."""

    row_title: str
    rows: dict[int, str]
    columns: tuple[str, ...]
    values: dict[Place, float]
    known: frozenset[Place]
    marked: frozenset[Place]
    figure: Figure
    scale: Scale
    complete: bool = True

    def write(self, value: float | None) -> str:
        """Write a value of the grid as its figure is written; differences carry their sign."""
        return self.figure.write(value, signed=self.scale.diverging)

    def mean(self, *, row: int | None = None, column: str | None = None) -> float | None:
        """Return the mean over one row or one column; None where it holds nothing."""
        return _mean(
            value
            for (at_row, at_column), value in self.values.items()
            if row in {None, at_row} and column in {None, at_column}
        )


@lru_cache(maxsize=16)
def block_grid(
    overview: Overview, run_id: int | None, figure: Figure, compared_run_id: int | None = None
) -> Grid:
    """Arrange a figure of a run by block and projection, as it is or less that of another run."""
    matrices = _places(overview, run_id)
    values = _values(matrices, figure)
    if compared_run_id is not None:
        others = _values(_places(overview, compared_run_id), figure)
        values = {place: value - others[place] for place, value in values.items() if place in others}
    marks = figure.name in MARKED and compared_run_id is None
    return Grid(
        row_title="block",
        rows={layer: str(layer) for layer in sorted({layer for layer, _ in matrices})},
        columns=_columns(matrices),
        values=values,
        known=frozenset(matrices),
        marked=frozenset(place for place, matrix in matrices.items() if marks and stands_out(matrix)),
        figure=figure,
        scale=Scale.over(list(values.values()), diverging=compared_run_id is not None),
        complete=overview.complete,
    )


@lru_cache(maxsize=16)
def run_grid(overview: Overview, model_id: str | None, figure: Figure) -> Grid:
    """Arrange the mean of a figure over the blocks by run of a model and projection."""
    rows = {
        run.run_id: run.run_label for run in overview.runs if run.model_id == model_id and run.matrix_count
    }
    values: dict[Place, float] = {}
    columns: dict[Place, MatrixFigures] = {}
    for run_id in rows:
        matrices = _places(overview, run_id)
        columns |= matrices
        found = _values(matrices, figure)
        for column in {column for _, column in found}:
            mean = _mean(value for (_, at_column), value in found.items() if at_column == column)
            if mean is not None:
                values[run_id, column] = mean
    return Grid(
        row_title="run",
        rows=rows,
        columns=_columns(columns),
        values=values,
        known=frozenset(values),
        marked=frozenset(),
        figure=figure,
        scale=Scale.over(list(values.values())),
        complete=overview.complete,
    )


def _places(overview: Overview, run_id: int | None) -> dict[Place, MatrixFigures]:
    matrices = [matrix for matrix in overview.matrices if matrix.run_id == run_id]
    return {(m.layer, name): m for m, name in zip(matrices, column_names(matrices), strict=True)}


def _values(matrices: dict[Place, MatrixFigures], figure: Figure) -> dict[Place, float]:
    found = ((place, figure.of(matrix)) for place, matrix in matrices.items())
    return {place: value for place, value in found if value is not None}


def _columns(matrices: dict[Place, MatrixFigures]) -> tuple[str, ...]:
    """Order the usual projections as the model applies them, others as the checkpoint lists them."""
    usual = {name: place for place, name in enumerate(PROJECTIONS)}
    names = dict.fromkeys(column for _, column in matrices)
    key: Callable[[str], int] = lambda name: usual.get(name, len(usual))  # noqa: E731  # sorted() is stable
    return tuple(sorted(names, key=key))


def _mean(values: Iterable[float]) -> float | None:
    found = list(values)
    return sum(found) / len(found) if found else None
