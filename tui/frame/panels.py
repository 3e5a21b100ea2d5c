# ruff: noqa: D102  # the registry says what each do_<verb> does
"""A screen of panels: side by side where there is room, else one at a time; steps from matrix to matrix."""

from collections.abc import Iterable
from dataclasses import replace
from typing import ClassVar

from textual import events, on
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.geometry import Region
from textual.widget import Widget
from textual.widgets import DataTable

from tui.drawing.grids import Place
from tui.drawing.matrix_grid import matrix_places
from tui.frame.panel_line import PanelLine
from tui.frame.panes import Panel
from tui.frame.screen import NARROW, SparsityScreen
from tui.state.registry import Action
from tui.state.selection import next_run, stepped
from tui.widgets.heatmap import Heatmap
from tui.widgets.plain import Static
from warehouse.overview import MatrixFigures


def panel_actions(scope: str) -> tuple[Action, ...]:
    """Return the actions that every screen of panels has."""
    return (
        Action(f"{scope}.next_panel", "right_square_bracket", "panel", "Put the next panel in front", rank=4),
        Action(f"{scope}.previous_panel", "left_square_bracket", "back", "Put the panel before in front"),
        Action(f"{scope}.write_text", "t", "text", "Write the panel in front into a text file", rank=18),
    )


def step_actions(scope: str) -> tuple[Action, ...]:
    """Return the actions that go from matrix to matrix and from run to run."""
    return (
        Action(f"{scope}.next_block", "J", "block", "Go to the next block", rank=12),
        Action(f"{scope}.previous_block", "K", "block before", "Go to the block before"),
        Action(f"{scope}.next_projection", "L", "projection", "Go to the next projection", rank=13),
        Action(f"{scope}.previous_projection", "H", "projection before", "Go to the projection before"),
        Action(f"{scope}.next_run", "r", "run", "Go to the next run that pruned this matrix", rank=5),
    )


class PanelScreen(SparsityScreen):
    """A subclass lists the classes of its PANELS, reads what they show and gives it to them.

    `matrix` is the selected matrix as the selected run pruned it, where there is one.
    """

    PANELS: ClassVar[tuple[type[Panel], ...]] = ()

    def __init__(self) -> None:
        super().__init__()
        self.matrix: MatrixFigures | None = None
        self._wanted = self.PANELS[0].NAME

    @property
    def front(self) -> str:
        """The panel in front: the one last asked for, or the first of the rotation."""
        names = self.rotation()
        return self._wanted if self._wanted in names else names[0]

    def compose_content(self) -> Iterable[Widget]:
        """Lay out the names of the panels above two columns of them, and a note below."""
        line = PanelLine()
        line.titles = {panel.NAME: panel.TITLE for panel in self.PANELS}
        yield line
        with Horizontal(id="columns"):
            for side in ("left", "right"):
                with Vertical(classes=f"column wrap {side}"):
                    yield from (panel() for panel in self.PANELS if side == panel.SIDE)
        yield Static(id="note")

    def on_mount(self) -> None:
        """Put the first panel in front."""
        super().on_mount()
        self._arrange()
        self.focus_panel(self._wanted)

    def view_options(self) -> dict[str, str]:
        """Return the panel in front."""
        return {"panel": self._wanted}

    def use_view_options(self, options: dict[str, str]) -> None:
        """Put a panel in front."""
        if options.get("panel") in {panel.NAME for panel in self.PANELS}:
            self._wanted = options["panel"]

    def on_resize(self, event: events.Resize) -> None:
        """Keep a panel in front that is in the rotation at the new size."""
        del event
        self._arrange()

    def places(self) -> dict[int, Place]:
        """Return block and column of every matrix of the run in view."""
        overview = self.host.overview
        return matrix_places(overview, self.matrix.run_id) if overview and self.matrix else {}

    def select_matrix(self, matrix_id: int) -> None:
        """Select another matrix of the run in view."""
        place = self.places().get(matrix_id)
        if place is not None and self.matrix is not None and matrix_id != self.matrix.matrix_id:
            layer, projection = place
            self.host.select(replace(self.host.selection, layer=layer, projection=projection))

    def note(self, text: str) -> None:
        """Show a sentence about what is selected, below the panels."""
        self.query_one("#note", Static).update(text)

    def show_nothing(self, why: str) -> None:
        """Empty all panels and say why."""
        for panel in self.query(Panel):
            panel.clear(why)
        self.note(why)

    def do_next_panel(self) -> None:
        self._rotate(1)

    def do_previous_panel(self) -> None:
        self._rotate(-1)

    def do_next_block(self) -> None:
        self._step(1, 0)

    def do_previous_block(self) -> None:
        self._step(-1, 0)

    def do_next_projection(self) -> None:
        self._step(0, 1)

    def do_previous_projection(self) -> None:
        self._step(0, -1)

    def do_next_run(self) -> None:
        app = self.host
        if app.overview is not None:
            app.select(next_run(app.overview, app.selection))

    def do_write_text(self) -> None:
        """Write what the focused panel shows, else the one in front, into the current folder."""
        panel = next((panel for panel in self.query(Panel) if panel.has_focus_within), None)
        panel = panel or self.query_one(f"#{self.front}", Panel)
        self.save_text(panel.NAME, text_of(panel))

    @on(Heatmap.Moved)
    def _choose_matrix(self, message: Heatmap.Moved) -> None:
        selection = self.host.selection
        self.host.select(replace(selection, layer=message.row, projection=message.column))

    @on(Heatmap.Opened)
    def _open_matrix(self) -> None:
        self.host.action_perform(f"{self.NAME}.open")

    @on(PanelLine.Chosen)
    def _choose(self, message: PanelLine.Chosen) -> None:
        self.bring_to_front(message.name)

    def _rotate(self, step: int) -> None:
        names = self.rotation()
        self.bring_to_front(names[(names.index(self.front) + step) % len(names)])

    def bring_to_front(self, name: str) -> None:
        """Put a panel in front, and the focus on it."""
        self._wanted = name
        self._arrange()
        self.focus_panel(name)

    def rotation(self) -> list[str]:
        """Return the names of the panels that take turns in front."""
        narrow = self.app.size.width < NARROW
        return [panel.NAME for panel in self.PANELS if narrow or panel.SIDE == "right"]

    def _arrange(self) -> None:
        for panel in self.query(".panel"):
            panel.set_class(panel.id == self.front, "-front")
        for column in self.query(".column"):
            column.set_class(bool(column.query(".-front")), "-front")
        line = self.query_one(PanelLine)
        line.names, line.front = tuple(self.rotation()), self.front

    def focus_panel(self, name: str) -> None:
        """Put the focus on a panel, where it has something to move in."""
        focusable = next((w for w in self.query_one(f"#{name}").query("*") if w.can_focus), None)
        if focusable is not None:
            focusable.focus()

    def _step(self, blocks: int, projections: int) -> None:
        app = self.host
        if app.overview is not None:
            app.select(stepped(app.overview, app.selection, blocks, projections))


def chosen_row(event: DataTable.RowHighlighted) -> int | None:
    """Return the row a person moved to; None when the table was filled anew, or the cursor has moved on.

    A table that was emptied says that its cursor is on row -1.
    """
    table, row = event.data_table, event.cursor_row
    return row if row >= 0 and table.has_focus and row == table.cursor_row else None


def place_of(name: str | None, names: list[str]) -> int:
    """Return the place of a name, the first place where it is not among them."""
    return names.index(name) if name in names else 0


def text_of(panel: Widget) -> str:
    """Return what a panel shows as lines of text, its title first."""
    lines = [Content.from_markup(panel.border_title or "").plain, ""]
    for widget in panel.query("*"):
        if not widget.children and widget.display:
            whole = Region(0, 0, widget.size.width, widget.size.height)
            lines += [strip.text.rstrip() for strip in widget.render_lines(whole)]
    return "\n".join(lines) + "\n"
