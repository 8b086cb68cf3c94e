"""Rate limiters, for one process or for several processes and machines."""

from .limiter import RateLimiter
from .redis import RedisRateLimiter
from .slots import LimiterState
from .sqlite import SQLiteRateLimiter

__all__ = ["LimiterState", "RateLimiter", "RedisRateLimiter", "SQLiteRateLimiter"]
