"""The part of a matrix in view."""

from hypothesis import given
from hypothesis import strategies as st

from tui.matrix.spy_window import SMALLEST, Window

MOVES = st.lists(st.sampled_from(["closer", "further", "up", "down", "left", "right"]), max_size=30)


@given(st.integers(1, 5000), st.integers(1, 12_000), MOVES)
def test_the_view_never_leaves_the_matrix(height: int, width: int, moves: list[str]) -> None:
    """However one zooms and pans, what is in view exists and is not empty."""
    window = Window.whole(height, width)
    for move in moves:
        window = turn(window, move)
        assert 0 <= window.top <= window.top + window.rows <= height
        assert 0 <= window.left <= window.left + window.columns <= width
        assert window.rows >= min(SMALLEST, height)
        assert window.columns >= min(SMALLEST, width)


def test_closer_keeps_the_centre() -> None:
    """Zooming in halves the view around its middle, zooming out brings the whole back."""
    closer = Window.whole(100, 400).closer()
    assert (closer.top, closer.left, closer.rows, closer.columns) == (25, 100, 50, 200)
    assert closer.zoomed
    assert closer.further() == Window.whole(100, 400)


def test_panning_moves_by_a_quarter() -> None:
    """A key press moves the view by a quarter of itself."""
    window = Window.whole(100, 400).closer().panned(1, -1)
    assert (window.top, window.left) == (37, 50)
    assert list(window.row_range) == list(range(37, 87))


def turn(window: Window, move: str) -> Window:
    """Make one move."""
    if move in {"closer", "further"}:
        return getattr(window, move)()
    steps = {"up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1)}
    return window.panned(*steps[move])
