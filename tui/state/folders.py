"""Where the app keeps what it remembers and looks for what a person has set."""

from pathlib import Path

import platformdirs

PROGRAM = "sparsity-tui"


def state_folder() -> Path:
    """Return $XDG_STATE_HOME/sparsity-tui, by default in ~/.local/state; it may not exist yet."""
    return platformdirs.user_state_path(PROGRAM)


def config_folder() -> Path:
    """Return $XDG_CONFIG_HOME/sparsity-tui, by default in ~/.config; it may not exist."""
    return platformdirs.user_config_path(PROGRAM)
