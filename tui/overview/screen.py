# ruff: noqa: D102  # the registry says what each do_<verb> does
"""The overview: models and runs at the left, one figure of every matrix of the chosen run at the right."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.containers import Vertical
from textual.widget import Widget

from tui.drawing.figures import FIGURES, figure_named
from tui.drawing.grids import block_grid, run_grid
from tui.drawing.heatmap_layout import FRAME_LINES, TALLEST_CELL
from tui.drawing.themes import palette_of
from tui.frame.screen import SparsityScreen
from tui.overview.run_tree import HEADER, RunTree
from tui.overview.text import matrix_facts, run_facts
from tui.state.registry import Action
from tui.state.selection import Selection, maskless, matrix_of, run_of
from tui.widgets.facts import Facts
from tui.widgets.heatmap import Heatmap
from tui.widgets.legend import Legend
from tui.widgets.plain import Static

if TYPE_CHECKING:
    from tui.dialogs.tables import ExportTable

RUNS_SHARE = 50  # percent of a narrow screen that the runs may take


class OverviewScreen(SparsityScreen):
    """The whole model at a glance."""

    NAME: ClassVar[str] = "overview"
    ACTIONS: ClassVar[tuple[Action, ...]] = (
        Action(
            "overview.open", "o", "open", "Open the matrix under the cursor (Enter in the heatmap)", rank=1
        ),
        Action("overview.next_figure", "f", "figure", "Show the next figure in the heatmap", rank=2),
        Action("overview.previous_figure", "F", "previous figure", "Show the previous figure"),
        Action("overview.choose_figure", "v", "choose figure", "Choose the figure from a list", rank=12),
        Action(
            "overview.compare",
            "c",
            "compare",
            "Mark this run and show others as their difference to it",
            rank=3,
        ),
    )

    def __init__(self) -> None:
        super().__init__()
        self._shares: tuple[int | None, int | None] | None = None

    def compose_content(self) -> Iterable[Widget]:
        with Vertical(id="runs", classes="pane"):
            yield Static(HEADER, classes="column-header")
            yield RunTree()
            yield Facts(id="run-facts")
        with Vertical(id="figures", classes="wrap"):
            with Vertical(id="map", classes="pane"):
                yield Heatmap("blocks")
                yield Legend()
                yield Facts(id="matrix-facts")
            with Vertical(id="by-run", classes="pane"):
                yield Heatmap("run-means")

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#runs").border_title = "Models and runs"
        self.query_one(RunTree).focus()

    def update(self) -> None:
        app = self.host
        if app.overview is None:
            return
        tree = self.query_one(RunTree)
        tree.show(app.overview.runs, app.selection.run_id)
        tree.mark(app.selection.run_id, app.selection.compared_run_id)
        self._show_grids()
        self._show_facts()
        self._share_room()

    def on_resize(self) -> None:
        """Share the new room out between the heatmaps."""
        self._share_room()

    def why_not(self, verb: str) -> str | None:
        """Say why a run cannot be opened or compared."""
        app = self.host
        run = run_of(app.overview, app.selection.run_id) if app.overview else None
        if verb in {"open", "screen_matrix"} and (
            app.overview is None or matrix_of(app.overview, app.selection) is None
        ):
            return "this run has no pruned matrix; choose another run"
        if verb == "compare" and (run is None or not run.matrix_count):
            return f"{maskless(app.overview, app.selection)} has no mask to compare with; choose another run"
        return None

    def tables(self) -> "list[ExportTable]":
        """Return the matrices of the run in view, and all runs."""
        from tui.overview.tables import overview_tables  # noqa: PLC0415  # not needed for the first paint

        return overview_tables(self.host.selection.run_id)

    def do_open(self) -> None:
        self.host.action_perform("app.screen_matrix")

    def shown_selection(self) -> Selection:
        """Return the selection with the figure by name, so that none remembered elsewhere takes its place."""
        return replace(self.host.selection, figure=figure_named(self.host.selection.figure).name)

    def do_next_figure(self) -> None:
        self._turn_figure(1)

    def do_previous_figure(self) -> None:
        self._turn_figure(-1)

    def do_choose_figure(self) -> None:
        from tui.dialogs.choose import ChooseScreen  # noqa: PLC0415  # not needed for the first paint

        options = [(figure.name, figure.title, figure.meaning) for figure in FIGURES]
        current = figure_named(self.host.selection.figure).name
        self.app.push_screen(ChooseScreen("Figure of the heatmap", options, current), self._set_figure)

    def do_compare(self) -> None:
        selection = self.host.selection
        marked = None if selection.compared_run_id == selection.run_id else selection.run_id
        self.host.select(replace(selection, compared_run_id=marked))
        if marked is not None:
            self.notify("now move to another run to see its difference to this one; c here again ends it")

    @on(RunTree.Moved)
    def _run_changed(self, message: RunTree.Moved) -> None:
        self._choose_run(message.run.run_id)

    @on(RunTree.Opened)
    def _enter_map(self) -> None:
        self.query_one("#blocks", Heatmap).focus()

    @on(Heatmap.LeftEdge)
    def _leave_map(self) -> None:
        self.query_one(RunTree).focus()

    @on(Heatmap.Moved, "#blocks")
    def _matrix_changed(self, message: Heatmap.Moved) -> None:
        selection = self.host.selection
        self.host.select(replace(selection, layer=message.row, projection=message.column))

    @on(Heatmap.Moved, "#run-means")
    def _run_of_means(self, message: Heatmap.Moved) -> None:
        self._choose_run(message.row)

    @on(Heatmap.Opened)
    def _open_matrix(self) -> None:
        self.host.action_perform("overview.open")

    def _choose_run(self, run_id: int) -> None:
        app = self.host
        run = run_of(app.overview, run_id) if app.overview else None
        if app.overview is None or run is None or run_id == app.selection.run_id:
            return
        chosen = replace(app.selection, model_id=run.model_id, run_id=run_id)
        app.select(chosen.settled(app.overview)[0])

    def _turn_figure(self, step: int) -> None:
        names = [figure.name for figure in FIGURES]
        place = names.index(figure_named(self.host.selection.figure).name)
        self._set_figure(names[(place + step) % len(names)])

    def _set_figure(self, name: str | None) -> None:
        if name is not None:
            self.host.select(replace(self.host.selection, figure=name))

    def _show_grids(self) -> None:
        app = self.host
        overview, selection = app.overview, app.selection
        if overview is None:
            return
        compared = selection.compared_run_id if selection.compared_run_id != selection.run_id else None
        figure, palette = figure_named(selection.figure), palette_of(app)
        grid = block_grid(overview, selection.run_id, figure, compared)
        place = (selection.layer or 0, selection.projection or "")
        self.query_one("#blocks", Heatmap).show(grid, palette, place)
        self.query_one(Legend).show(grid, palette)
        run, other = run_of(overview, selection.run_id), run_of(overview, compared)
        subject = run.run_label if run else ""
        difference = f" − {other.run_label}" if other else ""
        self.title_pane("map", f"{figure.title} · {subject}{difference}")
        means = run_grid(overview, selection.model_id, figure)
        self.query_one("#run-means", Heatmap).show(means, palette, (selection.run_id or 0, place[1]))
        self.title_pane("by-run", f"{figure.title} · mean over blocks, run by run")

    def _share_room(self) -> None:
        """Share the screen out between the runs, the blocks and the means of all runs, if that changes it."""
        blocks, means = self.query_one("#blocks", Heatmap), self.query_one("#run-means", Heatmap)
        if blocks.grid is None or means.grid is None:
            return
        wide = self.has_class("-wide")
        tallest = self._height_of_blocks(len(blocks.grid.rows), len(means.grid.rows)) if wide else None
        lines = None if wide or self.has_class("-tiny") else self._height_of_runs()
        if (tallest, lines) == self._shares:
            return
        self._shares = (tallest, lines)
        self.query_one("#by-run").display = tallest is not None
        blocks.styles.height = tallest
        self.query_one("#map").styles.height = None if tallest is None else "auto"
        self.query_one("#runs").styles.height = lines

    def _height_of_blocks(self, block_count: int, run_count: int) -> int | None:
        """Return the lines of the blocks where they leave room for the means of all runs, else None."""
        # The line of tabs and the line of keys; the rules of both panes, the legend and the facts.
        room = self.size.height - 2 - 3 - self.query_one("#matrix-facts").size.height
        lowest = run_count + FRAME_LINES
        if run_count <= 1 or room - lowest < block_count + FRAME_LINES:
            return None
        return min(block_count * TALLEST_CELL + FRAME_LINES, room - lowest)

    def _height_of_runs(self) -> int:
        """Return the lines of the runs above the blocks, with rule and header: all, or half of the screen."""
        wanted = self.query_one(RunTree).last_line + 1 + 2
        return min(wanted, max(5, RUNS_SHARE * (self.size.height - 2) // 100))

    def _show_facts(self) -> None:
        app = self.host
        run = run_of(app.overview, app.selection.run_id) if app.overview else None
        matrix = matrix_of(app.overview, app.selection) if app.overview else None
        about_run, about_matrix = self.query_one("#run-facts", Facts), self.query_one("#matrix-facts", Facts)
        about_run.title = f"run {run.run_id}: {run.run_label}" if run else ""
        about_run.facts = run_facts(run) if run else ()
        if matrix is None:
            kind = maskless(app.overview, app.selection)
            about_matrix.title = f"{kind}: no matrix has a mask; choose a run with j and k"
            about_matrix.facts = ()
        else:
            about_matrix.title = f"block {matrix.layer} {matrix.projection}"
            about_matrix.facts = matrix_facts(matrix)
