"""Drawing plots as characters, by plotext.

plotext is imported when the first plot is drawn, in a worker: it is not needed for the first paint.
"""

import threading
from collections.abc import Iterable
from math import log10
from typing import Any

from rich.text import Text

from tui.drawing.colours import Palette, Rgb
from tui.drawing.plots import Level, Plot, Series, marker_of, span, tick_labels, ticks

LINE_MARK = "·"
SERIES_DARK: tuple[Rgb, ...] = (
    (91, 184, 174),
    (240, 178, 102),
    (126, 178, 240),
    (229, 120, 109),
    (180, 150, 230),
    (140, 192, 132),
    (235, 210, 120),
    (190, 196, 204),
)
SERIES_LIGHT: tuple[Rgb, ...] = (
    (15, 110, 102),
    (166, 75, 0),
    (46, 94, 160),
    (179, 38, 30),
    (110, 70, 170),
    (46, 107, 46),
    (138, 97, 0),
    (70, 78, 88),
)
AXES_DARK: Rgb = (120, 132, 146)
AXES_LIGHT: Rgb = (102, 112, 122)
SMALLEST = (20, 6)  # columns and lines under which axes and points cannot be told apart
_drawing = threading.Lock()  # plotext keeps state of its own between calls


def draw(plot: Plot, width: int, height: int, palette: Palette) -> Text:
    """Return the plot as text of the given size: its y axis and legend in words, the plot, its x axis."""
    lines = _heading(plot, width, palette)
    room = height - len(lines)
    if width < SMALLEST[0] or room < SMALLEST[1]:
        return Text("too small for a plot; z gives it the whole screen")
    lines.append(_canvas(plot, width, room, palette))
    return Text("\n").join(lines)


def series_colour(place: int, palette: Palette) -> Rgb:
    """Return the colour of the series at a place of the plot."""
    colours = SERIES_DARK if palette.dark else SERIES_LIGHT
    return colours[place % len(colours)]


def _heading(plot: Plot, width: int, palette: Palette) -> list[Text]:
    """Write the title of the y axis and, beside it, the legend, in as many lines as needed."""
    axes = _style(AXES_DARK if palette.dark else AXES_LIGHT, palette)
    pieces = [Text(f"↑ {plot.y_title}", style=axes)]
    for place, series in enumerate(plot.series):
        if series.label:
            mark = Text(marker_of(place), style=_style(series_colour(place, palette), palette))
            pieces.append(mark + Text(f" {series.label}"))
    pieces += [Text(f"{3 * LINE_MARK} {line.label}", style=axes) for line in (*plot.levels, *plot.guides)]
    lines = [pieces[0]]
    for piece in pieces[1:]:
        if lines[-1].cell_len + 2 + piece.cell_len <= width:
            lines[-1] = lines[-1] + Text("  ") + piece
        else:
            lines.append(piece)
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    return lines


def _canvas(plot: Plot, width: int, height: int, palette: Palette) -> Text:
    from textual_plotext import Plot as Figure  # noqa: PLC0415  # imports plotext

    x_ends, y_ends = _ends(plot)
    with _drawing:
        figure = Figure()
        figure.plotsize(width, height)
        figure._set_size(width, height)  # noqa: SLF001  # plotsize alone is capped at the size of the terminal
        figure.canvas_color("default")
        axes = "default" if palette.plain else (AXES_DARK if palette.dark else AXES_LIGHT)
        figure.axes_color("default")
        figure.ticks_color(axes)
        _add_lines(figure, plot, x_ends, y_ends, axes)
        for place, series in enumerate(plot.series):
            _add_series(figure, plot, series, place, palette)
        _add_axes(figure, plot, (x_ends, y_ends), (width, height))
        return Text.from_ansi(figure.build().rstrip("\n"))


def _ends(plot: Plot) -> tuple[tuple[float, float], tuple[float, float]]:
    xs = [x for series in plot.series for x in series.xs]
    ys = [y for series in plot.series for y in series.ys]
    xs += [level.value for level in plot.levels if level.upright]
    ys += [level.value for level in plot.levels if not (level.diagonal or level.upright)]
    return span(xs, log=plot.x_log), span(ys, log=plot.y_log)


def _add_lines(
    figure: Any, plot: Plot, x_ends: tuple[float, float], y_ends: tuple[float, float], colour: Any
) -> None:
    lines = [_level_ends(level, x_ends, y_ends) for level in plot.levels]
    for xs, ys in [*lines, *((guide.xs, guide.ys) for guide in plot.guides)]:
        figure.plot(_scaled(xs, plot.x_log), _scaled(ys, plot.y_log), marker=LINE_MARK, color=colour)


def _level_ends(
    level: Level, x_ends: tuple[float, float], y_ends: tuple[float, float]
) -> tuple[tuple[float, float], tuple[float, float]]:
    if level.upright:
        return (level.value, level.value), y_ends
    if level.diagonal:
        low, high = max(x_ends[0], y_ends[0]), min(x_ends[1], y_ends[1])
        # Where the axes share no value, the diagonal is out of view.
        ends = (low, high) if low < high else (x_ends[0], x_ends[0])
        return ends, ends
    return x_ends, (level.value, level.value)


def _add_series(figure: Any, plot: Plot, series: Series, place: int, palette: Palette) -> None:
    xs, ys = _scaled(series.xs, plot.x_log), _scaled(series.ys, plot.y_log)
    if not xs:
        return
    colour = "default" if palette.plain else series_colour(place, palette)
    if series.joined and len(xs) > 1:
        figure.plot(xs, ys, marker="braille", color=colour)
    figure.scatter(xs, ys, marker=marker_of(place), color=colour)


def _add_axes(
    figure: Any, plot: Plot, ends: tuple[tuple[float, float], tuple[float, float]], size: tuple[int, int]
) -> None:
    """Label both axes with round numbers; plotext's are not round, and wrong on logarithmic axes."""
    (x_ends, y_ends), (width, height) = ends, size
    x_ticks = ticks(
        *x_ends, max(2, width // 12 if not plot.x_whole else width // 6), log=plot.x_log, whole=plot.x_whole
    )
    y_ticks = ticks(*y_ends, max(2, height // 3), log=plot.y_log)
    figure.xlim(*_scaled(x_ends, plot.x_log))
    figure.ylim(*_scaled(y_ends, plot.y_log))
    figure.xticks(_scaled(x_ticks, plot.x_log), tick_labels(x_ticks, whole=plot.x_whole))
    figure.yticks(_scaled(y_ticks, plot.y_log), tick_labels(y_ticks))
    figure.xlabel(f"{plot.x_title} →")


def _scaled(
    values: Iterable[float], log: bool
) -> list[float]:  # named at every call by the field it comes from
    return [log10(value) for value in values] if log else list(values)


def _style(colour: Rgb, palette: Palette) -> str:
    return "" if palette.plain else f"rgb({colour[0]},{colour[1]},{colour[2]})"
