"""Accounts: name, plan, time zone, colors and creator profile."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from kit_mock.model import email_templates, rows, timezones
from kit_mock.model.account import Account
from kit_mock.protocol.errors import MOST_ERRORS, not_found, unprocessable
from kit_mock.protocol.validation_messages import at_most
from kit_mock.state.store import Store

_MAXIMUM_COLORS = 5
_HEX = re.compile(r"#([0-9a-f]{3}|[0-9a-f]{6})", re.ASCII | re.IGNORECASE)


class Details(NamedTuple):
    """A row of `accounts`."""

    name: str
    plan_type: str
    email_address: str
    created_at: int
    timezone: str
    colors: str
    """JSON."""
    can_broadcast: bool
    subscriber_limit: int | None
    """None for no limit."""
    sending_addresses: str | None
    """JSON; None for the account's own address alone."""
    plan: str
    """JSON: the fields of the plan that differ from the usual ones."""


class Profile(NamedTuple):
    """A row of `creator_profiles`."""

    name: str
    byline: str
    bio: str
    image_url: str
    profile_url: str


def details(account: Account) -> Details:
    """Return the account's row. Raises Refusal 404 if there is no such account."""
    found = rows.first(account.store, "accounts", Details, "id = ?", account.id)
    if found is None:
        raise not_found()
    return found


def profile(account: Account) -> Profile | None:
    """Return the account's creator profile, or None."""
    return rows.find(account, "creator_profiles", Profile)


def first_id(store: Store) -> int:
    """Return the id of the first account. A database in use always has one."""
    return int(store.value("SELECT min(id) FROM accounts"))


def names(store: Store) -> dict[int, str]:
    """Return the names of all accounts by id."""
    return dict(store.rows("SELECT id, name FROM accounts ORDER BY id"))


def ensure_account(store: Store, now: int) -> int:
    """Return the id of the first account. In an empty database, create one with a profile and templates first."""
    with store.transaction():
        if store.value("SELECT 1 FROM accounts") is None:
            account = create(store, now)
            create_profile(account)
            email_templates.create_standard(account)
        return first_id(store)


def create(store: Store, now: int, columns: Mapping[str, Any] | None = None) -> Account:
    """Create an account without a profile and templates. `columns`, such as an `id`, are stored unchanged."""
    row = {
        "name": "Mock Letters",
        "plan_type": "creator",
        "email_address": "creator@example.com",
        "created_at": now,
        "timezone": timezones.DEFAULT,
        "colors": "[]",
        **(columns or {}),
    }
    return Account.of(store, store.insert_row("accounts", row), now)


def create_profile(account: Account, columns: Mapping[str, Any] | None = None) -> None:
    """Create the creator profile of an account. `columns` are stored unchanged."""
    row = {
        "account_id": account.id,
        "name": details(account).name,
        "byline": "A creator",
        "bio": "Letters that nobody gets",
        "image_url": "https://mock-letters.example.com/image.jpg",
        "profile_url": "https://mock-letters.example.com/profile",
        **(columns or {}),
    }
    account.store.insert_row("creator_profiles", row)


def set_colors(account: Account, colors: Sequence[Any]) -> None:
    """Replace the colors. Raises Refusal 422 unless they are hex codes of 3 or 6 digits, and at most 5."""
    errors = [f"Colors {at_most(_MAXIMUM_COLORS)}"] if len(colors) > _MAXIMUM_COLORS else []
    errors += [
        f"Colors {number} must be a string"
        if not isinstance(color, str)
        else f"Colors {color} is not a valid hex color code."
        for number, color in enumerate(colors[:MOST_ERRORS])
        if not isinstance(color, str) or not _HEX.fullmatch(color)
    ]
    if errors:
        raise unprocessable(*errors)
    account.store.update_row("accounts", account.id, {"colors": msgspec.json.encode(colors).decode()})
