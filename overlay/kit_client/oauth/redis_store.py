"""Tokens in Redis, for the processes of many machines."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Generator
from typing import Any, NoReturn, cast

from kit_api.errors import clear_locals, forgets_arguments
from kit_client.errors import ConfigurationError, TokenStoreError

from .stores import KEPT, LOCK_SECONDS

SOCKET_SECONDS = 5.0
"""How long Redis may take to answer."""
POLL_SECONDS = 0.02
LEASE_SECONDS = 10.0
"""How long a lock outlives its holder, who renews it all the while."""
EXPECTED = "expected one such as redis://127.0.0.1:6379/0"


class RedisTokenStore:
    """A token store in Redis, for processes on several machines. Each account has a key for its tokens and one for its lock.

    It needs `pip install 'kit-client[redis]'`. Set `appendonly yes` in Redis, or it loses tokens when it restarts. If a
    process dies with a lock, the lock is released after ten seconds.

    Args:
        url: A URL such as `redis://127.0.0.1:6379/0`, or `rediss://` with TLS; or a `redis.Redis` object.
        prefix: What each key begins with.

    Raises:
        ConfigurationError: The package redis isn't installed, or the URL can't be used.
        TokenStoreError: Raised by the methods: Redis doesn't answer, or answers with an error.
    """

    @forgets_arguments
    def __init__(self, url: str | Any, *, prefix: str = "kit-client:tokens:") -> None:
        try:
            import redis
        except ImportError:
            raise ConfigurationError(
                "RedisTokenStore: needs the package redis, which isn't installed: pip install 'kit-client[redis]'"
            ) from None
        # Its types differ from one version to the next.
        self._redis: Any = url
        self._error: type[Exception] = redis.RedisError
        if isinstance(url, str):
            from_url: Any = cast("Any", redis.Redis).from_url
            try:
                self._redis = from_url(url, socket_timeout=SOCKET_SECONDS, socket_connect_timeout=SOCKET_SECONDS)
            except ValueError:
                # Without the URL, which may have a password.
                raise ConfigurationError(f"url: {EXPECTED}") from None
        elif not isinstance(url, redis.Redis):
            raise ConfigurationError(f"url: {EXPECTED}, or a redis.Redis, got {type(url).__name__}")
        self._prefix = prefix

    def __repr__(self) -> str:
        known = {**self._redis.get_connection_kwargs(), "prefix": self._prefix}
        place = (f"{name}={known[name]!r}" for name in ("host", "port", "path", "db", "prefix") if name in known)
        return f"{type(self).__name__}({', '.join(place)})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a RedisTokenStore holds connections and is not pickled: make one in each process")

    def load(self, account: str, /) -> str | None:
        with self._errors():
            text: bytes | str | None = self._redis.get(self._prefix + account)
        return text.decode() if isinstance(text, bytes) else text

    @forgets_arguments
    def save(self, account: str, text: str, /) -> None:
        with self._errors():
            self._redis.set(self._prefix + account, text)

    def delete(self, account: str, /) -> None:
        with self._errors():
            self._redis.delete(self._prefix + account)

    @contextlib.contextmanager
    def lock(self, account: str, /) -> Generator[None]:
        name = f"{self._prefix}{account}:lock"
        lock: Any = self._redis.lock(name, timeout=LEASE_SECONDS, sleep=POLL_SECONDS, thread_local=False)
        with self._errors():
            if not lock.acquire(blocking_timeout=LOCK_SECONDS):
                raise TimeoutError
        ended = threading.Event()
        threading.Thread(target=self._renew, args=(lock, ended), name="kit-client lock", daemon=True).start()
        try:
            yield
        finally:
            ended.set()
            # It ends by itself, should Redis be gone now; and when it has ended, it is none of ours to release.
            with contextlib.suppress(self._error):
                lock.release()

    def _renew(self, lock: Any, ended: threading.Event) -> None:
        while not ended.wait(LEASE_SECONDS / 3):
            with contextlib.suppress(self._error):
                lock.extend(LEASE_SECONDS, replace_ttl=True)

    @contextlib.contextmanager
    def _errors(self) -> Generator[None]:
        outer = sys.exception()
        try:
            yield
        except self._error as error:
            clear_locals(error, outer)  # Those of redis have the password.
            # Without its text, which may quote what was to be stored.
            raise TokenStoreError(
                f"Redis doesn't answer as it should ({type(error).__name__}); {KEPT}. See that it runs and can be reached"
                " from here, and call again"
            ) from None
