"""An app that is authorized at a mock: what the tests of OAuth share."""

from __future__ import annotations

import time
from typing import Any, Literal

import httpx
import msgspec

from kit_client import MemoryTokenStore, OAuth, TokenStore
from kit_mock import KitMock

CLIENT_ID = "kit_test_confidential"
CLIENT_SECRET = "kit_test_secret"
REDIRECT_URI = "http://127.0.0.1:8765/callback"
TOKEN_PATHS = ("/oauth/token", "/v4/oauth/token")

Death = Literal["clock", "server"]


def make_oauth(mock: KitMock, store: TokenStore | None = None, *, served: bool = False, **changes: Any) -> OAuth:
    """An app with a secret, in the mock's process or, if served, through its socket."""
    arguments: dict[str, Any] = {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "redirect_uri": REDIRECT_URI,
        "store": MemoryTokenStore() if store is None else store,
    }
    if served:
        arguments |= {f"{name}_url": f"{mock.url}/oauth/{name}" for name in ("authorize", "token", "revoke")}
    else:
        arguments["transport"] = mock.transport
    return OAuth(**{**arguments, **changes})


def consent(mock: KitMock, url: str) -> str:
    """What the browser of the account's owner does: the URL that it is led back to."""
    mock.auto_approve = True
    with httpx.Client(transport=mock.transport) as browser:
        return browser.get(url).headers["Location"]


def authorized(mock: KitMock, store: TokenStore | None = None, **changes: Any) -> OAuth:
    """An app that has its tokens."""
    oauth = make_oauth(mock, store, **changes)
    oauth.exchange(consent(mock, oauth.authorization_url()))
    mock.forget_requests()
    return oauth


def tokens_in(store: TokenStore, account: str = "default") -> dict[str, Any]:
    """The tokens that a store holds, in clear."""
    text = store.load(account)
    assert text is not None
    found: dict[str, Any] = msgspec.json.decode(text)["tokens"]
    return found


def change_tokens(store: TokenStore, **changes: Any) -> None:
    record = msgspec.json.decode(store.load("default") or "{}")
    record["tokens"] |= changes
    store.save("default", msgspec.json.encode(record).decode())


def kill_tokens(mock: KitMock, store: TokenStore, death: Death) -> None:
    """Let the access token expire: as everybody can tell by the clock, or so that only the server knows."""
    mock.advance(days=3)
    if death == "clock":
        change_tokens(store, expires_at=time.time() - 1)


def refreshes(mock: KitMock) -> list[int]:
    """The statuses of the token requests so far."""
    return [request.status or 0 for request in mock.requests if request.path in TOKEN_PATHS]
