"""Kit's rules, one module for each resource. Importing this package registers their handlers."""

from __future__ import annotations

from kit_mock.endpoints import (
    accounts,
    broadcasts,
    custom_fields,
    email_templates,
    forms,
    oauth,
    purchases,
    segments,
    sequences,
    subscribers,
    tags,
    webhooks,
)

__all__ = [
    "accounts",
    "broadcasts",
    "custom_fields",
    "email_templates",
    "forms",
    "oauth",
    "purchases",
    "segments",
    "sequences",
    "subscribers",
    "tags",
    "webhooks",
]
