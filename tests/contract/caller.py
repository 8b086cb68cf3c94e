"""Sends requests to the server under test, and validates each answer by the document."""

from __future__ import annotations

import ipaddress
import json
import shlex
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal
from urllib.parse import quote, urlencode

import attrs
import httpx

from tests.contract.coverage import Sent
from tests.contract.document import BehaviourName, Document, Documented, Operation

CredentialName = Literal["key", "token"]
LONGEST_WAIT_SECONDS = 70.0
WAIT_SECONDS = 5.0
_FORM = "application/x-www-form-urlencoded"
_SHOWN = 600


class ContractError(AssertionError):
    """A server's answer or its state isn't what the contract says.

    Args:
        text: what was documented, what came, and the request.
        rule: the operation and what was documented, by which errors are counted.
    """

    def __init__(self, text: str, rule: str = "") -> None:
        super().__init__(text)
        self.rule = rule or text.partition("\n")[0]


@attrs.frozen
class Server:
    """The server under test, and what is known of it. Credentials don't show in its repr."""

    url: str
    behaviour: BehaviourName = "current"
    api_key: str | None = attrs.field(default=None, repr=False)
    access_token: str | None = attrs.field(default=None, repr=False)
    client_id: str | None = None
    client_secret: str | None = attrs.field(default=None, repr=False)
    redirect_uri: str | None = None
    """The OAuth app that may be tried at, and where it is sent back to."""
    read_only: bool = False
    strict: bool = False
    rate_limits: Mapping[CredentialName, int] | None = None
    """How many requests each kind of credential may send in a window, if that is known."""
    rate_window: float = 60.0
    """In seconds."""
    account: Mapping[str, Any] | None = attrs.field(default=None, repr=False)
    """What the account holds from the start and the API doesn't show, if that is known."""
    control: str | None = None
    """URL of the control plane, for the mock alone."""
    timeout: float = 30.0
    """How long an answer may take, in seconds."""

    @property
    def is_on_this_machine(self) -> bool:
        """Whether it can reach servers on loopback: another machine's webhooks and callbacks don't come here."""
        host = httpx.URL(self.url).host
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost" or host.endswith(".localhost")


@attrs.frozen
class Answer:
    """What came back for a request."""

    operation: Operation
    status: int
    headers: httpx.Headers = attrs.field(repr=False)
    content: bytes = attrs.field(repr=False)
    request: str = attrs.field(repr=False)
    """The request as a command line of curl, with the credentials as variables."""

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.content)

    @property
    def errors(self) -> list[str]:
        """The messages of an error."""
        found: list[str] = self.json["errors"]
        return found

    def broken(self, documented: str, came: str | None = None) -> ContractError:
        """Return the error that says what was documented, and what came instead."""
        text = self.content[:_SHOWN].decode("utf-8", "replace")
        return _broken(self.operation, documented, came or f"{self.status} {text}", self.request)


class Caller:
    """Sends requests by operation, with a credential that the operation takes, and checks each answer.

    A 429 is waited for, unless it is what a caller with `waits=False` is to see.
    """

    def __init__(
        self,
        server: Server,
        document: Document,
        observe: Callable[[Sent], None] = lambda sent: None,
        *,
        waits: bool = True,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.server = server
        self.document = document
        self.undocumented: set[str] = set()
        """Places of keys that came and that the document doesn't have."""
        self._observe = observe
        self._waits = waits
        self._http = httpx.Client(
            base_url=server.url, timeout=server.timeout, follow_redirects=False, transport=transport
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def credential(self, operation: Operation) -> CredentialName | None:
        """Return the kind of credential that a request of the operation is sent with, or None if it takes none."""
        if operation.is_open:
            return None
        return "key" if operation.takes_key and self.server.api_key else "token"

    def can_call(self, operation: Operation) -> bool:
        """Whether the server's credentials are enough for the operation."""
        given = {"key": self.server.api_key, "token": self.server.access_token}
        credential = self.credential(operation)
        return credential is None or given[credential] is not None

    def headers(self, credential: CredentialName | None) -> dict[str, str]:
        """Return the headers that carry a credential."""
        match credential:
            case "key":
                return {"X-Kit-Api-Key": self.server.api_key or ""}
            case "token":
                return {"Authorization": f"Bearer {self.server.access_token}"}
            case _:
                return {}

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
        """Send a request. `body` goes out as JSON or as a form, as documented; `content` goes out as it is.

        `headers` stand in the place of those that carry the credential if `anonymous`, else beside them. Raises
        ContractError for an answer that isn't documented, and for a status other than `expect`, with the reason `why`.
        """
        operation = self.document.operations[operation_id]
        sent: dict[str, str] = {} if anonymous else self.headers(self.credential(operation))
        data = content
        if content is None and body is not None:
            sent["Content-Type"] = operation.media_type or "application/json"
            data = _encoded(body, sent["Content-Type"])
        sent |= headers or {}
        target = filled(operation.path, path or {})
        if query:
            target += "?" + urlencode({name: _text(value) for name, value in query.items()}, quote_via=quote, safe=",:")
        answer = self._send(operation, operation.method, target, sent, data)
        if expect is not None:
            expected = (expect,) if isinstance(expect, int) else expect
            if answer.status not in expected:
                statuses = " or ".join(map(str, expected))
                raise answer.broken(f"{statuses}{', ' if why else ''}{why}")
        return answer

    def post_form(self, path: str, form: Mapping[str, str]) -> int:
        """Post a form to a path that the document doesn't have. Returns the status."""
        return self._http.post(path, data=dict(form)).status_code

    def method(self, operation: Operation, method: str, path: Mapping[str, object]) -> Answer:
        """Send a request to an operation's path with a method of its own."""
        return self._send(
            operation, method, filled(operation.path, path), self.headers(self.credential(operation)), None, check=False
        )

    def _send(
        self,
        operation: Operation,
        method: str,
        target: str,
        headers: dict[str, str],
        data: bytes | None,
        *,
        check: bool = True,
    ) -> Answer:
        shown = curl(method, f"{self.server.url}{target}", headers, data)
        waited = 0.0
        while True:
            try:
                response = self._http.request(method, target, headers=headers, content=data)
            except httpx.TransportError as error:
                came = f"none in {self.server.timeout:g} s" if isinstance(error, httpx.TimeoutException) else str(error)
                raise _broken(operation, "an answer", came or type(error).__name__, shown) from error
            if response.status_code != 429 or not self._waits or waited >= LONGEST_WAIT_SECONDS:
                break
            print(f"the server limits requests: waiting {WAIT_SECONDS:.0f} s")
            time.sleep(WAIT_SECONDS)
            waited += WAIT_SECONDS
        answer = Answer(
            operation,
            response.status_code,
            response.headers,
            response.content,
            shown,
        )
        if check:
            self._observe(Sent(operation, answer.status, target, data))
            self._check(answer)
        return answer

    def _check(self, answer: Answer) -> None:
        documented = answer.operation.documented(answer.status)
        if documented is None or answer.status >= 500:
            known = ", ".join(status for status in answer.operation.answers if status[0] != "5")
            raise answer.broken(f"one of the statuses {known}")
        self._check_headers(answer, documented)
        if documented.schema is None:
            if answer.content and not documented.media_types and 200 <= answer.status < 300:
                raise answer.broken("an empty body")
            return
        try:
            value = answer.json
        except ValueError:
            raise answer.broken("a body in JSON") from None
        if problems := self.document.problems(documented.schema, value):
            raise answer.broken("a body that fits its schema", "; ".join(problems[:3]))
        name = f"{answer.operation.id} {answer.status}"
        self.undocumented.update(f"{name}: {place}" for place in self.document.undocumented(documented.schema, value))

    def _check_headers(self, answer: Answer, documented: Documented) -> None:
        if documented.media_types:
            media_type = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            if media_type not in documented.media_types:
                raise answer.broken(
                    f"Content-Type {' or '.join(documented.media_types)}", f"Content-Type {media_type or '(none)'}"
                )
        for name, schema in documented.headers.items():
            value = answer.headers.get(name)
            if value is None:
                if name in ("X-Request-Id", "Location"):
                    raise answer.broken(f"a header {name}", "none")
            elif problems := self.document.problems(schema, value):
                raise answer.broken(f"a header {name} that fits its schema", "; ".join(problems))


def _broken(operation: Operation, documented: str, came: str, request: str) -> ContractError:
    return ContractError(
        f"{operation.id}: {operation.method} {operation.path}\n"
        f"  documented: {documented}\n"
        f"  came:       {came}\n"
        f"  {request}",
        f"{operation.id}: {documented}",
    )


def filled(path: str, values: Mapping[str, object]) -> str:
    """Return the path of an operation with its parameters filled in."""
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", quote(str(value), safe=""))
    return path


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _encoded(body: object, media_type: str) -> bytes:
    if media_type == _FORM and isinstance(body, Mapping):
        return urlencode({name: _text(value) for name, value in body.items()}).encode()
    return json.dumps(body).encode()


def curl(method: str, url: str, headers: Mapping[str, str], data: bytes | None) -> str:
    """Return a request as a command line of curl, with the credentials as variables."""
    shown = {"X-Kit-Api-Key": "$KIT_API_KEY", "Authorization": "Bearer $KIT_ACCESS_TOKEN"}
    parts = ["curl", "-i", "-X", method, shlex.quote(url)]
    for name, value in headers.items():
        text = f"{name}: {shown.get(name, value)}"
        parts += ["-H", f'"{text}"' if name in shown else shlex.quote(text)]
    if data is not None:
        # Bodies of token requests carry secrets.
        text = "<the form>" if "/oauth/" in url else data[:_SHOWN].decode("utf-8", "replace")
        parts += ["--data-raw", shlex.quote(text)]
    return " ".join(parts)
