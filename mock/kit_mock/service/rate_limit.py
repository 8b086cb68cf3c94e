"""The rate limit: a number of requests of each credential in any rolling window of time, which is 60 seconds at Kit."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping
from typing import Literal

import attrs

from kit_mock.protocol.errors import Refusal
from kit_mock.protocol.messages import Reply
from kit_mock.rules.behaviours import Behaviour
from kit_mock.service.authentication import Caller

RateLimit = int | Literal["kit", "off"]

WINDOW = 60.0
"""Kit's own window, in seconds."""
_QUOTA = 120


class TooManyRequests(Refusal):
    """Kit's 429: plain text, without `Retry-After`."""

    def __init__(self) -> None:
        super().__init__(429, ("Retry later",))

    def reply(self) -> Reply:
        """Return the answer."""
        return Reply(self.status, self.errors[0], media_type="text/plain")


@attrs.define
class _Window:
    """The moments of a caller's requests that still count, and the most that there may be."""

    quota: int
    moments: deque[float]

    def used(self, now: float, seconds: float) -> int:
        return sum(now - seconds < at <= now + seconds for at in self.moments)


@attrs.frozen
class Quota:
    """How many requests of its rate limit a credential has used in the window that ends now."""

    credential: str
    """The name of the credential, such as `API key 1`. It isn't a secret."""
    used: int
    """The number of counted requests in the window; 0 without a limit."""
    limit: int | None
    """The largest number of requests in a window; None without a limit."""


class Limits:
    """Counts the requests of each caller. Safe to use from several threads.

    Memory is bounded by the requests that one window grants: a window holds at most its quota, and an empty one is dropped.

    Raises ValueError for a limit that is neither a number above 0 nor `kit` or `off`, and for a window that isn't above 0
    seconds.
    """

    def __init__(self, limit: RateLimit, behaviour: Behaviour, window: float = WINDOW) -> None:
        if isinstance(limit, str):
            if limit not in {"kit", "off"}:
                raise ValueError(f"the rate limit must be a number, 'kit' or 'off', not {limit!r}")
        elif limit < 1:
            raise ValueError("the rate limit must be at least 1; 'off' is none")
        if not 0 < window < math.inf:
            raise ValueError("the rate window must be a number of seconds above 0")
        self._limit = limit
        self.window = float(window)
        """In seconds."""
        self._behaviour = behaviour
        self._windows: OrderedDict[str, _Window] = OrderedDict()  # the last used one comes last
        self._lock = threading.Lock()

    @property
    def is_off(self) -> bool:
        """Whether there is no limit."""
        return self._limit == "off"

    def quota(self, caller: Caller) -> int | None:
        """Return how many requests a caller may send in a window; None for any number."""
        if self._limit == "off":
            return None
        if self._limit == "kit":
            return self._behaviour.oauth_quota if caller.is_token else _QUOTA
        return self._limit

    def admit(self, caller: Caller, now: float) -> bool:
        """Count a request at a moment, in seconds since 1970; return False, and count nothing, if it is one too many."""
        quota = self.quota(caller)
        if quota is None:
            return True
        with self._lock:
            self._forget(now)
            window = self._windows.setdefault(caller.name, _Window(quota, deque()))
            window.quota, moments = quota, window.moments
            while moments and moments[0] <= now - self.window:
                moments.popleft()
            # After the clock was set back, later moments would never leave the window.
            while moments and moments[-1] > now + self.window:
                moments.pop()
            if len(moments) >= quota:
                return False
            moments.append(now)
            self._windows.move_to_end(caller.name)
            return True

    def quotas(self, callers: Iterable[Caller], now: float) -> tuple[Quota, ...]:
        """Return the quotas of these callers, and of all others who called in the window."""
        found = {caller.name: Quota(caller.name, 0, self.quota(caller)) for caller in callers}
        with self._lock:
            self._forget(now)
            for name, window in self._windows.items():
                found[name] = Quota(name, window.used(now, self.window), window.quota)
        return tuple(found.values())

    def used(self, now: float) -> dict[str, int]:
        """Return the number of requests that count, by the caller's name; no name is a secret."""
        return {quota.credential: quota.used for quota in self.quotas((), now)}

    def windows(self) -> dict[str, tuple[int, list[float]]]:
        """Return the state for `restore`: the quota and the moments of requests, by the caller's name."""
        with self._lock:
            return {name: (window.quota, list(window.moments)) for name, window in self._windows.items()}

    def restore(self, windows: Mapping[str, tuple[int, list[float]]]) -> None:
        """Restore the state from `windows`. The present limit applies to requests from now on."""
        with self._lock:
            self._windows.clear()
            if not self.is_off:
                for name, (quota, moments) in windows.items():
                    self._windows[name] = _Window(quota, deque(moments))

    def clear(self) -> None:
        """Remove all requests from the count."""
        with self._lock:
            self._windows.clear()

    def _forget(self, now: float) -> None:
        """Drop the windows in which no request counts any more."""
        while self._windows:
            name, window = next(iter(self._windows.items()))
            if window.moments and window.moments[-1] > now - self.window:
                break
            del self._windows[name]
