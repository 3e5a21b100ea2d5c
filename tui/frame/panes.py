"""The panels that screens are composed of: a titled frame around a table, a plot, bars or a heatmap."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from tui.drawing.grids import Grid, Place
from tui.drawing.themes import palette_of
from tui.widgets.bar_chart import BarChart
from tui.widgets.heatmap import Heatmap
from tui.widgets.legend import Legend
from tui.widgets.level_bars import LevelBars
from tui.widgets.plot import PlotView
from tui.widgets.table import Table


class Panel(Vertical):
    """A part of a screen; on wide terminals all `left` panels are in view, one `right` panel at a time.

    A subclass has a NAME, which is its id, and a short TITLE for the line of names. Its `show` takes what it
    shows, already read.
    """

    NAME: ClassVar[str] = ""
    TITLE: ClassVar[str] = ""
    SIDE: ClassVar[str] = "right"

    def __init__(self) -> None:
        super().__init__(id=self.NAME, classes=f"pane panel {self.SIDE}")
        self._written_title = ""

    def retitle(self, title: str) -> None:
        """Put a title on the rule of the panel; Textual draws all of it for that, so only when it changed."""
        if title != self._written_title:
            self._written_title = title
            self.border_title = Content(title)

    def clear(self, why: str) -> None:  # noqa: ARG002  # for panels that have room to say it
        """Show nothing, and why there is nothing."""
        self.retitle(self.TITLE)


class TablePanel(Panel):
    """A panel with one table, whose headings a subclass lists."""

    HEADINGS: ClassVar[tuple[str, ...]] = ()

    def compose(self) -> ComposeResult:
        """Make the table."""
        yield Table(*self.HEADINGS)

    @property
    def table(self) -> Table:
        """The table."""
        return self.query_one(Table)

    def clear(self, why: str) -> None:
        """Empty the table."""
        super().clear(why)
        self.table.fill([])


class PlotPanel(Panel):
    """A panel with a plot of points and lines."""

    def compose(self) -> ComposeResult:
        """Make the plot."""
        yield PlotView()

    @property
    def plot(self) -> PlotView:
        """The plot."""
        return self.query_one(PlotView)

    def clear(self, why: str) -> None:
        """Say why there is nothing to plot."""
        super().clear(why)
        self.plot.show(None, why)


class ChartPanel(Panel):
    """A panel with upright bars; MISSING is said while there are none."""

    MISSING: ClassVar[str] = "reading …"

    def compose(self) -> ComposeResult:
        """Make the chart."""
        yield BarChart(self.MISSING)

    @property
    def chart(self) -> BarChart:
        """The chart."""
        return self.query_one(BarChart)

    def clear(self, why: str) -> None:
        """Empty the chart."""
        super().clear(why)
        self.chart.show(None)


class LevelsPanel(Panel):
    """A panel with bars, each held against its level."""

    def compose(self) -> ComposeResult:
        """Make the bars."""
        yield LevelBars()

    @property
    def bars(self) -> LevelBars:
        """The bars."""
        return self.query_one(LevelBars)

    def clear(self, why: str) -> None:
        """Say why there are no bars."""
        super().clear(why)
        self.bars.show(None, missing=why)


class HeatmapPanel(Panel):
    """A panel with one figure of every matrix of a run, and what its colours stand for."""

    HEATMAP: ClassVar[str] = ""  # its id

    def compose(self) -> ComposeResult:
        """Make the heatmap above its legend."""
        yield Heatmap(self.HEATMAP)
        yield Legend()

    def show(self, grid: Grid, place: Place | None, title: str) -> None:
        """Show a grid with the cursor on one of its places."""
        palette = palette_of(self.app)
        self.query_one(Heatmap).show(grid, palette, place)
        self.query_one(Legend).show(grid, palette)
        self.retitle(title)
