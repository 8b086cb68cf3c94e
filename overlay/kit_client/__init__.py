"""A client for the Kit (formerly ConvertKit) email API v4, with pagination, retries, rate limits and OAuth."""

from typing import TYPE_CHECKING, Any

from kit_api.types import Drift

from .auth import ApiKeyAuth, BearerAuth
from .client import AsyncKit, Kit
from .clock import Clock
from .errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    CheckpointError,
    ConfigurationError,
    DeadlineExceededError,
    InvalidResponseError,
    KitError,
    NotFoundError,
    OAuthError,
    OAuthRequiredError,
    PaginationError,
    PayloadTooLargeError,
    PermissionDeniedError,
    RateLimiterError,
    RateLimitError,
    RateLimitWaitError,
    ResponseTooLargeError,
    ServerError,
    TokenStoreError,
    UnprocessableEntityError,
)
from .limits.limiter import RateLimiter
from .limits.redis import RedisRateLimiter
from .limits.slots import LimiterState
from .limits.sqlite import SQLiteRateLimiter
from .paging import apaginate, paginate
from .retry import RetryPolicy
from .version import __version__

if TYPE_CHECKING:
    from .oauth.oauth import OAuth
    from .oauth.redis_store import RedisTokenStore
    from .oauth.stores import FileTokenStore, MemoryTokenStore, TokenStore

__all__ = [
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "ApiKeyAuth",
    "AsyncKit",
    "AuthenticationError",
    "BadRequestError",
    "BearerAuth",
    "CheckpointError",
    "Clock",
    "ConfigurationError",
    "DeadlineExceededError",
    "Drift",
    "FileTokenStore",
    "InvalidResponseError",
    "Kit",
    "KitError",
    "LimiterState",
    "MemoryTokenStore",
    "NotFoundError",
    "OAuth",
    "OAuthError",
    "OAuthRequiredError",
    "PaginationError",
    "PayloadTooLargeError",
    "PermissionDeniedError",
    "RateLimitError",
    "RateLimitWaitError",
    "RateLimiter",
    "RateLimiterError",
    "RedisRateLimiter",
    "RedisTokenStore",
    "ResponseTooLargeError",
    "RetryPolicy",
    "SQLiteRateLimiter",
    "ServerError",
    "TokenStore",
    "TokenStoreError",
    "UnprocessableEntityError",
    "__version__",
    "apaginate",
    "paginate",
]

# Imported when they are asked for: most programs have a key.
_LATE = {
    "FileTokenStore": "oauth.stores",
    "MemoryTokenStore": "oauth.stores",
    "OAuth": "oauth.oauth",
    "RedisTokenStore": "oauth.redis_store",
    "TokenStore": "oauth.stores",
}


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_LATE[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATE})
