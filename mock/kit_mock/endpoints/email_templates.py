"""Email templates. The API has no way to make one: they come with the account, or from seeds.

An account that isn't told otherwise has those of the reference, `Text Only` being the default, since every broadcast
needs one. It has no forms, sequences or segments: those are a creator's own work.
"""

from __future__ import annotations

from kit_mock.endpoints.handlers import Call, operation
from kit_mock.endpoints.pagination import Listing, page
from kit_mock.protocol.messages import Reply
from kit_mock.state.store import Store

# By the ids of the reference, which its broadcasts refer to.
_STANDARD = (
    (1, "Card", False, "HTML"),
    (2, "Classic", False, "HTML"),
    (4, "Modern", False, "HTML"),
    (6, "Text Only", True, "HTML"),
    (7, "Story", False, "Starting point"),
    (8, "Custom HTML Template", False, "HTML"),
)


def give_standard(store: Store, account_id: int) -> None:
    """Give an account the templates of the reference: with its ids, or with new ones if another account has those."""
    taken = store.value("SELECT 1 FROM email_templates")
    for id_, name, is_default, category in _STANDARD:
        store.insert(
            "INSERT INTO email_templates (id, account_id, name, is_default, category) VALUES (?, ?, ?, ?, ?)",
            (None if taken else id_, account_id, name, is_default, category),
        )


@operation("list_email_templates")
def list_email_templates(call: Call) -> Reply:
    """GET /v4/email_templates, by id descending, as the reference shows them."""
    listing = Listing(columns="id, name, is_default, category", source="email_templates", since=None)
    listing.narrow("account_id = ?", call.account.id)
    return Reply(
        200,
        page(
            call,
            listing,
            "email_templates",
            lambda rows: [
                {"id": id_, "name": name, "is_default": bool(is_default), "category": category}
                for id_, name, is_default, category in rows
            ],
        ),
    )
