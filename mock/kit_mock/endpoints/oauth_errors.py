"""Errors in the shape of OAuth (RFC 6749, section 5.2), which differs from the rest of the API."""

from __future__ import annotations

from kit_mock.protocol.errors import Refusal
from kit_mock.protocol.messages import Reply

# For answers with tokens and codes, and for errors about them.
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class OAuthRefusal(Refusal):
    """A refusal whose answer is `{"error": ..., "error_description": ...}`."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(status, (description,))
        self.error = error

    def reply(self) -> Reply:
        """Return the answer."""
        return Reply(self.status, {"error": self.error, "error_description": self.errors[0]}, NO_STORE)


def invalid_request(description: str) -> OAuthRefusal:
    """Return a 400 for a request with a missing or malformed parameter."""
    return OAuthRefusal("invalid_request", description)


def invalid_grant(description: str) -> OAuthRefusal:
    """Return a 400 for a code or a refresh token that is invalid, or another client's."""
    return OAuthRefusal("invalid_grant", description)


def invalid_client() -> OAuthRefusal:
    """Return a 401 that doesn't reveal whether the id or the secret is wrong."""
    return OAuthRefusal("invalid_client", "The client id or its secret is wrong", 401)


def in_oauth_shape(refusal: Refusal) -> Refusal:
    """Convert the refusal of an unreadable body to a 400 in the shape of OAuth."""
    return invalid_request("; ".join(refusal.errors)) if refusal.status in (400, 413, 415, 422) else refusal
