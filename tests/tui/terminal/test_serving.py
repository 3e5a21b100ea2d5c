"""`sparsity-tui serve`: the app in a real browser, and what the command refuses."""

import asyncio
import contextlib
import os
import shlex
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.patience import PATIENCE_SECONDS
from tests.tui.browser import CHROMIUM, browser, free_port
from tests.tui.test_terminal import run_without_terminal
from tui import cli
from tui.state.jobs import process_birth
from tui.terminal import serving

ROOT = Path(__file__).resolve().parents[3]


@asynccontextmanager
async def served(database: Path, *options: str) -> AsyncGenerator[tuple[asyncio.subprocess.Process, str]]:
    """Start the real command and give its process and the address it tells."""
    command = [sys.executable, "-m", "tui", "serve", "--db", str(database), "--port", str(free_port())]
    process = await asyncio.create_subprocess_exec(
        *command, *options, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        line = (await asyncio.wait_for(process.stdout.readline(), PATIENCE_SECONDS)).decode()
        yield process, next(word for word in line.split() if word.startswith("http"))
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def sessions_of(server: int) -> list[int]:
    """Return the processes that a server has started and that still run."""
    listed = subprocess.run(["pgrep", "-P", str(server)], capture_output=True, text=True, check=False)
    return [int(word) for word in listed.stdout.split()]


async def no_sessions(server: int, seconds: float = PATIENCE_SECONDS) -> bool:
    """Tell whether all sessions of a server end in time."""
    for _ in range(round(seconds / 0.1)):
        if not sessions_of(server):
            return True
        await asyncio.sleep(0.1)
    return False


async def test_nobody_has_to_read_the_address(database: Path) -> None:
    """In `sparsity-tui serve | true` the reader of the line goes, and the pages are served nevertheless."""
    reading, writing = os.pipe()
    os.close(reading)
    port = free_port()
    command = [sys.executable, "-m", "tui", "serve", "--db", str(database), "--port", str(port)]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=writing)
    os.close(writing)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS), aiohttp.ClientSession() as client:
            status = None
            while status is None and process.returncode is None:
                with contextlib.suppress(aiohttp.ClientConnectionError):
                    async with client.get(f"http://127.0.0.1:{port}/") as answer:
                        status = answer.status
                await asyncio.sleep(0.05)
        assert status == 200
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here (apt-get install chromium)")
async def test_the_app_works_in_a_browser(database: Path, tmp_path: Path) -> None:
    """The overview appears, a key opens the matrix, nothing comes from elsewhere, and q ends the session."""
    async with (
        asyncio.timeout(2 * PATIENCE_SECONDS),
        served(database, "--run=3") as (server, url),
        browser(tmp_path) as page,
    ):
        await page.open(url)
        shown = await page.text_when(lambda text: "mean" in text and "wanda" in text)
        assert "mean" in shown
        assert "wanda" in shown
        before = await page.screenshot()
        await page.press("2")
        assert "separation of" in await page.text_when(lambda text: "separation of" in text)
        assert await page.screenshot() != before
        assert await page.evaluate("document.fonts.check('16px \"Roboto Mono\"')")
        place = url.removeprefix("http")
        assert len(page.requested) >= 4
        own = (f"http{place}", f"ws{place}", "data:")
        assert [address for address in page.requested if not address.startswith(own)] == []
        assert page.complaints == []
        await page.press("q")
        assert await no_sessions(server.pid)


@pytest.mark.parametrize(
    "headers",
    [{}, {"Host": "evil.example", "Origin": "http://evil.example"}],
    ids=["other-site", "other-name"],
)
async def test_only_its_own_pages_start_a_session(database: Path, headers: dict[str, str]) -> None:
    """A web site that is open at the same time cannot drive the app, whatever name it gives this machine."""
    headers = {"Origin": "http://evil.example", **headers}
    async with served(database) as (server, url), aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
            await session.ws_connect(f"{url}/ws", headers=headers)
        assert refusal.value.status == 403
        assert sessions_of(server.pid) == []


async def test_the_end_of_the_server_ends_the_sessions(database: Path) -> None:
    """A page that stays open neither holds the server up nor keeps an app running."""
    async with (
        served(database) as (server, url),
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{url}/ws", headers={"Origin": url}) as websocket,
    ):
        await websocket.receive(timeout=PATIENCE_SECONDS)
        (app,) = sessions_of(server.pid)
        server.terminate()
        async for _ in websocket:  # as a browser does: a close is answered
            pass
        assert await asyncio.wait_for(server.wait(), PATIENCE_SECONDS) == 0
    assert not Path(f"/proc/{app}").exists()


async def test_no_session_outlives_a_killed_server(database: Path) -> None:
    """An app that nobody can see or end ends by itself."""
    async with (
        served(database) as (server, url),
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{url}/ws") as websocket,
    ):
        await websocket.receive(timeout=PATIENCE_SECONDS)
        (app,) = sessions_of(server.pid)
        born = process_birth(app)
        server.kill()
        for _ in range(round(PATIENCE_SECONDS / 0.1)):
            if process_birth(app) != born:
                break
            await asyncio.sleep(0.1)
        assert process_birth(app) != born


def test_every_option_reaches_the_app(tmp_path: Path) -> None:
    """The served command is a shell command: spaces, quotes and dashes come through as they are."""
    place = tmp_path / "it's here; $HOME.db"
    options = ["--db", str(place), "--model", "-odd 'name'", "--run", "3", "--layer", "1"]
    options += ["--projection", "o", "--screen", "matrix", "--read-only"]
    # argparse takes a value that starts with a dash in one word with its option alone.
    given = [*options[:2], f"--model={options[3]}", *options[4:]]
    command = serving.served_command(cli.passed_on(cli.command_line().parse_args(["serve", *given])))
    program, *rest = shlex.split(command.removeprefix("exec "))
    assert (program, rest[:2]) == (sys.executable, ["-m", "tui"])
    app = cli.command_line().parse_args(rest[2:])
    assert (app.db, app.model, app.run, app.layer) == (str(place), "-odd 'name'", 3, 1)
    assert (app.projection, app.screen, app.read_only) == ("o", "matrix", True)


def test_options_may_stand_before_the_command() -> None:
    """What is given before `serve` holds unless it is given again after it."""
    before = cli.command_line().parse_args(["--run", "3", "--read-only", "serve", "--layer", "1"])
    assert (before.run, before.read_only, before.layer) == (3, True, 1)


def test_a_port_in_use_is_one_line(database: Path) -> None:
    """The line names the port and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run_without_terminal("serve", "--db", str(database), "--port", str(port))
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"error: port {port} of 127.0.0.1 is in use; choose another with --port\n"


@pytest.mark.parametrize(
    ("options", "code", "text"),
    [
        (["--port", "99999"], 2, "'99999' is no port"),
        (["--port", "http"], 2, "'http' is no port"),
        (["--host", "no-such-host.invalid"], 1, "there is no host no-such-host.invalid here"),
        (["--host", "192.0.2.1"], 1, "cannot listen on port 8000 of 192.0.2.1"),
    ],
)
def test_a_wrong_address_is_one_line(options: list[str], code: int, text: str) -> None:
    """Wrong usage ends with 2, what the system refuses with 1."""
    result = run_without_terminal("serve", *options)
    assert (result.returncode, result.stdout) == (code, "")
    assert text in result.stderr.splitlines()[-1]


def test_a_wrong_keymap_is_told_before_anything_is_served(tmp_path: Path) -> None:
    """A browser could only show that the session has ended."""
    folder = tmp_path / "config" / "sparsity-tui"
    folder.mkdir(parents=True)
    (folder / "keymap.toml").write_text('[keys]\n"doctor.bakc" = "B"\n')
    result = run_without_terminal("serve")
    assert (result.returncode, result.stdout) == (2, "")
    assert 'did you mean "doctor.back"?' in result.stderr


async def test_an_open_address_is_warned_of(database: Path) -> None:
    """Beyond this machine there is a warning that nothing asks for a password."""
    async with served(database, "--host", "0.0.0.0") as (server, url):  # noqa: S104  # warned of
        assert url.startswith(f"http://{socket.gethostname()}:")
        server.terminate()
        assert server.stderr is not None
        assert b"there is no password" in await server.stderr.read()
