"""Differences between Kit's reference and the service for which the mock has one behaviour, and which one that is."""

from __future__ import annotations

from typing import Literal

import attrs

Grade = Literal["seen", "later docs", "client", "reference", "unknown"]

GRADES: dict[Grade, str] = {
    "seen": "in recorded answers of the live service or in live test suites",
    "later docs": "Kit's newer documentation",
    "client": "relied upon by a client in production",
    "reference": "another place of the reference itself",
    "unknown": "shown by nobody, so the mock's answer was chosen",
}
"""How it is known what the service does."""


@attrs.frozen
class Alike:
    """A difference: what it is about, what reference, service and mock do, and how the service's part is known."""

    about: str
    reference: str
    service: str
    grade: Grade
    mock: str


ROWS: dict[str, Alike] = {
    # -------------------- Requests
    "request_reading": Alike(
        "values of another JSON type than documented",
        "held to the documented types",
        "cast where the meaning is plain; a blank parameter is an absent one",
        "seen",
        "as the service; `strict` refuses them",
    ),
    # -------------------- Authentication
    "oauth_only_operations": Alike(
        "an API key at the bulk operations and the three of purchases",
        "announces a list of operations that take no key, and leaves it empty",
        "401 OAuth authentication required",
        "seen",
        "refuses the key",
    ),
    "expired_tokens": Alike(
        "an access token after its time",
        "401 The access token is invalid",
        "401 The access token expired, with a `WWW-Authenticate` header",
        "client",
        "as the service",
    ),
    "token_requests": Alike(
        "how and where a token is requested",
        "form-encoded, at /oauth/token",
        "JSON too; also at /v4/oauth/token; tokens are revoked at /oauth/revoke",
        "later docs",
        "accepts all of these",
    ),
    "token_errors": Alike(
        "a token request that fails",
        "not described",
        "`error` and `error_description`; that the status is 400 is assumed",
        "client",
        "as the service, with 400, and 401 for an unknown app",
    ),
    "token_lifetime": Alike("`expires_in` of a refreshed token", "7200", "172800, as of every token", "seen", "172800"),
    "authorize_errors": Alike(
        "an authorization request that can't be redirected", "not described", "unknown", "unknown", "400"
    ),
    # -------------------- Limits and errors
    "rate_limit_body": Alike(
        "the body of a 429",
        "JSON with `errors`, as of every error",
        "the plain text `Retry later`, without a `Retry-After` header",
        "later docs",
        "the plain text",
    ),
    "server_errors": Alike(
        "the body of a 5xx",
        "JSON with `errors`",
        "nothing usable, HTML from proxies, statuses 520 to 527",
        "client",
        "such answers come from faults alone, with the body that the fault has",
    ),
    "nested_errors": Alike(
        "items of `errors`", "strings", "for sequences, a list of strings has come", "client", "strings"
    ),
    "broken_json": Alike("a body that isn't JSON", "not described", "unknown", "unknown", "400 with `errors`"),
    "request_ids": Alike("the header `X-Request-Id`", "not described", "in answers", "seen", "in every answer"),
    # -------------------- Lists
    "cursors_of_nothing": Alike("the cursors of an empty list", "strings", "null", "seen", "null"),
    "list_errors": Alike(
        "a malformed cursor, or a filter with an invalid value",
        "no error is described",
        "a 4xx, unknown which; what a `per_page` out of 1 to 1000 does is unknown too",
        "seen",
        "422",
    ),
    "date_filters": Alike("date filters of lists", "yyyy-mm-dd", "full timestamps too", "client", "accepts either"),
    "list_lag": Alike(
        "how soon a list shows what was written",
        "not described",
        "after 30 seconds, up to 5 minutes",
        "later docs",
        "at once, unless a fault with `lag` is set",
    ),
    # -------------------- Subscribers
    "nullable_first_names": Alike("`first_name` in answers", "a string", "a string or null", "seen", "as the service"),
    "field_keys": Alike(
        "what names a custom field in `fields`",
        "its label in requests",
        "its key, such as `last_name`",
        "seen",
        "shows keys, accepts keys and labels",
    ),
    "adding_by_id": Alike(
        "the body of adding a subscriber to a tag, form or sequence by id",
        "`{}`",
        "none is needed",
        "seen",
        "needs none",
    ),
    "untagging_by_address": Alike(
        "`email_address` of DELETE /v4/tags/{tag_id}/subscribers",
        "in a form-encoded body",
        "in the query",
        "later docs",
        "accepts either",
    ),
    "bulk_items": Alike(
        "what an item of bulk_create_subscribers needs",
        "`first_name` and `email_address`",
        "nothing",
        "later docs",
        "accepts an item without `first_name`; one without an address is a failure",
    ),
    "bulk_order": Alike(
        "the order of the results of bulk operations",
        "not described",
        "none is promised: that of the request for new subscribers, not for existing tags",
        "seen",
        "that of the request; another one with `bulk_order` scrambled",
    ),
    # -------------------- Broadcasts
    "broadcast_fields": Alike(
        "what a broadcast needs",
        "every field of the body",
        "a draft a subject, content, description and `public`; an update nothing",
        "seen",
        "needs nothing for a draft or an update; subject and content to be sent",
    ),
    "filter_ids": Alike(
        "`ids` of a `subscriber_filter`",
        "integers in `all`, strings in `any` and `none`",
        "integers",
        "later docs",
        "integers",
    ),
    "way_back_to_a_draft": Alike(
        "what makes a broadcast a draft",
        "a null `send_at` when it is created, a false `public` when it is updated",
        "unknown",
        "unknown",
        "as the reference",
    ),
    # -------------------- Purchases, webhooks, account
    "purchase_envelope": Alike(
        "the body of create_purchase",
        "an object `purchase`",
        "the fields at the top level too",
        "seen",
        "accepts either",
    ),
    "repeated_transactions": Alike(
        "a purchase with a known `transaction_id`", "the id is unique", "adds its products", "seen", "adds its products"
    ),
    "course_events": Alike(
        "what names the course of a webhook's event",
        "`course_id`",
        "`sequence_id`",
        "later docs",
        "accepts either, shows `sequence_id`",
    ),
    "webhook_errors": Alike(
        "a webhook without an event or with an unknown one", "no 422 is described", "422", "later docs", "422"
    ),
    "delivery_bodies": Alike(
        "what is sent to a webhook",
        "subscriber data",
        "`subscriber`, or the purchase without an envelope; no name of the event, no signature",
        "later docs",
        "as the service",
    ),
    "growth_stats_dates": Alike(
        "the dates of get_growth_stats", "in UTC", "with the account's offset", "seen", "with the account's offset"
    ),
}
