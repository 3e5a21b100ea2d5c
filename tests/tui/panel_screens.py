"""Opening the screens of panels on the rich sample."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from tests.tui.conftest import running, settle, wait_for
from tui.app import SparsityApp
from tui.state.selection import Selection
from tui.widgets.table import Table

WIDE, SMALL = (160, 50), (80, 24)
# What each screen holds once it has read something.
CONTENT = {"clusters": "run_data", "compare": "data", "kernels": "data", "recommendations": "plan"}
PLACE = Selection(run_id=3, layer=1, projection="k", compared_run_id=5)


@asynccontextmanager
async def opened(
    path: Path, screen: str, size: tuple[int, int] = WIDE, **options: Any
) -> AsyncGenerator[tuple[SparsityApp, Pilot]]:
    """Run the app at one screen until it shows what it read."""
    options.setdefault("link", PLACE)
    async with running(path, size, screen=screen, **options) as (app, pilot):
        await wait_for(pilot, lambda: getattr(app.screen, CONTENT[screen], None) is not None)
        await settle(pilot)
        yield app, pilot


async def filled(pilot: Pilot) -> None:
    """Wait until the screen in front has read something; for snapshots."""
    await settle(pilot)
    name = pilot.app.current_mode
    await wait_for(pilot, lambda: getattr(pilot.app.screen, CONTENT[name], None) is not None)
    await settle(pilot)


async def press(pilot: Pilot, *keys: str) -> None:
    """Press keys and wait for what they bring."""
    await pilot.press(*keys)
    await settle(pilot)


async def front(app: SparsityApp, pilot: Pilot, name: str) -> None:
    """Turn to a panel with the key for it."""
    for _ in app.screen.PANELS:
        if app.screen.front == name:
            return
        await press(pilot, "right_square_bracket")
    raise AssertionError(name)


def rows_of(app: SparsityApp, panel: str) -> list[list[str]]:
    """Return the cells of the table of a panel as texts."""
    table = app.screen.query_one(f"#{panel} Table", Table)
    return [[cell.plain.strip() for cell in table.get_row_at(row)] for row in range(table.row_count)]


def title_of(app: SparsityApp, panel: str) -> str:
    """Return what a panel says it shows."""
    return str(app.screen.query_one(f"#{panel}").border_title)


def notes_of(app: SparsityApp) -> str:
    """Return everything the app has told a person."""
    return "\n".join(f"{note.title} {note.message}" for note in app._notifications)
