"""What parts of the app know of it."""

from pathlib import Path

import pytest
from textual.app import App

from tests.tui.conftest import make_app
from tui.state.host import host_of


def test_the_app_is_its_own_host(database: Path) -> None:
    """Screens and widgets get the app they run in."""
    app = make_app(database)
    assert host_of(app) is app


def test_another_app_is_no_host() -> None:
    """A widget that needs the host says so where it is used elsewhere."""
    with pytest.raises(TypeError, match="App is no Host"):
        host_of(App())
