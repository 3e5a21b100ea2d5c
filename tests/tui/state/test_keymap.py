"""The person's own keys."""

from pathlib import Path

import pytest

from tests.tui.conftest import running
from tui.state.folders import config_folder
from tui.state.keymap import FILE_NAME, key_name, read_keymap
from warehouse.errors import UsageError


def write_keymap(text: str) -> None:
    """Write the keymap file."""
    config_folder().mkdir(parents=True)
    (config_folder() / FILE_NAME).write_text(text)


def test_no_file_changes_nothing() -> None:
    """Most people have no keymap."""
    assert read_keymap() == {}


def test_a_key_or_a_list_of_keys() -> None:
    """An action may have several keys."""
    write_keymap('[keys]\n"app.quit" = "Q"\n"overview.next_figure" = ["f", "ctrl+n"]\n')
    assert read_keymap() == {"app.quit": "Q", "overview.next_figure": "f,ctrl+n"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('[keys]\n"app.quitt" = "Q"\n', 'there is no action "app.quitt"; did you mean "app.quit"?'),
        ('[keys]\n"app.quit" = 3\n', 'the keys of "app.quit" must be a text or a list of texts'),
        ("[keys\n", "correct the file or move it away"),
        ("x = " + "[" * 100_000, "correct the file or move it away"),
        ("x = " + "1" * 5000, "correct the file or move it away"),
        ("keys = 3\n", "keys must be a table"),
        ('keys = ["app.quit"]\n', "keys must be a table"),
        ('[keys]\n"app.quit" = ""\n', 'one of the keys of "app.quit" is empty'),
        ('[keys]\n"app.quit" = ["Q", ","]\n', "the key , is written comma"),
    ],
)
def test_a_wrong_file_says_what_to_do(text: str, complaint: str) -> None:
    """Wrong names, wrong values and wrong syntax each have their sentence."""
    write_keymap(text)
    with pytest.raises(UsageError) as error:
        read_keymap()
    assert complaint in str(error.value)


async def test_own_keys_replace_the_default_ones(database: Path) -> None:
    """The chosen key works and shows at the bottom, the default one does nothing."""
    write_keymap('[keys]\n"overview.next_figure" = "w"\n')
    async with running(database) as (app, pilot):
        await pilot.press("f")
        assert app.selection.figure is None
        await pilot.press("w")
        assert app.selection.figure == "sparsity"
        action = next(a for a in app.actions.available() if a.name == "overview.next_figure")
        assert app.actions.key_names(action) == ["w"]


@pytest.mark.parametrize(
    ("key", "written"),
    [
        ("question_mark", "?"),
        ("ctrl+p", "^p"),
        ("G", "G"),
        ("+", "+"),
        ("comma", ","),
        ("ctrl+slash", "^/"),
        ("alt+shift+left", "alt+⇧←"),
        ("escape", "Esc"),
        ("pagedown", "Pgdn"),
        (" f1", "F1"),
    ],
)
def test_keys_are_written_as_on_a_keyboard(key: str, written: str) -> None:
    """Textual's names of keys are not what people read on them."""
    assert key_name(key) == written


def test_bytes_that_are_no_text_are_told() -> None:
    """A binary file is no keymap."""
    config_folder().mkdir(parents=True)
    (config_folder() / FILE_NAME).write_bytes(bytes(range(256)))
    with pytest.raises(UsageError, match="correct the file or move it away"):
        read_keymap()
