"""The credentials of a person on this machine: tokens of OAuth or an API key, in one file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import msgspec
from msgspec import Struct

from kit_client import TokenStoreError
from kit_client.settings import checked_base_url, environment

from .status import CommandError

if TYPE_CHECKING:
    # Imported where it is used: `--help` and commands with a key don't need it.
    from kit_client import FileTokenStore, OAuth, TokenStore

DEFAULT_ACCOUNT = "default"
# What the key of a login begins with; tokens have the name of the account as their key, so that programs find them.
_LOGIN = "login:"


def account_name(text: str) -> str:
    """Return the name of an account. Raises ValueError if it can't be one."""
    if not text.strip() or text.startswith(_LOGIN):
        raise ValueError
    return text


class Login(Struct, frozen=True, omit_defaults=True):
    """How somebody signed in. Tokens stand beside it, as `OAuth` keeps them."""

    base_url: str
    client_id: str | None = None
    api_key: str | None = None

    def __repr__(self) -> str:
        return f"Login(base_url={self.base_url!r}, client_id={self.client_id!r})"


_decode = msgspec.json.Decoder(Login).decode


def default_path() -> Path | None:
    """Return the file that credentials are kept in; None for a user without a home folder, as in some containers."""
    folder = os.environ.get("APPDATA" if os.name == "nt" else "XDG_CONFIG_HOME")
    try:
        return (Path(folder) if folder else Path.home() / ".config") / "kit-client" / "credentials.json"
    except RuntimeError:
        return None


class Credentials:
    """The credentials that a command uses: those of a login in the file or, without one, of the environment.

    A login is for the service that it was made at, and serves no other one. If another base URL is asked for, by option or
    KIT_BASE_URL, the credentials of the environment are used; those go to KIT_BASE_URL alone where it is set. An account
    that was named is a login's, and never the environment's.

    Args:
        path: The file of the logins; None if there can't be one.
        account: The name of the account, or None for the default one.
        base_url: The base URL, if it was an option.
    """

    def __init__(self, path: Path | None, account: str | None, base_url: str | None) -> None:
        from kit_client import FileTokenStore

        self._file = None if path is None else FileTokenStore(path)
        self._account, self._base_url = account or DEFAULT_ACCOUNT, base_url
        self._is_named, self._key = account is not None, f"{_LOGIN}{self._account}"

    def app(
        self,
        client_id: str,
        base_url: str | None,
        redirect_uri: str | None = None,
        *,
        store: TokenStore | None = None,
        has_secret: bool = True,
    ) -> OAuth:
        """Return the OAuth of an app.

        Args:
            client_id: Its client id.
            base_url: The base URL, or None for the default one.
            redirect_uri: Where the browser comes back to.
            store: Where the tokens are; None for the file.
            has_secret: Whether the secret of the environment is that of this app.

        Raises:
            CommandError: There can't be a file.
            ConfigurationError: The URL or an argument can't be used.
        """
        from kit_api.api.oauth.authorize import SERVERS
        from kit_client import OAuth
        from kit_client.oauth.requests import REVOKE_URL

        root = checked_base_url(base_url)
        return OAuth(
            client_id=client_id,
            client_secret=environment("KIT_CLIENT_SECRET") if has_secret else None,
            redirect_uri=redirect_uri,
            store=store or self._store,
            account=self._account,
            authorize_url=f"{SERVERS.get(root, root)}/oauth/authorize",
            token_url=f"{root}/oauth/token",
            revoke_url=REVOKE_URL if root in SERVERS else f"{root}/oauth/revoke",
        )

    def replaced(self, client_id: str | None, base_url: str | None) -> OAuth | None:
        """Return the OAuth of the login that another one is about to replace, with a copy of its tokens, to revoke those.

        Args:
            client_id: The app that is about to sign in; None for an API key.
            base_url: The base URL of that login.

        Raises:
            CommandError: There can't be a file for the new login.
            ConfigurationError: One of the two logins has an argument that can't be used.
            TokenStoreError: The login or its tokens can't be read.
        """
        from kit_client import MemoryTokenStore

        store, login = self._store, self._kept()
        if login is None or login.client_id is None or (tokens := store.load(self._account)) is None:
            return None
        copy = MemoryTokenStore()
        copy.save(self._account, tokens)
        # The secret of the environment is that of the app that signs in.
        is_its_secret = client_id is None or (client_id == login.client_id and _are_same(base_url, login.base_url))
        return self.app(login.client_id, login.base_url, store=copy, has_secret=is_its_secret)

    def keep_app(self, client_id: str, base_url: str | None) -> None:
        """Remember that this app is signed in."""
        self._keep(Login(client_id=client_id, base_url=checked_base_url(base_url)))

    def keep_key(self, key: str, base_url: str | None) -> None:
        """Remember an API key in the place of tokens."""
        self._keep(Login(api_key=key, base_url=checked_base_url(base_url)))
        self._store.delete(self._account)

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of `Kit` that say where to and as whom.

        Raises:
            CommandError: There are no credentials for this place.
            ConfigurationError: The base URL can't be used.
            TokenStoreError: The file can't be read.
        """
        login = self._login()
        if login is None:
            return {"base_url": self._base_url}
        if login.api_key is not None:
            return {"api_key": login.api_key, "base_url": login.base_url}
        return {"auth": self.app(login.client_id or "", login.base_url), "base_url": login.base_url}

    def base_url(self) -> str:
        """Return where requests go."""
        login = self._login()
        return checked_base_url(self._base_url if login is None else login.base_url)

    def describe(self) -> str:
        """Say what kind of credentials these are."""
        login = self._login()
        if login is None:
            return f"by {'an API key' if environment('KIT_API_KEY') else 'an access token'} of the environment"
        return f"by an API key at {login.base_url}" if login.client_id is None else f"by OAuth at {login.base_url}"

    def revoke(self) -> None:
        """Revoke the tokens, if that is what is kept."""
        login = self._kept()
        if login is None:
            raise self._nobody()
        if not self._is_for(login):
            raise self._elsewhere(login)
        if login.client_id is not None:
            self.app(login.client_id, login.base_url).revoke()

    def forget(self) -> None:
        """Remove all that is kept."""
        self._store.delete(self._account)
        self._store.delete(self._key)

    @property
    def _store(self) -> FileTokenStore:
        if self._file is None:
            raise CommandError("there is no home folder to keep credentials in: set HOME, or give --store FILE")
        return self._file

    def _keep(self, login: Login) -> None:
        self._store.save(self._key, msgspec.json.encode(login).decode())

    def _login(self) -> Login | None:
        """Return the login to use, or None for the credentials of the environment."""
        login = self._kept()
        if login is not None and self._is_for(login):
            return login
        has_variables = bool(environment("KIT_API_KEY") or environment("KIT_ACCESS_TOKEN"))
        if self._is_named or not has_variables:
            raise self._nobody() if login is None else self._elsewhere(login)
        place = environment("KIT_BASE_URL")
        if place is not None and self._base_url is not None and not _are_same(self._base_url, place):
            raise CommandError(
                "--base-url and KIT_BASE_URL differ: the credentials of the environment are for the latter"
            )
        return None

    def _is_for(self, login: Login) -> bool:
        """Return whether a login is for the service that is asked for."""
        place = self._base_url or environment("KIT_BASE_URL")
        return place is None or _are_same(place, login.base_url)

    def _nobody(self) -> CommandError:
        return CommandError(f"nobody is signed in to account {self._account!r}; `kit-client login` signs in")

    def _elsewhere(self, login: Login) -> CommandError:
        return CommandError(
            f"account {self._account!r} is signed in at {login.base_url}, and its credentials go nowhere else;"
            " `kit-client login --base-url URL --account NAME` signs in at another place"
        )

    def _kept(self) -> Login | None:
        text = None if self._file is None else self._file.load(self._key)
        try:
            return None if text is None else _decode(text)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            raise TokenStoreError(f"{self._file!r} holds no credentials for account {self._account!r}") from None


def _are_same(one: str | None, other: str | None) -> bool:
    """Return whether two base URLs name one place."""
    return httpx.URL(checked_base_url(one)) == httpx.URL(checked_base_url(other))
