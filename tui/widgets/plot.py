"""A plot of points and lines, as large as its place, drawn in a worker."""

from dataclasses import dataclass
from functools import partial

from rich.text import Text
from textual import on
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from tui.drawing.plot_drawing import draw
from tui.drawing.plots import Plot
from tui.drawing.themes import palette_of
from tui.state.fetching import Fetcher


class PlotView(Widget, can_focus=True):
    """Shows a plot, or what is missing for it; draws again when its size or the theme changes."""

    DEFAULT_CSS = "PlotView { width: 1fr; height: 1fr; background: $background; }"

    @dataclass
    class Drawn(Message):
        """The drawing is ready."""

        plot: Plot
        drawing: Text

    def __init__(self, missing: str = "reading …") -> None:
        """`missing` says why there may be nothing to draw."""
        super().__init__()
        self.fetcher = Fetcher(self)
        self.missing = missing
        self.plot: Plot | None = None
        self._drawing: Text | None = None

    def on_mount(self) -> None:
        """Draw in other colours when the theme changes."""
        self.app.theme_changed_signal.subscribe(self, lambda _: self._draw())

    def show(self, plot: Plot | None, missing: str | None = None) -> None:
        """Show another plot; `missing` is what to say where it holds no point."""
        self.plot = None if plot is None or plot.empty else plot
        self.missing = missing or self.missing
        self._drawing = None
        self._draw()
        self.refresh()

    def on_resize(self) -> None:
        """Draw at the new size."""
        self._draw()

    def render(self) -> Text | Content:
        """Return the drawing, or what is missing."""
        if self.plot is None:
            return Content.styled(self.missing, "$muted")
        return self._drawing or Content("")

    def _draw(self) -> None:
        if self.plot is None or not self.size:
            return
        palette = palette_of(self.app)
        work = partial(draw, self.plot, self.size.width, self.size.height, palette)
        self.fetcher.compute("drawing", work, partial(self.Drawn, self.plot))

    @on(Drawn)
    def _show_drawing(self, message: Drawn) -> None:
        if message.plot is self.plot:
            self._drawing = message.drawing
            self.refresh()
