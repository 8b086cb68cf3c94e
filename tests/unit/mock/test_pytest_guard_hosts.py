"""Which hosts `kit_mock_guard` refuses, by which library they may be called, and how they are allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.mock.plugin_project import Run, in_project


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return in_project(tmp_path)


REFUSED = """
import _socket
import asyncio
import http.client
import socket
import threading
import urllib.request

import anyio
import httpx
import pytest

from kit_client import AsyncKit, Kit

Refused = pytest.fail.Exception
HOST = "api.example.com"
URL = f"https://{HOST}/v4/account"


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    # What gets so far would have left this machine.
    def fail(*arguments, **named):
        raise AssertionError(f"resolved {arguments}")

    monkeypatch.setattr(socket, "getaddrinfo", fail)


@pytest.fixture(autouse=True)
def guarded(kit_mock, no_network, kit_mock_guard):
    return kit_mock_guard


@pytest.fixture
def kit_mock(kit_mock):
    kit_mock.url
    return kit_mock


async def fetch(url=URL):
    async with httpx.AsyncClient() as client:
        await client.get(url)


async def ask():
    async with AsyncKit("real_key", base_url=f"https://{HOST}") as kit:
        await kit.account.get()


async def on_asyncio():
    await asyncio.open_connection(HOST, 443)


def call_with_kit():
    with Kit("real_key", base_url=f"https://{HOST}") as kit:
        kit.account.get()


CALLS = {
    "httpx": lambda: httpx.get(URL),
    "httpx async": lambda: asyncio.run(fetch()),
    "httpx on trio": lambda: anyio.run(fetch, backend="trio"),
    "httpx on uvloop": lambda: anyio.run(fetch, backend="asyncio", backend_options={"use_uvloop": True}),
    "Kit": call_with_kit,
    "AsyncKit": lambda: asyncio.run(ask()),
    "asyncio": lambda: asyncio.run(on_asyncio()),
    "urllib": lambda: urllib.request.urlopen(URL),
    "http.client": lambda: http.client.HTTPSConnection(HOST).request("GET", "/"),
    "socket": lambda: socket.create_connection((HOST, 443)),
    "upper case": lambda: socket.create_connection((HOST.upper(), 443)),
    "gethostbyname": lambda: socket.gethostbyname(HOST),
    "gethostbyname_ex": lambda: socket.gethostbyname_ex(HOST),
    "gethostbyaddr": lambda: socket.gethostbyaddr(HOST),
    "without the module socket": lambda: _socket.getaddrinfo(HOST, 443),
    "a name to connect to": lambda: on_socket("connect", (HOST, 443)),
    "a name to send to": lambda: on_socket("sendto", b"x", (HOST, 443), kind=socket.SOCK_DGRAM),
    "a name to listen on": lambda: on_socket("bind", (HOST, 0)),
    "a name of a message": lambda: on_socket("sendmsg", [b"x"], [], 0, (HOST, 443), kind=socket.SOCK_DGRAM),
}


@pytest.mark.parametrize("name", CALLS)
def test_another_host_is_refused(name):
    with pytest.raises(Refused, match=f"the host {HOST} was called.*kit_mock_guard.allow.'{HOST}'"):
        CALLS[name]()


def on_socket(method, *arguments, kind=socket.SOCK_STREAM, family=socket.AF_INET, of=socket.socket):
    sock = of(family, kind)
    try:
        getattr(sock, method)(*arguments)
    finally:
        sock.close()


async def datagrams():
    await asyncio.get_running_loop().create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=ADDRESS)


async def datagram_without_connection():
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0)
    )
    try:
        transport.sendto(b"x", ADDRESS)
    finally:
        transport.close()


ADDRESS = ("203.0.113.9", 443)
UDP = socket.SOCK_DGRAM
ADDRESSES = {
    "connect": lambda: on_socket("connect", ADDRESS),
    "connect_ex": lambda: on_socket("connect_ex", ADDRESS),
    "connect by UDP": lambda: on_socket("connect", ADDRESS, kind=UDP),
    "sendto": lambda: on_socket("sendto", b"x", ADDRESS, kind=UDP),
    "sendto with flags": lambda: on_socket("sendto", b"x", 0, ADDRESS, kind=UDP),
    "sendmsg": lambda: on_socket("sendmsg", [b"x"], [], 0, ADDRESS, kind=UDP),
    "fast open": lambda: on_socket("sendto", b"x", getattr(socket, "MSG_FASTOPEN", 0), ADDRESS),
    "asyncio, datagrams": lambda: asyncio.run(datagrams()),
    "asyncio, datagrams without a connection": lambda: asyncio.run(datagram_without_connection()),
    "gethostbyaddr": lambda: socket.gethostbyaddr(ADDRESS[0]),
    "getfqdn": lambda: socket.getfqdn(ADDRESS[0]),
    "getnameinfo": lambda: socket.getnameinfo(ADDRESS, 0),
    "without the module socket": lambda: on_socket("connect", ADDRESS, of=_socket.socket),
    "uvloop": lambda: anyio.run(fetch, "http://203.0.113.9/", backend_options={"use_uvloop": True}),
    "version 6": lambda: on_socket("connect", ("2001:db8::9", 443, 0, 0), family=socket.AF_INET6),
}


@pytest.mark.parametrize("name", ADDRESSES)
def test_so_is_another_address(name):
    host = "2001:db8::9" if name == "version 6" else "203.0.113.9"
    with pytest.raises(Refused, match=f"the host {host} was called"):
        ADDRESSES[name]()


def test_code_that_takes_every_exception_for_an_outage_is_caught():
    def careless():
        try:
            httpx.get(URL)
        except Exception:
            pass

    with pytest.raises(Refused, match="was called"):
        careless()


def test_in_threads_too():
    found = []

    def call():
        try:
            httpx.get(URL)
        except Refused as error:
            found.append(str(error))

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    assert HOST in found[0]
"""


def test_any_other_host_is_refused(run: Run) -> None:
    assert "36 passed" in run(REFUSED)


FAILING = """
import contextlib

import httpx


def test_it(kit_mock_guard):
    httpx.get("https://api.example.com/v4/account")


def test_later():
    import socket
    assert "guarded" not in socket.getaddrinfo.__name__
    with socket.socket(type=socket.SOCK_DGRAM) as sock, contextlib.suppress(OSError):  # There may be no route.
        sock.connect(("203.0.113.9", 9))  # Sends nothing.
"""


def test_the_failure_says_who_called_and_how_to_allow_it(run: Run) -> None:
    output = run(FAILING, failing=True)
    assert "1 failed, 1 passed" in output
    assert 'httpx.get("https://api.example.com/v4/account")' in output
    assert (
        "the host api.example.com was called, and kit_mock_guard keeps tests from all but this machine. Kit() without a"
        " base_url calls the mock. Allow the host with kit_mock_guard.allow('api.example.com') in the test, or for all tests"
        " with `kit_mock_guard_allow = api.example.com` in the settings of pytest."
    ) in output


ALLOWED = """
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204)
        self.end_headers()

    do_POST = do_GET

    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def port():
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture(autouse=True)
def names(monkeypatch, kit_mock, port):
    # Every name leads to an address that stands for one of another machine.
    kit_mock.url
    resolve, connect = socket.getaddrinfo, socket.socket.connect

    def elsewhere(sock, address):
        sys.audit("socket.connect", sock, address)
        connect(sock, ("127.0.0.1", address[1]) if address[0] == "203.0.113.9" else address)

    def lookup(host, port, *more, **named):
        text = host.decode() if isinstance(host, bytes) else host
        here = text[0].isdigit() or text == "localhost"
        return resolve(host if here else "203.0.113.9", port, *more, **named)

    monkeypatch.setattr(socket, "gethostname", lambda: "this-machine")
    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    monkeypatch.setattr(socket.socket, "connect", elsewhere)


@pytest.fixture(autouse=True)
def guarded(names, kit_mock_guard):
    return kit_mock_guard


def test_by_the_settings(port):
    assert httpx.get(f"http://first.example:{port}").status_code == 204
    numeric = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV
    assert socket.getnameinfo(("203.0.113.9", port), numeric) == ("203.0.113.9", str(port))
    assert httpx.get(f"http://SECOND.example:{port}").status_code == 204


def test_by_the_test_for_itself_alone(guarded, port):
    with pytest.raises(pytest.fail.Exception):
        httpx.get(f"http://third.example:{port}")
    guarded.allow("Third.Example", "b\\u00fccher.example")
    assert httpx.get(f"http://third.example:{port}").status_code == 204
    assert httpx.get(f"http://b\\u00fccher.example:{port}").status_code == 204
    with pytest.raises(ValueError, match="not the name or address of a host"):
        guarded.allow("http://third.example")


def test_but_not_for_the_next(port):
    with pytest.raises(pytest.fail.Exception):
        httpx.get(f"http://third.example:{port}")


@pytest.mark.kit_mock(allow_deliveries=["hooks.example"])
def test_where_the_mock_may_send_to(kit_mock, port):
    kit_mock.subscribers.add("ada@example.com")
    kit_mock.webhooks.add("subscriber.subscriber_bounce", f"http://hooks.example:{port}/")
    kit_mock.fire("subscriber.subscriber_bounce", subscriber_id=1)
    (delivery,) = kit_mock.deliver()
    assert (delivery.state, delivery.status) == ("delivered", 204)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
def test_this_machine_is(port, host):
    assert httpx.get(f"http://{host}:{port}").status_code == 204


def test_so_it_is_without_a_name_and_by_its_own(port, monkeypatch):
    with socket.socket() as sock:
        sock.connect(("", port))
    with socket.socket(type=socket.SOCK_DGRAM) as receiver, socket.socket(type=socket.SOCK_DGRAM) as sock:
        receiver.bind(("127.0.0.1", 0))
        sock.sendto(b"x", receiver.getsockname())
        sock.sendmsg([b"x"], [], 0, receiver.getsockname())
        sock.connect(receiver.getsockname())
        sock.sendmsg([b"x"])
        assert [receiver.recv(9) for _ in range(3)] == [b"x"] * 3
    assert httpx.get(f"http://This-Machine:{port}").status_code == 204


def test_a_name_that_is_resolved_by_an_older_function_is_allowed_too(guarded, port, monkeypatch):
    monkeypatch.setattr(socket, "gethostbyname", lambda name: sys.audit("socket.gethostbyname", name) or "203.0.113.9")
    guarded.allow("third.example")
    with socket.socket() as sock:
        sock.connect((socket.gethostbyname("third.example"), port))
"""


def test_hosts_are_allowed_by_settings_and_by_tests(run: Run) -> None:
    assert "9 passed" in run(ALLOWED, ini="kit_mock_guard_allow = first.example second.example\n")
    told = run(FAILING, failing=True, ini="kit_mock_guard_allow = http://first.example\n")
    assert "kit_mock_guard_allow: 'http://first.example' is not the name or address of a host" in told
