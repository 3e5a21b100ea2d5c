"""Grids of block × projection and run × projection."""

from tests.tui.samples import matrix, overview, run
from tui.drawing.figures import figure_named
from tui.drawing.grids import block_grid, run_grid

ERROR, Z = figure_named("error"), figure_named("z")


def test_block_grid_places_the_figures_of_one_run() -> None:
    """Rows are blocks in order, columns projections as the model applies them, other runs stay out."""
    data = overview(
        run(1), run(2), matrix(1, 1, "down", 0.4), matrix(1, 1, "q", 0.3), matrix(1, 0, "q", 0.1),
        matrix(1, 0, "down"), matrix(2, 0, "q", 9.0),
    )  # fmt: skip
    grid = block_grid(data, 1, ERROR)
    assert list(grid.rows) == [0, 1]
    assert grid.columns == ("q", "down")
    assert grid.values == {(1, "down"): 0.4, (1, "q"): 0.3, (0, "q"): 0.1}
    assert (0, "down") in grid.known
    assert (grid.scale.low, grid.scale.high) == (0.1, 0.4)


def test_means_leave_out_what_was_not_measured() -> None:
    """The mean of a row or column is over the figures there are."""
    data = overview(run(1), matrix(1, 0, "q", 0.1), matrix(1, 1, "q", 0.3), matrix(1, 1, "k"))
    grid = block_grid(data, 1, ERROR)
    assert grid.mean(column="q") == 0.2
    assert grid.mean(row=1) == 0.3
    assert grid.mean(column="k") is None


def test_difference_of_two_runs() -> None:
    """A difference is there where both runs have the figure, signed, on a scale around zero."""
    data = overview(run(1), run(2), matrix(1, 0, "q", 0.5), matrix(1, 0, "k", 0.5), matrix(2, 0, "q", 0.25))
    grid = block_grid(data, 1, ERROR, 2)
    assert grid.values == {(0, "q"): 0.25}
    assert grid.scale.diverging
    assert grid.write(grid.values[0, "q"]) == "+0.250"


def test_marks_tell_which_masks_are_structured() -> None:
    """Cells of matrices that the warehouse calls structured are marked, and none in a difference."""
    above = matrix(1, 0, "q", z_score=3.1, is_structured=True)
    within = matrix(1, 0, "k", z_score=2.9, is_structured=False)
    data = overview(run(1), run(2), above, within, matrix(2, 0, "q"))
    assert block_grid(data, 1, Z).marked == {(0, "q")}
    assert block_grid(data, 1, Z, 2).marked == frozenset()
    assert block_grid(data, 1, ERROR).marked == frozenset()


def test_a_projection_that_occurs_twice_goes_by_its_module() -> None:
    """Two experts of a block do not share a cell."""
    data = overview(
        run(1),
        matrix(1, 0, "w1", 0.1, component="experts.0.w1"),
        matrix(1, 0, "w1", 0.2, component="experts.1.w1"),
    )
    assert block_grid(data, 1, ERROR).values == {(0, "experts.0.w1"): 0.1, (0, "experts.1.w1"): 0.2}


def test_run_grid_averages_over_blocks() -> None:
    """Each run of the model has a row; the dense model and other models have none."""
    data = overview(
        run(1, "dense"), run(2), run(3, "magnitude"), run(4, model_id="other"),
        matrix(2, 0, "q", 0.1), matrix(2, 1, "q", 0.3), matrix(3, 0, "q", 0.6),
    )  # fmt: skip
    grid = run_grid(data, "m", ERROR)
    assert grid.rows == {2: "wanda 50%", 3: "magnitude 50%"}
    assert grid.values == {(2, "q"): 0.2, (3, "q"): 0.6}
