"""A client for the Kit (formerly ConvertKit) email API v4: generated calls, made pleasant and safe."""

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
    ConfigurationError,
    DeadlineExceededError,
    InvalidResponseError,
    KitError,
    NotFoundError,
    OAuthRequiredError,
    PaginationError,
    PayloadTooLargeError,
    PermissionDeniedError,
    RateLimiterError,
    RateLimitError,
    RateLimitWaitError,
    ResponseTooLargeError,
    ServerError,
    UnprocessableEntityError,
)
from .limiter import RateLimiter
from .paging import apaginate, paginate
from .redis_limiter import RedisRateLimiter
from .retry import RetryPolicy
from .slots import LimiterState
from .sqlite_limiter import SQLiteRateLimiter
from .version import __version__

__all__ = [
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "ApiKeyAuth",
    "AsyncKit",
    "AuthenticationError",
    "BadRequestError",
    "BearerAuth",
    "Clock",
    "ConfigurationError",
    "DeadlineExceededError",
    "Drift",
    "InvalidResponseError",
    "Kit",
    "KitError",
    "LimiterState",
    "NotFoundError",
    "OAuthRequiredError",
    "PaginationError",
    "PayloadTooLargeError",
    "PermissionDeniedError",
    "RateLimitError",
    "RateLimitWaitError",
    "RateLimiter",
    "RateLimiterError",
    "RedisRateLimiter",
    "ResponseTooLargeError",
    "RetryPolicy",
    "SQLiteRateLimiter",
    "ServerError",
    "UnprocessableEntityError",
    "__version__",
    "apaginate",
    "paginate",
]
