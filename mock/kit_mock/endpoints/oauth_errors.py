"""Errors in OAuth's own shape (RFC 6749, section 5.2), which the rest of the API doesn't have."""

from __future__ import annotations

from kit_mock.protocol.errors import Refusal
from kit_mock.protocol.messages import Reply

# What must not be kept anywhere: tokens, codes, and why there were none.
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class OAuthRefusal(Refusal):
    """Ends a request with `{"error": ..., "error_description": ...}` and undoes what it has done so far."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(status, (description,))
        self.error = error

    def reply(self) -> Reply:
        """Return what is answered."""
        return Reply(self.status, {"error": self.error, "error_description": self.errors[0]}, NO_STORE)


def invalid_request(description: str) -> OAuthRefusal:
    """Return a 400 for a request that lacks something or is malformed."""
    return OAuthRefusal("invalid_request", description)


def invalid_grant(description: str) -> OAuthRefusal:
    """Return a 400 for a code or a refresh token that isn't good, or not for this."""
    return OAuthRefusal("invalid_grant", description)


def invalid_client() -> OAuthRefusal:
    """Return a 401. It doesn't say whether the id or the secret is wrong."""
    return OAuthRefusal("invalid_client", "The client id or its secret is wrong", 401)


def in_oauth_shape(refusal: Refusal) -> Refusal:
    """Convert a refusal of a body, from before anyone looked at its fields, to a 400 of OAuth's shape."""
    return invalid_request("; ".join(refusal.errors)) if refusal.status in (400, 413, 415, 422) else refusal
