"""A service of bulk requests that answers in any order, fails some rows, and has faults, for tests of imports.

It keeps what it was asked, and what it has. What an answer leaves open is drawn, so that the same test runs the same way.
"""

from __future__ import annotations

import json
import random
import re
import threading
from collections import Counter
from typing import Any

import httpx

from kit_client import AsyncKit, Kit, RetryPolicy

from .service import ACCOUNT, FakeClock

NO_RETRIES = RetryPolicy(max_retries=0)
PAGE = {"start_cursor": None, "end_cursor": None, "has_previous_page": False, "has_next_page": False, "per_page": 500}
WHEN = "2024-02-29T12:30:00Z"
Body = dict[str, Any]
UTM = dict.fromkeys(("source", "medium", "campaign", "term", "content"))
MEMBERSHIP: dict[str, Body] = {
    "tagging": {"tagged_at": WHEN},
    "subscription": {"added_at": WHEN, "referrer": None, "referrer_utm_parameters": UTM},
}


class BulkService:
    """Answers bulk requests.

    Args:
        seed: Of the orders and the faults.
        faults: How often a request has one, from 0 to 1: an error before or after the effect, or an answer that leaves
            out what became of items.
        named_failures: Whether failures name the address.
    """

    def __init__(self, seed: int = 0, *, faults: float = 0.0, named_failures: bool = False) -> None:
        self._random = random.Random(seed)
        self._faults, self._named_failures = faults, named_failures
        self.lock = threading.RLock()
        self._hit: Counter[str] = Counter()
        self.clock = FakeClock()
        self.people: dict[str, Body] = {}
        self._by_id: dict[int, Body] = {}
        self.values: dict[tuple[int, int], str] = {}
        self.tagged: set[tuple[int, int]] = set()
        self.added: set[tuple[int, int]] = set()
        self.tags: dict[int, str] = {}
        self.fields: dict[int, str] = {}
        self.requests: Counter[str] = Counter()
        self.sizes: list[int] = []
        self.sent: Counter[str] = Counter()
        """How often each address was sent."""

    def kit(self, **arguments: Any) -> Kit:
        return Kit(transport=httpx.MockTransport(self), **self._arguments(arguments))

    def async_kit(self, **arguments: Any) -> AsyncKit:
        return AsyncKit(transport=httpx.MockTransport(self), **self._arguments(arguments))

    def _arguments(self, arguments: Body) -> Body:
        if "api_key" not in arguments:
            arguments["access_token"] = "test-token"
        return {"clock": self.clock, "retry": NO_RETRIES, "rate_limiter": None, **arguments}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        with self.lock:
            key = f"{request.method} {request.url.path}"
            self.requests[key] += 1
            body: Body = json.loads(request.content) if request.content else {}
            kind = self._fault(body)
            if kind == "before":
                return httpx.Response(503)
            answer = self._answer(key, body)
            if kind == "after":
                raise httpx.ReadError("cut")
            if kind == "cut":
                return httpx.Response(200, content=b'{"subscribers": [')
            if kind == "silent":
                for found in answer.values():
                    del found[self._random.randrange(len(found) + 1) :]
            return httpx.Response(200, json=answer)

    def _fault(self, body: Body) -> str:
        """Draw a fault of a bulk request. None of its items gets more than two."""
        items = [json.dumps(item) for found in body.values() if isinstance(found, list) for item in found]
        if self._random.random() >= self._faults or any(self._hit[item] > 1 for item in items) or not items:
            return ""
        self._hit.update(items)
        return self._random.choice(["before", "after", "cut", "silent"])

    def _answer(self, key: str, body: Body) -> Body:
        simple = re.sub(r"\d+", "N", key.replace("/v4/", "/"))
        method = getattr(self, "_" + re.sub(r"\W+", "_", simple.lower()))
        ids = [int(part) for part in re.findall(r"/(\d+)", key)]
        answer: Body = method(body, *ids)
        for found in answer.values():
            if isinstance(found, list):
                self._random.shuffle(found)
        return answer

    def _save(self, item: Body) -> Body | None:
        address = item["email_address"].strip()
        self.sent[address.lower()] += 1
        if address.lower().startswith("bad"):
            return None
        new = {"id": len(self.people) + 1, "first_name": None, "email_address": address, "created_at": WHEN}
        found = self.people.setdefault(address.lower(), {**new, "state": item.get("state", "active")})
        self._by_id[found["id"]] = found
        found.update({"first_name": item["first_name"]} if "first_name" in item else {})
        return found

    def _post_bulk_subscribers(self, body: Body) -> Body:
        answer: Body = {"subscribers": [], "failures": []}
        self.sizes.append(len(body["subscribers"]))
        for item in body["subscribers"]:
            saved = self._save(item)
            if saved is not None:
                answer["subscribers"].append(saved)
                continue
            name = item["email_address"] if self._named_failures else None
            failed = {
                "first_name": item.get("first_name"),
                "email_address": name,
                "state": "active",
                "created_at": None,
            }
            reason = item["email_address"].partition("@")[0]
            answer["failures"].append({"subscriber": failed, "errors": [f"it is {re.sub(r'[^a-z]', '', reason)}"]})
        return answer

    def _post_bulk_tags_subscribers(self, body: Body) -> Body:
        return self._members(body["taggings"], "tag_id", self.tagged, "tagging")

    def _post_bulk_forms_subscribers(self, body: Body) -> Body:
        return self._members(body["additions"], "form_id", self.added, "subscription")

    def _members(self, items: list[Body], name: str, members: set[tuple[int, int]], failed: str) -> Body:
        self.sizes.append(len(items))
        answer: Body = {"subscribers": [], "failures": []}
        for item in items:
            if item[name] >= 900:
                answer["failures"].append({failed: {**item, name: None}, "errors": ["It does not exist"]})
                continue
            members.add((item["subscriber_id"], item[name]))
            found = self._by_id[item["subscriber_id"]]
            shown = {name: found[name] for name in ("id", "first_name", "email_address", "created_at")}
            answer["subscribers"].append({**shown, **MEMBERSHIP[failed]})
        return answer

    def _post_bulk_custom_fields_subscribers(self, body: Body) -> Body:
        self.sizes.append(len(body["custom_field_values"]))
        for item in body["custom_field_values"]:
            self.values[item["subscriber_id"], item["subscriber_custom_field_id"]] = item["value"]
        return {"custom_field_values": list(body["custom_field_values"]), "failures": []}

    def _get_account(self, _: Body) -> Body:
        return ACCOUNT

    def _get_tags(self, _: Body) -> Body:
        tags = [{"id": id_, "name": name, "created_at": WHEN} for id_, name in self.tags.items()]
        return {"tags": tags, "pagination": PAGE}

    def _get_custom_fields(self, _: Body) -> Body:
        return {"custom_fields": [self._field(id_) for id_ in self.fields], "pagination": PAGE}

    def _post_tags(self, body: Body) -> Body:
        self.tags[id_ := len(self.tags) + 1] = body["name"]
        return {"tag": {"id": id_, "name": body["name"], "created_at": WHEN}}

    def _post_custom_fields(self, body: Body) -> Body:
        self.fields[id_ := len(self.fields) + 1] = body["label"]
        return {"custom_field": self._field(id_)}

    def _field(self, id_: int) -> Body:
        label = self.fields[id_]
        key = re.sub(r"\W", "_", label.lower())
        return {"id": id_, "key": key, "label": label, "name": f"ck_field_{id_}_{key}"}

    def _post_subscribers(self, body: Body) -> Body:
        saved = self._save(body)
        assert saved is not None
        for key, value in body.get("fields", {}).items():
            self.values[saved["id"], next(id_ for id_ in self.fields if self._field(id_)["key"] == key)] = value
        return {"subscriber": {**saved, "fields": {}}}

    def _post_tags_n_subscribers_n(self, _: Body, tag: int, id_: int) -> Body:
        items = [{"tag_id": tag, "subscriber_id": id_}]
        answer = self._members(items, "tag_id", self.tagged, "tagging")
        return {"subscriber": {**answer["subscribers"][0], "state": "active", "fields": {}}}
