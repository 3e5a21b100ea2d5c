"""Sizes of heatmap cells."""

from hypothesis import given
from hypothesis import strategies as st

from tui.drawing.heatmap_layout import NARROWEST_CELL, Layout

LABELS = st.integers(0, 80).map(lambda count: [str(row) for row in range(count)])


@given(LABELS, st.integers(0, 40), st.integers(10, 400), st.integers(3, 120))
def test_columns_scroll_only_where_they_must(
    labels: list[str], columns: int, width: int, height: int
) -> None:
    """A heatmap is wider than its pane only with every cell at its narrowest and without means."""
    layout = Layout.fitted(labels, columns, width, height)
    if layout.width > width:
        assert layout.cell_width == NARROWEST_CELL
        assert not layout.with_means


def test_seven_projections_and_means_fit_80_columns() -> None:
    """The usual model fits a small terminal, each cell three lines high if there are few blocks."""
    layout = Layout.fitted(["0", "1", "2"], 7, 79, 11)
    assert layout == Layout(3, 7, 6, 9, 3, with_means=True)
    assert (layout.width, layout.height) == (78, 11)


def test_scrolling_rows_cost_a_column() -> None:
    """The means give way to the bar that scrolls the rows."""
    assert Layout.fitted(["0"], 7, 54, 24).with_means
    assert not Layout.fitted([str(block) for block in range(32)], 7, 54, 24).with_means


def test_long_labels_keep_their_room() -> None:
    """Labels of runs are written out."""
    assert Layout.fitted(["magnitude 50%"], 7, 120, 10).label_width == 14
