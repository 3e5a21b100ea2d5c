"""Turning a figure into a colour, and into a shape for those who see no colour."""

from dataclasses import dataclass
from functools import cached_property

from rich.color import Color
from rich.style import Style

# Perceptually even ramps, readable with every common colour blindness; dark themes start near the background.
SEQUENTIAL_DARK = (
    (28, 33, 48),
    (45, 50, 101),
    (53, 86, 144),
    (52, 128, 159),
    (66, 171, 165),
    (137, 211, 174),
)
SEQUENTIAL_LIGHT = (
    (232, 240, 236),
    (171, 214, 199),
    (103, 180, 180),
    (56, 136, 163),
    (52, 90, 143),
    (48, 48, 96),
)
DIVERGING_DARK = ((126, 178, 240), (62, 104, 160), (30, 36, 46), (150, 92, 40), (240, 170, 96))
DIVERGING_LIGHT = ((46, 94, 160), (150, 186, 224), (244, 241, 234), (232, 178, 120), (176, 88, 16))
EIGHTHS = "▁▂▃▄▅▆▇█"

Rgb = tuple[int, int, int]


@dataclass(frozen=True)
class Palette:
    """The colours of a theme for figures; without colours (`plain`) only shapes are left."""

    dark: bool = True
    plain: bool = False

    def shade(self, position: float, *, diverging: bool = False) -> Rgb:
        """Return the colour at a position in [0, 1] of the scale."""
        if diverging:
            stops = DIVERGING_DARK if self.dark else DIVERGING_LIGHT
        else:
            stops = SEQUENTIAL_DARK if self.dark else SEQUENTIAL_LIGHT
        place = min(max(position, 0.0), 1.0) * (len(stops) - 1)
        low = min(int(place), len(stops) - 2)
        share = place - low
        red, green, blue = (
            round(a + (b - a) * share) for a, b in zip(stops[low], stops[low + 1], strict=True)
        )
        return red, green, blue

    def cell(self, position: float, *, diverging: bool = False) -> Style:
        """Return the style of a cell with a number on the colour of its position."""
        if self.plain:
            return Style.null()
        rgb = self.shade(position, diverging=diverging)
        return Style(bgcolor=Color.from_rgb(*rgb), color=Color.from_rgb(*_ink(rgb)))


@dataclass(frozen=True)
class Scale:
    """Where figures lie between the lowest and the highest shown; differences are centred on zero."""

    low: float
    high: float
    diverging: bool = False

    @classmethod
    def over(cls, values: list[float], *, diverging: bool = False) -> "Scale":
        """Return the scale that spans some figures."""
        low, high = min(values, default=0.0), max(values, default=0.0)
        if diverging:
            high = max(abs(low), abs(high))
            low = -high
        return cls(low, high, diverging)

    @cached_property
    def flat(self) -> bool:
        """Whether all figures are equal, up to rounding."""
        return self.high - self.low <= 1e-9 * max(abs(self.low), abs(self.high))

    def position(self, value: float) -> float:
        """Return where a figure lies, in [0, 1]."""
        return 0.5 if self.flat else (value - self.low) / (self.high - self.low)


def eighth(position: float) -> str:
    """Return a bar of the height of a position in [0, 1]."""
    return EIGHTHS[min(max(int(position * 8), 0), 7)]


def _ink(rgb: Rgb) -> Rgb:
    """Return black or white, whichever contrasts more; one of them always reaches 4.5 (WCAG 2)."""
    parts = (c / 255 for c in rgb)
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    # White wins while 1.05 / (L + 0.05) > (L + 0.05) / 0.05.
    return (255, 255, 255) if (luminance + 0.05) ** 2 < 1.05 * 0.05 else (0, 0, 0)
