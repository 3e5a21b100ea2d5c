"""What the person is looking at, shared by all screens, and the command line that opens it again."""

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from warehouse.overview import MatrixFigures, Overview, RunFigures


@dataclass(frozen=True, slots=True)
class Selection:
    """A model, a run, a matrix and the figure shown; None where nothing was chosen yet."""

    model_id: str | None = None
    run_id: int | None = None
    layer: int | None = None
    projection: str | None = None
    figure: str | None = None
    compared_run_id: int | None = None

    def over(self, remembered: "Selection") -> "Selection":
        """Return this selection, with what it leaves open taken from the one remembered.

        Where a model or a run is given, only the figure is taken over.
        """
        if self.model_id is not None or self.run_id is not None:
            remembered = Selection(figure=remembered.figure)
        own = {name: getattr(self, name) for name in self.__slots__}
        return replace(remembered, **{name: value for name, value in own.items() if value is not None})

    def settled(self, overview: Overview) -> "tuple[Selection, list[str]]":
        """Replace what does not exist by what does; the second value says what was not found."""
        complaints = []
        run, complaint = _settle_run(self, overview)
        if complaint:
            complaints.append(complaint)
        if run is None:
            return Selection(figure=self.figure), complaints
        compared = self.compared_run_id
        if compared not in {other.run_id for other in overview.runs if other.model_id == run.model_id}:
            compared = None
        settled = replace(self, model_id=run.model_id, run_id=run.run_id, compared_run_id=compared)
        matrix = matrix_of(overview, settled) or _nearest_matrix(overview, settled)
        if matrix is None:
            return settled, complaints
        if self.projection not in {None, matrix.projection, matrix.component} or self.layer not in {
            None,
            matrix.layer,
        }:
            complaints.append(f"run {run.run_id} has no block {self.layer} {self.projection or ''}".rstrip())
        projection = self.projection if self.projection == matrix.component else matrix.projection
        return replace(settled, layer=matrix.layer, projection=projection), complaints

    def command(self, database: Path, screen: str, view: Mapping[str, str] | None = None) -> str:
        """Return the command that opens the app here; `view` is what the screen shows beyond it."""
        parts = ["sparsity-tui", "--db", str(database), "--screen", screen]
        for option, value in (
            ("--model", self.model_id),
            ("--run", self.run_id),
            ("--layer", self.layer),
            ("--projection", self.projection),
            ("--figure", self.figure),
            ("--compared-run", self.compared_run_id),
        ):
            if value is not None:
                parts += [option, str(value)]
        for name, value in (view or {}).items():
            parts += ["--view", f"{name}={value}"]
        return shlex.join(parts)


def run_of(overview: Overview, run_id: int | None) -> RunFigures | None:
    """Return a run by its number."""
    return next((run for run in overview.runs if run.run_id == run_id), None)


def matrix_of(overview: Overview, selection: Selection) -> MatrixFigures | None:
    """Return the selected matrix as the selected run pruned it."""
    return next(
        (
            matrix
            for matrix in overview.matrices
            if (matrix.run_id, matrix.layer) == (selection.run_id, selection.layer)
            and selection.projection in {matrix.projection, matrix.component}
        ),
        None,
    )


def next_run(overview: Overview, selection: Selection) -> Selection:
    """Return the selection in the next run that pruned the selected matrix, going round."""
    runs = [
        matrix.run_id
        for matrix in overview.matrices
        if (matrix.model_id, matrix.layer) == (selection.model_id, selection.layer)
        and selection.projection in {matrix.projection, matrix.component}
    ]
    if selection.run_id not in runs:
        return selection
    return replace(selection, run_id=runs[(runs.index(selection.run_id) + 1) % len(runs)])


def stepped(overview: Overview, selection: Selection, blocks: int, projections: int) -> Selection:
    """Return the selection some blocks or projections further on in the same run, stopping at the ends."""
    matrices = [matrix for matrix in overview.matrices if matrix.run_id == selection.run_id]
    names = dict(zip(matrices, column_names(matrices), strict=True))
    here = matrix_of(overview, selection)
    if here is None:
        return selection
    if blocks:
        line, step = [matrix for matrix in matrices if names[matrix] == names[here]], blocks
    else:
        line, step = [matrix for matrix in matrices if matrix.layer == here.layer], projections
    target = line[min(max(line.index(here) + step, 0), len(line) - 1)]
    return replace(selection, layer=target.layer, projection=names[target])


def column_names(matrices: Sequence[MatrixFigures]) -> list[str]:
    """Name the matrices of one run: by projection, or by component where a block has a projection twice."""
    counts = Counter((matrix.layer, matrix.projection) for matrix in matrices)
    doubled = {projection for (_, projection), count in counts.items() if count > 1}
    return [matrix.component if matrix.projection in doubled else matrix.projection for matrix in matrices]


def maskless(overview: Overview | None, selection: Selection) -> str:
    """Say what kind of run is selected, of those that have no masks."""
    run = run_of(overview, selection.run_id) if overview else None
    return "a sliced model" if run is not None and run.pattern == "sliced" else "the dense model"


def describe_matrix(matrix: MatrixFigures) -> str:
    """Name a matrix in a few words: block 3 down."""
    return f"block {matrix.layer} {matrix.projection}"


def describe(overview: Overview, selection: Selection) -> str:
    """Name what is selected in a few words."""
    run = run_of(overview, selection.run_id)
    return f"{run.model_id} · {run.run_label} " if run else ""


def _settle_run(selection: Selection, overview: Overview) -> tuple[RunFigures | None, str | None]:
    complaint = None
    candidates = list(overview.runs)
    if selection.model_id is not None:
        candidates = [run for run in overview.runs if run.model_id == selection.model_id]
        if not candidates:
            complaint = f"there is no model {selection.model_id} in the database"
            candidates = list(overview.runs)
    chosen = next((run for run in candidates if run.run_id == selection.run_id), None)
    if chosen is None and selection.run_id is not None:
        complaint = complaint or f"there is no run {selection.run_id} of this model in the database"
    masked = (run for run in candidates if run.matrix_count)
    pruned = (run for run in candidates if run.method != "dense")
    return chosen or next(masked, next(pruned, next(iter(candidates), None))), complaint


def _nearest_matrix(overview: Overview, selection: Selection) -> MatrixFigures | None:
    """Return the matrix of the run that agrees most with the selection."""
    return max(
        (matrix for matrix in overview.matrices if matrix.run_id == selection.run_id),
        key=lambda matrix: (
            matrix.layer == selection.layer,
            matrix.projection == selection.projection,
            -matrix.layer,
            -matrix.matrix_id,
        ),
        default=None,
    )
