"""OAuth clients: the apps that may ask for access to an account."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlsplit

import attrs
import msgspec

from kit_mock.state.store import Store

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!#-;=?-\[\]_a-z~%]+", re.ASCII)
_NO_TARGETS = frozenset({"about", "blob", "data", "file", "javascript", "vbscript", "view-source"})
# Matches the whole authority: `urlsplit().hostname` ignores text around brackets.
_LOOPBACK = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?", re.ASCII | re.IGNORECASE)


@lru_cache(maxsize=64)  # Each request has a secret, mostly the one before.
def hashed(secret: str) -> str:
    """Return the hash of a secret, which is what is stored. It has no salt, so that tokens can be looked up by it."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def is_redirect_uri(text: str) -> bool:
    """Return whether a text is an absolute ASCII URI without a fragment, of a scheme that no browser runs as script."""
    if not _URI.fullmatch(text) or "#" in text:
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False  # A bracket without its other half.
    if parts.scheme in ("http", "https") and not parts.hostname:
        return False
    return parts.scheme not in _NO_TARGETS


@attrs.frozen
class OAuthClient:
    """An app that may ask for access by OAuth, as Kit's developer settings register it.

    Args:
        client_id: the app's client id.
        client_secret: the app's client secret. Without one the app is a public client, which must use PKCE.
        redirect_uris: the redirect URIs of the app. A request must name one of them, character by character.
        any_loopback: whether any `http` URI of 127.0.0.1, [::1] or localhost is also accepted, with any port and path,
            for programs on the user's machine (RFC 8252).
        name: the app's name on the consent page; the client id, if empty.

    Raises ValueError for an empty id or secret, for a redirect URI that isn't absolute, has a fragment or a scheme that
    a browser would execute, and if there is neither a redirect URI nor `any_loopback`.
    """

    client_id: str
    client_secret: str | None = attrs.field(default=None, repr=False)
    redirect_uris: tuple[str, ...] = ()
    any_loopback: bool = False
    name: str = ""

    def __attrs_post_init__(self) -> None:
        if not self.client_id or self.client_secret == "":
            raise ValueError("client_id and client_secret must not be empty; a public client has None as its secret")
        if not self.redirect_uris and not self.any_loopback:
            raise ValueError(f"the OAuth client {self.client_id} has no redirect_uris")
        for uri in self.redirect_uris:
            if not is_redirect_uri(uri):
                raise ValueError(f"{uri!r} can't be a redirect URI: it must be absolute and without a fragment")


PUBLIC_CLIENT = OAuthClient(
    "kit_test_client",
    redirect_uris=("https://app.example.com/oauth/callback",),
    any_loopback=True,
    name="Test app",
)
CONFIDENTIAL_CLIENT = OAuthClient(
    "kit_test_confidential",
    "kit_test_secret",
    redirect_uris=("https://app.example.com/oauth/callback",),
    any_loopback=True,
    name="Test app with a secret",
)
DEFAULT_CLIENTS = (PUBLIC_CLIENT, CONFIDENTIAL_CLIENT)


@attrs.frozen
class RegisteredClient:
    """A stored client, with the hash of its secret."""

    id: str
    name: str
    redirect_uris: tuple[str, ...]
    any_loopback: bool
    secret_hash: str | None = attrs.field(repr=False)

    def authenticates(self, secret: str | None) -> bool:
        """Return whether this is the client's secret (None for a public client). Comparing hashes leaks nothing by its time."""
        return self.secret_hash == (hashed(secret) if secret else None)

    def takes(self, redirect_uri: str) -> bool:
        """Return whether a code may be sent to a URI."""
        if redirect_uri in self.redirect_uris:
            return True
        return self.any_loopback and is_redirect_uri(redirect_uri) and _is_loopback(redirect_uri)


def register(store: Store, clients: Iterable[OAuthClient]) -> None:
    """Store clients, in the caller's transaction. A client replaces the one with its id, whose tokens stay valid."""
    for client in map(_stored, clients):
        store.write(
            "INSERT INTO oauth_clients (id, name, secret_hash, redirect_uris, any_loopback) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET name = excluded.name, secret_hash = excluded.secret_hash,"
            " redirect_uris = excluded.redirect_uris, any_loopback = excluded.any_loopback",
            (
                client.id,
                client.name,
                client.secret_hash,
                msgspec.json.encode(client.redirect_uris).decode(),
                client.any_loopback,
            ),
        )


def is_registered(store: Store, client: OAuthClient) -> bool:
    """Return whether a client is stored with the same name, secret and redirect URIs."""
    return find(store, client.client_id) == _stored(client)


def find(store: Store, client_id: str) -> RegisteredClient | None:
    """Return the client with that id, or None."""
    sql = "SELECT id, name, redirect_uris, any_loopback, secret_hash FROM oauth_clients WHERE id = ?"
    row = store.row(sql, (client_id,))
    if row is None:
        return None
    id_, name, redirect_uris, any_loopback, secret_hash = row
    decoded = msgspec.json.decode(redirect_uris, type=tuple[str, ...])
    return RegisteredClient(id_, name, decoded, bool(any_loopback), secret_hash)


def _stored(client: OAuthClient) -> RegisteredClient:
    id_, secret = client.client_id, client.client_secret
    secret_hash = None if secret is None else hashed(secret)
    return RegisteredClient(id_, client.name or id_, tuple(client.redirect_uris), client.any_loopback, secret_hash)


def _is_loopback(uri: str) -> bool:
    parts = urlsplit(uri)
    return parts.scheme == "http" and _LOOPBACK.fullmatch(parts.netloc) is not None
