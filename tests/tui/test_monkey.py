"""Random keys, clicks and sizes on all screens: whatever a person types, the app goes on."""

import random
from pathlib import Path

import pytest

from tests.tui.conftest import running
from tests.tui.monkey import deeds, perform
from tui.state import jobs
from tui.state.registry import SCREEN_NAMES

DEEDS_A_SESSION = 250
SESSIONS = 20
SIZES = ((80, 24), (160, 50))


@pytest.fixture(autouse=True)
def nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the commands of this installation be one that does nothing."""
    monkeypatch.setattr(jobs, "program", lambda script, module: ("true",))


@pytest.mark.parametrize("seed", range(SESSIONS))
async def test_no_key_ends_the_app(seed: int, rich_database: Path, tmp_path: Path) -> None:
    """5,000 deeds over all screens; every fifth session has no database. A failure names the last of them."""
    path = tmp_path / "none.db" if seed % 5 == 4 else rich_database
    screen = SCREEN_NAMES[seed % len(SCREEN_NAMES)]
    pace = random.Random(seed)
    done: list[str] = []
    try:
        async with running(path, SIZES[seed % 2], screen=screen) as (app, pilot):
            for deed in deeds(seed):
                done.append(str(deed))
                perform(pilot, deed)
                # Some keys come fast, so that they are there before what the one before them brought.
                if pace.random() < 0.3:
                    await pilot._wait_for_screen()
                assert app._exception is None
                if len(done) == DEEDS_A_SESSION:
                    break
            await pilot.pause()
    except BaseException as error:
        error.add_note(f"after {len(done)}: {' '.join(done[-12:])}")
        raise
