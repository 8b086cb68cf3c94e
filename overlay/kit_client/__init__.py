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
    RateLimitError,
    ResponseTooLargeError,
    ServerError,
    UnprocessableEntityError,
)
from .paging import apaginate, paginate
from .retry import RetryPolicy
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
    "NotFoundError",
    "OAuthRequiredError",
    "PaginationError",
    "PayloadTooLargeError",
    "PermissionDeniedError",
    "RateLimitError",
    "ResponseTooLargeError",
    "RetryPolicy",
    "ServerError",
    "UnprocessableEntityError",
    "__version__",
    "apaginate",
    "paginate",
]
