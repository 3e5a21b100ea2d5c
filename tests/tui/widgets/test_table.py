"""Tables that are emptied while somebody is in them."""

from pathlib import Path

import pytest
from textual.widgets import DataTable

from tests.tui.conftest import running, settle
from tui.state.registry import SCREEN_NAMES


@pytest.mark.parametrize("screen", SCREEN_NAMES)
async def test_no_screen_takes_an_empty_table_for_a_choice(screen: str, rich_database: Path) -> None:
    """A table that has lost its rows tells that its cursor is on row -1."""
    async with running(rich_database, screen=screen) as (app, pilot):
        for table in app.screen.query(DataTable):
            table.focus()
            table.clear()
            for row in (-1, 0, 10**6):
                table.post_message(DataTable.RowHighlighted(table, row, None))
        await settle(pilot)
        assert app._exception is None
