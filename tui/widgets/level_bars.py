"""A list of horizontal bars with a cursor, each held against a level of its own."""

from dataclasses import dataclass
from textwrap import wrap
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual

from tui.drawing.levels import Levels, draw_bar, draw_header
from tui.widgets.motions import MOTION_BINDINGS, Motions


class LevelBars(Motions, ScrollView, can_focus=True):
    """Bars scroll under a fixed axis; the bar under the cursor is the one chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [*MOTION_BINDINGS]
    DEFAULT_CSS = """
    LevelBars { height: 1fr; width: 1fr; scrollbar-size: 1 1; background: $background; }
    """
    cursor: reactive[int] = reactive(0)

    @dataclass
    class Moved(Message):
        """The cursor is on another bar."""

        bars: "LevelBars"
        key: tuple

        @property
        def control(self) -> "LevelBars":
            """The sender, for the selectors of `@on`."""
            return self.bars

    def __init__(self, missing: str = "reading …") -> None:
        """`missing` says why there may be nothing to draw."""
        super().__init__()
        self.missing = missing
        self.levels: Levels | None = None

    def show(self, levels: Levels | None, key: tuple | None = None, missing: str | None = None) -> None:
        """Show bars with the cursor on the one with a key; `missing` is what to say where there is none."""
        self.levels = levels if levels is not None and levels.bars else None
        self.missing = missing or self.missing
        keys = [bar.key for bar in self.levels.bars] if self.levels else []
        place = keys.index(key) if key in keys else min(self.cursor, max(0, len(keys) - 1))
        self.virtual_size = Size(0, len(keys) + 1)
        # The caller chose where the cursor is and needs no message.
        self.set_reactive(LevelBars.cursor, place)
        self._follow()
        self.refresh()

    def validate_cursor(self, cursor: int) -> int:
        """Keep the cursor among the bars."""
        return min(max(cursor, 0), max(0, self._count - 1))

    def watch_cursor(self) -> None:
        """Tell where the cursor went, and keep it in view."""
        self._follow()
        self.refresh()
        if self.levels is not None:
            self.post_message(self.Moved(self, self.levels.bars[self.cursor].key))

    def perform(self, verb: str) -> None:
        """Move the cursor."""
        page = max(1, self.size.height - 1)
        places = {
            "up": self.cursor - 1, "down": self.cursor + 1, "first": 0, "last": self._count - 1,
            "page_up": self.cursor - page, "page_down": self.cursor + page,
        }  # fmt: skip
        self.cursor = places.get(verb, self.cursor)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor under the mouse."""
        if event.y >= 1:
            self.cursor = event.y - 1 + self.scroll_offset.y

    def on_resize(self) -> None:
        """Keep the cursor in view at the new size."""
        self._follow()

    def search_texts(self) -> list[str]:
        """Return label and note of every bar."""
        return [f"{bar.label} {bar.note}" for bar in self.levels.bars] if self.levels else []

    def search_position(self) -> int:
        """Return the bar of the cursor."""
        return self.cursor

    def search_go(self, position: int) -> None:
        """Put the cursor on a bar."""
        self.cursor = position

    def render_line(self, y: int) -> Strip:
        """Draw the axis, or one bar."""
        width = self.scrollable_content_region.width
        if self.levels is None:
            lines = wrap(self.missing, max(1, width))
            return self._strip(Content.styled(lines[y] if y < len(lines) else "", "$muted"), width)
        if y == 0:
            return self._strip(draw_header(self.levels, width), width)
        place = y - 1 + self.scroll_offset.y
        if place >= self._count:
            return Strip.blank(width, self.rich_style)
        line = draw_bar(self.levels, self.levels.bars[place], width)
        if place == self.cursor:
            line = line.pad_right(max(0, width - line.cell_length))
            line = line.stylize("bold on $panel" if not self.has_focus else "bold on $panel-lighten-1")
        return self._strip(line, width)

    def _strip(self, line: Content, width: int) -> Strip:
        strips = Visual.to_strips(self, line, width, 1, self.visual_style)
        return strips[0] if strips else Strip.blank(width, self.rich_style)

    @property
    def _count(self) -> int:
        return len(self.levels.bars) if self.levels else 0

    def _follow(self) -> None:
        # The axis covers the first line of the view, so that the region reaches one line further up.
        self.scroll_to_region(Region(0, self.cursor, 1, 2), animate=False, force=True)
