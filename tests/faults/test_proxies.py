"""Calls through proxies on this machine: tunnels, refusals, and proxies that don't do what they should."""

from __future__ import annotations

import base64
import logging
import ssl
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from kit_client import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncKit,
    Kit,
    KitError,
    RetryPolicy,
)

from .echo import EchoServer
from .http2 import Http2Server
from .proxies import HttpProxy, SocksProxy

PASSWORD = "p4ss w0rd"
QUOTED = "p4ss%20w0rd"
CREDENTIALS: dict[str, Any] = {"user": "me", "password": PASSWORD}
OTHERS: dict[str, Any] = {"user": "me", "password": "another"}

Make = Callable[[], HttpProxy | SocksProxy]
Outcome = tuple[KitError | int, list[str], list[str]]


def address(proxy: HttpProxy | SocksProxy, *, with_credentials: bool = True) -> str:
    scheme = "http" if isinstance(proxy, HttpProxy) else "socks5"
    return f"{scheme}://{f'me:{QUOTED}@' if with_credentials else ''}{proxy.address}"


def call(make: Make, server: EchoServer, mode: str, *, with_credentials: bool = True, **settings: Any) -> Outcome:
    """Call through a proxy; return what came of it, what the proxy was asked for, and what the server was."""
    settings = {"retry": RetryPolicy(backoff=0), "timeout": 5, "base_url": server.url, **settings}

    async def call_async(proxy: HttpProxy | SocksProxy) -> int:
        url = address(proxy, with_credentials=with_credentials)
        async with AsyncKit("key", proxy=url, **settings) as kit:
            return (await kit.subscribers.get(3)).id

    with make() as proxy:
        try:
            if mode == "sync":
                with Kit("key", proxy=address(proxy, with_credentials=with_credentials), **settings) as kit:
                    outcome: KitError | int = kit.subscribers.get(3).id
            else:
                outcome = anyio.run(call_async, proxy, backend=mode)
        except KitError as error:
            outcome = error
        return outcome, proxy.requests, server.requests


@pytest.fixture(params=["sync", "asyncio", "trio"])
def mode(request: pytest.FixtureRequest) -> str:
    mode: str = request.param
    return mode


WORKING: list[Any] = [
    pytest.param(HttpProxy, id="http"),
    pytest.param(lambda: HttpProxy(**CREDENTIALS), id="http with a password"),
    pytest.param(SocksProxy, id="socks"),
    pytest.param(lambda: SocksProxy(**CREDENTIALS), id="socks with a password"),
]


@pytest.mark.parametrize("make", WORKING)
@pytest.mark.parametrize("secure", [False, True], ids=["http server", "https server"])
def test_calls_go_through_a_proxy(
    make: Make, secure: bool, mode: str, server_tls: ssl.SSLContext, ca_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with_credentials = make not in (HttpProxy, SocksProxy)
    with EchoServer(tls=server_tls if secure else None) as server:
        outcome, asked, served = call(make, server, mode, with_credentials=with_credentials, verify=ca_file)
        assert (outcome, served) == (3, ["/v4/subscribers/3"])
        assert len(asked) == 1
        assert server.url.rpartition("/")[2] in asked[0]
    log = caplog.text + repr([vars(record) for record in caplog.records])
    assert not any(secret in log for secret in SECRETS)


@pytest.mark.parametrize("make", WORKING)
def test_http2_goes_through_a_proxy(make: Make, mode: str, server_tls: ssl.SSLContext, ca_file: Path) -> None:
    with_credentials = make not in (HttpProxy, SocksProxy)
    with Http2Server(tls=server_tls) as server:
        outcome, _, _ = call(make, server, mode, with_credentials=with_credentials, verify=ca_file, http2=True)
        assert (outcome, server.versions) == (3, {"h2"})


SECRETS = (PASSWORD, QUOTED, base64.b64encode(f"me:{PASSWORD}".encode()).decode())
REFUSING: list[Any] = [
    pytest.param(lambda: HttpProxy(**OTHERS), "407", id="407"),
    pytest.param(lambda: HttpProxy(refusal="403 Forbidden"), "403", id="403"),
    pytest.param(lambda: SocksProxy(**OTHERS), "Invalid username/password", id="socks password"),
    pytest.param(lambda: SocksProxy(**CREDENTIALS, reply=2), "not allowed by ruleset", id="socks ruleset"),
    pytest.param(lambda: SocksProxy(**CREDENTIALS, reply=5), "Connection refused", id="socks connection refused"),
    pytest.param(lambda: SocksProxy(**CREDENTIALS, reply=77), "Malformed reply", id="socks code that is none"),
    pytest.param(lambda: SocksProxy(garbage=b"HTTP/1.1 400 Bad Request\r\n\r\n"), "Malformed reply", id="no socks"),
    pytest.param(lambda: SocksProxy(garbage=b"\x05"), "Malformed reply", id="half a socks reply"),
    pytest.param(lambda: SocksProxy(garbage=b""), "Malformed reply", id="socks hangs up"),
]


@pytest.mark.parametrize(("make", "says"), REFUSING)
@pytest.mark.parametrize("secure", [False, True], ids=["http server", "https server"])
def test_a_refusal_is_an_error_without_the_password_and_is_not_tried_again(
    make: Make, says: str, secure: bool, mode: str, server_tls: ssl.SSLContext, ca_file: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    with EchoServer(tls=server_tls if secure else None) as server:
        error, asked, served = call(make, server, mode, verify=ca_file)
    assert isinstance(error, APIConnectionError | APIStatusError)
    assert says in str(error)
    assert (error.operation, error.attempts) == ("get_subscriber", 1)
    assert (len(asked), served) == (1, [])
    shown = "".join(traceback.format_exception(error)) + repr(vars(error)) + caplog.text
    assert not any(secret in shown for secret in SECRETS)


def test_a_proxy_that_wants_a_password_and_gets_none(mode: str, server_tls: ssl.SSLContext, ca_file: Path) -> None:
    proxies: list[Make] = [lambda: HttpProxy(**OTHERS), lambda: SocksProxy(**OTHERS)]
    for make, says in zip(proxies, ("407 Proxy Authentication Required", "NO ACCEPTABLE METHODS"), strict=True):
        with EchoServer(tls=server_tls) as server:
            error, asked, served = call(make, server, mode, with_credentials=False, verify=ca_file)
        assert isinstance(error, APIConnectionError)
        assert says in str(error)
        assert (error.attempts, len(asked), served) == (1, 1, [])


@pytest.mark.parametrize("secure", [False, True], ids=["http server", "https server"])
def test_trouble_of_the_proxy_itself_is_tried_again(
    secure: bool, mode: str, server_tls: ssl.SSLContext, ca_file: Path
) -> None:
    with EchoServer(tls=server_tls if secure else None) as server:
        outcome, asked, _ = call(
            lambda: HttpProxy(refusal="502 Bad Gateway", times=2), server, mode, with_credentials=False, verify=ca_file
        )
    assert (outcome, len(asked)) == (3, 3)


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_a_proxy_that_is_silent_takes_no_longer_than_the_timeout(scheme: str, mode: str) -> None:
    """httpcore has no timeout for the handshake with a SOCKS proxy."""
    with EchoServer(lambda path: 60) as silent:
        settings: dict[str, Any] = {
            "base_url": "https://127.0.0.1:1",
            "proxy": silent.url.replace("http", scheme, 1),
            "timeout": 0.3,
            "max_retries": 0,
        }

        async def call_async() -> None:
            async with AsyncKit("key", **settings) as kit:
                await kit.account.get()

        began = time.monotonic()
        with pytest.raises(APITimeoutError):
            if mode == "sync":
                with Kit("key", **settings) as kit:
                    kit.account.get()
            else:
                anyio.run(call_async, backend=mode)
        assert time.monotonic() - began < 5


def test_the_timeout_of_the_handshake_is_not_that_of_later_reads(mode: str) -> None:
    import httpx

    with EchoServer(lambda path: 0.6) as server:
        outcome, _, _ = call(SocksProxy, server, mode, with_credentials=False, timeout=httpx.Timeout(None, connect=0.3))
    assert outcome == 3
