"""A client for the Kit (formerly ConvertKit) email API v4, with pagination, retries, rate limits and OAuth."""

from typing import TYPE_CHECKING, Any

from kit_api.types import Drift

from . import errors, limits
from .auth import ApiKeyAuth, BearerAuth
from .client import AsyncKit, Kit
from .clock import Clock
from .errors import *  # noqa: F403  # those of its `__all__`
from .limits import *  # noqa: F403
from .paging import apaginate, paginate
from .retry import RetryPolicy
from .version import __version__

if TYPE_CHECKING:
    from .oauth.oauth import OAuth
    from .oauth.redis_store import RedisTokenStore
    from .oauth.stores import FileTokenStore, MemoryTokenStore, TokenStore

__all__ = [
    "ApiKeyAuth",
    "AsyncKit",
    "BearerAuth",
    "Clock",
    "Drift",
    "FileTokenStore",
    "Kit",
    "MemoryTokenStore",
    "OAuth",
    "RedisTokenStore",
    "RetryPolicy",
    "TokenStore",
    "__version__",
    "apaginate",
    "paginate",
]
__all__ += errors.__all__
__all__ += limits.__all__

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
