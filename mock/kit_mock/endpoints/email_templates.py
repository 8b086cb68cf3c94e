"""The endpoint of email templates."""

from __future__ import annotations

from typing import Any

from kit_mock.endpoints.handlers import Call, operation
from kit_mock.endpoints.pagination import list_of, page
from kit_mock.model import rows
from kit_mock.model.account import Account
from kit_mock.model.email_templates import EmailTemplate
from kit_mock.protocol.messages import Reply


def render(template: EmailTemplate) -> dict[str, Any]:
    """Represent a template."""
    return {**template._asdict(), "is_default": bool(template.is_default)}


def render_by_id(account: Account, id_: int) -> dict[str, Any]:
    """Represent the account's template with that id. Raises Refusal 404."""
    return render(rows.by_id(account, "email_templates", EmailTemplate, id_))


@operation("list_email_templates")
def list_email_templates(call: Call) -> Reply:
    """Answer GET /v4/email_templates, by id descending."""
    listing = list_of(call.account, "email_templates", EmailTemplate)
    listing.since = None
    return page(call, listing, "email_templates", lambda found: [render(each) for each in found])
