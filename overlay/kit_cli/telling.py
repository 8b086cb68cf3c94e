"""What people and programs are told of an error of the client."""

from __future__ import annotations

import re
from typing import Any

from kit_client import (
    APIStatusError,
    AuthenticationError,
    KitError,
    OAuthError,
    OAuthRequiredError,
    TokenStoreError,
)

# The advice at the end of some errors.
_FOR_PROGRAMS = re.compile("[;:] (authorize again|open authorization_url).*")


def told(error: KitError, *, is_signing_in: bool = False) -> str:
    """Return an error in words for a person.

    Args:
        error: The error.
        is_signing_in: Whether the command signs in, so that it can't be the advice to sign in.
    """
    signing_in_helps = isinstance(error, AuthenticationError | OAuthError | OAuthRequiredError) and not (
        isinstance(error, TokenStoreError) or is_signing_in
    )
    text = _FOR_PROGRAMS.sub("", str(error)) + ("; `kit-client login` signs in" if signing_in_helps else "")
    return ". ".join([text, *getattr(error, "__notes__", ())])


def details(error: KitError) -> dict[str, Any]:
    """Return what programs may want to know of an error."""
    found: dict[str, Any] = {"type": type(error).__name__}
    if error.cursor is not None:
        found["cursor"] = error.cursor
    if isinstance(error, APIStatusError):
        found |= {
            "operation": error.operation,
            "status_code": error.status_code,
            "errors": list(error.errors),
            "request_id": error.request_id,
        }
    return found
