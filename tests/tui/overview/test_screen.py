"""The overview, driven by keys."""

from pathlib import Path

import pytest

from tests.tui.conftest import running, screen_text, settle
from tui.overview.run_tree import RunTree
from tui.state.selection import Selection
from tui.widgets.heatmap import Heatmap
from warehouse.reading import Reader


async def test_it_opens_with_runs_and_figures(database: Path) -> None:
    """The runs with their perplexity, the heatmap of the first figure, and the facts of the first matrix."""
    async with running(database) as (app, _):
        text = screen_text(app)
    for expected in ("tiny-llama", "magnitude", "14.9", "1.83×", "reconstruction error · wanda 50%"):
        assert expected in text
    # Reconstruction error of block 0 q in run 3: 0.05 * 3 + 0.01 * 0 + 0.002 * 1.
    assert "0.152" in text
    assert "block 0 q" in text


async def test_the_heatmap_shows_the_view(database: Path) -> None:
    """Every cell of the separation ratio is the figure of the view `model_overview`, rounded."""
    cursor = Reader(database).cursor()
    rows = cursor.execute(
        "SELECT layer, projection, separation_ratio FROM model_overview WHERE run_id = 3"
    ).fetchall()
    async with running(database, link=Selection(run_id=3, figure="separation")) as (app, _):
        grid = app.screen.query_one("#blocks", Heatmap).grid
        text = screen_text(app)
    assert grid is not None
    assert grid.values == {(layer, projection): value for layer, projection, value in rows}
    assert all(f"{value:.3f}" in text for *_, value in rows)


async def test_figures_turn_both_ways(database: Path) -> None:
    """F goes on, F goes back, and the title names the figure."""
    async with running(database) as (app, pilot):
        await pilot.press("f", "f")
        await settle(pilot)
        assert "separation ratio · wanda 50%" in screen_text(app)
        assert "▲" in screen_text(app)
        await pilot.press("F")
        await settle(pilot)
        assert "sparsity, % · wanda 50%" in screen_text(app)


async def test_a_figure_is_chosen_from_a_list(database: Path) -> None:
    """V opens the list on the current figure; Enter takes the one moved to."""
    async with running(database) as (app, pilot):
        await pilot.press("v")
        assert "Figure of the heatmap" in screen_text(app)
        await pilot.press("j", "j", "j", "j", "j", "enter")
        await settle(pilot)
        assert app.selection.figure == "speedup"
        assert "1.42" in screen_text(app)


async def test_moving_through_the_runs_shows_each(database: Path) -> None:
    """The run under the cursor is the one shown; the dense model says that it has no masks."""
    async with running(database) as (app, pilot):
        await pilot.press("j")
        await settle(pilot)
        assert app.selection.run_id == 4
        assert "sparsegpt 2:4" in screen_text(app)
        await pilot.press("g", "g", "j")
        await settle(pilot)
        assert app.selection.run_id == 1
        assert "the dense model: no matrix has a mask" in screen_text(app)


async def test_hjkl_moves_from_the_runs_into_the_heatmap_and_back(database: Path) -> None:
    """Right of a run lie its matrices; left of the first column lie the runs."""
    async with running(database) as (app, pilot):
        await pilot.press("l")
        assert isinstance(app.focused, Heatmap)
        await pilot.press("j", "l", "l", "G", "k")
        assert (app.selection.layer, app.selection.projection) == (1, "v")
        await pilot.press("h", "h", "h")
        assert isinstance(app.focused, RunTree)


async def test_the_cursor_shows_whether_the_keys_go_there(database: Path) -> None:
    """Bars around the cell with the focus, brackets around it without; only one cell has either."""
    async with running(database) as (app, pilot):
        assert "[" in screen_text(app)
        await pilot.press("l", "j", "l")
        await settle(pilot)
        assert screen_text(app).count("▐") == app.screen.query_one("#blocks", Heatmap).cells.cell_height
        await pilot.press("h", "h")
        await settle(pilot)
        assert "▐" not in screen_text(app)
        assert "[" in screen_text(app)


async def test_two_runs_are_compared(database: Path) -> None:
    """C marks a run; others then show as their signed difference to it, and c on it ends that."""
    async with running(database, link=Selection(run_id=2)) as (app, pilot):
        await pilot.press("c", "j")
        await settle(pilot)
        text = screen_text(app)
        assert "wanda 50% − magnitude 50%" in text
        assert "◆magnitude" in text
        assert "+0.050" in text
        await pilot.press("k", "c", "j")
        await settle(pilot)
        assert "−" not in screen_text(app).split("wanda 50%")[1].splitlines()[0]


async def test_what_cannot_be_done_says_why(database: Path) -> None:
    """The dense model has no matrix to open and no mask to compare with."""
    async with running(database, link=Selection(run_id=1)) as (app, pilot):
        await pilot.press("c")
        await pilot.pause()
        assert app.selection.compared_run_id is None
        await pilot.press("2")
        await pilot.pause()
        assert app.current_mode == "overview"
        messages = [notification.message for notification in app._notifications]
        assert any("no mask to compare with" in message for message in messages)
        assert any("no pruned matrix" in message for message in messages)


async def test_search_goes_round(database: Path) -> None:
    """/ looks for a text, n and N go on and back through the matches."""
    async with running(database) as (app, pilot):
        await pilot.press("l", "slash", *"down", "enter")
        assert (app.selection.layer, app.selection.projection) == (0, "down")
        await pilot.press("n", "n")
        assert app.selection.layer == 2
        await pilot.press("n")
        assert app.selection.layer == 0
        await pilot.press("N")
        assert app.selection.layer == 2


async def test_a_click_moves_the_cursor_and_a_second_opens(database: Path) -> None:
    """The mouse does what the keys do."""
    async with running(database) as (app, pilot):
        heatmap = app.screen.query_one("#blocks", Heatmap)
        cells = heatmap.cells
        place = (cells.label_width + 2 * cells.cell_width + 1, 1 + cells.cell_height)
        await pilot.click(heatmap, offset=place)
        assert (app.selection.layer, app.selection.projection) == (1, "v")
        await pilot.click(heatmap, offset=place, times=2)
        await settle(pilot)
        assert app.current_mode == "matrix"


async def test_zoom_gives_a_pane_the_screen(database: Path) -> None:
    """Z hides the other panes, and brings them back."""
    async with running(database) as (app, pilot):
        heatmap = app.screen.query_one("#blocks", Heatmap)
        await pilot.press("l", "z")
        await pilot.pause()
        assert heatmap.size.width > 110
        assert not app.screen.query_one(RunTree).is_on_screen
        await pilot.press("z")
        await pilot.pause()
        assert app.screen.query_one(RunTree).is_on_screen


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (99, 30), (100, 30), (160, 50), (400, 120), (20, 5)])
async def test_it_fits_any_terminal(database: Path, size: tuple[int, int]) -> None:
    """From tiny to huge there is a figure on the screen and no error."""
    async with running(database, size=size) as (app, _):
        text = screen_text(app)
        assert "Overview" in text
        if size[1] >= 12:
            assert "0.1" in text


async def test_resizing_again_and_again(database: Path) -> None:
    """A storm of sizes ends with a whole screen."""
    async with running(database) as (app, pilot):
        for width, height in [(40, 12), (160, 50), (81, 25), (300, 90), (20, 6), (100, 30), (80, 24)] * 2:
            await pilot.resize_terminal(width, height)
        await settle(pilot)
        assert "block 0 q" in screen_text(app)


async def test_means_of_all_runs_where_there_is_room(database: Path) -> None:
    """A tall terminal shows every run below the blocks; choosing one there shows it above."""
    async with running(database, size=(160, 50)) as (app, pilot):
        assert "mean over blocks, run by run" in screen_text(app)
        app.screen.query_one("#run-means", Heatmap).focus()
        await pilot.press("k")
        await settle(pilot)
        assert app.selection.run_id == 2
        await pilot.resize_terminal(160, 14)
        await settle(pilot)
        assert "run by run" not in screen_text(app)
