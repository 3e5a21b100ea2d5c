"""Lists that change while they are clicked."""

from collections.abc import Callable
from pathlib import Path

import pytest
from rich.style import Style
from textual import events
from textual.widgets import OptionList

from tests.tui.conftest import running
from tests.tui.dialogs.test_dialog import subclasses
from tui.dialogs.dialog import Commands, Options
from tui.sql.editor import CompletionList
from tui.widgets.steady_list import SteadyList

LISTS: dict[str, Callable[[], OptionList]] = {
    "options": Options,
    "palette": Commands,
    "completion": CompletionList,
}


def test_every_list_is_steady() -> None:
    """No list of options of the app is Textual's own."""
    assert subclasses(OptionList) - {SteadyList} == subclasses(SteadyList)


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(("clicked", "chosen"), [(0, 0), (1, None), (10, None)])
async def test_a_click_on_what_has_gone_chooses_nothing(
    name: str, clicked: int, chosen: int | None, database: Path
) -> None:
    """A list that got shorter takes clicks on what is there, and leaves the others."""
    async with running(database) as (app, pilot):
        options = LISTS[name]()
        await app.screen.mount(options)
        options.add_option("the one that is left")
        await pilot.pause()
        options.highlighted = None
        options.post_message(
            events.Click(options, 1, 0, 0, 0, 1, shift=False, meta=False, ctrl=False,
                         style=Style(meta={"option": clicked}))
        )  # fmt: skip
        await pilot.pause()
        assert options.highlighted == chosen
