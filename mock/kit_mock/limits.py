"""The rate limit: so many requests in any rolling 60 seconds, for each credential by itself.

Chosen where the API says nothing: a refused request doesn't count, so that a client which keeps knocking gets in again;
what carries no valid credential, the OAuth endpoints included, shares one window as wide as an API key's; a path that
doesn't exist or hasn't the method is counted, but always answered with 404 or 405.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from typing import Literal

from kit_mock.behaviours import Behaviour
from kit_mock.credentials import Caller
from kit_mock.messages import Reply
from kit_mock.problems import Refusal

RateLimit = int | Literal["kit", "off"]

WINDOW = 60.0
_QUOTA = 120


class TooManyRequests(Refusal):
    """429 as Kit has it: a plain text, and no `Retry-After`."""

    def __init__(self) -> None:
        super().__init__(429, ("Retry later",))

    def reply(self) -> Reply:
        """What is answered."""
        return Reply(self.status, self.errors[0], media_type="text/plain")


class Limits:
    """Who called when. Safe to use from several threads.

    A window holds no more moments than its quota, and is dropped once the last of them has left it: memory follows
    what was granted in the last 60 seconds.

    Raises ValueError for a limit that is neither a number above 0 nor `kit` or `off`.
    """

    def __init__(self, limit: RateLimit, behaviour: Behaviour) -> None:
        if isinstance(limit, str | bool):
            if limit not in {"kit", "off"}:
                raise ValueError(f"the rate limit must be a number, 'kit' or 'off', not {limit!r}")
        elif limit < 1:
            raise ValueError("the rate limit must be at least 1; 'off' is none")
        self._limit = limit
        self._behaviour = behaviour
        self._windows: OrderedDict[str, deque[float]] = OrderedDict()  # the one that was used last comes last
        self._lock = threading.Lock()

    def quota(self, caller: Caller) -> int | None:
        """How many requests in 60 seconds, or None for any number."""
        if self._limit == "off":
            return None
        if self._limit == "kit":
            return self._behaviour.oauth_quota if caller.is_token else _QUOTA
        return self._limit

    def admit(self, caller: Caller, now: float) -> bool:
        """Count a request at a moment, in seconds since 1970; False if it is one too many."""
        quota = self.quota(caller)
        if quota is None:
            return True
        with self._lock:
            self._forget(now)
            window = self._windows.setdefault(caller.name, deque())
            while window and window[0] <= now - WINDOW:
                window.popleft()
            if len(window) >= quota:
                return False
            window.append(now)
            self._windows.move_to_end(caller.name)
            return True

    def used(self, now: float) -> dict[str, int]:
        """How many requests of the last 60 seconds count, by the caller's name; no name is a secret."""
        with self._lock:
            self._forget(now)
            return {name: sum(at > now - WINDOW for at in window) for name, window in self._windows.items()}

    def clear(self) -> None:
        """Start anew, as if nobody had called."""
        with self._lock:
            self._windows.clear()

    def _forget(self, now: float) -> None:
        """Drop the windows that nothing is left in: those that were used longest ago."""
        while self._windows:
            name, window = next(iter(self._windows.items()))
            if window and window[-1] > now - WINDOW:
                break
            del self._windows[name]
