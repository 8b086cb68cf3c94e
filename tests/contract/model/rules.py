"""Kit's rules that the actions of the model check. What each says, and how it is known, is in ``openapi/rules.json``.

That file is written by `make generate` from the rules of the mock, so that a grade stands in one place. It is read as data:
the suite imports nothing of the mock.
"""

from __future__ import annotations

import enum
import json
from pathlib import Path
from typing import Any, Literal

from tests.contract.document import BehaviourName

Grade = Literal["reference", "seen", "later docs", "client", "chosen"]

PATH = Path(__file__).parents[3] / "openapi" / "rules.json"
_FILE: dict[str, Any] = json.loads(PATH.read_text(encoding="utf-8"))
_RULES: dict[str, dict[str, Any]] = {rule["id"]: rule for rule in _FILE["rules"]}
GRADES: dict[Grade, str] = _FILE["grades"]
"""What each grade means."""


class Rule(enum.Enum):
    """A rule by its id; for one that differs between behaviours, also the behaviour whose side it is.

    Raises KeyError for an id that the file does not have, and ValueError for a side that is missing or too much.
    """

    def __init__(self, id_: str, side: BehaviourName | None = None) -> None:
        row = _RULES[id_]
        behaviours = row.get("behaviours", {})
        is_switched = all(behaviours.get(name) for name in ("current", "reference"))
        if is_switched != (side is not None):
            raise ValueError(f"{id_}: {'name' if is_switched else 'leave out'} the behaviour")
        found = behaviours[side] if side else row
        self.id = id_
        self.says: str = found["rule"]
        self.grade: Grade = found["grade"]
        self.only: BehaviourName | None = side or ("current" if behaviours else None)

    def applies(self, behaviour: BehaviourName) -> bool:
        """Whether a behaviour has the rule."""
        return self.only in (None, behaviour)

    @property
    def text(self) -> str:
        """The rule as a failure names it."""
        return f"{self.says} ({self.grade})"

    # -------------------- All resources
    NEW_ID = "new_id"
    KEPT = "kept"
    LISTED = "listed"
    NEWEST_FIRST = "newest_first"
    NOTHING_ELSE = "nothing_else"
    REFUSED = "refused"
    MISSING = "missing"
    BAD_ADDRESS = "bad_address"

    # -------------------- Pages
    FORWARD = "forward"
    BACK = "back"
    COUNT = "count"
    EMPTY = "empty"

    # -------------------- Filters and sorts
    STATUS = "status"
    CREATED = "created"
    UPDATED = "updated"
    JOINED = "joined"
    BY_ADDRESS = "by_address"
    BY_ADDRESSES = "by_addresses"
    SORT_ORDER = "sort_order"
    SORT_CREATED = "sort_created"
    SORT_UPDATED = "sort_updated"
    SORT_CANCELLED = "sort_cancelled"
    CANCELLED_ALONE = "cancelled_alone"
    BROADCAST_STATUS = "broadcast_status"
    BROADCAST_SENT = "broadcast_sent"
    FORM_STATUS = "form_status"
    FORM_TYPE = "form_type"
    SLIM = "slim"
    INCLUDE_TAGS = "include_tags"
    INCLUDE_CANCELLED = "include_cancelled"
    INCLUDE_COUNT = "include_count"

    # -------------------- Tags and custom fields
    NAME_NEW = "name_new"
    NAME_STRIPPED = "name_stripped"
    NAME_RETURNED = "name_exists", "current"
    NAME_TAKEN = "name_exists", "reference"
    NAME_BLANK = "name_blank"
    NAME_CHANGED = "name_changed"
    NAME_OWN = "name_own"
    NAME_OF_ANOTHER = "name_of_another"
    FIELD_KEY = "field_key"
    FIELD_NAME = "field_name"
    FIELD_DELETED = "field_deleted"

    # -------------------- Subscribers
    PERSON_NEW = "person_new"
    PERSON_KNOWN = "person_known"
    PERSON_STATE = "person_state"
    PERSON_UPDATED = "person_updated"
    PERSON_EMPTY = "partial_update", "current"
    PERSON_ADDRESS_NEEDED = "partial_update", "reference"
    PERSON_ADDRESS_TAKEN = "person_address_taken"
    PERSON_ADDRESS_OWN = "person_address_own"
    PERSON_NAMELESS = "person_nameless"
    UNSUBSCRIBED = "unsubscribed"
    VALUES_BY_KEY = "values_by_key"
    VALUES_UNKNOWN = "values_unknown"
    VALUES_WARNED = "unknown_fields_warn", "current"
    VALUES_MANY = "values_many"
    VALUES_FOLLOW = "values_follow"

    # -------------------- Tags of subscribers, forms, sequences
    JOINED_FIRST = "joined_first"
    JOINED_AGAIN = "joined_again"
    JOINED_DATE = "joined_date"
    JOINED_NOBODY = "joined_nobody"
    JOINED_STATE = "joined_state"
    REFERRER = "referrer"
    UNTAGGED = "untagged"
    UNTAGGED_WITHOUT_THE_TAG = "untagged_without_the_tag"

    # -------------------- Broadcasts
    DRAFT = "draft"
    BROADCAST_FIELDS = "broadcast_fields"
    BROADCAST_UPDATED = "broadcast_updated"
    SCHEDULED = "scheduled"
    PUBLIC = "public"
    UNSENDABLE = "unsendable"
    UNPUBLISHED = "unpublished"
    BROADCAST_DELETED = "broadcast_deleted"
    STATS_OF_A_DRAFT = "stats_of_a_draft"
    SENT = "sent"
    SENT_STAYS = "sent_stays"

    # -------------------- Purchases
    BOUGHT = "bought"
    BUYER = "buyer"
    BOUGHT_MORE = "bought_more"
    SUMS = "sums"
    BAD_PURCHASE = "bad_purchase"

    # -------------------- Bulk operations
    BULK_DONE = "bulk_done"
    BULK_FAILURES = "bulk_failures"
    BULK_KNOWN = "bulk_exists", "current"
    BULK_TAKEN = "bulk_exists", "reference"
    BULK_TWICE = "bulk_twice"
    BULK_NOTHING = "bulk_nothing"
    BULK_JOB = "bulk_job"
    BULK_CALLBACK = "bulk_callback"
    BULK_TAGGED = "bulk_tagged"
    BULK_UNTAGGABLE = "bulk_untaggable"
    BULK_UNTAGGED = "bulk_untagged"
    BULK_DELETED = "bulk_deleted"
    BULK_DELETED_TWICE = "bulk_deleted_twice"
    BULK_VALUES = "bulk_values"
    BULK_VALUES_LAST = "bulk_values_last"
    BULK_ADDED = "bulk_added"

    # -------------------- Webhooks
    HOOK_KEPT = "hook_kept"
    HOOK_REFUSED = "hook_refused"
    HOOK_DELETED = "hook_deleted"
    TOLD_ONCE = "told_once"
    NEVER_TOLD = "never_told"

    # -------------------- OAuth
    CODE = "code"
    CODE_ONCE = "code_once"
    REFRESHED = "refreshed"
    OLD_REFRESH_TAKEN = "refresh_token_reuse", "current"
    OLD_REFRESH_REFUSED = "refresh_token_reuse", "reference"
    REVOKED = "revoked"

    # -------------------- The account
    COLORS = "colors"
    STEADY = "steady"


def lines() -> list[str]:
    """Return the list as lines of text: the rule, its grade, and the behaviour if only one has it."""
    width = max(len(rule.name) for rule in Rule)
    found = [
        f"{rule.name.lower():{width}}  {rule.grade:10}  {rule.only or 'both':9}  {rule.says}"
        for rule in sorted(Rule, key=lambda rule: rule.only or "")
    ]
    counted = {only: sum(rule.only == only for rule in Rule) for only in (None, "current", "reference")}
    return [
        *found,
        "",
        f"{len(found)} rules: {counted[None]} of both behaviours, {counted['current']} of current alone,"
        f" {counted['reference']} of reference alone",
        "How they are known: " + "; ".join(f"{grade}, {meaning}" for grade, meaning in GRADES.items()),
    ]
