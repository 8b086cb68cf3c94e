"""When to send a request again. No I/O: transport.py does what is decided here, sync and async."""

from __future__ import annotations

import datetime
import email.utils
import logging
import math
import random
import re
from collections.abc import Callable, Generator
from contextvars import ContextVar
from typing import Any

import httpx
from msgspec import Struct

from kit_api.types import Operation

from .body import BodyTooLarge
from .clock import Clock
from .deadline import Deadline, DeadlinePassed
from .errors import NOT_SENT, KitError, Progress, connection_error, may_have_taken_effect
from .options import check_function, check_number, check_seconds, check_whole
from .retry_budget import REFUSED, RetryBudget

logger = logging.getLogger("kit_client")

Outcome = httpx.Response | httpx.RequestError | OSError
Attempt = Outcome | KitError
"""What came of an attempt, or why it got no slot of the rate limit."""
Attempts = Generator[float | None, Any, httpx.Response]
"""Yields None to be sent an `Attempt`, and seconds to wait."""

# The methods of requests that the document doesn't have (RFC 9110, section 9.2.2).
SAFE_TO_REPEAT = ("GET", "HEAD", "PUT", "DELETE", "OPTIONS")

# What no second attempt mends.
HOPELESS = (httpx.UnsupportedProtocol, httpx.LocalProtocolError, DeadlinePassed, BodyTooLarge)

# How OpenSSL begins whatever went wrong in TLS. A connection that merely ended, which may pass, is none of it.
_TLS = re.compile(r"\[SSL(?!: UNEXPECTED_EOF)")

retries_wanted: ContextVar[Callable[[], bool]] = ContextVar("retries_wanted", default=lambda: True)
"""Whether anybody still waits for the outcome."""


class RetryPolicy(Struct, kw_only=True, frozen=True, repr_omit_defaults=True):
    """When a request is retried, how often, and after what delay. Times are in seconds.

    Every operation is retried after a 429, and if no connection could be made. Operations that are safe to repeat
    (`Operation.retry_safe`) are also retried after a 408, a 5xx other than 501, and a broken connection.

    Raises:
        ValueError, TypeError: A value is negative or of another type.
    """

    max_retries: int = 4
    """How many retries a call may have; 0 for none."""
    backoff: float = 0.5
    """The delay before the first retry. Each further delay is twice as long."""
    rate_limit_backoff: float = 6.0
    """The delay before the first retry after a 429, instead of `backoff`. Kit sends no `Retry-After` with a 429; four
    delays from 6 seconds on last longer than Kit's window of 60 seconds."""
    max_delay: float = 60.0
    """The longest delay, even if `Retry-After` asks for more."""
    budget: float = 150.0
    """The time for a call's retries: a retry that would start later than this after the first request isn't made."""
    retry_ratio: float | None = 0.1
    """While no call to a host succeeds, how many retries each call adds to those allowed: 0.1 is one retry for ten calls.
    None for no such limit. All calls of a process to the host count; retries after a 429 don't."""
    retry_reserve: int = 20
    """How many retries `retry_ratio` always allows: five calls with four retries each."""
    random: Callable[[], float] = random.random
    """Returns a number from 0 to 1 that varies each delay, so that clients don't retry all at the same moment."""

    def __post_init__(self) -> None:
        check_whole("max_retries", self.max_retries, 0)
        for name in ("backoff", "rate_limit_backoff", "max_delay", "budget"):
            check_seconds(name, getattr(self, name), most=math.inf)
        if self.retry_ratio is not None:
            check_number("retry_ratio", self.retry_ratio, math.inf, or_else=" or None")
        check_whole("retry_reserve", self.retry_reserve, 0)
        check_function("random", self.random)

    def delay(self, outcome: Outcome, retry_safe: bool, retries: int, retry_after: float | None) -> float | None:
        """Return the seconds to wait before the next retry, or None for no retry. It doesn't look at `max_retries`.

        Args:
            outcome: The response or the exception of the last attempt.
            retry_safe: Whether the operation is safe to repeat.
            retries: How many retries were made so far.
            retry_after: The seconds that the header `Retry-After` asks for; None without one.
        """
        if isinstance(outcome, httpx.Response):
            wanted = _is_limited(outcome) or (retry_safe and is_transient(outcome.status_code))
        else:
            wanted = not _hopeless(outcome) and (retry_safe or isinstance(outcome, NOT_SENT))
        if not wanted:
            return None
        if retry_after is not None:
            return min(max(retry_after, self.backoff), self.max_delay) * (1 + 0.1 * self.random())
        delay: float = (self.rate_limit_backoff if _is_limited(outcome) else self.backoff) * 2 ** min(retries, 30)
        return min(delay, self.max_delay) * (0.75 + 0.25 * self.random())


def _is_limited(outcome: Outcome) -> bool:
    return isinstance(outcome, httpx.Response) and outcome.status_code == 429


def is_transient(status: int) -> bool:
    """Tell whether a status is of a service that can't answer now, but may later. A 501 lasts."""
    return status == 408 or (500 <= status < 600 and status != 501)


def _hopeless(error: httpx.RequestError | OSError) -> bool:
    """Tell whether sending again can't help: both ends don't agree on TLS, or a proxy says no."""
    if isinstance(error, httpx.ProxyError):
        # A proxy that has trouble of its own says so with a 5xx. All that a SOCKS proxy says is text.
        return re.match(r"5\d\d\b", str(error)) is None
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, HOPELESS) or _TLS.match(str(cause)):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def attempt(
    request: httpx.Request, policy: RetryPolicy, retry_budget: RetryBudget, clock: Clock, deadline: Deadline
) -> Attempts:
    """Attempts at one request, for a driver that does the I/O.

    Yields None when the request is to be sent, and takes what came of it; yields a number of seconds when there is to
    be a wait. Returns the last response, or raises `APIConnectionError`.

    A DELETE that is answered with 404 has succeeded if an attempt before may have deleted the thing.
    """
    operation: Operation[Any] | None = request.extensions.get("operation")
    name = operation.name if operation else f"{request.method} {request.url.path}"
    retry_safe = operation.retry_safe if operation else request.method in SAFE_TO_REPEAT
    max_retries: int = request.extensions.get("max_retries", policy.max_retries)
    start = clock.monotonic()
    wanted = retries_wanted.get()
    progress: Progress = request.extensions.get("progress") or Progress()
    retries, spent, counted = 0, 0, False
    refused: str | None = None
    outcome: Outcome | None = None
    took, after = 0.0, None
    while True:
        began = clock.monotonic()
        before = progress.may_have_taken_effect
        # Also of an attempt that ends in an exception which doesn't come here.
        progress.attempts, progress.may_have_taken_effect = progress.attempts + 1, True
        came: Attempt = yield None
        progress.may_have_taken_effect = before or may_have_taken_effect(came)
        if isinstance(came, KitError):
            progress.attempts -= 1
            if outcome is None:
                came.operation, came.args = name, (f"{name}: {came}",)
                raise came
            logger.info("%s: no attempt %d: %s", name, retries + 1, came)
            retries -= 1
            retry_budget.give_back(counted)
            break
        if outcome is None:
            retry_budget.earn(policy)
        outcome = came
        began = request.extensions.get("sent_at", began)
        after = retry_after(outcome, clock)
        what = outcome.status_code if isinstance(outcome, httpx.Response) else type(outcome).__name__
        took = clock.monotonic() - began
        logger.debug("%s: %s in %.3f s (attempt %d)", name, what, took, retries + 1)
        delay = policy.delay(outcome, retry_safe, retries, after) if retries < max_retries else None
        late = delay is not None and (clock.monotonic() - start + delay > policy.budget or delay >= deadline.left())
        if delay is None or late or not wanted():
            break
        counted = not _is_limited(outcome)
        if counted and not retry_budget.spend(policy):
            refused = REFUSED
            logger.info("%s: %s; %s", name, what, refused)
            break
        spent += counted
        retries += 1
        logger.info("%s: %s; attempt %d in %.1f s", name, what, retries + 1, delay)
        given_up = True
        try:
            yield delay
            given_up = not wanted()
        finally:
            if given_up:
                retry_budget.give_back(counted)
        if given_up:
            retries -= 1
            break
    if isinstance(outcome, httpx.Response):
        if not _is_limited(outcome) and not is_transient(outcome.status_code):
            retry_budget.succeed(spent, policy)
        if request.method == "DELETE" and outcome.status_code == 404 and before:
            logger.info("%s: 404 after an attempt whose outcome is unknown; it is deleted", name)
            status = next(iter(operation.success)) if operation else 204
            outcome = httpx.Response(status, headers=outcome.headers)
        # httpx sets it when it has read the body, which was done for it.
        outcome.elapsed = datetime.timedelta(seconds=took)
        outcome.extensions.update(attempts=retries + 1, retry_after=after, refused=refused)
        return outcome
    error = connection_error(name, outcome, retries + 1, request.url, refused)
    error.may_have_taken_effect = progress.may_have_taken_effect
    raise error from outcome


def retry_after(outcome: Outcome, clock: Clock) -> float | None:
    """Return the header `Retry-After`, seconds or a date (RFC 9110, section 10.2.3), as seconds from now."""
    value = outcome.headers.get("Retry-After", "") if isinstance(outcome, httpx.Response) else ""
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        date = email.utils.parsedate_to_datetime(value)
        # Dates of HTTP are in UTC, also in the forms that don't say so.
        return max(0.0, date.replace(tzinfo=date.tzinfo or datetime.UTC).timestamp() - clock.time())
    except (ValueError, OverflowError):
        return None
