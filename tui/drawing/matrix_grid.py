"""Heatmaps of figures that a screen fetched itself, by block and projection of a run."""

from collections.abc import Mapping

from tui.drawing.colours import Scale
from tui.drawing.figures import Figure
from tui.drawing.grids import PROJECTIONS, Grid, Place
from tui.state.selection import column_names
from warehouse.overview import Overview


def matrix_places(overview: Overview, run_id: int | None) -> dict[int, Place]:
    """Return the block and column of every matrix of a run by its key."""
    matrices = [matrix for matrix in overview.matrices if matrix.run_id == run_id]
    names = column_names(matrices)
    return {m.matrix_id: (m.layer, name) for m, name in zip(matrices, names, strict=True)}


def matrix_grid(
    places: dict[int, Place],
    values: Mapping[int, float | None],
    figure: Figure,
    marked: frozenset[int] = frozenset(),
) -> Grid:
    """Arrange values by matrix key into a grid; the `marked` matrices stand out."""
    found = {places[key]: value for key, value in values.items() if value is not None and key in places}
    usual = {name: place for place, name in enumerate(PROJECTIONS)}
    columns = sorted(
        dict.fromkeys(column for _, column in places.values()), key=lambda n: usual.get(n, len(usual))
    )
    return Grid(
        row_title="block",
        rows={layer: str(layer) for layer in sorted({layer for layer, _ in places.values()})},
        columns=tuple(columns),
        values=found,
        known=frozenset(places.values()),
        marked=frozenset(places[key] for key in marked if key in places),
        figure=figure,
        scale=Scale.over(list(found.values())),
    )
