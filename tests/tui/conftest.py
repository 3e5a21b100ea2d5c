"""Databases and apps for the tests of the app; nothing of the person running them is read or written."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.notifications import Notification
from textual.pilot import Pilot

from tests.patience import PATIENCE_SECONDS
from tests.sample_warehouse import build
from tests.tui.rich_sample import build_rich
from tui.app import SparsityApp
from tui.state.database import Database
from tui.state.selection import Selection

App = Callable[..., Any]


@pytest.fixture(autouse=True)
def private_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep state, configuration and written files away from the home folder and the checkout."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for variable in ("NO_COLOR", "SSH_CONNECTION", "SPARSITY_DB"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def lasting_notices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what the app says until a test has read it, however slow the machine is."""
    monkeypatch.setattr(Notification, "has_expired", property(lambda _: False))
    monkeypatch.setattr(Notification, "time_left", property(lambda _: PATIENCE_SECONDS))


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the sample warehouse."""
    return build(tmp_path_factory.mktemp("warehouse") / "sparsity.db")


@pytest.fixture(scope="session")
def rich_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the sample warehouse with what only some pipelines fill."""
    return build_rich(tmp_path_factory.mktemp("rich") / "sparsity.db")


def make_app(path: Path, **options: Any) -> SparsityApp:
    """Return an app on a database that starts at the wanda run, unless told otherwise."""
    options.setdefault("link", Selection(run_id=3))
    return SparsityApp(Database(path), **options)


@asynccontextmanager
async def running(
    path: Path, size: tuple[int, int] = (120, 40), **options: Any
) -> AsyncGenerator[tuple[SparsityApp, Pilot]]:
    """Run an app on a database and wait until everything it asked for is on the screen."""
    app = make_app(path, **options)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        yield app, pilot


async def settle(pilot: Pilot) -> None:
    """Wait until no worker runs and no message is waiting."""
    await wait_for(pilot, lambda: _is_settled(pilot.app))
    await pilot.pause()


async def wait_for(pilot: Pilot, condition: Callable[[], bool]) -> None:
    """Wait until a condition holds, twice in a row since one worker may start another."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    held = 0
    while held < 2:
        await pilot.pause(0.02)
        held = held + 1 if condition() else 0
        if asyncio.get_running_loop().time() > deadline:
            running = [worker.group for worker in pilot.app.workers if not worker.is_finished]
            told = [note.message for note in pilot.app._notifications]
            pytest.fail(f"the app never came to rest: {running} run, it told {told}")


def _is_settled(app: Any) -> bool:
    without_data = app.current_mode in {"first_run", "doctor"}
    started = without_data or (app.overview is not None and app.overview.complete)
    return started and all(worker.is_finished for worker in app.workers)


def screen_text(app: SparsityApp) -> str:
    """Return what the screen shows as lines of text."""
    width, height = app.size
    lines = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip)[:width] for strip in lines[:height])
