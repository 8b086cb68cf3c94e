"""Recipes: requests that a mock answers with a certain status."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import attrs
import httpx
import msgspec

from kit_mock.mock import KitMock
from kit_mock.protocol.messages import JSON
from kit_mock.state.clock import Clock

_START = datetime(2023, 2, 17, 11, 43, 55, tzinfo=UTC)
_SHOWN = 200  # characters of a body

SEED: dict[str, Any] = {
    "custom_fields": [{"id": 1, "label": "City"}, {"id": 2, "label": "Points", "locked": True}],
    "tags": [{"id": 1, "name": "Newsletter"}, {"id": 2, "name": "Customer"}],
    "forms": [{"id": 1, "name": "Sign up"}],
    "sequences": [{"id": 1, "name": "Welcome"}],
    "segments": [{"id": 1, "name": "Readers"}],
    "subscribers": [
        {"id": 1, "email_address": "ada@example.com", "tags": [1], "forms": [1], "sequences": [1], "segments": [1]},
        {"id": 2, "email_address": "bob@example.com"},
    ],
    "broadcasts": [
        {"id": 1, "subject": "A draft"},
        {"id": 2, "subject": "News", "content": "<p>None</p>", "send_at": "2023-02-01T08:00:00Z"},
    ],
    "purchases": [
        {
            "id": 1,
            "transaction_id": "T-1",
            "email_address": "ada@example.com",
            "currency": "USD",
            "products": [{"name": "A book", "pid": "P-1", "lid": "L-1", "quantity": 1, "unit_price": 12.5}],
        }
    ],
}
"""The account that recipes are for, unless they have a seed of their own."""


@attrs.frozen
class Recipe:
    """A request, and what must be so for a certain status.

    Args:
        line: method, path and query.
        body: the JSON to send; a text is sent unchanged.
        media_type: the `Content-Type` of the body.
        form: the form to send instead. `{code}` stands for the code in the redirect of a request before.
        options: arguments of `KitMock`.
        before: requests to send first.
        anonymous: whether to send no credential.
        fault: a status to inject.
        note: what is particular about the account.
    """

    line: str
    body: Any = None
    media_type: str = attrs.field(default=JSON, kw_only=True)
    form: Mapping[str, str] | None = attrs.field(default=None, kw_only=True)
    options: Mapping[str, Any] = attrs.field(factory=dict, kw_only=True)
    before: tuple[Recipe, ...] = attrs.field(default=(), kw_only=True)
    anonymous: bool = attrs.field(default=False, kw_only=True)
    fault: int | None = attrs.field(default=None, kw_only=True)
    note: str = attrs.field(default="", kw_only=True)

    def answer(self, operation_id: str, document: str | os.PathLike[str] | None = None) -> httpx.Response | None:
        """Send the request to a mock of its own. Return the response, or None if another operation answered."""
        options = {"seed": SEED, "clock": Clock(_START), "document": document, **self.options}
        with KitMock(**options) as mock, httpx.Client(transport=mock.transport, base_url="https://kit.test") as http:
            codes = [_code(each._send(http, mock, "")) for each in self.before]
            if self.fault is not None:
                mock.fail_next(operation_id, status=self.fault)
            response = self._send(http, mock, next(filter(None, codes), ""))
            return response if mock.requests[-1].operation_id == operation_id else None

    def _send(self, http: httpx.Client, mock: KitMock, code: str) -> httpx.Response:
        method, _, path = self.line.partition(" ")
        headers = {} if self.anonymous else {"Authorization": f"Bearer {mock.access_token}"}
        if self.form is not None:
            form = {name: value.replace("{code}", code) for name, value in self.form.items()}
            return http.request(method, path, headers=headers, data=form)
        if self.body is not None:
            headers["Content-Type"] = self.media_type
        return http.request(method, path, headers=headers, content=self._content())

    def _content(self) -> bytes | None:
        if self.body is None:
            return None
        return self.body.encode() if isinstance(self.body, str) else msgspec.json.encode(self.body)

    def text(self, operation_id: str) -> str:
        """Return the recipe in a line, for a person."""
        parts = [f"{each._request()}, then" for each in self.before]
        if self.fault is not None:
            parts.append(f'mock.fail_next("{operation_id}", status={self.fault}), then')
        parts.append(self._request())
        if self.anonymous and not self.line.partition(" ")[2].startswith("/oauth/"):
            parts.append("without a credential")
        if self.options:
            parts.append(f"to KitMock({', '.join(f'{name}={value!r}' for name, value in self.options.items())})")
        if self.note:
            parts.append(f"({self.note})")
        return " ".join(parts)

    def _request(self) -> str:
        if self.form is not None:
            sent = "&".join(f"{name}={value}" for name, value in self.form.items())
        else:
            sent = (self._content() or b"").decode()
        shown = f"{self.line} {sent if len(sent) <= _SHOWN else f'{sent[:_SHOWN]}…'}".rstrip()
        return shown if self.media_type == JSON else f"{shown} as {self.media_type}"


def _code(response: httpx.Response) -> str | None:
    """Return the code in a redirect of OAuth, or None."""
    found = parse_qs(urlsplit(response.headers.get("Location", "")).query).get("code")
    return found[0] if found else None
