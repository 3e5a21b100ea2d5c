"""The app in a browser: one web server, and for every page that is opened a session of the app of its own."""

import asyncio
import errno
import ipaddress
import logging
import os
import shlex
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import WSCloseCode, WSMsgType, web
from textual_serve.server import Server, to_int

from tui.terminal.web_session import QUIT_SECONDS, WebSession, obey
from warehouse.errors import SparsityError

TEMPLATES = Path(__file__).with_name("templates")
TITLE = "sparsity-tui"
LOCAL_NAMES = {"localhost", "127.0.0.1", "::1"}
ANSWER_SECONDS = 1.0  # that a page has to answer when its session is closed
CLOSING_SECONDS = QUIT_SECONDS + ANSWER_SECONDS + 1.0
HEADERS = {
    # The page holds inline scripts, and xterm.js writes style elements; no other site may frame it.
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline';"
        " img-src 'self' data:; font-src 'self' data:; connect-src 'self'; object-src 'none';"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class ServingError(SparsityError):
    """The address cannot be listened on."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server listens, as it was asked for."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """What a person opens; an address that stands for all of them is named by this machine's name."""
        host = socket.gethostname() if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104  # compared
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


def served_command(options: list[str]) -> str:
    """Return the shell command that starts the app with these options, as textual-serve takes it."""
    # exec: the session ends with the shell's own process, nothing is left between the server and the app.
    return "exec " + shlex.join([sys.executable, "-m", "tui", *options])


def listen(address: Address) -> socket.socket:
    """Return a listening socket.

    Raises:
        ServingError: the port is taken, the host is unknown, or the system refuses.
    """
    try:
        # Of the addresses a name has, the first is the one programs try first.
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(found[4][:2], family=found[0])
    except socket.gaierror as error:
        msg = f"there is no host {address.host} here; give an address of this machine with --host"
        raise ServingError(msg) from error
    except OSError as error:
        place = f"port {address.port} of {address.host}"
        msg = (
            f"cannot listen on {place}: {os.strerror(error.errno or 0)}; choose another with --host or --port"
        )
        if error.errno == errno.EADDRINUSE:
            msg = f"{place} is in use; choose another with --port"
        raise ServingError(msg) from error


def is_local(listening: socket.socket) -> bool:
    """Whether only programs of this machine reach a socket."""
    return ipaddress.ip_address(listening.getsockname()[0]).is_loopback


def open_to_others(address: Address) -> str:
    """Warn of an address that other machines reach."""
    return (
        f"warning: there is no password: whoever reaches port {address.port} of this machine uses the app as"
        " you, and its files (--read-only removes what starts work);"
        f" safer from elsewhere: ssh -L {address.port}:127.0.0.1:{address.port} {socket.gethostname()}"
    )


class AppServer(Server):
    """textual-serve with our page and sessions, deaf to other web sites, and quick to end."""

    def __init__(self, command: str, address: Address, listening: socket.socket, sessions: int) -> None:
        """`sessions` is how many may run at a time: each is a process of its own."""
        super().__init__(command, host=address.host, port=address.port, title=TITLE, templates_path=TEMPLATES)
        self.listening = listening
        self.known_hosts = LOCAL_NAMES | {address.host} if is_local(listening) else None
        self.most_sessions = sessions
        self._sessions: set[asyncio.Task[object]] = set()

    def run(self) -> None:
        """Serve until SIGINT or SIGTERM."""
        logging.basicConfig(level=logging.WARNING, format="%(message)s")
        web.run_app(
            self._make_app(),
            sock=self.listening,
            access_log=None,
            shutdown_timeout=CLOSING_SECONDS,
            print=lambda *_: None,
        )

    async def on_startup(self, app: web.Application) -> None:
        """Say nothing, the command has told the address; have every answer carry the headers."""
        app.on_response_prepare.append(_add_headers)

    async def on_shutdown(self, app: web.Application) -> None:  # noqa: ARG002  # aiohttp passes it
        """End the sessions: an open page would hold the server up until the time to close is over."""
        for session in list(self._sessions):
            session.cancel()

    async def handle_index(self, request: web.Request) -> web.StreamResponse:
        """Give the page, unless it could start no session."""
        self._refuse_when_full()
        return await super().handle_index(request)

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Run a session for as long as the page is open.

        Raises:
            HTTPForbidden: the page that asks is of another site.
            HTTPServiceUnavailable: as many sessions run as may.
        """
        self._refuse_strangers(request)
        self._refuse_when_full()
        task = asyncio.current_task()
        if task is None:
            msg = "a request is handled in a task"
            raise RuntimeError(msg)
        self._sessions.add(task)
        try:
            return await self._show_app(request)
        finally:
            self._sessions.discard(task)

    def _refuse_strangers(self, request: web.Request) -> None:
        """Refuse pages of other sites.

        Browsers let every page open a websocket to any server; without this check a site visited at the
        same time could drive the app. The host name matters because a site may give its own name this
        machine's address.
        """
        origin = request.headers.get("Origin")
        host = urlsplit(f"//{request.host}").hostname
        foreign = origin is not None and urlsplit(origin).netloc != request.host
        if foreign or (self.known_hosts is not None and host not in self.known_hosts):
            raise web.HTTPForbidden(text="only pages of this server may start a session")

    def _refuse_when_full(self) -> None:
        if len(self._sessions) >= self.most_sessions:
            told = (
                f"{self.most_sessions} sessions run here, as many as may; close one of their pages and load"
                " this one again, or start the server with a higher --sessions"
            )
            raise web.HTTPServiceUnavailable(text=told)

    async def _show_app(self, request: web.Request) -> web.WebSocketResponse:
        websocket = web.WebSocketResponse(heartbeat=15, timeout=ANSWER_SECONDS)
        await websocket.prepare(request)

        async def close() -> None:
            await websocket.close()

        session = WebSession(
            self.command,
            write_bytes=websocket.send_bytes,
            write_str=websocket.send_str,
            close=close,
            download_manager=self.download_manager,
        )
        width, height = (to_int(request.query.get(name, ""), 0) for name in ("width", "height"))
        try:
            await session.start(width or 80, height or 24)
            await _follow(websocket, session)
        except OSError as error:
            logging.getLogger(__name__).warning("a session ended: %s", error)
        finally:
            await session.stop()
            await websocket.close()
        return websocket


async def _follow(websocket: web.WebSocketResponse, session: WebSession) -> None:
    """Do what the page says until it is closed, or speaks another language."""
    async for message in websocket:
        if message.type != WSMsgType.TEXT:
            continue
        try:
            await obey(session, websocket, message.data)
        except (ValueError, RecursionError):
            await websocket.close(code=WSCloseCode.INVALID_TEXT)


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:  # noqa: ARG001  # a signal's form
    response.headers.update(HEADERS)
