"""The handlers of the API's operations, one module for each tag of the document. Importing the package registers them."""

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
