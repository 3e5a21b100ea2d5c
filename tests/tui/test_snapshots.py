"""Pictures of the screens; renew them with: pytest tests/tui/test_snapshots.py --snapshot-update."""

from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.tui.conftest import make_app, settle
from tui.app import SparsityApp
from tui.state.database import Database
from tui.state.selection import Selection

SIZES = [(80, 24), (160, 50)]
PLACES = {
    "overview": Selection(run_id=3, layer=1, projection="o", figure="separation"),
    "matrix": Selection(run_id=3, layer=1, projection="down"),
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("screen", sorted(PLACES))
def test_screens(snap_compare, database: Path, screen: str, size: tuple[int, int]) -> None:
    """Each screen looks as it did when it was last looked at."""
    app = make_app(database, link=PLACES[screen], screen=screen)
    assert snap_compare(app, terminal_size=size, run_before=settle)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_first_run(snap_compare, size: tuple[int, int]) -> None:
    """The page without a database; the folder does not exist, so that its name is the same everywhere."""
    app = SparsityApp(Database(Path("/nowhere/sparsity.db")))
    assert snap_compare(app, terminal_size=size, run_before=settle)


@pytest.mark.parametrize("theme", ["sparsity-light", "ansi-dark"])
def test_themes(snap_compare, database: Path, theme: str) -> None:
    """A light theme, and the 16 colours of a terminal with bars beside the numbers."""

    async def change(pilot: Pilot) -> None:
        await settle(pilot)
        pilot.app.theme = theme
        pilot.app.select(pilot.app.selection)
        await settle(pilot)

    app = make_app(database, link=PLACES["overview"])
    assert snap_compare(app, terminal_size=(80, 24), run_before=change)


def test_a_difference_of_runs(snap_compare, database: Path) -> None:
    """Two runs compared, cell by cell."""

    async def compare(pilot: Pilot) -> None:
        await settle(pilot)
        await pilot.press("c", "k")
        await settle(pilot)
        pilot.app.clear_notifications()
        await pilot.pause()

    app = make_app(database, link=Selection(run_id=3, figure="separation"))
    assert snap_compare(app, terminal_size=(100, 30), run_before=compare)
