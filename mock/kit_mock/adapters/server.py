"""Serves the app on a socket by uvicorn, in the foreground for the command line or in a thread for tests."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import logging
import os
import signal
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path

from kit_mock.adapters.asgi import BREAK, AsgiApp, Message, Receive, Send
from kit_mock.protocol.errors import KitMockError

try:
    import uvicorn

    from kit_mock.adapters.connection import Connection
except ImportError as missing:  # pragma: no cover - an installation without the extra
    raise KitMockError("serving needs uvicorn and httptools: pip install 'kit-client[mock]'") from missing

REQUEST_SECONDS = 30.0
"""How long a request may take to arrive, from its first byte to its last. An incomplete one would be kept for ever."""
UNREAD_SECONDS = 300.0
"""How long a response may go unread, as while its client is looked at in a debugger."""

_TURNS = 10
"""Turns of the event loop that closed connections get to notice it."""
_LINGER = "hh" if os.name == "nt" else "ii"


class PortTakenError(KitMockError):
    """The error that another program listens on the port."""


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes a free one.

    Raises PortTakenError, or KitMockError for any other problem.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        try:
            if os.name == "posix":
                # Otherwise a port can't be used again for a minute after a restart.
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(128)
        except OSError:
            listener.close()
            raise
    except (OSError, OverflowError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        raise (PortTakenError if taken else KitMockError)(f"cannot listen on {host}:{port}: {reason}") from None
    return listener


def url_of(listener: socket.socket) -> str:
    """Return the URL of a listening socket, such as `http://127.0.0.1:50123`, without a slash at the end."""
    host, port = listener.getsockname()[:2]
    address = ipaddress.ip_address(host)
    if address.is_unspecified:
        host = "127.0.0.1" if address.version == 4 else "::1"
    return f"http://{host}:{port}" if address.version == 4 else f"http://[{host}]:{port}"


def is_everywhere(listener: socket.socket) -> bool:
    """Tell whether it listens on every address of this machine."""
    return ipaddress.ip_address(listener.getsockname()[0]).is_unspecified


def _is_worth_telling(record: logging.LogRecord) -> bool:
    """Leave out what uvicorn logs of requests that it cancels on shutdown: that is what was asked for."""
    given_up = record.exc_info is not None and isinstance(record.exc_info[1], asyncio.CancelledError)
    return not given_up and "graceful shutdown exceeded" not in record.msg


class _Server(uvicorn.Server):
    """Uvicorn's server, which also calls `on_ready`, and ends on a signal without raising it again."""

    def __init__(self, app: AsgiApp, on_ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                self._able_to_break(app),
                log_level="warning",
                access_log=False,
                use_colors=False,  # To find out whether there may be some, it would need a standard output.
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=2,
                http=Connection,
                ws="none",
            )
        )
        self._on_ready = on_ready
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended: asyncio.Event | None = None
        logging.getLogger("uvicorn.error").addFilter(_is_worth_telling)

    def _able_to_break(self, app: AsgiApp) -> Callable[[Message, Receive, Send], Awaitable[None]]:
        async def able(scope: Message, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                scope["extensions"] = {BREAK: partial(self._break, scope["client"])}
            await app(scope, receive, send)

        return able

    def _break(self, client: tuple[str, int], reset: bool) -> None:
        """Reset the connection of a client, or close it when all is sent."""
        for connection in list(self.server_state.connections):
            transport = getattr(connection, "transport", None)
            if transport is None or getattr(connection, "client", None) != client:
                continue
            if reset:
                # Without lingering, a socket is closed by RST instead of FIN.
                raw = transport.get_extra_info("socket")
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(_LINGER, 1, 0))
                transport.abort()
            else:
                transport.close()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    async def main_loop(self) -> None:
        """Tick every tenth of a second like uvicorn's, but end at once after `end`."""
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        counter = 0
        while not await self.on_tick(counter):
            counter = (counter + 1) % 864_000
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), 0.1)

    def end(self) -> None:
        """Ask the server to end. Can be called from any thread."""
        self.should_exit = True
        with contextlib.suppress(RuntimeError):  # It has ended by itself.
            if self._loop is not None and self._ended is not None:
                self._loop.call_soon_threadsafe(self._ended.set)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Shut down like uvicorn's, but without its wait of a tenth of a second if no request is under way."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        for _ in range(_TURNS):
            if not self.server_state.connections:
                break
            await asyncio.sleep(0)
        if self.server_state.connections or self.server_state.tasks:
            await super().shutdown(sockets)
            return
        for listener in sockets or []:
            listener.close()
        await self.lifespan.shutdown()

    async def on_tick(self, counter: int) -> bool:
        if counter % 10 == 0:  # Once in a second.
            now = asyncio.get_running_loop().time()
            for connection in list(self.server_state.connections):
                if isinstance(connection, Connection):
                    connection.expire(now - REQUEST_SECONDS, now - UNREAD_SECONDS)
        return await super().on_tick(counter)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def serve(app: AsgiApp, listener: socket.socket, on_ready: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM. Call it from the main thread."""
    _Server(app, on_ready).run(sockets=[listener])


class ServerThread:
    """A server in a daemon thread: it never keeps a program from ending."""

    def __init__(self, app: AsgiApp, host: str, port: int) -> None:
        self._listener = listen(host, port)
        self.url = url_of(self._listener)
        ready = threading.Event()
        self._server = _Server(app, ready.set)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._listener]}, name="kit-mock", daemon=True
        )
        self._thread.start()
        if not ready.wait(timeout=10):
            self.stop()
            raise KitMockError("the server didn't start within 10 seconds")

    def leave_to_parent(self) -> None:
        """Close this forked process's copies of sockets, or they stay open when the parent closes them.

        The event loop runs in the parent alone and isn't told: it shares its selector with this process. `detach` is
        for uvloop, which keeps `close` from closing a socket that it uses. Connections become those to nowhere, since their
        transports may yet close their numbers, which other files could have by then.
        """
        with contextlib.suppress(OSError):
            os.close(self._listener.detach())
        with Path(os.devnull).open("r+b") as nowhere:
            for connection in list(self._server.server_state.connections):
                with contextlib.suppress(OSError, RuntimeError, AttributeError):  # It is being opened or closed.
                    number = connection.transport.get_extra_info("socket").fileno()
                    os.dup2(nowhere.fileno(), number, inheritable=False)

    def stop(self) -> None:
        """Stop serving, and wait until that is done. Open connections get two seconds."""
        self._server.end()
        self._thread.join(timeout=10)
        self._listener.close()
