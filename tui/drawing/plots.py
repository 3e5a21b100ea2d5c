"""Plots of points and lines: what is drawn, and how their axes are numbered."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, isfinite, log10

from tui.drawing.figures import number

# Distinguished by shape alone; each is one cell wide in every font.
MARKERS = ("●", "×", "▲", "◆", "○", "+", "■", "□", "▼", "◇", "△", "▽", "◉")


@dataclass(frozen=True, slots=True)
class Series:
    """Points of one kind; `joined` draws a line through them."""

    label: str
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    joined: bool = False


@dataclass(frozen=True, slots=True)
class Level:
    """A straight line: across at a height, `upright` at a place on the x axis, or `diagonal` where y = x."""

    label: str
    value: float = 0.0
    diagonal: bool = False
    upright: bool = False


@dataclass(frozen=True, slots=True)
class Plot:
    """What a plot shows. Titles name the axes with their units; a logarithmic axis takes positive numbers.

    `guides` are lines known in advance, such as the bandwidth of a device.
    """

    x_title: str
    y_title: str
    series: tuple[Series, ...]
    levels: tuple[Level, ...] = ()
    guides: tuple[Series, ...] = ()
    x_log: bool = False
    y_log: bool = False
    x_whole: bool = False

    @property
    def empty(self) -> bool:
        """Whether there is no point to draw."""
        return not any(series.xs for series in self.series)


def marker_of(place: int) -> str:
    """Return the marker of the series at a place of the plot."""
    return MARKERS[place % len(MARKERS)]


def span(values: Iterable[float], *, log: bool = False) -> tuple[float, float]:
    """Return the ends of an axis that shows all values with a little room around them."""
    found = [value for value in values if isfinite(value) and (value > 0 or not log)]
    if not found:
        return (1.0, 10.0) if log else (0.0, 1.0)
    low, high = min(found), max(found)
    if log:
        return low / 1.2, high * 1.2
    size = max(abs(low), abs(high))
    # Values that agree to nine digits are one value, which needs room around it as well.
    room = 0.05 * (high - low) if high - low > 1e-9 * max(size, 1e-9) else max(0.05 * size, 1e-9)
    return low - room, high + room


def ticks(low: float, high: float, count: int, *, log: bool = False, whole: bool = False) -> list[float]:
    """Return about `count` round numbers between two ends, 1, 2 or 5 times a power of ten."""
    if log:
        decades = range(floor(log10(low)), ceil(log10(high)) + 1)
        found = [step * 10.0**decade for decade in decades for step in (1, 2, 5)]
        inside = [value for value in found if low <= value <= high]
        return inside if len(inside) <= count else [v for v in inside if f"{v:e}".startswith("1.0")] or inside
    rough = (high - low) / max(count, 1)
    power = 10.0 ** floor(log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough * 0.999)
    step = max(step, 1.0) if whole else step
    digits = 2 - floor(log10(step))
    places = range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)
    return [round(place * step, digits) for place in places]


def tick_labels(values: list[float], *, whole: bool = False) -> list[str]:
    """Write ticks with as many digits as tell them apart."""
    if whole:
        return [f"{value:.0f}" for value in values]
    steps = [abs(b - a) for a, b in pairwise(values)]
    if not steps or max(map(abs, values)) >= 10_000:
        return [number(value) for value in values]
    digits = max(0, -floor(log10(min(steps)) + 1e-9))
    return [f"{value:.{digits}f}" for value in values]
