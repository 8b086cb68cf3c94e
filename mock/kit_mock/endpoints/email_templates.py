"""The endpoint of email templates."""

from __future__ import annotations

from typing import Any

from kit_mock.endpoints.handlers import Call, operation
from kit_mock.endpoints.pagination import Listing, page
from kit_mock.model import email_templates
from kit_mock.model.account import Account
from kit_mock.model.email_templates import EmailTemplate
from kit_mock.protocol.messages import Reply


def render(template: EmailTemplate) -> dict[str, Any]:
    """Represent a template."""
    return {**template._asdict(), "is_default": bool(template.is_default)}


def render_by_id(account: Account, id_: int) -> dict[str, Any]:
    """Represent the account's template with that id. Raises Refusal 404."""
    return render(email_templates.by_id(account, id_))


@operation("list_email_templates")
def list_email_templates(call: Call) -> Reply:
    """Answer GET /v4/email_templates, by id descending, as the reference shows them."""
    listing = Listing(columns=email_templates.COLUMNS, source="email_templates", since=None)
    listing.narrow("account_id = ?", call.account.id)
    return Reply(
        200, page(call, listing, "email_templates", lambda rows: [render(EmailTemplate(*row)) for row in rows])
    )
