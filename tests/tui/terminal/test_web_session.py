"""Sessions for pages: their sizes, their number, their headers and their end, with stand-ins for the app."""

import asyncio
import json
import os
import shlex
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from tests.patience import PATIENCE_SECONDS
from tests.tui.browser import free_port
from tui.terminal import serving, web_session
from tui.terminal.web_session import TALLEST, WIDEST

# Notes down its process, its size and what it is told, as the app's driver is told it.
STAND_IN = """
import os, sys
from pathlib import Path
note = Path(sys.argv[1], str(os.getpid()))
note.write_text(os.environ["COLUMNS"] + " " + os.environ["ROWS"] + "\\n")
os.write(1, b"__GANGLION__\\n")
os.write(1, b"D" + (5).to_bytes(4, "big") + b"ready")
while len(head := sys.stdin.buffer.read(5)) == 5:
    payload = sys.stdin.buffer.read(int.from_bytes(head[1:], "big"))
    with note.open("ab") as file:
        file.write(head[:1] + payload + b"\\n")
    if b'"quit"' in payload and sys.argv[2] == "polite":
        break
    while b"flood" in payload:
        os.write(1, b"D" + (60000).to_bytes(4, "big") + b"x" * 60000)
else:
    while sys.argv[2] == "stubborn":
        pass
"""


@asynccontextmanager
async def stand_ins(folder: Path, manner: str, sessions: int = 2) -> AsyncGenerator[str]:
    """Serve stand-ins for the app in this process, and give the address."""
    address = serving.Address("127.0.0.1", free_port())
    listening = serving.listen(address)
    command = "exec " + shlex.join([sys.executable, "-c", STAND_IN, str(folder), manner])
    app = await serving.AppServer(command, address, listening, sessions)._make_app()
    runner = web.AppRunner(app, shutdown_timeout=serving.CLOSING_SECONDS)
    await runner.setup()
    await web.SockSite(runner, listening).start()
    try:
        yield address.url
    finally:
        await runner.cleanup()


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """Return the folder where stand-ins note down what they are told."""
    folder = tmp_path / "notes"
    folder.mkdir()
    return folder


async def until(condition: object, seconds: float = 15.0) -> bool:
    """Wait until a condition holds; tell whether it did in time."""
    for _ in range(round(seconds / 0.05)):
        if condition():
            return True
        await asyncio.sleep(0.05)
    return False


def running(notes: Path) -> list[int]:
    """Return the stand-ins that still run."""
    return [int(note.name) for note in notes.iterdir() if Path("/proc", note.name).exists()]


@pytest.mark.parametrize(
    ("query", "started"),
    [
        ("?width=99999&height=99999", f"{WIDEST} {TALLEST}"),
        ("?width=-5&height=-99999", "1 1"),
        ("?width=1e9&height=" + "9" * 5000, "80 24"),
        ("", "80 24"),
        ("?width=132&height=43", "132 43"),
    ],
)
async def test_a_session_starts_at_a_size_it_can_draw(notes: Path, query: str, started: str) -> None:
    """Whatever size a page asks for, the app gets one within limits."""
    async with (
        stand_ins(notes, "polite") as url,
        aiohttp.ClientSession() as client,
        client.ws_connect(f"{url}/ws{query}") as page,
    ):
        await page.receive(timeout=PATIENCE_SECONDS)
        (note,) = notes.iterdir()
        assert note.read_text().splitlines()[0] == started


async def test_every_new_size_is_clamped_and_other_words_are_ignored(notes: Path) -> None:
    """Messages that are none of the page's neither reach the app nor end it; sizes stay within limits."""
    foreign = [
        {},
        [],
        7,
        None,
        ["resize"],
        ["resize", {"width": "9", "height": 1}],
        ["stdin", 5],
        ["blur", {}],
    ]
    async with (
        stand_ins(notes, "polite") as url,
        aiohttp.ClientSession() as client,
        client.ws_connect(f"{url}/ws") as page,
    ):
        await page.receive(timeout=PATIENCE_SECONDS)
        for message in [
            *foreign,
            ["resize", {"width": 99999, "height": -1}],
            ["stdin", "\ud800q"],
            ["ping", 3],
        ]:
            await page.send_json(message)
        assert await page.receive_json(timeout=PATIENCE_SECONDS) == ["pong", 3]
        (note,) = notes.iterdir()
        assert await until(lambda: b"q\n" in note.read_bytes())
        told = note.read_bytes().splitlines()[1:]
        assert json.loads(told[1][1:]) == {"type": "resize", "width": WIDEST, "height": 1}
        assert [told[0], told[2:]] == [b'M{"type": "blur"}', [b"D?q"]]
        await page.send_str("[" * 100_000)
        assert (await page.receive(timeout=PATIENCE_SECONDS)).type == aiohttp.WSMsgType.CLOSE


async def test_sessions_are_counted(notes: Path) -> None:
    """One page too many is told so, and gets a session once another page has closed."""
    async with stand_ins(notes, "polite", sessions=2) as url, aiohttp.ClientSession() as client:
        pages = [await client.ws_connect(f"{url}/ws") for _ in range(2)]
        for page in pages:
            await page.receive(timeout=PATIENCE_SECONDS)
        with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
            await client.ws_connect(f"{url}/ws")
        assert refusal.value.status == 503
        async with client.get(url) as answer:
            assert (answer.status, "--sessions" in await answer.text()) == (503, True)
        assert len(running(notes)) == 2
        await pages[0].close()
        assert await until(lambda: len(running(notes)) == 1)
        async with client.get(url) as answer:
            assert answer.status == 200
        await pages[1].close()


@pytest.mark.parametrize("manner", ["polite", "stubborn"])
@pytest.mark.parametrize("words", [[], [["stdin", "flood"]]], ids=["at-rest", "while-drawing"])
async def test_no_app_outlives_its_page(
    notes: Path, monkeypatch: pytest.MonkeyPatch, manner: str, words: list[object]
) -> None:
    """The app is asked to quit; one that is busy, or blocked because nobody reads it, is ended."""
    monkeypatch.setattr(web_session, "QUIT_SECONDS", 0.3)
    async with stand_ins(notes, manner) as url, aiohttp.ClientSession() as client:
        page = await client.ws_connect(f"{url}/ws")
        await page.receive(timeout=PATIENCE_SECONDS)
        for word in words:
            await page.send_json(word)
        (app,) = running(notes)
        page._writer.transport.abort()  # a page does not always say that it goes
        assert await until(lambda: not running(notes)), app


async def test_the_end_of_the_server_ends_stubborn_apps(notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is told to end leaves nothing behind."""
    monkeypatch.setattr(web_session, "QUIT_SECONDS", 0.3)
    async with aiohttp.ClientSession() as client:
        async with stand_ins(notes, "stubborn") as url:
            page = await client.ws_connect(f"{url}/ws")
            await page.receive(timeout=PATIENCE_SECONDS)
            assert len(running(notes)) == 1
        assert running(notes) == []
        await page.close()


@pytest.mark.parametrize("path", ["/", "/static/css/xterm.css", "/no-such-page", "/download/x"])
async def test_every_answer_says_what_browsers_must_not_do(notes: Path, path: str) -> None:
    """No other site frames a page, no type is guessed, no address is passed on."""
    async with (
        stand_ins(notes, "polite") as url,
        aiohttp.ClientSession() as client,
        client.get(f"{url}{path}") as answer,
    ):
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_a_busy_app_ends_soon_after_its_server(tmp_path: Path) -> None:
    """Whatever keeps the app busy: once the pipe from the server hangs up, its time is counted."""
    program = (
        "from tui.terminal.terminal import leave_without_server\n"
        "leave_without_server(0.2)\nprint('ready', flush=True)\nwhile True: pass"
    )
    import subprocess

    from tui.terminal.terminal import WEB_DRIVER

    environment = {**os.environ, "TEXTUAL_DRIVER": WEB_DRIVER}
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as busy:
        assert busy.stdin is not None
        assert busy.stdout is not None
        try:
            assert busy.stdout.readline() == b"ready\n"
            busy.stdin.close()
            assert busy.wait(PATIENCE_SECONDS) == 1
        finally:
            busy.kill()
