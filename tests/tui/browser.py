"""A real browser without a window, driven over its DevTools protocol: open a page, type, read the screen."""

import asyncio
import base64
import contextlib
import itertools
import json
import shutil
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tests.patience import PATIENCE_SECONDS

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# The page keeps its xterm.js to itself, in a property named `terminal`: catch it when it is set.
CATCH_TERMINAL = """
Object.defineProperty(Object.prototype, "terminal", {
  configurable: true,
  set(value) {
    Object.defineProperty(this, "terminal", {value, writable: true, configurable: true, enumerable: true});
    if (value && value.buffer && value.onResize) window.caughtTerminal = value;
  },
});
"""
READ_TERMINAL = """
(() => {
  if (!window.caughtTerminal) return "";
  const screen = window.caughtTerminal.buffer.active, lines = [];
  for (let line = 0; line < screen.length; line++) lines.push(screen.getLine(line).translateToString(true));
  return lines.join("\\n");
})()
"""


def free_port() -> int:
    """Return a port that nothing listens on at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


class Page:
    """One page of the browser."""

    def __init__(self, devtools: aiohttp.ClientWebSocketResponse) -> None:
        self.devtools = devtools
        self.requested: list[str] = []
        self.complaints: list[str] = []
        self._numbers = itertools.count(1)

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol and return its result; what happens meanwhile is taken note of."""
        number = next(self._numbers)
        await self.devtools.send_json({"id": number, "method": method, "params": parameters})
        while True:
            message = json.loads((await self.devtools.receive(timeout=PATIENCE_SECONDS)).data)
            if message.get("id") == number:
                assert "error" not in message, message
                return message["result"]
            self._note(message)

    async def open(self, url: str) -> None:
        """Go to a page, noting every address that is asked for on the way."""
        for domain in ("Page", "Network", "Runtime"):
            await self.call(f"{domain}.enable")
        await self.call("Page.addScriptToEvaluateOnNewDocument", source=CATCH_TERMINAL)
        await self.call("Page.navigate", url=url)

    async def evaluate(self, script: str) -> Any:
        """Return the value of a script."""
        answer = await self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        return answer["result"].get("value")

    async def text_when(self, condition: Callable[[str], bool], seconds: float = PATIENCE_SECONDS) -> str:
        """Return what the terminal shows once it meets a condition; else what it showed last."""
        deadline = asyncio.get_running_loop().time() + seconds
        while not condition(text := await self.evaluate(READ_TERMINAL) or ""):
            if asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(0.1)
        return text

    async def press(self, key: str) -> None:
        """Press a key that writes a character."""
        for kind in ("keyDown", "keyUp"):
            text = {"text": key} if kind == "keyDown" else {}
            await self.call("Input.dispatchKeyEvent", type=kind, key=key, **text)

    async def screenshot(self) -> bytes:
        """Return what the page looks like, as PNG."""
        return base64.b64decode((await self.call("Page.captureScreenshot"))["data"])

    def _note(self, message: dict[str, Any]) -> None:
        parameters = message.get("params", {})
        match message.get("method"):
            case "Network.requestWillBeSent":
                self.requested.append(parameters["request"]["url"])
            case "Network.webSocketCreated":
                self.requested.append(parameters["url"])
            case "Runtime.exceptionThrown":
                self.complaints.append(str(parameters["exceptionDetails"]))


@asynccontextmanager
async def browser(folder: Path, *, size: tuple[int, int] = (1200, 720)) -> AsyncGenerator[Page]:
    """Start chromium with a profile of its own and give its one page; it ends with the block."""
    assert CHROMIUM is not None
    process = await asyncio.create_subprocess_exec(
        *(
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-dev-shm-usage",
        ),
        *("--disable-background-networking", "--remote-debugging-port=0"),
        *(f"--user-data-dir={folder}", f"--window-size={size[0]},{size[1]}", "about:blank"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        port = await _debugging_port(folder)
        async with aiohttp.ClientSession() as session:
            pages = await (await session.get(f"http://127.0.0.1:{port}/json/list")).json()
            address = next(page for page in pages if page["type"] == "page")["webSocketDebuggerUrl"]
            async with session.ws_connect(address, max_msg_size=0) as devtools:
                yield Page(devtools)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _debugging_port(folder: Path, seconds: float = PATIENCE_SECONDS) -> int:
    """Return the port that chromium chose; it writes it into its profile."""
    deadline = asyncio.get_running_loop().time() + seconds
    place = folder / "DevToolsActivePort"
    while not (place.exists() and place.read_text().strip()):
        assert asyncio.get_running_loop().time() < deadline, "chromium did not start"
        await asyncio.sleep(0.05)
    return int(place.read_text().split()[0])
