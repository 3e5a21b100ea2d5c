"""Horizontal bars that are read against a level each has of its own: chance, or the dense matrix."""

from collections.abc import Callable
from dataclasses import dataclass
from math import log

from textual.content import Content

from tui.drawing.figures import number

EIGHTHS = " ▏▎▍▌▋▊▉"
UP_TO_LEVEL, BEYOND_LEVEL = "░", "█"
LEVEL_MARK = "┃"
LIMIT_MARK, FAR_LIMIT_MARK = "◇", "»"
FAR_OFF = 2.5
NARROWEST_BARS = 20


@dataclass(frozen=True, slots=True)
class LevelBar:
    """One bar: its value, the level it is held against, a limit where there is one, and a note at the right.

    `key` is what the bar stands for; a `marked` bar is worth attention.
    """

    key: tuple
    label: str
    value: float | None
    level: float | None = None
    limit: float | None = None
    note: str = ""
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Levels:
    """Bars over one axis from `low`, positive where it is logarithmic; the names say what the marks are."""

    title: str
    bars: tuple[LevelBar, ...]
    level_name: str
    limit_name: str = ""
    low: float = 0.0
    log: bool = False
    write: Callable[[float | None], str] = number

    @property
    def high(self) -> float:
        """The right end of the axis."""
        drawn = [x for bar in self.bars for x in (bar.value, bar.level) if x is not None]
        high = max(drawn, default=self.low + 1)
        # A limit far off would leave no room for the bars; its mark then stands at the end as ».
        limits = [bar.limit for bar in self.bars if bar.limit is not None and bar.limit <= FAR_OFF * high]
        return max(high, *limits, self.low)

    @property
    def label_width(self) -> int:
        """Cells the labels need."""
        return max((len(bar.label) for bar in self.bars), default=0)

    @property
    def note_width(self) -> int:
        """Cells that the notes need, and the names of the marks above them."""
        return max(len(self.mark_names), *(len(bar.note) for bar in self.bars), 0)

    @property
    def mark_names(self) -> str:
        """What the marks stand for."""
        marks = ((LEVEL_MARK, self.level_name), (LIMIT_MARK, self.limit_name))
        return "  ".join(f"{mark} {name}" for mark, name in marks if name)


def axis_start(values: list[float]) -> float:
    """Return where an axis of ratios starts: a round number below them all, so that differences are seen."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    room = max((high - low) / 4, 0.01)
    return max(0.0, int((low - room) * 20) / 20)


def draw_header(levels: Levels, width: int) -> Content:
    """Write where the axis starts and ends, and what the marks stand for."""
    room = _room(levels, width)
    ends = levels.write(levels.low), levels.write(levels.high)
    axis = f"{ends[0]}{'':{max(1, room - len(ends[0]) - len(ends[1]))}}{ends[1]}"
    return Content.assemble(
        (f"{'':{levels.label_width + 2}}{axis}  ", "$muted"), (levels.mark_names, "bold $accent")
    ).truncate(width)


def draw_bar(levels: Levels, bar: LevelBar, width: int) -> Content:
    """Draw one line: label, bar with its marks, note."""
    room = _room(levels, width)
    label = Content.styled(f"{bar.label:<{levels.label_width}}  ", "$muted" if not bar.marked else "bold")
    cells = [" "] * room if bar.value is None else _cells(levels, bar, room)
    styles = ["$primary" if bar.marked else "$secondary" if c == BEYOND_LEVEL else "$muted" for c in cells]
    far = bar.limit is not None and bar.limit > levels.high
    limit_mark = FAR_LIMIT_MARK if far else LIMIT_MARK
    for value, mark in ((bar.limit, limit_mark), (bar.level, LEVEL_MARK)):
        if value is not None:
            place = _place(levels, value, room)
            cells[place], styles[place] = mark, "bold $accent"
    body = Content.assemble(*zip(cells, styles, strict=True)) if cells else Content("")
    return (label + body + Content.styled(f"  {bar.note}", "bold" if bar.marked else "")).truncate(width)


def _cells(levels: Levels, bar: LevelBar, room: int) -> list[str]:
    """Fill up to the level lightly and beyond it fully, so that what stands out is seen without colour."""
    value = bar.value if bar.value is not None else levels.low
    end = _share(levels, value) * room
    turn = 0 if bar.level is None else _place(levels, bar.level, room)
    cells = []
    for column in range(room):
        filled = end - column
        if filled >= 1:
            cells.append(UP_TO_LEVEL if column < turn else BEYOND_LEVEL)
        elif filled > 0 and column >= turn:
            cells.append(EIGHTHS[int(filled * 8)])
        else:
            cells.append(" ")
    return cells


def _room(levels: Levels, width: int) -> int:
    """Return the cells for bars: what labels and notes leave; if that is little, notes are cut."""
    wanted = min(NARROWEST_BARS, width - levels.label_width - 4)
    return max(1, wanted, width - levels.label_width - levels.note_width - 4)


def _share(levels: Levels, value: float) -> float:
    low, high = levels.low, levels.high
    if high <= low:
        return 0.0
    share = log(value / low) / log(high / low) if levels.log else (value - low) / (high - low)
    return min(max(share, 0.0), 1.0)


def _place(levels: Levels, value: float, room: int) -> int:
    return min(int(_share(levels, value) * room), room - 1)
