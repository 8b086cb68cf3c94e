"""Everything that goes wrong after a call begins, as a subclass of `KitError`.

An argument that can't be sent raises ValueError or TypeError instead, before the call begins. What the service sent is
escaped and cut in `str(error)`; attributes have it as it came.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any

import httpx

from kit_api.errors import chain, clear_locals, printable
from kit_api.types import Operation

from .body import BodyTooLarge
from .deadline import DeadlinePassed
from .messages import read_messages, summary

# The libraries under httpx. It leaves some of their exceptions as they are.
PROTOCOL_LIBRARIES = {"anyio", "h11", "h2", "hpack", "httpcore", "hyperframe", "socksio", "trio"}


class KitError(Exception):
    """The root of the errors of this package. Itself, it is a call that failed within this program.

    Examples are a client that is closed, and an event hook that raised: `__cause__` is the exception.

    Attributes:
        operation: The `operationId`, where there is one.
        attempts: How many requests were sent.
        cursor: While paging, the cursor of the page that failed; None at the first page. To go on, pass it as what
            the list was called with: `after` or, backwards, `before`.
    """

    operation: str | None = None
    attempts: int = 0
    cursor: str | None = None


class ConfigurationError(KitError):
    """The client can't be made of these arguments and environment variables."""


class CheckpointError(ConfigurationError):
    """The checkpoint is of other work, is in use, or is a file that can't be used."""


class OAuthRequiredError(KitError):
    """The operation takes OAuth only, and the client has an API key. Nothing was sent."""


class RateLimiterError(KitError):
    """The file or server that holds the state of the rate limiter can't be used. Nothing was sent."""


class RateLimitWaitError(KitError):
    """The rate limit leaves no request before the deadline of the call. Nothing was sent.

    Attributes:
        wait: Seconds until the rate limit allows the request, or more.
    """

    wait: float = 0.0


class OAuthError(KitError):
    """Tokens could not be had: the account's owner or the service refused, or the app isn't authorized yet.

    Attributes:
        error: The code of the refusal (RFC 6749), such as `invalid_grant`; None if there was none.
        status_code: The HTTP status of the refusal; None if it came otherwise.
    """

    error: str | None = None
    status_code: int | None = None


class TokenStoreError(OAuthError):
    """The store of the tokens can't be read, written or locked, or holds something else."""


class PaginationError(KitError):
    """The service's cursors lead nowhere, or in a circle."""


class APIConnectionError(KitError):
    """No answer, or no whole one, came. `__cause__` says why; mostly it is an `httpx.RequestError`."""


class APITimeoutError(APIConnectionError):
    """No answer came in time."""


class DeadlineExceededError(APITimeoutError):
    """The deadline of the whole call passed while a request was under way. The service may have acted on it."""


class ResponseTooLargeError(APIConnectionError):
    """The response body is larger than `max_response_bytes`; it was not read to its end. It is not sent again."""


class _AnswerError(KitError):
    def __init__(self, operation: str, response: httpx.Response, what: str) -> None:
        self.operation = operation
        self.response = response
        self.status_code = response.status_code
        self.request_id: str | None = response.headers.get("X-Request-Id")
        self.attempts = response.extensions.get("attempts", 1)
        notes = [f"request id {printable(self.request_id, 100)}"] if self.request_id else []
        notes += [f"after {self.attempts} attempts"] if self.attempts > 1 else []
        notes += [refused] if (refused := response.extensions.get("refused")) else []
        super().__init__(f"{operation}: {what}" + (f" ({', '.join(notes)})" if notes else ""))

    def __reduce__(self) -> tuple[Any, ...]:
        # A response holds streams and can't be pickled: `response` is None in a copy.
        return type(self).__new__, (type(self), *self.args), {**vars(self), "response": None}


class InvalidResponseError(_AnswerError):
    """A success status came with a body that is not what the document says, such as an HTML page or nothing.

    Attributes:
        status_code: The HTTP status.
        request_id: The service's name for the request, if it sent one.
        response: The `httpx.Response`.
    """


class APIStatusError(_AnswerError):
    """The service refused (section "Responses" of the reference).

    Attributes:
        status_code: The HTTP status.
        errors: The service's messages as it sent them, possibly none; those on a field begin with its name.
        request_id: The service's name for the request, if it sent one.
        retry_after: Seconds to wait, if it said.
        response: The `httpx.Response`.
    """

    def __init__(self, operation: str, response: httpx.Response) -> None:
        self.errors = read_messages(response.content)
        self.retry_after: float | None = response.extensions.get("retry_after")
        where = f" from {_place(response.request.url)}" if response.status_code in MISPLACED else ""
        said = _redirect(response) or summary(self.errors) or what_came(response)
        super().__init__(operation, response, f"{response.status_code}{where}: {said}")


class BadRequestError(APIStatusError):
    """400"""


class AuthenticationError(APIStatusError):
    """401: the key or token is not accepted, or not for this operation."""


class PermissionDeniedError(APIStatusError):
    """403: the account may not, or has reached a limit."""


class NotFoundError(APIStatusError):
    """404: no such thing in this account."""


class PayloadTooLargeError(APIStatusError):
    """413: too much is waiting in the account's bulk queue."""


class UnprocessableEntityError(APIStatusError):
    """422: the service judged the data wrong; `errors` says how."""


class RateLimitError(APIStatusError):
    """429: too many requests in the last 60 seconds."""


class ServerError(APIStatusError):
    """500 to 599, of the service or of a proxy before it."""


# A wrong `base_url` is the usual cause of these: the message says which URL was asked for.
MISPLACED = (404, 405)

_BY_STATUS: dict[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    413: PayloadTooLargeError,
    422: UnprocessableEntityError,
    429: RateLimitError,
}


def error_for(operation: Operation[Any], response: httpx.Response, cause: Exception | None) -> KitError:
    """The error for an answer that is no success or, with a cause, could not be decoded."""
    # It has the credentials, and they would go along to wherever the answer leads.
    response.next_request = None
    if not operation.security:
        response.request = _bare(response.request)
    if cause is not None:
        what = f"{response.status_code} came with {what_came(response)} instead of what is documented"
        what += f", from {_place(response.request.url)}"
        what += f": {printable(str(cause))}" if response.content else ""
        return InvalidResponseError(operation.name, response, what)
    status = response.status_code
    kind = _BY_STATUS.get(status) or (ServerError if 500 <= status < 600 else APIStatusError)
    return kind(operation.name, response)


def connection_error(
    operation: str, error: Exception, attempts: int, url: httpx.URL | None = None, refused: str | None = None
) -> APIConnectionError:
    """The error for a request without an answer. Of the URL only the host is shown.

    Args:
        refused: Why it was not sent again, if it could have been.
    """
    timed_out = isinstance(error, httpx.TimeoutException | TimeoutError)
    kind = APITimeoutError if timed_out else APIConnectionError
    what = "timed out" if timed_out else "connection failed"
    if isinstance(error, httpx.DecodingError):
        what = "the body that came is compressed in a way that can't be undone"
    if isinstance(error, DeadlinePassed):
        kind = DeadlineExceededError
    if isinstance(error, BodyTooLarge):
        kind, what = ResponseTooLargeError, "the response was not read to its end"
    tries = "" if attempts == 1 else f" after {attempts} attempts"
    where = "" if url is None else f" (host {printable(url.netloc.decode('ascii'))})"
    made = kind(f"{operation}: {what}{tries}: {_reason(error)}{where}" + (f"; {refused}" if refused else ""))
    made.operation, made.attempts = operation, attempts
    return made


def wait_error(wait: float, left: float) -> RateLimitWaitError:
    """The error for an attempt that would have to wait for the rate limit beyond the deadline of its call."""
    made = RateLimitWaitError(
        f"the rate limit allows the request in {max(wait, 0):.1f} s, after the deadline of the call in {max(left, 0):.1f} s;"
        " nothing was sent. Wait, or give the call a longer deadline"
    )
    made.wait = max(wait, 0.0)
    return made


class CallErrors:
    """A context around a call: whatever the call raises becomes a `KitError`.

    Args:
        operation: What is called.
        is_closed: Whether the client is closed.
    """

    def __init__(self, operation: Operation[Any], is_closed: Callable[[], bool]) -> None:
        self._operation, self._is_closed = operation, is_closed

    def __enter__(self) -> None:
        self._outer = sys.exception()
        if self._is_closed():
            raise self._error("the client is closed; make a new one")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            return
        if not self._operation.security:
            _forget_requests(error, self._outer)
        clear_locals(error, self._outer)
        if not isinstance(error, Exception) or isinstance(error, KitError):
            return
        if isinstance(error, RuntimeError) and self._is_closed():
            raise self._error("the client was closed during the call") from error
        library = type(error).__module__.partition(".")[0]
        if isinstance(error, httpx.RequestError | OSError | EOFError) or library in PROTOCOL_LIBRARIES:
            raise connection_error(self._operation.name, error, 1) from error
        raise self._error(f"the call failed: {_reason(error)}") from error

    def _error(self, what: str) -> KitError:
        error = KitError(f"{self._operation.name}: {what}")
        error.operation = self._operation.name
        return error


def what_came(response: httpx.Response) -> str:
    """Tell a body in a few words: short plain text as it is, anything else by its type and size."""
    content = response.content
    if not content:
        return "an empty body"
    kind = response.headers.get("Content-Type", "no content type").partition(";")[0].strip()
    # Not as the charset says: Python has codecs that raise, or that take their time.
    text = content.decode("utf-8", "replace").strip() if len(content) <= 80 else ""
    if kind == "text/plain" and text.isprintable() and text:
        return text
    return f"{len(content)} bytes of {printable(kind, 100)}"


def _bare(request: httpx.Request) -> httpx.Request:
    """Copy a request without its body and headers.

    What is sent without credentials may well be credentials: those of the token request.
    """
    return httpx.Request(request.method, request.url)


def _forget_requests(error: BaseException, outer: BaseException | None) -> None:
    """Take the requests out of an exception and out of those that led to it."""
    for each in chain(error, outer):
        request = getattr(each, "_request", None)
        if isinstance(each, httpx.RequestError) and request is not None:
            each.request = _bare(request)


def _reason(error: Exception) -> str:
    """Tell an exception in a few words, without the header that it may quote."""
    text = str(error)
    if isinstance(error, httpx.LocalProtocolError) or type(error).__name__ == "LocalProtocolError":
        text = text.partition(" b'")[0]
    return f"{type(error).__name__} {printable(text)}".rstrip()


def _place(url: httpx.URL) -> str:
    """Tell a URL without what may be private in it: user, password and query."""
    path = url.raw_path.partition(b"?")[0]
    return printable(f"{url.scheme}://{url.netloc.decode('ascii')}{path.decode('ascii')}")


def _redirect(response: httpx.Response) -> str | None:
    """Say where an answer leads; None if it leads nowhere."""
    if not response.has_redirect_location:
        return None
    try:
        url = response.request.url.join(response.headers["Location"])
    except (httpx.InvalidURL, ValueError):
        return "redirects to something that is no URL"
    return f"redirects to {_place(url)}, which is not followed"
