"""Makes a POST of JSON to the target of a webhook or the callback of a bulk job.

A user and a password in the URL are sent by HTTP Basic.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Self

import httpx

from kit_mock.outbox.deliveries import Outcome, Outgoing
from kit_mock.version import version

TIMEOUT = 5.0
"""Seconds that a call may take as a whole."""

_MOST_READ = 64 * 1024
"""Bytes that are read of an answer."""


class Poster:
    """An HTTP client without proxies and redirects. One thread sends; any other may abort that."""

    def __init__(self) -> None:
        self._client = httpx.Client(
            trust_env=False,
            follow_redirects=False,
            timeout=TIMEOUT,
            verify=_certificates(),
            limits=httpx.Limits(max_keepalive_connections=0),
            headers={"User-Agent": f"kit-mock/{version()}", "Content-Type": "application/json"},
        )
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._aborted = False
        self._expired = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def post(self, outgoing: Outgoing) -> Outcome:
        """Make one attempt. Never raises for anything that the receiver does."""
        self._client.cookies.clear()  # They ignore ports, and receivers on one machine differ by little else.
        url = httpx.URL(outgoing.target_url)
        # Taken out of the URL, since httpx logs that and puts it into errors.
        auth = httpx.BasicAuth(url.username, url.password) if url.userinfo else None
        with self._limited():
            try:
                with self._client.stream(
                    "POST",
                    url.copy_with(userinfo=b""),
                    content=outgoing.body.encode(),
                    auth=auth,
                    extensions={"trace": self._note},
                ) as response:
                    self._read_a_little(response)
                    return _outcome(response)
            except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
                if self._expired or isinstance(error, httpx.TimeoutException):
                    return Outcome(None, f"not answered within {TIMEOUT:g} seconds")
                return Outcome(None, f"the connection failed: {str(error) or type(error).__name__}")

    def abort(self) -> None:
        """End the call that is under way, and every later one, at once."""
        with self._lock:
            self._aborted = True
            self._shut()

    def hang_up(self) -> None:
        """End the call that is under way, if it has connected."""
        with self._lock:
            self._shut()

    def _note(self, event: str, info: Mapping[str, Any]) -> None:
        """Keep the socket, from httpx's trace hook: shutting it down is the only way to interrupt a blocking read."""
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            with self._lock:
                self._socket = info["return_value"].get_extra_info("socket")
                if self._aborted:
                    self._shut()

    @contextlib.contextmanager
    def _limited(self) -> Iterator[None]:
        """Limit the call as a whole. httpx limits single reads, so an answer that comes byte by byte would never end."""
        over = threading.Event()

        def expire() -> None:
            with self._lock:
                if not over.is_set():
                    self._expired = True
                    self._shut()

        self._expired = False
        timer = threading.Timer(TIMEOUT, expire)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            with self._lock:
                over.set()
                self._socket = None
            timer.cancel()

    def _shut(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    @staticmethod
    def _read_a_little(response: httpx.Response) -> None:
        """Read a short answer, so that the receiver can finish it. The status counts in any case."""
        size = 0
        with contextlib.suppress(httpx.HTTPError):
            for chunk in response.iter_raw():
                size += len(chunk)
                if size > _MOST_READ:
                    break


def _outcome(response: httpx.Response) -> Outcome:
    status = response.status_code
    if response.is_success:
        return Outcome(status, None)
    if response.is_redirect:
        return Outcome(status, f"answered {status}, and redirects are not followed")
    return Outcome(status, f"answered {status}")


@cache
def _certificates() -> ssl.SSLContext:
    # Read once for all mocks: that takes far longer than a call on loopback.
    return ssl.create_default_context()
