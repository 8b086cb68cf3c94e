"""One way to call a server through `Kit` or `AsyncKit`: the answers are those that the client returned."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable, Generator, Mapping
from typing import Any

import attrs
import httpx

from kit_api.types import Page, Response
from kit_client import APIStatusError, AsyncKit, InvalidResponseError, Kit, PaginationError, RateLimitError
from tests.contract.caller import LONGEST_WAIT_SECONDS, WAIT_SECONDS, Answer, Caller, ContractError, Server, curl
from tests.contract.document import Document, Operation
from tests.contract.round_trip import Arguments, method_arguments, methods

_SHOWN = ("X-Kit-Api-Key", "Authorization", "Content-Type")
Enough = Callable[[Answer], bool]
Methods = Mapping[str, Callable[..., Any]]


@attrs.frozen
class Returned(Answer):
    """An answer with the JSON form of what the client returned."""

    returned: Any = None

    @property
    def json(self) -> Any:
        """What the client returned, as JSON."""
        return self.returned


class _Given(httpx.Auth):
    """Sends the access token that it was given last: one client can try many."""

    def __init__(self) -> None:
        self.token = ""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self.token}"
        yield request


class Driver(Caller):
    """A caller that sends its requests by the methods of the client's resources.

    Args:
        is_async: Whether by `AsyncKit`.
        transport: For the I/O of `Kit`, and of what no client sends: a browser's visit, and revocations.
        async_transport: For the I/O of `AsyncKit`.
    """

    def __init__(
        self,
        server: Server,
        document: Document,
        *,
        is_async: bool,
        transport: httpx.BaseTransport | None = None,
        async_transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        super().__init__(server, document, transport=transport)
        self._is_async = is_async
        self._transport, self._async_transport = transport, async_transport
        self._runner = asyncio.Runner()
        self._kits: dict[str, tuple[Kit | AsyncKit, Methods]] = {}
        self._given = _Given()
        self._last = ""
        self.last_write = float("-inf")
        """When the last request that isn't a read was sent, by the monotonic clock."""

    def close(self) -> None:
        """Close the clients and the event loop."""
        for kit, _ in self._kits.values():
            if isinstance(kit, AsyncKit):
                self._runner.run(kit.aclose())
            else:
                kit.close()
        self._runner.close()
        super().close()

    def drift(self) -> list[str]:
        """Return the differences between answers and the document that the clients report."""
        return [str(each) for kit, _ in self._kits.values() for each in kit.drift]

    def call(
        self,
        operation_id: str,
        path: Mapping[str, object] | None = None,
        *,
        query: Mapping[str, object] | None = None,
        body: object = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        anonymous: bool = False,
        expect: int | tuple[int, ...] | None = None,
        why: str = "",
    ) -> Answer:
        """Call an operation by its method, and of a list get the first page. What no client sends goes out by itself."""
        operation = self.document.operations[operation_id]
        if content is not None or headers is not None or "302" in operation.answers:
            return super().call(
                operation_id, path, query=query, body=body, content=content, headers=headers, anonymous=anonymous,
                expect=expect, why=why,
            )  # fmt: skip
        kit, method = self._method(operation)
        if not operation.is_read:
            self.last_write = time.monotonic()
        arguments = _arguments(path, query, body)
        answer = self._tried(operation, lambda: self._response(kit, method(**arguments)))
        expected = (expect,) if isinstance(expect, int) else expect
        if expected is not None and answer.status not in expected:
            raise answer.broken(f"{' or '.join(map(str, expected))}{', ' if why else ''}{why}")
        return answer

    def pages(
        self, operation_id: str, path: Mapping[str, object], query: Mapping[str, object], enough: Enough
    ) -> list[Answer]:
        """Iterate over the pages of a list as the client does, up to one that is enough."""
        operation = self.document.operations[operation_id]
        _, method = self._method(operation)
        pager = method(**_arguments(path, query, None))
        found: list[Answer] = []

        def take(page: Page[Any]) -> bool:
            found.append(self._answer(operation, page.response))
            return enough(found[-1])

        async def walk() -> None:
            pages = pager.pages()
            async for page in pages:
                if take(page):
                    break
            await pages.aclose()

        try:
            if self._is_async:
                self._runner.run(walk())
            else:
                pages = pager.pages()
                for page in pages:
                    if take(page):
                        break
                pages.close()
        except (PaginationError, InvalidResponseError) as error:
            raise ContractError(f"{error}\n  {self._last}") from None
        return found

    def opens(self, access_token: str) -> bool:
        """Whether a client with that access token can read the account."""
        self._given.token = access_token
        kit, found = self._kit("given", auth=self._given)
        method = found["GET /v4/account"]
        return self._tried(self.document.operations["get_account"], lambda: self._response(kit, method())).status != 401

    # -------------------- Clients

    def _method(self, operation: Operation) -> tuple[Kit | AsyncKit, Callable[..., Any]]:
        credential = self.credential(operation) or ("token" if self.server.access_token else "key")
        secrets = (
            {"api_key": self.server.api_key} if credential == "key" else {"access_token": self.server.access_token}
        )
        kit, found = self._kit(credential, **secrets)
        return kit, found[f"{operation.method} {operation.path}"]

    def _kit(self, name: str, **credential: Any) -> tuple[Kit | AsyncKit, Methods]:
        """Return the client with a credential, and its methods by their routes."""
        if name not in self._kits:
            # A server that limits requests says so, which is waited for.
            given: dict[str, Any] = {**credential, "base_url": self.server.url, "max_retries": 0, "rate_limiter": None}
            kit: Kit | AsyncKit
            if self._is_async:
                hooks = {"request": [self._sent_by_async]}
                kit = AsyncKit(**given, transport=self._async_transport, event_hooks=hooks)
            else:
                kit = Kit(**given, transport=self._transport, event_hooks={"request": [self._sent_by_client]})
            self._kits[name] = kit, methods(kit)
        return self._kits[name]

    def _sent_by_client(self, request: httpx.Request) -> None:
        shown = {name: request.headers[name] for name in _SHOWN if name in request.headers}
        self._last = curl(request.method, str(request.url), shown, request.read() or None)

    async def _sent_by_async(self, request: httpx.Request) -> None:
        await request.aread()
        self._sent_by_client(request)

    def _response(self, kit: Kit | AsyncKit, made: Any) -> Response[Any]:
        """Return the response to a call that was begun, or to the first page of a list."""

        async def awaited() -> Response[Any]:
            if inspect.iscoroutine(made):
                await made
                return _last_of(kit)
            page: Page[Any] = await made.first_page()
            return page.response

        if self._is_async:
            return self._runner.run(awaited())
        if hasattr(made, "first_page"):
            page: Page[Any] = made.first_page()
            return page.response
        return _last_of(kit)

    def _tried(self, operation: Operation, send: Callable[[], Response[Any]]) -> Answer:
        waited = 0.0
        while True:
            try:
                return self._answer(operation, send())
            except RateLimitError:
                if waited >= LONGEST_WAIT_SECONDS:
                    raise
                print(f"the server limits requests: waiting {WAIT_SECONDS:.0f} s")
                time.sleep(WAIT_SECONDS)
                waited += WAIT_SECONDS
            except InvalidResponseError as error:
                raise ContractError(f"{error}\n  {self._last}") from None
            except APIStatusError as error:
                answer = Answer(
                    operation, error.status_code, error.response.headers, error.response.content, self._last
                )
                self._check(answer)
                return answer

    def _answer(self, operation: Operation, response: Response[Any]) -> Answer:
        parsed = None if response.parsed is None else response.parsed.to_dict()
        answer = Returned(operation, response.status_code, response.headers, response.content, self._last, parsed)
        self._check(answer)
        return answer


def _arguments(path: Mapping[str, object] | None, query: Mapping[str, object] | None, body: Any) -> dict[str, Any]:
    values: Any = path or {}
    return method_arguments(Arguments(values, query or {}, body))


def _last_of(kit: Kit | AsyncKit) -> Response[Any]:
    response = kit.last_response
    assert response is not None
    return response
