"""OAuth tokens of a seed."""

from __future__ import annotations

from kit_mock.model import oauth_clients, oauth_grants
from kit_mock.seeds.fields import Item
from kit_mock.seeds.target import Resource, Seeding, TargetAccount


def _add_tokens(seeding: Seeding, account: TargetAccount, item: Item) -> int:
    """Add an access token and its refresh token, with a new grant."""
    client_id = item.required_text("client_id")
    if oauth_clients.find(seeding.store, client_id) is None:
        item.required("client_id").refuse("isn't that of one of the OAuth clients")
    return oauth_grants.save_tokens(
        seeding.account(account),
        client_id,
        access_token=item.required_text("access_token"),
        refresh_token=item.text("refresh_token"),
        expires_at=item.moment("expires_at"),
    )


RESOURCES = {"oauth_tokens": Resource(("client_id", "access_token", "refresh_token", "expires_at"), _add_tokens)}
