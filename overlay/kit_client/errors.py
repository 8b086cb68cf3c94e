"""Everything that goes wrong after a call begins, as a subclass of `KitError`.

An argument that can't be sent raises ValueError or TypeError instead, before the call begins. What the service sent is
escaped and cut in `str(error)`; attributes have it as it came. Queries and passwords of a `target_url` or `callback_url`
are masked in both, as they may be secrets.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import httpx

from kit_api.errors import chain, clear_locals, masker, printable
from kit_api.types import Operation

from .body import BodyTooLarge
from .deadline import DeadlinePassed
from .messages import place, read_messages, redirect, summary, what_came

__all__ = [
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "CheckpointError",
    "ConfigurationError",
    "DeadlineExceededError",
    "InvalidResponseError",
    "KitError",
    "NotFoundError",
    "OAuthError",
    "OAuthRequiredError",
    "PaginationError",
    "PayloadTooLargeError",
    "PermissionDeniedError",
    "RateLimitError",
    "RateLimitWaitError",
    "RateLimiterError",
    "ResponseTooLargeError",
    "ServerError",
    "TokenStoreError",
    "UnprocessableEntityError",
]

CLOSED = "the client was closed during the call"

# The libraries under httpx. It leaves some of their exceptions as they are.
PROTOCOL_LIBRARIES = {"anyio", "h11", "h2", "hpack", "httpcore", "hyperframe", "socksio", "trio"}


# The request never left: no connection was made.
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


class KitError(Exception):
    """The base class of the errors of this package.

    It is raised itself, not as a subclass, when a call fails within this program: the client is closed, or an event hook
    raised an exception, which is then its `__cause__`.

    Attributes:
        operation: The `operationId`, such as `create_tag`; None if the error belongs to no operation.
        attempts: How many requests were sent.
        may_have_taken_effect: Whether the service may have done what the call asks for, although the call failed. It is
            True if any request of the call got no response, an incomplete one, or a response with 408, a 5xx, a success
            status or 303. It is False if nothing was sent, and if the service refused each request.
        cursor: The cursor of the page that failed; None at the first page, and for what is no list. To resume, call
            the list again with `after=error.cursor`, or with `before=` if it was called with `before`.
    """

    operation: str | None = None
    attempts: int = 0
    may_have_taken_effect: bool = False
    cursor: str | None = None


class ConfigurationError(KitError):
    """An argument or an environment variable can't be used, or a package that it needs isn't installed."""


class CheckpointError(ConfigurationError):
    """The checkpoint file belongs to another import, is in use by another process, or can't be read or written."""


class OAuthRequiredError(KitError):
    """The operation accepts OAuth tokens only, and the client has an API key. Nothing was sent."""


class RateLimiterError(KitError):
    """The file or the Redis server of the rate limiter can't be used, or doesn't answer in time. Nothing was sent."""


class RateLimitWaitError(KitError):
    """The rate limiter would make the call wait beyond its deadline. Nothing was sent.

    Attributes:
        wait: Seconds until the rate limit allows the request, at least.
    """

    wait: float = 0.0


class OAuthError(KitError):
    """The client could not get tokens: the owner or the service refused, or nobody has authorized the app yet.

    Attributes:
        error: The error code of the refusal (RFC 6749, section 5.2), such as `invalid_grant`; None if there is none.
        status_code: The HTTP status of the refusal; None if no HTTP response refused.
    """

    error: str | None = None
    status_code: int | None = None


class TokenStoreError(OAuthError):
    """The token store can't be read, written or locked, or its content isn't tokens."""


class PaginationError(KitError):
    """The service sent cursors that lead nowhere or in a circle, or no total count where one was asked for."""


class APIConnectionError(KitError):
    """The service sent no response, or an incomplete one. `__cause__` says why; usually it is an `httpx.RequestError`."""


class APITimeoutError(APIConnectionError):
    """A timeout passed while the client was connecting, sending or waiting for the response."""


class DeadlineExceededError(APITimeoutError):
    """The deadline of the whole call passed during a request. The service may have acted on the request."""


class ResponseTooLargeError(APIConnectionError):
    """The response body is larger than `max_response_bytes`. The rest of it was not read, and the call is not retried."""


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
        said = masker(response.request.content)(what)
        super().__init__(f"{operation}: {said}" + (f" ({', '.join(notes)})" if notes else ""))

    def __reduce__(self) -> tuple[Any, ...]:
        # A response holds streams and can't be pickled: `response` is None in a copy.
        return type(self).__new__, (type(self), *self.args), {**vars(self), "response": None}


class InvalidResponseError(_AnswerError):
    """A response with a success status whose body isn't as documented, such as an HTML page or an empty body.

    Attributes:
        status_code: The HTTP status.
        request_id: The service's id of the request (the header `X-Request-Id`); None if it sent none.
        response: The `httpx.Response`.
    """


class APIStatusError(_AnswerError):
    """A response with an error status (section "Responses" of the reference), after the last retry.

    Statuses without a class of their own, such as 405, 415 or a redirect, raise this class itself.

    Attributes:
        status_code: The HTTP status.
        errors: The messages of the service, as a list of strings; it may be empty. A message about a field begins with
            the field's name.
        request_id: The service's id of the request (the header `X-Request-Id`); None if it sent none.
        retry_after: Seconds to wait, by the header `Retry-After`; None without one.
        response: The `httpx.Response`.
    """

    def __init__(self, operation: str, response: httpx.Response) -> None:
        # They may quote a URL that was sent, with the secret in it.
        self.errors = list(map(masker(response.request.content), read_messages(response.content)))
        self.retry_after: float | None = response.extensions.get("retry_after")
        where = f" from {place(response.request.url)}" if response.status_code in MISPLACED else ""
        said = redirect(response) or summary(self.errors) or what_came(response)
        super().__init__(operation, response, f"{response.status_code}{where}: {said}")


class BadRequestError(APIStatusError):
    """400: the request is malformed, such as a body that isn't JSON."""


class AuthenticationError(APIStatusError):
    """401: the API key or token is missing, wrong, expired, or of a kind that this operation doesn't accept."""


class PermissionDeniedError(APIStatusError):
    """403: the account isn't allowed to do this, or has reached a limit, such as that of its subscribers."""


class NotFoundError(APIStatusError):
    """404: the account has nothing with this id, or the URL doesn't exist."""


class PayloadTooLargeError(APIStatusError):
    """413: the account's queue of bulk jobs is full, or the request body is too large."""


class UnprocessableEntityError(APIStatusError):
    """422: a value is missing or invalid; `errors` names it."""


class RateLimitError(APIStatusError):
    """429: too many requests in the last 60 seconds, also after the retries."""


class ServerError(APIStatusError):
    """500 to 599: the service failed, or a proxy in front of it did."""


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


# The first that fits.
_UNANSWERED: tuple[tuple[tuple[type[Exception], ...], type[APIConnectionError], str], ...] = (
    ((BodyTooLarge,), ResponseTooLargeError, "the response was not read to its end"),
    ((DeadlinePassed,), DeadlineExceededError, "timed out"),
    ((httpx.TimeoutException, TimeoutError), APITimeoutError, "timed out"),
    ((httpx.DecodingError,), APIConnectionError, "the body that came is compressed in a way that can't be undone"),
    ((Exception,), APIConnectionError, "connection failed"),
)


def error_for(operation: Operation[Any], response: httpx.Response, cause: Exception | None) -> KitError:
    """Return the error for an answer that is no success or, with a cause, could not be decoded."""
    # It has the credentials, and they would go along to wherever the answer leads.
    response.next_request = None
    if not operation.security:
        response.request = _bare(response.request)
    if cause is not None:
        what = f"{response.status_code} came with {what_came(response)} instead of what is documented"
        what += f", from {place(response.request.url)}"
        what += f": {printable(str(cause))}" if response.content else ""
        return InvalidResponseError(operation.name, response, what)
    status = response.status_code
    kind = _BY_STATUS.get(status) or (ServerError if 500 <= status < 600 else APIStatusError)
    return kind(operation.name, response)


def connection_error(
    operation: str, error: Exception, attempts: int, url: httpx.URL | None = None, refused: str | None = None
) -> APIConnectionError:
    """Return the error for a request without an answer. Of the URL only the host is shown.

    Args:
        refused: Why it was not sent again, if it could have been.
    """
    kind, what = next((kind, what) for raised, kind, what in _UNANSWERED if isinstance(error, raised))
    tries = "" if attempts <= 1 else f" after {attempts} attempts"
    where = "" if url is None else f" (host {printable(url.netloc.decode('ascii'))})"
    made = kind(f"{operation}: {what}{tries}: {_reason(error)}{where}" + (f"; {refused}" if refused else ""))
    made.operation, made.attempts = operation, attempts
    return made


def may_have_taken_effect(outcome: object) -> bool:
    """Tell whether the service may have done what a request asked for, by its response or by the exception instead.

    A response refuses the request unless its status is a success, 303 (RFC 9110, section 15.4.4), 408 or a 5xx.
    """
    if isinstance(outcome, httpx.Response):
        return outcome.is_success or outcome.is_server_error or outcome.status_code in (303, 408)
    return was_sent(outcome)


def was_sent(outcome: object) -> bool:
    """Tell whether a request without a response may have been sent, by the exception that it ended in."""
    if isinstance(outcome, KitError):
        return outcome.may_have_taken_effect
    # The deadline may have passed while a connection was made.
    return not isinstance(outcome.__cause__ if isinstance(outcome, DeadlinePassed) else outcome, NOT_SENT)


class Progress:
    """What was sent of a call so far, as the attributes of its error tell it. Kept in `request.extensions`."""

    attempts = 0
    may_have_taken_effect = False


class CallErrors:
    """A context around a call: whatever the call raises becomes a `KitError`.

    Args:
        operation: What is called.
        extensions: Of its request.
        is_closed: Whether the client is closed.
    """

    def __init__(self, operation: Operation[Any], extensions: dict[str, Any], is_closed: Callable[[], bool]) -> None:
        self._operation, self._is_closed = operation, is_closed
        self._progress = extensions["progress"] = Progress()

    def __enter__(self) -> None:
        self._outer = sys.exception()
        if self._is_closed():
            raise self._error("the client is closed; make a new one")

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if error is None:
            return
        if not self._operation.security:
            _forget_requests(error, self._outer)
        clear_locals(error, self._outer)
        if not isinstance(error, Exception):
            return
        made = self._made(error)
        made.attempts = made.attempts or self._progress.attempts
        made.may_have_taken_effect |= self._progress.may_have_taken_effect
        if made is not error:
            raise made from error

    def _made(self, error: Exception) -> KitError:
        if isinstance(error, KitError):
            return error
        if isinstance(error, RuntimeError) and self._is_closed():
            return self._error(CLOSED)
        library = type(error).__module__.partition(".")[0]
        if isinstance(error, httpx.RequestError | OSError | EOFError) or library in PROTOCOL_LIBRARIES:
            return connection_error(self._operation.name, error, self._progress.attempts)
        return self._error(f"the call failed: {_reason(error)}")

    def _error(self, what: str) -> KitError:
        error = KitError(f"{self._operation.name}: {what}")
        error.operation = self._operation.name
        return error


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
