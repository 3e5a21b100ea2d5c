"""The teaching page, driven by keys."""

from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.tui.conftest import make_app, running, screen_text, settle
from tui.app import SparsityApp
from tui.state.selection import Selection
from tui.visualizer.editor import LessonEditor
from tui.visualizer.pruning import EXAMPLE, outcomes
from tui.visualizer.screen import VisualizerScreen
from tui.visualizer.text import outcome_cells

WIDE = (160, 50)


def screen(app: SparsityApp) -> VisualizerScreen:
    assert isinstance(app.base_screen, VisualizerScreen)
    return app.base_screen


def editor(app: SparsityApp) -> LessonEditor:
    return app.screen.query_one(LessonEditor)


async def test_everything_is_side_by_side(database: Path) -> None:
    """A wide terminal shows every method with scores, kept weights and error, and the calculator."""
    async with running(database, WIDE, screen="visualizer") as (app, _):
        text = screen_text(app)
        for outcome in outcomes(EXAMPLE):
            for line in outcome_cells(outcome, scores=True).plain.splitlines():
                assert line in text
        for title in ("Magnitude", "Wanda", "2:4", "SparseGPT"):
            assert f"{title} · keeps" in text
        assert "◀ least" in text
        assert "2:4 saves 43.75%" in text
        assert "gives 37.5%" in text
        assert "2·B·S·in·out" in text


async def test_kept_weights_are_told_apart_without_colour(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With NO_COLOR a pruned weight is a dot and a kept score has a mark."""
    monkeypatch.setenv("NO_COLOR", "1")
    async with running(database, WIDE, screen="visualizer") as (app, _):
        text = screen_text(app)
        kept = sum(outcome.kept_count for outcome in outcomes(EXAMPLE))
        legends = len(outcomes(EXAMPLE))
        assert text.count("●") == kept + legends


async def test_a_cell_is_changed_by_typing(database: Path) -> None:
    """Enter, a number, Enter; digits open no screen meanwhile; every panel follows."""
    async with running(database, WIDE, screen="visualizer") as (app, pilot):
        await pilot.press("j", "l", "enter", "3", "full_stop", "5", "enter")
        assert screen(app).lesson == EXAMPLE.with_value(0, 1, 3.5)
        assert "3.50" in screen_text(app)
        assert "175" in screen_text(app)  # 3.5 · 50, its score by Wanda
        await pilot.press("plus", "plus", "minus")
        assert screen(app).lesson.weights[0][1] == 3.6
        await pilot.press("g", "g", "enter", "7", "escape")
        assert screen(app).lesson.norms == EXAMPLE.norms
        await pilot.press("enter", "7", "backspace", "9", "enter")
        assert screen(app).lesson.norms[0] == 9.0
        await pilot.press("R")
        assert screen(app).lesson == EXAMPLE
        assert editor(app).lesson == EXAMPLE


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        (["enter", "minus", "5", "enter"], "a norm lies between 0 and 999"),
        (["enter", *"12345", "enter"], "a norm lies between 0 and 999"),
        (["enter", "minus", "minus", "enter"], "is no number"),
        (["j", "enter", *"1000", "enter"], "a weight lies between −999 and 999"),
    ],
)
async def test_wrong_values_are_refused(database: Path, keys: list[str], complaint: str) -> None:
    """What is no number, or too large, changes nothing and says why."""
    async with running(database, (80, 24), screen="visualizer") as (app, pilot):
        await pilot.press(*keys)
        await settle(pilot)
        assert screen(app).lesson == EXAMPLE
        assert any(complaint in notice.message for notice in app._notifications)


async def test_sparsity_and_correlation_are_turned(database: Path) -> None:
    """> and < move by eighths and stop at the ends; c goes round; SparseGPT marks what it changed."""
    async with running(database, WIDE, screen="visualizer") as (app, pilot):
        await pilot.press("greater_than_sign", "greater_than_sign", "greater_than_sign")
        assert screen(app).lesson.sparsity == 0.875
        assert "prune 87.5%" in screen_text(app)
        assert "nothing is left" in str(screen(app).why_not("sparser"))
        await pilot.press(*["less_than_sign"] * 7)
        assert screen(app).lesson.sparsity == 0
        assert screen(app).why_not("denser") == "nothing is pruned"
        assert "SparseGPT · keeps 32 of 32 · error 0.0%" in screen_text(app)
        await pilot.press(*["greater_than_sign"] * 4)
        assert "The inputs are independent" in " ".join(screen_text(app).split())
        await pilot.press("c", "c")
        assert screen(app).lesson.correlation == 0.9
        assert "′" in screen_text(app)
        await pilot.press("c")
        assert screen(app).lesson.correlation == 0


async def test_one_panel_at_a_time_on_small_terminals(database: Path) -> None:
    """At 80 columns ] and [ go through the methods, the comparison and the calculator."""
    async with running(database, (80, 24), screen="visualizer") as (app, pilot):
        titles = ("Magnitude ·", "Wanda ·", "2:4 ·", "SparseGPT ·", "─comparison", "bytes and FLOPs")
        for place, title in enumerate(titles):
            text = screen_text(app)
            assert title in text
            assert not any(other in text for other in titles[:place])
            await pilot.press("right_square_bracket")
        assert titles[0] in screen_text(app)
        await pilot.press("left_square_bracket")
        assert titles[-1] in screen_text(app)


async def test_the_calculator_takes_the_selected_matrix(database: Path) -> None:
    """The matrix selected on other screens comes first; m goes through shapes of a 7B model and back."""
    link = Selection(run_id=3, layer=1, projection="down")
    async with running(database, WIDE, screen="visualizer", link=link) as (app, pilot):
        assert "block 1 down 32×64" in screen_text(app)
        for shape in ("4096×4096", "11008×4096", "4096×11008", "32×64"):
            await pilot.press("m")
            assert shape in screen_text(app)


async def test_copy_and_export(database: Path) -> None:
    """Y copies the command that opens the page; there is no table to export, which e says."""
    async with running(database, WIDE, screen="visualizer") as (app, pilot):
        await pilot.press("y")
        assert "--screen visualizer" in app.clipboard
        await pilot.press("e")
        assert app.screen is screen(app)


async def test_search_finds_a_value(database: Path) -> None:
    """The cursor goes to the cell that holds what is looked for."""
    async with running(database, WIDE, screen="visualizer") as (app, pilot):
        await pilot.press("slash", *"40", "enter")
        await settle(pilot)
        assert editor(app).cursor == (-1, 6)


async def test_the_mouse_chooses_a_cell(database: Path) -> None:
    """A click moves the cursor, a second one on the same cell changes it."""
    async with running(database, WIDE, screen="visualizer") as (app, pilot):
        await pilot.click(LessonEditor, offset=(2 + 6 * 5 + 3, 2))
        assert editor(app).cursor == (1, 5)
        await pilot.click(LessonEditor, offset=(2 + 6 * 5 + 3, 2), times=2)
        assert editor(app).typed == ""


@pytest.mark.parametrize("size", [(80, 24), WIDE], ids=lambda size: f"{size[0]}x{size[1]}")
def test_pictures(snap_compare, database: Path, size: tuple[int, int]) -> None:
    """The page looks as it did when it was last looked at, with SparseGPT in front on small terminals."""

    async def prepare(pilot: Pilot) -> None:
        await settle(pilot)
        await pilot.press("c", "c", *["right_square_bracket"] * 3)

    assert snap_compare(make_app(database, screen="visualizer"), terminal_size=size, run_before=prepare)
