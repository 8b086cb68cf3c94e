"""Kit's rules, one module for each resource. Importing this package registers their handlers."""

from __future__ import annotations

from kit_mock.resources import (
    accounts,
    custom_fields,
    email_templates,
    forms,
    oauth,
    segments,
    sequences,
    subscribers,
    tags,
)

__all__ = [
    "accounts",
    "custom_fields",
    "email_templates",
    "forms",
    "oauth",
    "segments",
    "sequences",
    "subscribers",
    "tags",
]
