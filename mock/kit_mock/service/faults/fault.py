"""`Fault`: a failure to inject."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, TypedDict

import attrs
from attrs.validators import optional

from kit_mock.service.faults import routes
from kit_mock.service.faults.routes import validate_route
from kit_mock.service.faults.validators import (
    FLAG,
    PROBABILITY,
    SECONDS,
    SIDE,
    STATUS,
    TEXT,
    TIMES,
    WHOLE,
    WHOLE_SECONDS,
    validate_body,
)

_BODILESS = (204, 205, 304)


class WhatFails(TypedDict, total=False):
    """The arguments of `Fault` except those that choose the requests."""

    probability: float
    seed: int
    status: int | None
    body: object
    media_type: str | None
    retry_after: int | None
    html: bool
    effect: bool
    reset: Literal["before", "after"] | None
    cut_body: bool
    slow_body: float
    delay: float
    revoke_token: bool
    lag: float


class FaultOptions(WhatFails, total=False):
    """The arguments of `Fault`."""

    operation: str | None
    route: str | None
    times: int | None


def aim(target: str | None) -> tuple[str | None, str | None]:
    """Split a target into operation and route, one of which is None. A target with a `/` is a route."""
    return (None, target) if target is not None and "/" in target else (target, None)


@attrs.frozen(kw_only=True)
class Fault:
    """A failure that the mock injects into requests: an error response, a broken connection, a delay, or lists that lag.

    Which requests it applies to (to all by default):
        operation: an operation's id, such as `create_subscriber`.
        route: a method and a path, such as `POST /v4/tags`. In the path, `*` stands for any text and `{name}` for any
            one segment. Without a method it applies to every method; GET includes HEAD.
        times: the number of requests that it applies to; None until it is removed.
        probability: the probability of the failure for each request, above 0 and up to 1.
        seed: the seed of the random numbers for `probability`: the same seed makes the same requests fail.

    A response instead of Kit's. The request has no effect, unless `effect` is true:
        status: the HTTP status, with Kit's error body for it. 429 has the plain text `Retry later`, 520 to 527 a proxy's
            HTML page.
        body: the body: a text, or data that is sent as JSON. It can go with any status, also 200.
        media_type: the media type of `body`.
        retry_after: the value of a header `Retry-After`, in seconds. Kit itself doesn't send one.
        html: whether the body is an HTML page, as a proxy sends it; the status is 502 unless `status` is given.
        effect: whether the request takes effect before its response is replaced.
        revoke_token: whether to answer 401 and, if the access token is from OAuth, revoke it and all tokens of its grant.

    A connection that breaks:
        reset: when the connection is reset: `before` or `after` the request takes effect.
        cut_body: whether the connection closes in the middle of the body, before its declared length.

    A slow response, in seconds. The request takes effect at once:
        delay: the time before the response begins.
        slow_body: the time in which the body is sent, in ten pieces.

    Lists that lag:
        lag: how many seconds of the mock's clock pass before lists show what was created or added. Reads by id show it at
            once, and lists show changes of older items at once.

    Raises ValueError for a value that can't be, for values that contradict each other, and for a fault that does nothing.
    """

    operation: str | None = attrs.field(default=None, validator=optional(TEXT))
    route: str | None = attrs.field(default=None, validator=optional([TEXT, validate_route]))
    times: int | None = attrs.field(default=None, validator=optional(TIMES))
    probability: float = attrs.field(default=1.0, validator=PROBABILITY)
    seed: int = attrs.field(default=0, validator=WHOLE)
    status: int | None = attrs.field(default=None, validator=optional(STATUS))
    body: object = attrs.field(default=None, hash=False, validator=optional(validate_body))
    media_type: str | None = attrs.field(default=None, validator=optional(TEXT))
    retry_after: int | None = attrs.field(default=None, validator=optional(WHOLE_SECONDS))
    html: bool = attrs.field(default=False, validator=FLAG)
    effect: bool = attrs.field(default=False, validator=FLAG)
    reset: Literal["before", "after"] | None = attrs.field(default=None, validator=optional(SIDE))
    cut_body: bool = attrs.field(default=False, validator=FLAG)
    slow_body: float = attrs.field(default=0, validator=SECONDS)
    delay: float = attrs.field(default=0, validator=SECONDS)
    revoke_token: bool = attrs.field(default=False, validator=FLAG)
    lag: float = attrs.field(default=0, validator=SECONDS)

    def __attrs_post_init__(self) -> None:
        for is_wrong, problem in self._contradictions():
            if is_wrong:
                raise ValueError(problem)

    def _contradictions(self) -> Iterator[tuple[object, str]]:
        """Yield each invalid combination: whether it is present, and the message for it."""
        has_body = self.body is not None or self.html
        yield self.operation is not None and self.route is not None, "only one of operation and route can be given"
        yield (
            self.answers + (self.reset is not None) + self.revoke_token > 1,
            "status, body and html are one answer: it can't go with reset or revoke_token, nor these two",
        )
        yield (
            self.status is not None and self.status < 400 and not has_body,
            f"status {self.status} needs a body, as it is no error",
        )
        yield self.status in _BODILESS and has_body, f"status {self.status} has no body"
        yield self.media_type is not None and self.body is None, "media_type is that of a body, which isn't given"
        yield self.retry_after is not None and not self.answers, "retry_after goes with status, body or html"
        yield self.html and not isinstance(self.body, str | None), "the body of a page in html must be a text"
        yield (
            self.effect and not self.answers,
            "effect goes with status, body or html; for a reset it is reset='after'",
        )
        yield (self.cut_body or self.slow_body) and self.reset, "a reset leaves no body to be cut or slow"
        yield self.cut_body and self.slow_body, "only one of cut_body and slow_body can be given"
        yield (
            self.lag and (self.answers or self.reset == "before" or self.revoke_token),
            "lag needs a list to be shown, and this fault comes before it",
        )
        yield not self.name, "nothing goes wrong: give a status, body, html, reset, cut_body, delay, slow_body, lag, …"

    @property
    def answers(self) -> bool:
        """Whether the fault replaces Kit's response, by `status`, `body` or `html`."""
        return self.status is not None or self.html or self.body is not None

    @property
    def prevents_effect(self) -> bool:
        """Whether the request has no effect."""
        return self.revoke_token or self.reset == "before" or (self.answers and not self.effect)

    @property
    def name(self) -> str:
        """The failure in a few words, such as `status 503`."""
        parts = []
        if self.answers:
            status = self.status or (502 if self.html else 200)
            parts.append(f"{'HTML page, ' if self.html else ''}status {status}{' after the effect' * self.effect}")
        if self.revoke_token:
            parts.append("token revoked")
        if self.reset:
            parts.append(f"reset {self.reset} the effect")
        if self.cut_body:
            parts.append("cut body")
        parts += [
            f"{name} {value:g} s"
            for name, value in (("delay", self.delay), ("slow body", self.slow_body), ("lag", self.lag))
            if value
        ]
        return ", ".join(parts)

    def fits(self) -> Callable[[str, str, str | None], bool]:
        """Return a function of a method, a path and an operation's id that says whether the fault applies to the request."""
        if self.operation is not None:
            return lambda _method, _path, operation_id: operation_id == self.operation
        if self.route is None:
            return lambda _method, _path, _operation_id: True
        is_route = routes.fits(self.route)
        return lambda method, path, _operation_id: is_route(method, path)
