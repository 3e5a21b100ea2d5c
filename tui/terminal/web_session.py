"""One session of the app for a browser: its process, its size, and its end."""

import asyncio
import json
from contextlib import suppress

from aiohttp import web
from textual_serve.app_service import AppService

# Beyond any screen: 4K at a font of 8 pixels has 800 columns and 270 lines. Every cell costs memory and time.
WIDEST, TALLEST = 1000, 400
QUIT_SECONDS = 3.0


def clamped(width: int, height: int) -> tuple[int, int]:
    """Return the size of a terminal that the app is asked to draw at most."""
    return min(max(width, 1), WIDEST), min(max(height, 1), TALLEST)


class WebSession(AppService):
    """textual-serve's process of the app, which never outlives the page that it is for."""

    async def start(self, width: int, height: int) -> None:
        """Start the app at the size of the page, within limits."""
        await super().start(*clamped(width, height))

    async def set_terminal_size(self, width: int, height: int) -> None:
        """Tell the app the new size of the page, within limits."""
        await super().set_terminal_size(*clamped(width, height))

    async def on_data(self, payload: bytes) -> None:
        """Pass on what the app draws; after the page has gone it is read all the same.

        An app that nobody reads from blocks while it writes, and never hears that it should quit.
        """
        with suppress(ConnectionError):
            await super().on_data(payload)

    async def on_meta(self, data: bytes) -> None:
        """Do what the app asks the page for, if that is still there."""
        with suppress(ConnectionError):
            await super().on_meta(data)

    async def stop(self) -> None:
        """Ask the app to quit, and end it when it does not."""
        process = self._process
        if process is None:
            return
        try:
            await self._download_manager.cancel_app_downloads(app_service_id=self.app_service_id)
            with suppress(TimeoutError):
                async with asyncio.timeout(QUIT_SECONDS):
                    await self.send_meta({"type": "quit"})
                    await process.wait()
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            if self._task is not None:
                self._task.cancel()
                await self._task


async def obey(session: WebSession, websocket: web.WebSocketResponse, text: str) -> None:
    """Do what one message of the page says; what is no message of ours is ignored.

    Raises:
        ValueError: the text is no JSON.
    """
    match json.loads(text):
        case ["stdin", str(typed)]:
            await session.send_bytes(typed.encode("utf-8", "replace"))
        case ["resize", {"width": int(width), "height": int(height)}]:
            await session.set_terminal_size(width, height)
        case ["ping", sent]:
            await websocket.send_json(["pong", sent])
        case ["blur", *_]:
            await session.blur()
        case ["focus", *_]:
            await session.focus()
