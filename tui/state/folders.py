"""Where the app keeps what it remembers, by the XDG base directory rules."""

import os
from pathlib import Path

PROGRAM = "sparsity-tui"


def state_folder() -> Path:
    """Return $XDG_STATE_HOME/sparsity-tui; it may not exist yet."""
    return _base("XDG_STATE_HOME", ".local/state") / PROGRAM


def config_folder() -> Path:
    """Return $XDG_CONFIG_HOME/sparsity-tui; it may not exist."""
    return _base("XDG_CONFIG_HOME", ".config") / PROGRAM


def _base(variable: str, default: str) -> Path:
    # The rules say that a relative path is to be ignored.
    given = Path(os.environ.get(variable, ""))
    return given if given.is_absolute() else Path.home() / default
