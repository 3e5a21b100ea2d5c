"""While something is read, no screen says that there is none of it."""

import threading
from pathlib import Path
from typing import Any

import pytest

import warehouse.reading
from tests.patience import PATIENCE_SECONDS
from tests.tui.conftest import make_app, screen_text, wait_for
from tui.state.registry import SCREENS
from warehouse.overview import read_overview, read_prunings

CLAIMS = ("no clustering of", "nothing was measured", "no figures of", "is not clustered", "Nothing was run")


@pytest.mark.parametrize("screen", [entry for entry in SCREENS if entry.number in {2, 3, 4, 5, 6, 8}])
async def test_nothing_is_denied_before_it_is_read(
    screen: Any, rich_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Queries that take long leave the screens waiting, and no screen calls that an answer."""
    go_on = threading.Event()
    compute = warehouse.reading.compute

    def late(cursor: Any, work: Any, limit: str) -> Any:
        if work not in {read_overview, read_prunings}:
            go_on.wait(PATIENCE_SECONDS)
        return compute(cursor, work, limit)

    monkeypatch.setattr(warehouse.reading, "compute", late)
    app = make_app(rich_database, screen=screen.name)
    async with app.run_test(size=(160, 50)) as pilot:
        try:
            await wait_for(pilot, lambda: app.overview is not None and app.current_mode == screen.name)
            for _ in app.screen.query(".panel"):
                shown = screen_text(app)
                assert [claim for claim in CLAIMS if claim in shown] == []
                await pilot.press("right_square_bracket")
            for action in app.screen.ACTIONS:
                assert not any(claim in (app.screen.why_not(action.verb) or "") for claim in CLAIMS)
        finally:
            go_on.set()
