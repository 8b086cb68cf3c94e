"""Kit's rules, each with the source that it is known from. The actions of the model check them."""

from __future__ import annotations

import enum
from typing import Literal

from tests.contract.document import BehaviourName

Grade = Literal["reference", "seen", "later docs", "client", "chosen"]
GRADES: dict[Grade, str] = {
    "reference": "Kit's reference of 2024",
    "seen": "recorded answers of the live service",
    "later docs": "Kit's newer documentation",
    "client": "a client in production relies on it",
    "chosen": "nobody has shown what the service does",
}


class Rule(enum.Enum):
    """A rule: what the service does, how that is known, and which behaviour alone has it (None: both)."""

    def __init__(self, says: str, grade: Grade, only: BehaviourName | None = None) -> None:
        self.says = says
        self.grade = grade
        self.only = only

    def applies(self, behaviour: BehaviourName) -> bool:
        """Whether a behaviour has the rule."""
        return self.only in (None, behaviour)

    @property
    def text(self) -> str:
        """The rule as a failure names it."""
        return f"{self.says} ({self.grade})"

    # -------------------- All resources
    NEW_ID = "A new thing has an id that nothing of its kind had before.", "reference"
    KEPT = "What is read by id is what the answer to the write showed.", "reference"
    LISTED = "A list has everything that was made and not deleted, once, with the same values.", "reference"
    NEWEST_FIRST = "A list is in the order of ids, the largest first.", "seen"
    NOTHING_ELSE = "A write changes what it names, and nothing else.", "reference"
    REFUSED = "A request that is refused changes nothing.", "reference"
    MISSING = "An id that nothing has, or that was deleted, is a 404.", "reference"
    BAD_ADDRESS = "An email address that is none is a 422, in bulk a failure.", "reference"

    # -------------------- Pages
    FORWARD = "Pages, one after the other, are the whole list, and the flags say where it begins and ends.", "seen"
    BACK = "Pages before a cursor are the list up to there, in the list's order, the nearest items first.", "seen"
    COUNT = "`total_count` is there if it was asked for, and is the length of the whole list.", "reference"
    EMPTY = "A list without items has null as both cursors.", "seen"

    # -------------------- Filters and sorts
    STATUS = "`status` leaves the subscribers in that state; without it, lists have the active ones.", "reference"
    CREATED = "`created_after` and `created_before` leave what is later, or earlier, than that day or moment.", "client"
    UPDATED = "`updated_after` and `updated_before` compare when a subscriber was last changed.", "reference"
    JOINED = "`tagged_…` and `added_…` compare when a subscriber was tagged or added.", "reference"
    BY_ADDRESS = "`email_address` leaves the subscriber with that address, in any case.", "reference"
    BY_ADDRESSES = "Addresses separated by commas leave all of their subscribers.", "later docs", "current"
    SORT_ORDER = "`sort_order` turns the order; without a field it is that of ids.", "reference"
    SORT_CREATED = "`sort_field=created_at` sorts by when a subscriber was created.", "later docs", "current"
    SORT_UPDATED = "`sort_field=updated_at` sorts by when a subscriber was last changed.", "reference"
    SORT_CANCELLED = "`sort_field=cancelled_at` sorts cancelled subscribers by when they cancelled.", "reference"
    CANCELLED_ALONE = "Sorting by cancellation is a 422 unless the status is `cancelled`.", "reference"
    BROADCAST_STATUS = "`status` leaves the broadcasts that have it.", "later docs", "current"
    BROADCAST_SENT = (
        "`sent_after` and `sent_before` leave broadcasts that were sent, never drafts.",
        "later docs",
        "current",
    )
    FORM_STATUS = "`status` parts the forms; without it, the list has the active ones.", "reference"
    FORM_TYPE = "`type` leaves the forms of that type.", "reference"
    SLIM = "`slim` leaves out the values of custom fields, or what is large in a broadcast.", "later docs", "current"
    INCLUDE_TAGS = "`include=tags` adds the tags of each subscriber.", "later docs", "current"
    INCLUDE_CANCELLED = "`include=canceled_at` adds when each subscriber cancelled.", "later docs", "current"
    INCLUDE_COUNT = "`include=subscriber_count` adds how many active subscribers there are.", "later docs", "current"

    # -------------------- Tags and custom fields
    NAME_NEW = "A new name makes a tag or field: 201.", "reference"
    NAME_STRIPPED = "White space around a name is dropped.", "chosen"
    NAME_RETURNED = "A name that exists, in any case, is a 200 with what has it.", "seen", "current"
    NAME_TAKEN = "A name that exists, in any case, is a 422 `… has already been taken`.", "reference", "reference"
    NAME_BLANK = "A blank name is a 422 `… can't be blank`.", "reference"
    NAME_CHANGED = "An update changes the name; what has it keeps its id and its subscribers.", "reference"
    NAME_OWN = "One's own name in another case is taken.", "chosen"
    NAME_OF_ANOTHER = "The name of another one, in any case, is a 422.", "reference"
    FIELD_KEY = "A key is the label in lower case with underscores, and follows it.", "reference"
    FIELD_NAME = "The name of a field is `ck_field_`, its id and its first key, and stays.", "reference"
    FIELD_DELETED = "A deleted field is gone, and so are its values.", "reference"

    # -------------------- Subscribers
    PERSON_NEW = "A new address makes a subscriber: 201, active unless `state` says otherwise.", "reference"
    PERSON_KNOWN = (
        "A known address, in any case, is a 200; the first name and values that were sent change.",
        "reference",
    )
    PERSON_STATE = "A known subscriber keeps the state, whatever `state` was sent.", "reference"
    PERSON_UPDATED = "An update changes what it names: name, address, values.", "reference"
    PERSON_EMPTY = "An update without fields changes nothing: 200.", "seen", "current"
    PERSON_ADDRESS_NEEDED = "An update without the address is a 422.", "reference", "reference"
    PERSON_ADDRESS_TAKEN = "The address of another subscriber, in any case, is a 422.", "reference"
    PERSON_ADDRESS_OWN = "One's own address in another case is taken.", "chosen"
    PERSON_NAMELESS = "Null as `first_name` takes the name away.", "chosen"
    UNSUBSCRIBED = "Unsubscribing makes the state `cancelled`, again as the first time: 204.", "reference"
    VALUES_BY_KEY = "`fields` has each field's value by its key, null without one.", "seen"
    VALUES_UNKNOWN = "A value for a field that there isn't is ignored.", "reference"
    VALUES_WARNED = "Each field that there isn't is named in `warnings`.", "seen", "current"
    VALUES_MANY = "More than 10 values are a 202, and are there on the next read.", "reference"
    VALUES_FOLLOW = "The values of a field that gets another label stand under its new key.", "reference"

    # -------------------- Tags of subscribers, forms, sequences
    JOINED_FIRST = "Who is put in for the first time is a 201, by id and by address in any case.", "reference"
    JOINED_AGAIN = "Who is put in again is a 200 with the first date.", "reference"
    JOINED_NOBODY = "An address that nobody has is a 404, and makes no subscriber.", "seen"
    JOINED_STATE = "Who is put in keeps the state.", "chosen"
    REFERRER = "The page that led to a form is kept with the subscriber's first subscription.", "later docs", "current"
    UNTAGGED = "Untagging takes away that tag from that subscriber: 204, also without the tag.", "reference"

    # -------------------- Broadcasts
    DRAFT = "A broadcast without a date is a draft, with null for what wasn't given, and goes to everybody.", "seen"
    BROADCAST_FIELDS = "A broadcast is shown with the values that it was made with.", "reference"
    BROADCAST_UPDATED = "An update changes the values that it has, and no others.", "seen"
    SCHEDULED = "A date to come makes a broadcast scheduled; null makes it a draft again.", "later docs", "current"
    PUBLIC = "A public broadcast has a URL once its date has come, and no other has one.", "later docs", "current"
    UNSENDABLE = "A broadcast with a date needs a subject and content: 422.", "chosen"
    UNPUBLISHED = "False as `public` in an update takes the dates away.", "reference"
    BROADCAST_DELETED = "A deleted broadcast is gone, and so are its stats.", "reference"
    STATS_OF_A_DRAFT = "The stats of a broadcast that wasn't sent are zeros, with its status.", "reference"
    SENT = "A date that comes sends the broadcast to the active subscribers whom its filter finds.", "reference"
    SENT_STAYS = "A broadcast that is being sent, or was, can't be changed or deleted: 422.", "reference"

    # -------------------- Purchases
    BOUGHT = "A purchase is shown with what it was made with: 201.", "reference"
    BUYER = "A new buyer becomes a subscriber, with the first name that was sent.", "chosen"
    BOUGHT_MORE = "A transaction that is known is a 201 again, and its products are added.", "seen"
    SUMS = "Without sums, the subtotal is that of the products, and the total adds tax to it.", "chosen"
    BAD_PURCHASE = "A purchase without products, or with a blank transaction or currency, is a 422.", "reference"

    # -------------------- Bulk operations
    BULK_DONE = "Up to 100 items are a 200 with a result for each, and are kept.", "reference"
    BULK_FAILURES = "What is wrong with an item is a failure, and stops none of the others.", "reference"
    BULK_KNOWN = "A tag or field that exists is a result.", "seen", "current"
    BULK_TAKEN = "A tag or field that exists is a failure.", "reference", "reference"
    BULK_TWICE = "An item that is there twice makes one thing.", "chosen"
    BULK_NOTHING = "A bulk request without items is a 422.", "reference"
    BULK_JOB = "More than 100 items are a 202, and are done later.", "reference"
    BULK_CALLBACK = "The result of a job is posted to the callback, once.", "reference"
    BULK_TAGGED = "Each tagging that can be done is done, also the second time.", "reference"
    BULK_UNTAGGABLE = "A tagging of a subscriber or tag that there isn't is a failure.", "later docs"
    BULK_UNTAGGED = "Each tag that a bulk request takes away is gone, and others stay.", "later docs", "current"
    BULK_DELETED = "Tags that a bulk request deletes are gone, with all who had them.", "later docs", "current"
    BULK_DELETED_TWICE = "A tag that a bulk request deletes twice is a failure the second time.", "chosen", "current"
    BULK_VALUES = (
        "Values that a bulk request sets are there; an empty one takes the value away.",
        "later docs",
        "current",
    )
    BULK_VALUES_LAST = "Of two values for a field, the last one stays, and is the one result.", "chosen", "current"
    BULK_ADDED = "Whom a bulk request adds to a form is in it, once, with the first referrer.", "later docs", "current"

    # -------------------- Webhooks
    HOOK_KEPT = "A webhook is listed with its event, what that is about, and its target.", "reference"
    HOOK_REFUSED = "A webhook about a tag or field that there isn't is a 422.", "chosen"
    HOOK_DELETED = "A deleted webhook is gone.", "reference"
    TOLD_ONCE = "Each webhook that is about an event is told of it once, and of nothing else.", "later docs"
    NEVER_TOLD = "A webhook that was deleted is told of nothing that happens afterwards.", "chosen"

    # -------------------- OAuth
    CODE = "A code brings a pair of tokens that nobody else has; the access token opens the account.", "reference"
    CODE_ONCE = "A code that was used brings nothing more.", "chosen"
    REFRESHED = "A refresh brings two new tokens, and both work.", "later docs"
    OLD_REFRESH_TAKEN = "A refresh token that a newer one took the place of is still taken.", "seen", "current"
    OLD_REFRESH_REFUSED = "A refresh token that a newer one took the place of is refused.", "later docs", "reference"
    REVOKED = "A revoked token is dead, and so is the other one of its pair.", "chosen"

    # -------------------- The account
    COLORS = "The colors are those that were last put.", "reference"
    STEADY = "Forms, segments and templates stay, and sequences but for how many are in them.", "reference"


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
