"""What every screen of panels has in common."""

from collections import Counter
from pathlib import Path

import pytest

from tests.tui.conftest import running, settle
from tui.frame.panels import PanelScreen
from tui.frame.panes import Panel
from tui.state.registry import SCREENS
from tui.state.selection import Selection

PANEL_SCREENS = [entry for entry in SCREENS if issubclass(entry.load(), PanelScreen)]


@pytest.mark.parametrize("entry", PANEL_SCREENS, ids=lambda entry: entry.name)
async def test_a_screen_shows_its_panels_under_their_names(database: Path, entry: object) -> None:
    """Every panel is there once, on its side, with a name and a title that no other has."""
    async with running(database, (160, 50), screen=entry.name, link=Selection(run_id=3)) as (app, pilot):
        await settle(pilot)
        kinds = app.screen.PANELS
        assert [type(panel) for panel in app.screen.query(Panel)] == sorted(kinds, key=lambda kind: kind.SIDE)
        for names in ([kind.NAME for kind in kinds], [kind.TITLE for kind in kinds]):
            assert max(Counter(names).values()) == 1
            assert all(names)


@pytest.mark.parametrize("entry", PANEL_SCREENS, ids=lambda entry: entry.name)
async def test_one_panel_of_the_rotation_is_in_front(database: Path, entry: object) -> None:
    """Each press of ] puts another one in front, until the first is there again; [ goes the other way."""
    async with running(database, (80, 24), screen=entry.name, link=Selection(run_id=3)) as (app, pilot):
        rotation = app.screen.rotation()
        seen = []
        for _ in rotation:
            seen.append(app.screen.front)
            assert [panel.NAME for panel in app.screen.query(Panel) if panel.has_class("-front")] == seen[-1:]
            await pilot.press("right_square_bracket")
        assert seen == rotation
        assert app.screen.front == rotation[0]
        await pilot.press("left_square_bracket")
        assert app.screen.front == rotation[-1]
