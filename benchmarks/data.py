"""The page that everything here decodes, and a transport that always answers with it."""

from __future__ import annotations

import json

import httpx


def page(count: int) -> bytes:
    """A page of subscribers, as the service sends it."""
    subscribers = [
        {
            "id": 1_000_000 + i,
            "first_name": None if i % 3 == 0 else f"Name {i}",
            "email_address": f"person{i}@example.com",
            "state": "active",
            "created_at": "2023-02-17T11:43:55Z",
            "fields": {"last_name": f"Family {i}", "company": None, "source": "import"},
        }
        for i in range(count)
    ]
    cursors = {"start_cursor": "WzFd", "end_cursor": "WzJd", "has_previous_page": False, "has_next_page": False}
    return json.dumps({"subscribers": subscribers, "pagination": {**cursors, "per_page": count}}).encode()


class Canned(httpx.BaseTransport):
    """Answers every request with the same body: what is measured is the client alone."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"Content-Type": "application/json"}, content=self.body)
