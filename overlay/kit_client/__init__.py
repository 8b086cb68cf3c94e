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
    OAuthError,
    OAuthRequiredError,
    PaginationError,
    PayloadTooLargeError,
    PermissionDeniedError,
    RateLimitError,
    ResponseTooLargeError,
    ServerError,
    TokenStoreError,
    UnprocessableEntityError,
)
from .oauth import OAuth
from .paging import apaginate, paginate
from .redis_token_store import RedisTokenStore
from .retry import RetryPolicy
from .token_stores import FileTokenStore, MemoryTokenStore, TokenStore
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
    "FileTokenStore",
    "InvalidResponseError",
    "Kit",
    "KitError",
    "MemoryTokenStore",
    "NotFoundError",
    "OAuth",
    "OAuthError",
    "OAuthRequiredError",
    "PaginationError",
    "PayloadTooLargeError",
    "PermissionDeniedError",
    "RateLimitError",
    "RedisTokenStore",
    "ResponseTooLargeError",
    "RetryPolicy",
    "ServerError",
    "TokenStore",
    "TokenStoreError",
    "UnprocessableEntityError",
    "__version__",
    "apaginate",
    "paginate",
]
