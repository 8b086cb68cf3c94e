"""The state that a mock has at its start, and again when it is reset."""

from __future__ import annotations

from pathlib import Path

import attrs

from kit_mock.fill import readable
from kit_mock.model import accounts, oauth_clients
from kit_mock.model.oauth_clients import OAuthClient, hashed
from kit_mock.protocol.document import Document
from kit_mock.protocol.errors import UnwritableError
from kit_mock.seeds import seed
from kit_mock.seeds.target import given
from kit_mock.state.settings import Settings
from kit_mock.state.store import Store


def fixed_credentials(store: Store, api_key: str, access_token: str) -> tuple[dict[str, int], dict[str, int]]:
    """The hashes of all API keys and access tokens that don't expire, by the account that each opens: the given ones first."""
    account_id = accounts.first_id(store)
    api_keys, access_tokens = seed.credentials(store)
    return {hashed(api_key): account_id, **api_keys}, {hashed(access_token): account_id, **access_tokens}


@attrs.frozen
class InitialState:
    """The arguments of a mock that determine its initial state."""

    seed: seed.Seed | None = attrs.field(repr=False)
    oauth_clients: tuple[OAuthClient, ...]
    can_broadcast: bool | None
    subscriber_limit: int | None

    def opened(self, path: Path | None, settings: Settings, document: Document, now: int) -> Store:
        """Open the database of a file, or one in memory, and add what it lacks.

        Raises KitMockError for an unusable seed, and for a file that can't be used or that clients couldn't read.
        """
        store = Store(path, settings)
        try:
            was_there = not store.is_new
            self.apply(store, now)
            if was_there:
                readable.check(store, document, now, str(path))
        except BaseException as error:
            store.close()
            if isinstance(error, UnwritableError):
                raise UnwritableError(f"cannot use the database {path or 'in memory'}: {error}") from None
            raise
        return store

    def apply(self, store: Store, now: int) -> None:
        """Add to a database, new or not, what it lacks. Raises KitMockError for an unusable seed."""
        self.register_clients(store)
        if self.seed is not None:
            seed.apply(store, self.seed, now)
        columns = given(can_broadcast=self.can_broadcast, subscriber_limit=self.subscriber_limit)
        store.update_row("accounts", accounts.ensure_account(store, now), columns)

    def register_clients(self, store: Store) -> None:
        """Add the OAuth clients to those that a database has. Nothing is written if they are there."""
        new = [each for each in self.oauth_clients if not oauth_clients.is_registered(store, each)]
        if new:
            with store.transaction():
                oauth_clients.register(store, new)

    def image(self, now: int) -> bytes:
        """Return the image of a new database in this state."""
        store = Store()
        try:
            self.apply(store, now)
            return store.image()
        finally:
            store.close()
