"""Forms and landing pages. No request creates one: they come from seeds and `add`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from kit_mock.model import rows
from kit_mock.model.account import Account

STATUSES = ("active", "archived", "trashed")
TYPES = ("embed", "hosted")


class Form(NamedTuple):
    """A row of `forms`."""

    id: int
    name: str
    created_at: int
    type: str
    format: str | None
    embed_js: str
    embed_url: str
    status: str
    uid: str


def create(account: Account, name: str, columns: Mapping[str, Any]) -> Form:
    """Create a form: active, to embed, with `uid` and URLs made from its id, unless `columns` say otherwise."""
    row = {
        "account_id": account.id,
        "name": name,
        "created_at": account.now,
        "type": "embed",
        "status": "active",
        "uid": "",
        "embed_url": "",
        "embed_js": "",
        **columns,
    }
    id_ = account.store.insert_row("forms", row)
    # Made from the id, so that they are the same in every run.
    uid = row["uid"] or hashlib.sha256(f"form {id_}".encode()).hexdigest()[:10]
    embed_url = row["embed_url"] or f"https://forms.example.com/{uid}"
    embed_js = row["embed_js"] or f"{embed_url}/index.js"
    account.store.update_row("forms", id_, {"uid": uid, "embed_url": embed_url, "embed_js": embed_js})
    return rows.by_id(account, "forms", Form, id_)
