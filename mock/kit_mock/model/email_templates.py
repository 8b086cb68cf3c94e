"""Email templates. No request creates one: they come with the account, or from seeds and `add`.

Every broadcast needs a template, so that an account has those of the reference unless its seed lists others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from kit_mock.model import rows
from kit_mock.model.account import Account


class EmailTemplate(NamedTuple):
    """A row of `email_templates`."""

    id: int
    name: str
    is_default: bool
    category: str


# With the ids of the reference, since the broadcasts in its examples refer to them.
_STANDARD = (
    EmailTemplate(1, "Card", False, "HTML"),
    EmailTemplate(2, "Classic", False, "HTML"),
    EmailTemplate(4, "Modern", False, "HTML"),
    EmailTemplate(6, "Text Only", True, "HTML"),
    EmailTemplate(7, "Story", False, "Starting point"),
    EmailTemplate(8, "Custom HTML Template", False, "HTML"),
)


def default(account: Account) -> EmailTemplate | None:
    """Return the account's default template, or None."""
    return rows.find(account, "email_templates", EmailTemplate, is_default=True)


def create(account: Account, name: str, columns: Mapping[str, Any]) -> EmailTemplate:
    """Create a template. With `is_default`, the account's present default is one no longer."""
    if columns.get("is_default"):
        account.store.write("UPDATE email_templates SET is_default = 0 WHERE account_id = ?", (account.id,))
    row = {"name": name, "is_default": False, "category": "HTML", **columns}
    return rows.insert(account, "email_templates", EmailTemplate, row)


def create_standard(account: Account) -> list[EmailTemplate]:
    """Create the templates of the reference: with its ids in an empty table, with new ids otherwise."""
    is_taken = account.store.value("SELECT 1 FROM email_templates")
    return [create(account, each.name, {**each._asdict(), "id": None if is_taken else each.id}) for each in _STANDARD]
