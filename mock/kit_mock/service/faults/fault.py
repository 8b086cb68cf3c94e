"""`Fault`: something that goes wrong on purpose."""

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
    """The arguments of `Fault` but those that say which requests, and how many of them."""

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
    """Return the operation and the route of a target: an operation's id, or a route such as `GET /v4/tags*`."""
    return (None, target) if target is not None and "/" in target else (target, None)


@attrs.frozen(kw_only=True)
class Fault:
    """Something that goes wrong.

    Which requests, all by default:
        operation: an operation's id, such as `create_subscriber`.
        route: a method and a path, such as `POST /v4/tags`; in the path, `*` is any text and `{name}` any one segment.
            Without a method it is every method, and GET is HEAD too.
        times: how many requests it happens to; None goes on until it is removed.
        probability: how likely it is to happen, up to 1.
        seed: of the dice for that: the same seed makes the same requests fail.

    An answer instead of Kit's; the request has no effect unless `effect` says so:
        status: with Kit's error body for it; 429 is `Retry later` in plain text, 520 to 527 a proxy's page in HTML.
        body: another body: a text, or what becomes JSON. Any status can have one, 200 too.
        media_type: of that body.
        retry_after: a header `Retry-After` of so many seconds, which Kit doesn't send.
        html: a page in HTML, as proxies send them; 502 if there is no `status`.
        effect: whether the request takes effect first, so that it is the answer that gets lost.
        revoke_token: 401, and an access token from OAuth is revoked with all of its grant.

    A connection that breaks:
        reset: it is reset, `before` the request takes effect or `after` that.
        cut_body: it is closed in the middle of the body, which is shorter than its declared length.

    A slow answer, in seconds. The request takes effect at once:
        delay: before the answer begins.
        slow_body: while the body trickles.

    Lists that lag:
        lag: lists don't show what was created or added in the last so many seconds of the mock's clock, while reads by
            id do. Changes of what was there before do show.

    Raises ValueError for values that make no sense, alone or together, and for a fault that does nothing.
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
        """Yield each combination that makes no sense: whether it is there, and what to say if so."""
        has_body = self.body is not None or self.html
        yield self.operation is not None and self.route is not None, "only one of operation and route can be given"
        yield (
            self.answers + (self.reset is not None) + self.revoke_token > 1,
            "status, body and html are one answer: it can't go with reset or revoke_token, nor these two",
        )
        yield (
            self.status is not None and self.status < 400 and not has_body,
            f"status {self.status} is no error, and so needs a body",
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
        """Whether it has an answer of its own."""
        return self.status is not None or self.html or self.body is not None

    @property
    def prevents_effect(self) -> bool:
        """Whether it keeps the request from taking effect."""
        return self.revoke_token or self.reset == "before" or (self.answers and not self.effect)

    @property
    def name(self) -> str:
        """What goes wrong, in a few words, such as `status 503`."""
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
        """Return a function that says whether a method, a path and the id of an operation are what this fault is for."""
        if self.operation is not None:
            return lambda _method, _path, operation_id: operation_id == self.operation
        if self.route is None:
            return lambda _method, _path, _operation_id: True
        is_route = routes.fits(self.route)
        return lambda method, path, _operation_id: is_route(method, path)
