"""Keeps a test from calling any host but this machine. It is behind the fixture `kit_mock_guard`.

It hears of names and addresses that are looked up, connections and datagrams by Python's audit events, below every HTTP
library, so libraries such as respx still work. Sockets resolve names before they raise the event, so their methods are replaced
too. uvloop raises none, so the function of anyio is replaced, by which httpx connects there. A refused call fails the test by
an exception that is no `Exception`, so that the code under test doesn't retry or swallow it. asyncio would keep that of a
datagram to itself, so its method checks the address first.
"""

from __future__ import annotations

import asyncio.selector_events
import contextlib
import ipaddress
import socket
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import anyio

from kit_mock.outbox.allowed_hosts import hosts, is_address, is_loopback

if TYPE_CHECKING:
    from typing import NoReturn

_INTERNET = (socket.AF_INET, socket.AF_INET6)
_RESOLVE = frozenset({"socket.getaddrinfo", "socket.gethostbyname"})
_LOOK_UP = frozenset({"socket.gethostbyaddr", "socket.getnameinfo"})
_CALL = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_EVENTS = _RESOLVE | _LOOK_UP | _CALL
_METHODS = ("bind", "connect", "connect_ex", "sendto", "sendmsg")
_DATAGRAMS: Any = vars(asyncio.selector_events)["_SelectorDatagramTransport"]
_active: list[NetworkGuard] = []


@cache
def _listen() -> None:
    """Let the active guards hear of events, from now on: an audit hook can't be removed."""

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        if _active and event in _EVENTS:
            for guard in tuple(_active):
                guard.check(event, arguments)

    sys.addaudithook(hear)


class NetworkGuard:
    """A guard that lets a test call only this machine and the allowed hosts.

    Args:
        allowed: Names or addresses of hosts that may be called.

    Raises ValueError for a text that isn't a host's name or address, such as a URL.
    """

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._names = frozenset({_text(socket.gethostname())})
        self._addresses: set[str] = set()  # The resolved addresses of allowed names.
        self.allow(*allowed)

    def allow(self, *names: str) -> None:
        """Allow further hosts, by name or address. Raises ValueError for a text that is neither, such as a URL."""
        self._names |= hosts(names, "allow")

    @contextlib.contextmanager
    def active(self) -> Iterator[None]:
        """Return a context in which a call of any other host fails the test, by `pytest.fail`, in all threads."""
        resolve, connect_tcp, send_datagram = socket.getaddrinfo, anyio.connect_tcp, _DATAGRAMS.sendto

        def guarded_resolve(host: Any, *more: Any, **named: Any) -> Any:
            name = self._check_name(host)
            found = resolve(host, *more, **named)
            if name in self._names:
                self._addresses.update(str(each[4][0]) for each in found)
            return found

        def guarded(name: str) -> Callable[..., Any]:
            method = getattr(socket.socket, name)

            def call(sock: socket.socket, *arguments: Any) -> Any:
                address = arguments[3:4] if name == "sendmsg" else arguments[-1:]
                self._check_address(sock, *address, is_own=name == "bind")
                return method(sock, *arguments)

            return call

        def guarded_send_datagram(transport: Any, data: Any, addr: Any = None) -> None:
            self._check_address(transport.get_extra_info("socket"), addr)
            send_datagram(transport, data, addr)

        async def guarded_connect_tcp(remote_host: Any, *more: Any, **named: Any) -> Any:
            name = self._check_name(remote_host)
            if is_address(name):
                self._check_host(name)
            return await connect_tcp(remote_host, *more, **named)

        _listen()
        with contextlib.ExitStack() as stack:
            for name in _METHODS:
                if hasattr(socket.socket, name):  # Windows has no `sendmsg`.
                    stack.enter_context(patch.object(socket.socket, name, guarded(name)))
            stack.enter_context(patch.object(_DATAGRAMS, "sendto", guarded_send_datagram))
            stack.enter_context(patch.object(socket, "getaddrinfo", guarded_resolve))
            stack.enter_context(patch.object(anyio, "connect_tcp", guarded_connect_tcp))
            _active.append(self)
            stack.callback(_active.remove, self)
            yield

    def check(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Fail the test if an audit event is a call of a host that isn't allowed."""
        if event in _CALL:
            self._check_address(*arguments)
        elif event == "socket.getnameinfo":
            self._check_host(_text(arguments[0][0]))
        else:
            name = self._check_name(arguments[0])
            if event in _LOOK_UP:
                self._check_host(name)
            if name in self._names and event != "socket.getaddrinfo":
                socket.getaddrinfo(arguments[0], None)  # Learns the addresses.

    def _check_name(self, host: Any) -> str:
        """Refuse to resolve a name. Addresses need no network for that, and servers listen without a name."""
        name = _text(host)
        if name and not is_address(name) and not self._is_allowed(name):
            self._refuse(name)
        return name

    def _check_address(self, sock: Any, address: Any = None, *, is_own: bool = False) -> None:
        if sock.family in _INTERNET and isinstance(address, tuple) and address:
            check = self._check_name if is_own else self._check_host
            check(_text(address[0]))

    def _check_host(self, host: str) -> None:
        if host not in self._addresses and not self._is_allowed(host):
            self._refuse(host)

    def _is_allowed(self, host: str) -> bool:
        is_unspecified = is_address(host) and ipaddress.ip_address(host).is_unspecified
        return not host or is_unspecified or host in self._names or is_loopback(host)

    def _refuse(self, host: str) -> NoReturn:
        import pytest  # Imported late: the package exports this class, and works without pytest.

        pytest.fail(
            f"the host {host} was called, and kit_mock_guard keeps tests from all but this machine. Kit() without a base_url"
            f" calls the mock. Allow the host with kit_mock_guard.allow({host!r}) in the test, or for all tests with"
            f" `kit_mock_guard_allow = {host}` in the settings of pytest."
        )


def _text(host: Any) -> str:
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host or "")
    try:
        # The form of allowed names: ASCII and lower case.
        return text.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return text.lower()
