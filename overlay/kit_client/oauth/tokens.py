"""What is stored of an account: its tokens, and the authorizations that were begun and not finished."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from kit_client.secret import Secret

T = TypeVar("T")

PENDING_SECONDS = 3600.0
"""How long an authorization may take."""

UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError)
"""What decoders raise."""

EARLY = 300.0
"""Seconds before its expiry at which an access token is refreshed, while it still works."""
EARLY_SHARE = 0.1
"""The same for short-lived tokens, as a share of their lifetime."""
LEEWAY = 10.0
"""Seconds before its expiry at which an access token is no longer used: the request takes time to arrive."""


class Tokens(Struct, frozen=True, kw_only=True, eq=False):
    """A pair of tokens."""

    access_token: Secret
    refresh_token: Secret | None = None
    expires_at: float | None = None
    """By the clock of the machine that got the pair; None if the service didn't say."""
    expires_in: float | None = None
    scope: str | None = None

    def is_expired(self, now: float) -> bool:
        """Tell whether the access token has expired, or is about to."""
        return self.expires_at is not None and now >= self.expires_at - min(LEEWAY, self._share())

    def is_due(self, now: float) -> bool:
        """Tell whether it is time to refresh."""
        return self.expires_at is not None and now >= self.expires_at - min(EARLY, self._share())

    def is_same(self, other: Tokens | None) -> bool:
        """Tell whether another pair has the same access token."""
        return other is not None and self.access_token.reveal() == other.access_token.reveal()

    def is_copy(self, other: Tokens | None) -> bool:
        """Tell whether another pair has the same two tokens. Some services keep one of them at a refresh."""
        return other is not None and _texts(self) == _texts(other)

    def _share(self) -> float:
        return EARLY if self.expires_in is None else self.expires_in * EARLY_SHARE


class Pending(Struct, frozen=True, kw_only=True, eq=False):
    """An authorization that was begun."""

    state_hash: str
    verifier: Secret
    """Of PKCE (RFC 7636)."""
    began_at: float

    @classmethod
    def begin(cls, now: float) -> tuple[Pending, dict[str, str]]:
        """Begin an authorization. Return it, and the parameters that the request for authorization has of it."""
        import secrets

        state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(64)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        pending = cls(state_hash=_hashed(state), verifier=Secret(verifier), began_at=now)
        return pending, {"state": state, "code_challenge": challenge, "code_challenge_method": "S256"}

    def is_recent(self, now: float) -> bool:
        """Tell whether it may still be finished."""
        return abs(now - self.began_at) < PENDING_SECONDS

    def is_of(self, state: str) -> bool:
        """Compare a state, in constant time."""
        return hmac.compare_digest(self.state_hash, _hashed(state))


class Record(Struct, frozen=True, kw_only=True, eq=False, omit_defaults=True):
    """All that a store holds for an account."""

    tokens: Tokens | None = None
    pending: tuple[Pending, ...] = ()
    timed_out_at: float = 0.0
    """When a refresh last timed out, by the clock of the machine that asked."""

    def encode(self) -> str:
        """Return it as JSON."""
        return msgspec.json.encode(self, enc_hook=_reveal).decode()


def _hashed(state: str) -> str:
    return hashlib.sha256(state.encode("utf-8", "replace")).hexdigest()


def _texts(tokens: Tokens) -> list[str]:
    return [each.reveal() for each in (tokens.access_token, tokens.refresh_token) if each is not None]


def decoder(kind: type[T]) -> msgspec.json.Decoder[T]:
    """Return a decoder of JSON that has secrets in it. No message of its errors quotes them.

    Make it when a module is imported: msgspec crashes if two threads make the first of a kind at once.
    """
    # Not strict, as some services send numbers as strings.
    return msgspec.json.Decoder(kind, strict=False, dec_hook=_wrap)


def _reveal(value: Any) -> str:
    if isinstance(value, Secret):
        return value.reveal()
    raise NotImplementedError


def _wrap(_: type[Any], value: Any) -> Secret:
    # It goes into a header or a form.
    if not (isinstance(value, str) and value.isascii() and value.isprintable() and value and " " not in value):
        raise ValueError("expected printable ASCII without spaces")
    return Secret(value)


decode_record = decoder(Record).decode
