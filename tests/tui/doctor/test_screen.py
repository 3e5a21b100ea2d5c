"""The doctor page in the app: where it opens from and leads back to, copying, writing, searching."""

import json
import threading
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tests.patience import PATIENCE_SECONDS
from tests.sample_shapes import Shape
from tests.sample_warehouse import build
from tests.tui.conftest import make_app, running, screen_text, settle, wait_for
from tui.doctor import examine as doctor
from tui.doctor.findings import Finding
from tui.doctor.page import FindingsPage
from tui.doctor.screen import TEST_TEXT
from tui.state.memory import recall

FINDINGS = [
    Finding("Terminal", "good", "120 columns × 40 lines, TERM is xterm-256color"),
    Finding("Terminal", "good", "over SSH from 10.0.0.7: fewer frames, no animation"),
    Finding(
        "Colours",
        "limited",
        "256 colours, gradients are coarser (COLORTERM is not set)",
        "where the terminal draws all colours: export COLORTERM=truecolor (SSH does not pass it on)",
    ),
    Finding("Clipboard", "good", "kitty takes what is copied (OSC 52)"),
    Finding("Text", "good", "UTF-8 with half-blocks for pictures: ▀▄█░▒▓"),
    Finding("GPU", "good", "GPU 0: NVIDIA H200, 512 of 143771 MiB used, 3% busy"),
    Finding(
        "Triton",
        "missing",
        "Triton is not installed: sparsity-bench cannot run its kernels",
        "install it, on Linux: pip install triton",
    ),
    Finding("Database", "good", "/data/llama.db, 812.4 MB, schema version 1"),
    Finding("Database", "good", "12 runs: 1 dense, 5 magnitude, 6 wanda"),
    Finding(
        "Database",
        "limited",
        "process 4711 is writing to it: sparsity-etl run --db /data/llama.db",
        "reading goes on meanwhile; another job must wait for its end",
    ),
    Finding("Versions", "good", "textual 8.2.8, duckdb 1.5.6, ibis-framework 12.0.0, plotext 5.3.2"),
]


@pytest.fixture
def fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the same findings on every machine."""
    monkeypatch.setattr(doctor, "examine", lambda *_: FINDINGS)


async def shown(pilot: Pilot) -> None:
    """Open the page and wait for what it finds."""
    await pilot.press("D")
    await wait_for(pilot, lambda: bool(getattr(pilot.app.screen, "findings", None)))
    await settle(pilot)


async def test_it_looks_at_this_machine_and_leads_back(database: Path) -> None:
    """D opens the page with the database in view; Esc goes back to the screen before."""
    async with running(database, screen="matrix") as (app, pilot):
        await shown(pilot)
        text = screen_text(app)
        assert "120 columns × 40 lines" in text
        assert "4 runs: 1 dense" in text
        await pilot.press("escape")
        await settle(pilot)
        assert app.current_mode == "matrix"


async def test_it_works_without_a_database(tmp_path: Path, fixed: None) -> None:
    """It opens from the first-run page, stays while there is nothing to read, and leads back there."""
    app = make_app(tmp_path / "none.db")
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await shown(pilot)
        await pilot.pause(1.2)  # the app looks for the file every second
        assert app.current_mode == "doctor"
        await pilot.press("escape")
        await settle(pilot)
        assert app.current_mode == "first_run"
        assert "No database yet" in screen_text(app)


async def test_leaving_to_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """The first-run page says what is wrong, although the file was refused before it was there."""
    path = tmp_path / "odd.db"
    path.write_bytes(b"no database" * 1000)
    app = make_app(path)
    async with app.run_test(size=(120, 40)) as pilot:
        app.open_doctor()
        await wait_for(pilot, lambda: bool(getattr(app.screen, "findings", None)))
        assert "is not a DuckDB database" in " ".join(screen_text(app).split())
        await pilot.press("escape")
        await wait_for(pilot, lambda: "is not a DuckDB database" in " ".join(screen_text(app).split()))
        assert app.current_mode == "first_run"


async def test_a_database_that_appears_does_not_take_the_page_away(tmp_path: Path, fixed: None) -> None:
    """The overview waits until the page is left."""
    path = tmp_path / "later.db"
    app = make_app(path)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await shown(pilot)
        build(path, Shape(blocks=1, chance_replicates=2))
        await wait_for(pilot, lambda: app.overview is not None)
        assert app.current_mode == "doctor"
        await pilot.press("escape")
        await settle(pilot)
        assert app.current_mode == "overview"
        assert "tiny-llama" in screen_text(app)


async def test_the_page_never_blocks(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While nvidia-smi is silent the page is there and keys work."""
    released = threading.Event()
    monkeypatch.setattr(doctor, "examine", lambda *_: released.wait(PATIENCE_SECONDS) and FINDINGS)
    async with running(database) as (app, pilot):
        await pilot.press("D")
        await pilot.pause()
        assert "looking at the terminal" in screen_text(app)
        await pilot.press("y")
        assert any("not there yet" in note.message for note in app._notifications)
        await pilot.press("question_mark")
        await pilot.pause()
        assert "Doctor: what this terminal" in screen_text(app)
        released.set()


async def test_copying(database: Path, fixed: None) -> None:
    """Y copies the page as text, c a text to try the clipboard with."""
    async with running(database) as (app, pilot):
        await shown(pilot)
        await pilot.press("y")
        assert app.clipboard == doctor.as_text(FINDINGS)
        await pilot.press("c")
        assert app.clipboard == TEST_TEXT


async def test_writing_and_exporting_without_a_database(tmp_path: Path, fixed: None) -> None:
    """T writes the text, e a table, as on every screen."""
    app = make_app(tmp_path / "none.db")
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await shown(pilot)
        await pilot.press("t")
        (written,) = tmp_path.glob("sparsity-doctor-page-*.txt")
        assert written.read_text() == doctor.as_text(FINDINGS) + "\n"
        await pilot.press("e")
        await pilot.pause()
        app.screen.query_one(Input).value = str(tmp_path / "doctor.jsonl")
        app.screen.query_one(Input).focus()
        await pilot.press("enter")
        await wait_for(pilot, (tmp_path / "doctor.jsonl").exists)
        await settle(pilot)
    rows = [json.loads(line) for line in (tmp_path / "doctor.jsonl").read_text().splitlines()]
    assert rows == [finding.as_dict() for finding in FINDINGS]


async def test_moving_and_searching(database: Path, fixed: None) -> None:
    """The page scrolls with the keys of every list; a search marks its line."""
    async with running(database, size=(60, 12)) as (app, pilot):
        await shown(pilot)
        page = app.screen.query_one(FindingsPage)
        await pilot.press("G")
        await settle(pilot)
        assert page.scroll_y == page.max_scroll_y > 0
        await pilot.press("g", "g")
        await settle(pilot)
        assert page.scroll_y == 0
        await pilot.press("slash", *"4711", "enter")
        await settle(pilot)
        assert "4711" in page.lines[page.found_line].plain
        assert "4711" in screen_text(app)


async def test_a_session_goes_on_at_the_screen_below(database: Path, fixed: None) -> None:
    """The page is not where a session starts the next time."""
    async with running(database, screen="matrix") as (_, pilot):
        await shown(pilot)
    assert recall(database).screen == "matrix"


@pytest.mark.parametrize("size", [(80, 24), (160, 50)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_pictures(snap_compare, database: Path, fixed: None, size: tuple[int, int]) -> None:
    """The page looks as it did when it was last looked at."""
    assert snap_compare(make_app(database), terminal_size=size, run_before=look)


async def look(pilot: Pilot) -> None:
    """Open the page of the app in view; for snapshots."""
    await settle(pilot)
    await shown(pilot)
