"""Everything that goes wrong after a call is made, as a subclass of `KitError`.

An argument that can't be sent raises ValueError or TypeError instead, before the call is made.
"""

from __future__ import annotations

from typing import Any

import httpx
import msgspec

from kit_api.types import Operation

from .body import BodyTooLarge
from .deadline import DeadlinePassed


class KitError(Exception):
    """The root of the errors of this package.

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


class OAuthRequiredError(KitError):
    """The operation takes OAuth only, and the client has an API key. Nothing was sent."""


class PaginationError(KitError):
    """The service's cursors lead nowhere, or in a circle."""


class APIConnectionError(KitError):
    """No answer, or no whole one, came. `__cause__` is the `httpx.RequestError`."""


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
        notes = [f"request id {self.request_id}"] if self.request_id else []
        notes += [f"after {self.attempts} attempts"] if self.attempts > 1 else []
        super().__init__(f"{operation}: {what}" + (f" ({', '.join(notes)})" if notes else ""))

    def __reduce__(self) -> tuple[Any, ...]:
        # A response holds streams and can't be pickled: `response` is None in a copy.
        return _restored, (type(self), self.args, {**vars(self), "response": None})


def _restored(kind: type[_AnswerError], args: tuple[Any, ...], state: dict[str, Any]) -> _AnswerError:
    error = kind.__new__(kind, *args)
    vars(error).update(state)
    return error


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
        errors: The service's messages, possibly none.
        request_id: The service's name for the request, if it sent one.
        retry_after: Seconds to wait, if it said.
        response: The `httpx.Response`.
    """

    def __init__(self, operation: str, response: httpx.Response) -> None:
        self.errors = _messages(response)
        self.retry_after: float | None = response.extensions.get("retry_after")
        said = "; ".join(self.errors) or what_came(response)
        super().__init__(operation, response, f"{response.status_code} {response.reason_phrase}".strip() + f": {said}")


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
    if not operation.security:
        # What is sent without credentials may well be credentials: those of the token request.
        response.request = httpx.Request(response.request.method, response.request.url)
    if cause is not None:
        what = f"{response.status_code} came with {what_came(response)} instead of what is documented"
        return InvalidResponseError(operation.name, response, f"{what}: {cause}" if response.content else what)
    status = response.status_code
    kind = _BY_STATUS.get(status) or (ServerError if 500 <= status < 600 else APIStatusError)
    return kind(operation.name, response)


def connection_error(operation: str, error: httpx.RequestError, attempts: int) -> APIConnectionError:
    """The error for a request without an answer."""
    kind = APITimeoutError if isinstance(error, httpx.TimeoutException) else APIConnectionError
    what = "timed out" if kind is APITimeoutError else "connection failed"
    if isinstance(error, httpx.DecodingError):
        what = "the body that came is compressed in a way that can't be undone"
    if isinstance(error, DeadlinePassed):
        kind = DeadlineExceededError
    if isinstance(error, BodyTooLarge):
        kind, what = ResponseTooLargeError, "the response was not read to its end"
    tries = "" if attempts == 1 else f" after {attempts} attempts"
    made = kind(f"{operation}: {what}{tries}: {type(error).__name__} {error}".rstrip())
    made.operation, made.attempts = operation, attempts
    return made


def what_came(response: httpx.Response) -> str:
    """A body in a few words: short plain text as it is, anything else by its type and size."""
    if not response.content:
        return "an empty body"
    kind = response.headers.get("Content-Type", "no content type").partition(";")[0].strip()
    text = response.text.strip()
    if kind == "text/plain" and len(text) <= 80 and text.isprintable():
        return text
    return f"{len(response.content)} bytes of {kind}"


def _messages(response: httpx.Response) -> list[str]:
    try:
        body = msgspec.json.decode(response.content, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
    # OAuth's own shape (RFC 6749, section 5.2) comes from the token request.
    found: list[Any] = [body.get("errors"), body.get("error"), body.get("error_description")]
    messages: list[str] = []
    while found:
        item = found.pop(0)
        if isinstance(item, list):
            # Sequences have been seen to answer with lists of lists.
            found = [*item, *found]
        elif isinstance(item, str):
            messages.append(item)
    return messages
