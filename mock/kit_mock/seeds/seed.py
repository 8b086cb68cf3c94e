"""Fills a new database from a seed: a file (YAML or JSON) or Python data.

A seed is one account, or a list of `accounts`, beside `oauth_clients`. docs/seeds.md shows all that can be set.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from kit_mock.model import accounts, email_templates, oauth_clients
from kit_mock.model.oauth_clients import hashed
from kit_mock.protocol.errors import KitMockError
from kit_mock.protocol.validation import LARGEST_ID
from kit_mock.seeds import activity, resources, subscribers, tokens, webhooks
from kit_mock.seeds.fields import Item, as_integer, as_json, as_text
from kit_mock.seeds.node import Node
from kit_mock.seeds.source import read
from kit_mock.seeds.target import Seeding, TargetAccount, errors_at, given
from kit_mock.service.authentication import credential_problem
from kit_mock.state.store import Store

Seed = str | os.PathLike[str] | Mapping[str, Any]

RESOURCES = {
    **resources.RESOURCES,
    **subscribers.RESOURCES,
    **activity.RESOURCES,
    **webhooks.RESOURCES,
    **tokens.RESOURCES,
}
"""The lists of an account, ordered so that each refers only to those before it."""

_PROFILE = {"name": False, "byline": False, "bio": False, "image_url": True, "profile_url": True}
_CREDENTIALS = {"api_keys": "api_key", "access_tokens": "access_token"}
_ACCOUNT = (
    *("id", "name", "plan_type", "primary_email_address", "created_at", "timezone", "utc_offset", "colors"),
    *("creator_profile", "can_broadcast", "subscriber_limit", "sending_addresses", "plan"),
    *_CREDENTIALS,
    *RESOURCES,
)
_ADDRESS = ("email_address", "from_name", "status", "is_default", "is_verified", "is_dmarc_configured")
_PLAN = ("interval", "on_trial", "trial_lapse_date", "renews_at", "cancels_at")
_CLIENT = ("client_id", "client_secret", "redirect_uris", "any_loopback", "name")


def apply(store: Store, seed: Seed, now: int) -> None:
    """Fill a database from a seed. `now`, in seconds since 1970, is the default of dates.

    Raises KitMockError, with file, line and reason, for a bad seed, and if there are accounts already.
    """
    root = read(seed if isinstance(seed, Mapping) else Path(seed))
    with store.transaction():
        if store.value("SELECT 1 FROM accounts"):
            raise KitMockError("the database has been filled already, and a seed is for a new one")
        _fill(Seeding(store, now), root)


def credentials(store: Store) -> tuple[dict[str, int], dict[str, int]]:
    """Return the hashes of the API keys and of the access tokens from the seed, each with the id of its account."""
    found: dict[str, dict[str, int]] = {"api_key": {}, "access_token": {}}
    for kind, hash_, account_id in store.rows("SELECT kind, hash, account_id FROM seeded_credentials ORDER BY id"):
        found.setdefault(kind, {})[hash_] = account_id
    return found["api_key"], found["access_token"]


def _fill(seeding: Seeding, root: Node) -> None:
    several = isinstance(root.value, dict) and "accounts" in root.value
    top = Item.of(root, ("accounts", "oauth_clients") if several else ("oauth_clients", *_ACCOUNT))
    nodes = top.items("accounts") if several else [root]
    if not nodes:
        root.refuse("has no accounts")
    for node in top.items("oauth_clients"):
        oauth_clients.register(seeding.store, [_client(seeding, node)])
    items = [Item.of(node, _ACCOUNT) for node in nodes] if several else [top]
    targets = [_account(seeding, item) for item in sorted(items, key=_is_numbered_later)]
    for name, resource in RESOURCES.items():
        pairs = [(target, Item.of(node, resource.names)) for target in targets for node in target.item.items(name)]
        # Those with ids first, so that numbering goes on after the largest.
        for target, item in sorted(pairs, key=lambda pair: _is_numbered_later(pair[1])):
            resource.add(seeding, target, item)
        if name == "email_templates":
            _complete_templates(seeding, targets)


def _client(seeding: Seeding, node: Node) -> oauth_clients.OAuthClient:
    item = Item.of(node, _CLIENT)
    client_id = item.required_text("client_id")
    if oauth_clients.find(seeding.store, client_id) is not None:
        item.required("client_id").refuse("is that of another client")
    try:
        return oauth_clients.OAuthClient(
            client_id,
            item.text("client_secret"),
            tuple(as_text(uri) for uri in item.items("redirect_uris")),
            item.boolean("any_loopback") or False,
            item.text("name") or "",
        )
    except ValueError as error:
        node.refuse(f"isn't a client: {error}")


def _complete_templates(seeding: Seeding, targets: Iterable[TargetAccount]) -> None:
    """Check that each account has one default template, and give the standard ones to an account without templates.

    This comes after all templates with ids, since the standard ones take other ids if theirs are taken.
    """
    for target in targets:
        nodes = [node.value.get("is_default") for node in target.item.items("email_templates")]
        defaults = [node for node in nodes if node is not None and node.value]
        if len(defaults) > 1:
            defaults[1].refuse("is true of another template already")
        if target.item.get("email_templates") is None:
            for template in email_templates.create_standard(seeding.account(target)):
                target.remember("email templates", template.id, template.name, 0)
        if email_templates.default(seeding.account(target)) is None:
            target.item.required("email_templates").refuse("must have one with `is_default: true`")


def _is_numbered_later(item: Item) -> bool:
    return item.get("id") is None


def _account(seeding: Seeding, item: Item) -> TargetAccount:
    limit, addresses, plan = (item.get(name) for name in ("subscriber_limit", "sending_addresses", "plan"))
    columns = given(
        id=item.id(),
        name=item.text("name"),
        plan_type=item.text("plan_type"),
        email_address=item.email_address("primary_email_address"),
        timezone=_timezone(item),
        can_broadcast=item.boolean("can_broadcast"),
        subscriber_limit=None if limit is None else as_integer(limit, 0, LARGEST_ID),
        sending_addresses=None if addresses is None else as_json(_addresses(item)),
        plan=None if plan is None else as_json(_plan(plan)),
    )
    with errors_at(item.node):
        account = accounts.create(seeding.store, seeding.created_at(item), columns)
    if colors := item.items("colors"):
        with errors_at(item.required("colors")):
            accounts.set_colors(account, [node.value for node in colors])
    profile = item.get("creator_profile")
    if profile is None or profile.value is not None:
        accounts.create_profile(account, {} if profile is None else _profile(profile))
    for name, kind in _CREDENTIALS.items():
        for node in item.items(name):
            if problem := credential_problem(text := as_text(node)):
                node.refuse(problem)
            row = {"kind": kind, "hash": hashed(text), "account_id": account.id}
            with errors_at(node):
                seeding.store.insert_row("seeded_credentials", row)
    return TargetAccount(account.id, item)


def _timezone(item: Item) -> str | None:
    named, offset = item.timezone("timezone"), item.utc_offset("utc_offset")
    if named is not None and offset is not None:
        item.required("utc_offset").refuse("follows from the timezone: give one of them")
    return named or offset


def _addresses(item: Item) -> list[dict[str, Any]]:
    return [_address(Item.of(node, _ADDRESS)) for node in item.items("sending_addresses")]


def _address(item: Item) -> dict[str, Any]:
    item.required("email_address")
    flags = {name: item.boolean(name) or False for name in ("is_default", "is_verified", "is_dmarc_configured")}
    return {
        "email_address": item.email_address("email_address"),
        "from_name": item.text_or_null("from_name"),
        "status": item.text("status") or "confirmed",
        **flags,
    }


def _plan(node: Node) -> dict[str, Any]:
    item = Item.of(node, _PLAN)
    texts = {name: item.text_or_null(name) for name in _PLAN if name != "on_trial" and item.get(name) is not None}
    return {**texts, **given(on_trial=item.boolean("on_trial"))}


def _profile(node: Node) -> dict[str, str]:
    item = Item.of(node, _PROFILE)
    return given(**{name: item.uri(name) if is_uri else item.text_or_null(name) for name, is_uri in _PROFILE.items()})
