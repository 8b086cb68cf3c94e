"""The credentials of a person on this machine: tokens of OAuth or an API key, in one file."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
from msgspec import Struct

from kit_api.api.oauth.authorize import SERVERS
from kit_client import ConfigurationError, FileTokenStore, Kit, KitError, OAuth, TokenStoreError
from kit_client.oauth.requests import REVOKE_URL
from kit_client.settings import checked_base_url, environment


class Login(Struct, frozen=True, omit_defaults=True):
    """How somebody signed in. Tokens stand beside it, as `OAuth` keeps them."""

    base_url: str
    client_id: str | None = None
    api_key: str | None = None

    def __repr__(self) -> str:
        return f"Login(base_url={self.base_url!r}, client_id={self.client_id!r})"


_decode = msgspec.json.Decoder(Login).decode


def default_path() -> Path:
    """Return the file that credentials are kept in."""
    folder = os.environ.get("APPDATA" if os.name == "nt" else "XDG_CONFIG_HOME")
    return (Path(folder) if folder else Path.home() / ".config") / "kit-client" / "credentials.json"


class Credentials:
    """What is kept for one account in the file."""

    def __init__(self, path: Path, account: str) -> None:
        self._store, self._account = FileTokenStore(path), account
        self._key = f"login:{account}"

    def app(self, client_id: str, base_url: str | None, redirect_uri: str | None = None) -> OAuth:
        """Return the OAuth of an app.

        Raises:
            ConfigurationError: The URL or an argument can't be used.
        """
        root = checked_base_url(base_url)
        return OAuth(
            client_id=client_id,
            client_secret=environment("KIT_CLIENT_SECRET"),
            redirect_uri=redirect_uri,
            store=self._store,
            account=self._account,
            authorize_url=f"{SERVERS.get(root, root)}/oauth/authorize",
            token_url=f"{root}/oauth/token",
            revoke_url=REVOKE_URL if root in SERVERS else f"{root}/oauth/revoke",
        )

    def keep_app(self, client_id: str, base_url: str | None) -> None:
        """Remember that this app is signed in."""
        self._keep(Login(client_id=client_id, base_url=checked_base_url(base_url)))

    def keep_key(self, key: str, base_url: str | None) -> None:
        """Remember an API key."""
        self._keep(Login(api_key=key, base_url=checked_base_url(base_url)))

    def kit(self) -> Kit:
        """Return a client with the credentials that are kept, or else with those of the environment.

        Raises:
            ConfigurationError: There are none.
        """
        login = self._login()
        if login is None:
            try:
                return Kit()
            except ConfigurationError:
                raise KitError(f"nobody is signed in to account {self._account!r}") from None
        if login.api_key is not None:
            return Kit(api_key=login.api_key, base_url=login.base_url)
        return Kit(auth=self.app(login.client_id or "", login.base_url), base_url=login.base_url)

    def describe(self) -> str:
        """Say what kind of credentials these are."""
        login = self._login()
        if login is None:
            return "by credentials of the environment"
        return f"by an API key at {login.base_url}" if login.client_id is None else f"by OAuth at {login.base_url}"

    def revoke(self) -> None:
        """Revoke the tokens, if that is what is kept."""
        login = self._login()
        if login is None:
            raise KitError(f"nobody is signed in to account {self._account!r}")
        if login.client_id is not None:
            self.app(login.client_id, login.base_url).revoke()

    def forget(self) -> None:
        """Remove all that is kept."""
        self._store.delete(self._account)
        self._store.delete(self._key)

    def _keep(self, login: Login) -> None:
        self._store.save(self._key, msgspec.json.encode(login).decode())

    def _login(self) -> Login | None:
        text = self._store.load(self._key)
        try:
            return None if text is None else _decode(text)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            raise TokenStoreError(f"{self._store!r} holds no credentials for account {self._account!r}") from None
