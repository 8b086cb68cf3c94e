"""The guide to dicts in requests: its code runs against the mock, and the claims beside it hold."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import cast

import pytest

from kit_api.models import NewSubscriber, NewSubscriberDict
from kit_api.types import UNSET
from kit_client import Kit
from kit_mock import KitMock

from .rerouting import reroute

PAGE = (Path(__file__).parents[2] / "docs" / "dicts-in-requests.md").read_text(encoding="utf-8")
(CODE,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_the_code_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    with KitMock(access_token="token") as mock:
        reroute(monkeypatch, sync=mock.transport)
        exec(compile(CODE, "dicts-in-requests.md", "exec"), {"__name__": "__main__"})
        assert {found["email_address"] for found in mock.subscribers.all()} == {"ada@example.com", "grace@example.com"}
        (purchase,) = mock.purchases.all()
        assert [line["name"] for line in purchase["products"]] == ["Book", "Pen"]
        assert purchase["total"] == 11.5


def test_what_is_sent_of_dicts_whose_keys_no_checker_knows() -> None:
    row = json.loads('{"email_address": "ada@example.com", "shoe_size": 38}')
    with KitMock() as mock, Kit(access_token=mock.access_token, transport=mock.transport) as kit:
        kit.subscribers.bulk_create(subscribers=[NewSubscriber.from_dict(row)])
        assert json.loads(mock.requests[-1].request_body) == {"subscribers": [row]}
        with pytest.raises(TypeError, match="unknown shoe_size; a NewSubscriber has"):
            kit.subscribers.bulk_create(subscribers=[cast(NewSubscriberDict, row)])
        kit.subscribers.bulk_create(
            subscribers=[{"email_address": "ada@example.com", "first_name": None, "state": UNSET}]
        )
        assert json.loads(mock.requests[-1].request_body) == {
            "subscribers": [{"email_address": "ada@example.com", "first_name": None}]
        }
        assert len(mock.requests) == 2
