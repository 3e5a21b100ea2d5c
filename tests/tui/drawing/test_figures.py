"""How figures are written."""

import math

import pytest

from tui.drawing.figures import FIGURES, figure_named, fixed, number, percent
from warehouse.overview import MatrixFigures


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.00"), (0.0832, "0.083"), (-0.5, "-0.500"), (1.234, "1.23"), (12.34, "12.3"), (123.4, "123"),
        (45_600.0, "46k"), (None, "·"), (math.nan, "·"), (math.inf, "·"),
    ],
)  # fmt: skip
def test_number_keeps_three_significant_digits(value: float | None, text: str) -> None:
    """Numbers stay within six characters; what was not measured is a dot."""
    assert number(value) == text


def test_differences_carry_their_sign() -> None:
    """A difference of nothing has a plus, and never a minus before zeros alone."""
    assert number(0.25, signed=True) == "+0.250"
    assert percent(-0.031, signed=True) == "-3.1"
    assert fixed(1)(-0.04, signed=True) == "+0.0"


def test_fixed_keeps_the_decimals() -> None:
    """Columns of a heatmap stand in line."""
    assert [fixed(2)(value) for value in (0.5, 12.0, -3.456, 54_321.0)] == ["0.50", "12.00", "-3.46", "54k"]


def test_unknown_figure_is_the_first() -> None:
    """A figure remembered by an older version may be gone."""
    assert figure_named("gone") is FIGURES[0]
    assert figure_named("z").column == "z_score"


def test_every_figure_is_a_column() -> None:
    """Each figure names a field of the overview."""
    fields = set(MatrixFigures.__dataclass_fields__)
    assert {figure.column for figure in FIGURES} <= fields
