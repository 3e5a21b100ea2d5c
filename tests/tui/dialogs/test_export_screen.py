"""Exporting: every row, into files that are asked about, and why it failed."""

import json
from pathlib import Path

import pyarrow.parquet
import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tests.tui.conftest import running, screen_text, settle
from tui.dialogs.export import ExportScreen


async def export_to(pilot: Pilot, target: Path) -> None:
    """Open the dialog, name a file and press Enter."""
    await pilot.press("e")
    await pilot.pause()
    name = pilot.app.screen.query_one(Input)
    name.value = str(target)
    name.focus()
    await pilot.press("enter")
    await settle(pilot)


@pytest.mark.parametrize("suffix", ["csv", "json", "jsonl", "parquet"])
async def test_exporting_writes_every_row(database: Path, tmp_path: Path, suffix: str) -> None:
    """E offers the tables of the screen; the ending of the name chooses the format."""
    target = tmp_path / f"matrices.{suffix}"
    async with running(database) as (app, pilot):
        await export_to(pilot, target)
        assert not isinstance(app.screen, ExportScreen)
    assert count_rows(target) == 21


def count_rows(path: Path) -> int:
    """Return the number of rows of an exported table."""
    match path.suffix:
        case ".csv":
            return len(path.read_text().splitlines()) - 1
        case ".json":
            return len(json.loads(path.read_text()))
        case ".jsonl":
            return len(path.read_text().splitlines())
        case _:
            return pyarrow.parquet.read_table(path).num_rows


@pytest.mark.parametrize(("answer", "left"), [("n", "old"), ("y", None)])
async def test_a_file_that_is_there_is_asked_about(
    database: Path, tmp_path: Path, answer: str, left: str | None
) -> None:
    """It is replaced on y alone; n leads back to the name."""
    target = tmp_path / "matrices.csv"
    target.write_text("old")
    async with running(database) as (app, pilot):
        await export_to(pilot, target)
        assert "Replace it?" in screen_text(app)
        await pilot.press(answer)
        await settle(pilot)
        assert isinstance(app.screen, ExportScreen) == (answer == "n")
    assert (target.read_text() == "old") == (left is not None)


@pytest.mark.parametrize("how", ["name", "link"])
async def test_the_database_is_no_place_to_export_to(database: Path, tmp_path: Path, how: str) -> None:
    """Even after a yes, nothing is written onto it or the files beside it."""
    target = tmp_path / "rows.csv"
    before = database.read_bytes()
    if how == "link":
        target.symlink_to(database)
    else:
        target = database.with_name(database.name + ".wal.csv")
    async with running(database) as (app, pilot):
        await export_to(pilot, target)
        if how == "link":
            await pilot.press("y")
            await settle(pilot)
        assert any("belongs to the database" in note.message for note in app._notifications)
    assert database.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "complaint"), [("table.xls", "names no format"), ("missing/table.csv", "cannot write")]
)
async def test_an_export_that_fails_says_why(database: Path, name: str, complaint: str) -> None:
    """The dialog stays open, so that the name can be corrected."""
    async with running(database) as (app, pilot):
        await pilot.press("e")
        await pilot.pause()
        app.screen.query_one(Input).value = name
        app.screen.query_one(Input).focus()
        await pilot.press("enter")
        await settle(pilot)
        assert isinstance(app.screen, ExportScreen)
        assert any(complaint in notification.message for notification in app._notifications)
