"""Lies about rate limits and about the number of items in a request."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator

import attrs

from tests.contract.document import Document
from tests.mutants.exchange import API_KEY, JSON, Answer, Request
from tests.mutants.lie import Lie, Teller, at
from tests.mutants.truth import Truth

KINDS = ("rate limit", "amount")

KEY_LIMIT, TOKEN_LIMIT = 120, 600
WINDOW = 6.0
"""Seconds. It stands for Kit's 60, so that a run is short; a suite is told so."""
LIMITED = ("get_account",)
"""The operation that a suite is narrowed to for a server that limits requests, which are many in the whole suite."""
_MOST_FIELDS = 10


def lies(document: Document) -> Iterator[Lie]:
    """Yield the lies about limits."""
    for says, limit in _LIMITS:
        yield Lie(f"rate limit: {says}", "rate limit", LIMITED, f"The server {says}.", limit.start, limited=True)
    for operation in ("create_subscriber", "update_subscriber"):
        for says, tell in (
            (f"answers 202 to {_MOST_FIELDS} custom fields", _accepted_at(_MOST_FIELDS)),
            ("answers 202 to every request with custom fields", _accepted_at(1)),
        ):
            yield Lie(
                f"amount: {operation} {says}", "amount", (operation,), f"{operation} {says}.", at([operation], tell)
            )


def _accepted_at(least: int) -> Callable[[Truth, Request], Answer]:
    def tell(truth: Truth, request: Request) -> Answer:
        answer = truth.ask(request)
        fields = request.fields.get("fields")
        is_much = isinstance(fields, dict) and len(fields) >= least
        return attrs.evolve(answer, status=202) if is_much and answer.is_success else answer

    return tell


@attrs.frozen
class Limit:
    """A rate limit as it is enforced. The mock behind it has none.

    Args:
        counts_refused: whether requests that are refused count as well.
        shared: whether all credentials share one window.
        as_json: whether the refusal is JSON.
    """

    key: int = KEY_LIMIT
    token: int = TOKEN_LIMIT
    window: float = WINDOW
    counts_refused: bool = False
    shared: bool = False
    as_json: bool = False

    def start(self, truth: Truth) -> Teller:
        """Answer requests within the limit."""
        moments: dict[str, deque[float]] = defaultdict(deque)

        def tell(request: Request) -> Answer:
            is_key = API_KEY in request.headers and "authorization" not in request.headers
            known = moments[
                "" if self.shared else str(request.headers.get("authorization") or request.headers.get(API_KEY))
            ]
            now = time.monotonic()
            while known and known[0] <= now - self.window:
                known.popleft()
            is_one_too_many = len(known) >= (self.key if is_key else self.token)
            if not is_one_too_many or self.counts_refused:
                known.append(now)
            return self._refusal() if is_one_too_many else truth.ask(request)

        return tell

    def _refusal(self) -> Answer:
        if self.as_json:
            return Answer(429, (("Content-Type", JSON),), b'{"errors": ["Retry later"]}')
        return Answer(429, (("Content-Type", "text/plain; charset=utf-8"),), b"Retry later")


_NONE = 10**9
_LIMITS: tuple[tuple[str, Limit], ...] = (
    ("takes 119 requests in a window with a key", Limit(key=KEY_LIMIT - 1)),
    ("takes 121 requests in a window with a key", Limit(key=KEY_LIMIT + 1)),
    ("has no limit for a key", Limit(key=_NONE)),
    ("takes 120 requests in a window with a token", Limit(token=KEY_LIMIT)),
    ("takes 599 requests in a window with a token", Limit(token=TOKEN_LIMIT - 1)),
    ("takes 601 requests in a window with a token", Limit(token=TOKEN_LIMIT + 1)),
    ("has no limit for a token", Limit(token=_NONE)),
    ("answers 429 in JSON", Limit(as_json=True)),
    ("counts the requests that it refuses", Limit(counts_refused=True)),
    ("has one limit for all credentials", Limit(shared=True)),
    ("forgets requests after half a window", Limit(window=WINDOW / 2)),
)
