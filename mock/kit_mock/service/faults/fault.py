"""Faults that are injected on purpose: what goes wrong, for which requests, and how often."""

from __future__ import annotations

import difflib
import itertools
import random
import re
import threading
from collections.abc import Callable, Collection, Iterator
from typing import Literal, TypedDict, Unpack

import attrs

from kit_mock.service.faults import checks


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

    operation: str | None = None
    route: str | None = None
    times: int | None = None
    probability: float = 1.0
    seed: int = 0
    status: int | None = None
    body: object = attrs.field(default=None, hash=False)
    media_type: str | None = None
    retry_after: int | None = None
    html: bool = False
    effect: bool = False
    reset: Literal["before", "after"] | None = None
    cut_body: bool = False
    slow_body: float = 0
    delay: float = 0
    revoke_token: bool = False
    lag: float = 0

    def __attrs_post_init__(self) -> None:
        checks.check(self)

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
        """A function that says whether a method, a path and the id of an operation are what this fault is for."""
        if self.operation is not None:
            return lambda _method, _path, operation_id: operation_id == self.operation
        if self.route is None:
            return lambda _method, _path, _operation_id: True
        method, path = checks.route(self.route)
        pattern = _as_pattern(path)
        methods = {method, "HEAD"} if method == "GET" else {method}
        return lambda given, path, _operation_id: (
            (method is None or given in methods) and pattern.fullmatch(path.rstrip("/") or "/") is not None
        )


def _as_pattern(path: str) -> re.Pattern[str]:
    """For each text between two stars the first place will do: without going back, no path takes long."""
    first, *rest = [
        "".join("[^/]+" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{[^/}]*\})", piece))
        for piece in path.split("*")
    ]
    between = "".join(f"(?>.*?{piece})" for piece in rest[:-1] if piece)
    return re.compile(f"{first}{between}.*{rest[-1]}" if rest else first)


@attrs.define(eq=False)
class ActiveFault:
    """A fault that waits for requests. `hits` is how often it has happened."""

    id: int
    fault: Fault
    hits: int = 0
    _fits: Callable[[str, str, str | None], bool] = attrs.field(init=False, repr=False)
    _dice: random.Random = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._fits = self.fault.fits()
        self._dice = random.Random(self.fault.seed)

    @property
    def is_spent(self) -> bool:
        """Whether it has happened as often as it should."""
        return self.fault.times is not None and self.hits >= self.fault.times

    def happens(self, method: str, path: str, operation_id: str | None) -> bool:
        """Whether it happens to this request, which then counts."""
        if self.is_spent or not self._fits(method, path, operation_id):
            return False
        if self.fault.probability < 1 and self._dice.random() >= self.fault.probability:
            return False
        self.hits += 1
        return True


@attrs.frozen
class Matched:
    """What a request meets with: at most one fault, besides lists that lag by so many seconds."""

    fault: Fault | None = None
    lag: float = 0
    name: str | None = None


NOTHING = Matched()


class Faults:
    """The faults that wait for requests, the oldest first. Safe to use from several threads.

    To a request happens the first that is for it, and all that only make lists lag, of which the longest counts.
    """

    def __init__(self, operation_ids: Collection[str]) -> None:
        self._operation_ids = operation_ids
        self._active: list[ActiveFault] = []
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._active)

    def __iter__(self) -> Iterator[Fault]:
        return iter([each.fault for each in self.active()])

    def add(self, fault: Fault | None = None, /, **options: Unpack[FaultOptions]) -> Fault:
        """Let a fault happen from now on: one that there is, or one made of these arguments.

        Raises ValueError as `Fault` does, and for an operation that there isn't.
        """
        return self.activate(Fault(**options) if fault is None else attrs.evolve(fault, **options)).fault

    def activate(self, fault: Fault) -> ActiveFault:
        """The same, with its id."""
        if fault.operation is not None and fault.operation not in self._operation_ids:
            close = difflib.get_close_matches(fault.operation, self._operation_ids, n=1)
            hint = f": did you mean {close[0]}?" if close else ""
            raise ValueError(f"operation must be the id of one that there is, not {fault.operation!r}{hint}")
        with self._lock:
            active = ActiveFault(next(self._numbers), fault)
            self._active.append(active)
            return active

    def active(self) -> tuple[ActiveFault, ...]:
        """Those that can still happen, with their ids and how often they have happened."""
        with self._lock:
            return tuple(self._active)

    def remove(self, id_: int) -> bool:
        """Take one away; whether it was there."""
        with self._lock:
            kept = [each for each in self._active if each.id != id_]
            found = len(kept) < len(self._active)
            self._active = kept
            return found

    def clear(self) -> None:
        """Take all away."""
        with self._lock:
            self._active = []

    def match(self, method: str, path: str, operation_id: str | None, *, is_list: bool) -> Matched:
        """What happens to a request."""
        fault: Fault | None = None
        names: list[str] = []
        lag = 0.0
        with self._lock:
            for each in self._active:
                only_lags = each.fault.lag and not each.fault.delay
                if (each.fault.lag and not is_list) or (fault is not None and not only_lags):
                    continue
                if not each.happens(method, path, operation_id):
                    continue
                lag = max(lag, each.fault.lag)
                names.append(each.fault.name)
                if not only_lags:
                    fault = each.fault
            self._active = [each for each in self._active if not each.is_spent]
        return Matched(fault, lag, ", ".join(names) or None)
