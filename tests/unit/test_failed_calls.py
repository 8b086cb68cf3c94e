"""Whatever goes wrong after a call begins is a `KitError`, whichever library raised what."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import h11
import httpcore
import httpx
import pytest

from kit_client import APIConnectionError, APIStatusError, APITimeoutError, AsyncKit, Kit, KitError

from .service import ACCOUNT, Service, tag_page

OK = httpx.Response(200, json=ACCOUNT)
SECRET = "kit_0123456789abcdef"


def subclasses(kind: type[Exception]) -> Iterator[type[Exception]]:
    for subclass in kind.__subclasses__():
        yield subclass
        yield from subclasses(subclass)


REQUEST = httpx.Request("GET", "https://kit.test")
OF_REQUESTS: list[type[Exception]] = [
    httpx.RequestError,
    *(kind for kind in subclasses(httpx.RequestError) if kind.__module__ == httpx.__name__),
]
# Every exception of httpx, made as httpx makes it.
OF_HTTPX: list[Exception] = [
    *(kind("it broke") for kind in OF_REQUESTS),
    httpx.HTTPError("it broke"),
    httpx.HTTPStatusError("it broke", request=REQUEST, response=httpx.Response(500)),
    httpx.InvalidURL("it broke"),
    httpx.CookieConflict("it broke"),
    httpx.StreamError("it broke"),
    httpx.StreamConsumed(),
    httpx.StreamClosed(),
    httpx.ResponseNotRead(),
    httpx.RequestNotRead(),
]
OF_OTHERS: list[Exception] = [
    OSError(104, "it broke"),
    ConnectionResetError("it broke"),
    BrokenPipeError("it broke"),
    ssl.SSLError("it broke"),
    EOFError("it broke"),
    h11.RemoteProtocolError("it broke"),
    h11.LocalProtocolError("it broke"),
    httpcore.ConnectError("it broke"),
    anyio.ClosedResourceError(),
    anyio.BrokenResourceError(),
    RuntimeError("it broke"),
    RuntimeError("Event loop is closed"),
    UnicodeEncodeError("ascii", "é", 0, 1, "it broke"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "it broke"),
    ValueError("it broke"),
    KeyError("it broke"),
    AttributeError("it broke"),
    RecursionError("it broke"),
    MemoryError("it broke"),
    ExceptionGroup("it broke", [ValueError("inside")]),
]


@pytest.mark.parametrize("raised", OF_HTTPX + OF_OTHERS, ids=repr)
def test_an_exception_of_a_transport(raised: Exception) -> None:
    with pytest.raises(KitError, match=r"^get_account: ") as caught:
        Service(raised).kit(max_retries=0).account.get()
    error = caught.value
    assert error.operation == "get_account"
    assert type(raised).__name__ in str(error)
    assert str(error).isprintable()
    assert error.__cause__ is raised
    if isinstance(raised, httpx.RequestError | OSError | EOFError):
        assert isinstance(error, APIConnectionError)


@pytest.mark.anyio
@pytest.mark.parametrize("raised", OF_HTTPX + OF_OTHERS, ids=repr)
async def test_an_exception_of_a_transport_async(raised: Exception) -> None:
    async with Service(raised).async_kit(max_retries=0) as kit:
        with pytest.raises(KitError, match=r"^get_account: ") as caught:
            await kit.account.get()
    assert caught.value.__cause__ is raised


@pytest.mark.parametrize("raised", [TimeoutError("slow"), httpx.ReadTimeout("slow"), httpx.PoolTimeout("slow")])
def test_a_timeout_of_any_library(raised: Exception) -> None:
    with pytest.raises(APITimeoutError, match="get_account: timed out"):
        Service(raised).kit(max_retries=0).account.get()


@pytest.mark.parametrize("raised", [KeyboardInterrupt(), SystemExit(1), GeneratorExit()])
def test_what_ends_a_program_is_let_through(raised: BaseException) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise raised

    with pytest.raises(type(raised)):
        Service(answer).kit().account.get()


def test_an_exception_in_a_page_says_where_to_go_on() -> None:
    found = []
    with pytest.raises(KitError) as caught:
        for tag in Service(tag_page([1], "a", True), RuntimeError("it broke")).kit().tags.list():
            found.append(tag.id)
    assert (found, caught.value.cursor) == ([1], "a")


@pytest.mark.parametrize("kind", ["request", "response"])
def test_an_exception_of_an_event_hook_is_the_cause(kind: str) -> None:
    def hook(_: Any) -> None:
        raise LookupError("mine")

    with pytest.raises(KitError, match="LookupError mine") as caught:
        Service(OK).kit(event_hooks={kind: [hook]}).account.get()
    assert isinstance(caught.value.__cause__, LookupError)


def test_an_answer_that_cannot_be_unpacked() -> None:
    for encoding in ("gzip", "deflate", "br", "zstd"):
        answer = httpx.Response(500)
        answer.headers["Content-Encoding"] = encoding

        def respond(request: httpx.Request, encoding: str = encoding) -> httpx.Response:
            return httpx.Response(
                500, headers={"Content-Encoding": encoding}, stream=httpx.ByteStream(b"no such thing")
            )

        with pytest.raises(KitError):
            Service(respond).kit(max_retries=0).account.get()


def test_a_message_of_the_connection_is_escaped_and_cut() -> None:
    with pytest.raises(APIConnectionError) as caught:
        Service(httpx.RemoteProtocolError("\x1b[31m" + "x" * 100_000)).kit(max_retries=0).account.get()
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


def test_a_header_that_cannot_be_sent_is_not_quoted() -> None:
    raised = httpx.LocalProtocolError(f"Illegal header value b'{SECRET}'")
    with pytest.raises(APIConnectionError) as caught:
        Service(raised).kit(max_retries=0).account.get()
    assert SECRET not in str(caught.value)
    assert "Illegal header value" in str(caught.value)


# -------------------- clients that are closed

CLOSED = "the client is closed"
CALLS: list[Callable[[Kit], object]] = [
    lambda kit: kit.account.get(),
    lambda kit: list(kit.tags.list()),
    lambda kit: kit.tags.list().first_page(),
    lambda kit: kit.tags.create(name="a"),
    lambda kit: kit.with_options(timeout=1).account.get(),
]


@pytest.mark.parametrize("used", [True, False])
@pytest.mark.parametrize("call", CALLS)
def test_a_closed_client_says_so(call: Callable[[Kit], object], used: bool) -> None:
    service = Service(OK)
    with service.kit() as kit:
        if used:
            kit.account.get()
    sent = len(service.requests)
    with pytest.raises(KitError, match=CLOSED):
        call(kit)
    assert len(service.requests) == sent


def test_a_client_with_options_is_closed_with_its_original() -> None:
    kit = Service(OK).kit()
    patient = kit.with_options(timeout=3)
    kit.close()
    with pytest.raises(KitError, match=CLOSED):
        patient.account.get()


@pytest.mark.anyio
@pytest.mark.parametrize("used", [True, False])
async def test_a_closed_client_says_so_async(used: bool) -> None:
    kit = Service(OK).async_kit()
    async with kit:
        if used:
            await kit.account.get()
    with pytest.raises(KitError, match=CLOSED):
        await kit.account.get()
    with pytest.raises(KitError, match=CLOSED):
        _ = [tag async for tag in kit.tags.list()]


def test_a_client_that_is_closed_during_a_call_says_so() -> None:
    def close(request: httpx.Request) -> httpx.Response:
        kit.close()
        raise RuntimeError("the pool is closed")

    kit = Service(close).kit()
    with pytest.raises(KitError, match="the client was closed during the call"):
        kit.account.get()


def test_a_list_that_is_walked_on_after_closing_says_so() -> None:
    service = Service(tag_page([1], "a", False))
    with service.kit() as kit:
        tags = kit.tags.list()
    with pytest.raises(KitError, match=CLOSED):
        next(iter(tags))


# -------------------- a caller's own httpx client


def test_an_httpx_client_of_ones_own_is_sent_through_with_auth_and_retries() -> None:
    service = Service(httpx.Response(503), OK)
    attempts: list[httpx.Request] = []
    own = httpx.Client(
        transport=httpx.MockTransport(service),
        event_hooks={"request": [attempts.append]},
        headers={"X-Mine": "yes"},
        auth=("not", "this"),
        timeout=1,
        base_url="https://elsewhere.test",
    )
    with service.kit(transport=None, http_client=own, access_token=SECRET, timeout=7) as kit:
        assert kit.account.get().user.email == "ada@example.com"
    assert [request.headers["Authorization"] for request in service.requests] == [f"Bearer {SECRET}"] * 2
    assert {request.headers["X-Mine"] for request in service.requests} == {"yes"}
    assert str(service.requests[0].url) == "https://api.convertkit.com/v4/account"
    assert service.requests[0].extensions["timeout"]["read"] == 7
    assert service.requests[0].headers["User-Agent"].startswith("kit-client/")
    assert len(attempts) == 2
    assert not own.is_closed, "it is the caller's to close"
    assert SECRET not in str([request.headers.raw for request in attempts])


@pytest.mark.anyio
async def test_an_httpx_client_of_ones_own_is_sent_through_async() -> None:
    service = Service(httpx.Response(503), OK)
    own = httpx.AsyncClient(transport=httpx.MockTransport(service), headers={"User-Agent": "mine"})
    async with service.async_kit(transport=None, http_client=own) as kit:
        await kit.account.get()
    assert [request.headers["User-Agent"] for request in service.requests] == ["mine"] * 2
    assert not own.is_closed
    await own.aclose()


def test_an_httpx_client_of_ones_own_that_is_closed_later() -> None:
    own = httpx.Client(transport=httpx.MockTransport(Service(OK)))
    kit = Kit("key", http_client=own)
    kit.account.get()
    own.close()
    with pytest.raises(KitError, match="closed"):
        kit.account.get()


def test_errors_of_status_come_through_an_httpx_client_of_ones_own() -> None:
    own = httpx.Client(transport=httpx.MockTransport(Service(httpx.Response(404, json={"errors": ["Not Found"]}))))
    with pytest.raises(APIStatusError, match="Not Found"):
        Kit("key", http_client=own).account.get()


@pytest.mark.anyio
async def test_asynckit_needs_no_close_of_what_was_never_opened() -> None:
    await AsyncKit("key").aclose()
