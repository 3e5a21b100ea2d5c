"""Giving a text to the clipboard, and into a file where no terminal says that it took it."""

import os

from textual.app import App

from tui.doctor.terminal_emulators import copying_is_certain
from tui.state.folders import state_folder
from warehouse.errors import SparsityError
from warehouse.files import PRIVATE, PRIVATE_FOLDER, written_whole

FILE_NAME = "copied.txt"


def copy_text(app: App[None], text: str) -> None:
    """Copy a text through the terminal and say what was done."""
    # Names of files carry bytes that the locale cannot decode as surrogates, which UTF-8 cannot encode.
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    app.copy_to_clipboard(text)
    lines = text.count("\n") + 1
    shown = text if lines == 1 else f"{lines} lines"
    if copying_is_certain(os.environ):
        app.notify(shown, title="copied")
        return
    path = state_folder() / FILE_NAME
    try:
        path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        with written_whole(path, mode=PRIVATE) as arriving:
            arriving.write_text(text + "\n", encoding="utf-8")
    except (OSError, SparsityError) as error:
        kept = str(error)
    else:
        kept = f"where pasting brings nothing, it is in {path}"
    app.notify(f"{shown}\n{kept}", title="sent to the terminal")
