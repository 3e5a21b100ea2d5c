"""Texts of the user: what is read of files and folders, and how much of it."""

from pathlib import Path

import pytest

from etl.errors import CalibrationError
from etl.model import texts
from etl.model.texts import calibration_text, evaluation_text


def test_a_folder_is_its_text_files_in_order_without_the_hidden(tmp_path: Path):
    """What git and a Mac leave in a folder is no text."""
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "index").write_bytes(b"\x80\x81")
    (tmp_path / ".DS_Store").write_bytes(b"\x00\x01Bud1\xff")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "b.txt").write_text("second\r\nline")
    (tmp_path / "a.txt").write_text("first")
    assert calibration_text(str(tmp_path), 1) == "first\n\nsecond\nline"


def test_a_hidden_file_or_a_folder_under_a_hidden_one_may_be_named(tmp_path: Path):
    """Only what lies hidden inside the folder is left out."""
    folder = tmp_path / ".cache" / "texts"
    folder.mkdir(parents=True)
    (folder / "a.txt").write_text("text")
    assert evaluation_text(str(folder), 1) == "text"
    (tmp_path / ".hidden.txt").write_text("hidden")
    assert evaluation_text(str(tmp_path / ".hidden.txt"), 1) == "hidden"


def test_a_binary_file_in_a_folder_is_named(tmp_path: Path):
    """The message names the file, not only the folder."""
    (tmp_path / "a.txt").write_text("text")
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(CalibrationError, match=r"photo\.jpg is no UTF-8 text"):
        calibration_text(str(tmp_path), 1)


@pytest.mark.parametrize("content", ["", " \n\n "])
def test_nothing_to_read_is_an_error(tmp_path: Path, content: str):
    """An empty file, a blank one, a folder of hidden files, or no file at all."""
    (tmp_path / "a.txt").write_text(content)
    with pytest.raises(CalibrationError, match="holds no text"):
        calibration_text(str(tmp_path / "a.txt"), 1)
    (tmp_path / "a.txt").rename(tmp_path / ".a.txt")
    with pytest.raises(CalibrationError, match="holds no text"):
        calibration_text(str(tmp_path), 1)
    with pytest.raises(CalibrationError, match="there is no text at"):
        calibration_text(str(tmp_path / "a.txt"), 1)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts count as long from a kilobyte on, and are read in pieces of 100 bytes."""
    monkeypatch.setattr(texts, "_READ_WHOLE", 1000)
    monkeypatch.setattr(texts, "_PIECE", 100)


LINES = [f"{number:06} — žluťoučký kůň\n" for number in range(1000)]


@pytest.mark.usefixtures("small")
def test_of_a_long_text_whole_lines_are_read_all_over_it(tmp_path: Path):
    """As many bytes as a short text has at most, evenly spread; no character is cut in two."""
    for part in range(4):
        (tmp_path / f"{part}.txt").write_text("".join(LINES[250 * part : 250 * (part + 1)]))
    text = calibration_text(str(tmp_path), 1)
    assert 500 < len(text.encode()) <= 1010
    numbers = [int(line[:6]) for line in text.splitlines() if line[:6].isdigit() and len(line) > 10]
    assert numbers == sorted(numbers)
    assert {number // 250 for number in numbers} == {0, 1, 2, 3}
    assert all(line + "\n" in LINES for line in text.splitlines() if len(line) == len(LINES[0]) - 1)
    assert text == calibration_text(str(tmp_path), 1)


@pytest.mark.usefixtures("small")
def test_more_is_read_where_more_tokens_are_asked_for(tmp_path: Path):
    """Enough for every window; a text no longer than that is read whole."""
    (tmp_path / "a.txt").write_text("".join(LINES))
    size = (tmp_path / "a.txt").stat().st_size
    assert evaluation_text(str(tmp_path / "a.txt"), size) == "".join(LINES)
    assert len(evaluation_text(str(tmp_path / "a.txt"), size // 32).encode()) == pytest.approx(
        size / 2, rel=0.2
    )


@pytest.mark.usefixtures("small")
def test_a_long_text_in_one_line_is_read_too(tmp_path: Path):
    """Without a line to start at, a piece starts at the next character."""
    (tmp_path / "a.txt").write_text("ž" * 5000)
    text = calibration_text(str(tmp_path / "a.txt"), 1)
    assert set(text) == {"ž", "\n"}
    assert len(text) > 400
