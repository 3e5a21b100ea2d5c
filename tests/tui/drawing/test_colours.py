"""Colours and shapes of figures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.drawing.colours import Palette, Scale, eighth


def test_scale_places_values_between_its_ends() -> None:
    """The lowest value lies at 0, the highest at 1, the middle at a half."""
    scale = Scale.over([2.0, 4.0, 6.0])
    assert [scale.position(value) for value in (2.0, 4.0, 6.0)] == [0.0, 0.5, 1.0]


def test_scale_of_differences_is_centred_on_zero() -> None:
    """No difference lies in the middle, however lopsided the differences are."""
    scale = Scale.over([-1.0, 3.0], diverging=True)
    assert (scale.low, scale.high, scale.position(0.0)) == (-3.0, 3.0, 0.5)


def test_scale_without_spread_is_flat() -> None:
    """Equal values, and no values, have no range to divide by."""
    assert Scale.over([0.5, 0.5]).position(0.5) == 0.5
    assert Scale.over([]).flat


@given(st.floats(0, 1), st.booleans(), st.booleans())
def test_numbers_read_well_on_every_colour(position: float, dark: bool, diverging: bool) -> None:
    """The number of a cell has a contrast of at least 4.5 to its colour, as WCAG asks of text."""
    style = Palette(dark=dark).cell(position, diverging=diverging)
    assert style.color is not None
    assert style.bgcolor is not None
    light, shade = sorted((luminance(style.color.triplet), luminance(style.bgcolor.triplet)), reverse=True)
    assert (light + 0.05) / (shade + 0.05) >= 4.5


def test_plain_palette_has_no_colours() -> None:
    """Without colours a cell is told by its bar and number alone."""
    style = Palette(plain=True).cell(0.5)
    assert style.color is None
    assert style.bgcolor is None


@pytest.mark.parametrize(("position", "bar"), [(0.0, "▁"), (0.49, "▄"), (1.0, "█"), (7.0, "█"), (-1.0, "▁")])
def test_bars_rise_with_the_position(position: float, bar: str) -> None:
    """Positions outside the scale take its ends."""
    assert eighth(position) == bar


def luminance(rgb: tuple[int, int, int]) -> float:
    """Return the relative luminance of a colour (WCAG 2)."""
    parts = (c / 255 for c in rgb)
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
