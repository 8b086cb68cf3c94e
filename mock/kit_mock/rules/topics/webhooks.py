"""Rules of webhooks, of what is sent to them, and of events that a test simulates."""

from kit_mock.rules.groups import DELIVERIES, SIMULATED
from kit_mock.rules.rule import Rule

TITLE = "Webhooks and deliveries"
_CREATE = "create_webhook"
_SHOWN = ("create_webhook", "list_webhooks")

RULES = (
    Rule(
        "hook_kept",
        "reference",
        _SHOWN,
        "A webhook is listed with its event, what that is about, and its target.",
    ),
    Rule("hook_deleted", "reference", "delete_webhook", "A deleted webhook is gone."),
    Rule(
        "event_names",
        "seen",
        _CREATE,
        "An event is `subscriber.tag_add` in a request and `tag_add` in an answer.",
        reference="`subscriber.tag_add` in the request, `tag_add` in the answer",
        service="the same",
        document="two enumerations, `WebhookEventName` and `WebhookEventType`",
    ),
    Rule(
        "course_events",
        "later docs",
        _CREATE,
        "The sequence of a course event is `course_id` or `sequence_id` in a request; answers show `sequence_id`.",
        also=("reference",),
        reference="`course_id` for course events",
        service="`sequence_id`; answers have it by the reference too",
        document="both in requests, `sequence_id` in answers",
    ),
    Rule(
        "event_ids",
        "reference",
        _CREATE,
        "The ids of an event are integers.",
        reference="the ids of an event are of any type",
        service="integers, by the reference's own prose",
        document="integers, nullable",
    ),
    Rule(
        "event_ids_as_texts",
        "seen",
        _CREATE,
        "An id of an event may be a text of digits, as Kit's own SDK sends it; with `strict` it may not.",
        also=("client",),
        service="seen for `custom_field_id`, known from a client for the others",
    ),
    Rule(
        "range_of_event_ids",
        "chosen",
        _CREATE,
        "An id of an event is from 1 to 2^63 - 1.",
        document="from 1 to 2^63 - 1",
    ),
    Rule(
        "initiator_values",
        "reference",
        _SHOWN,
        "`initiator_value` is a text, an integer or null.",
        reference="`initiator_value` is a URL in requests, an integer in one answer, anything in another; always there in one"
        " sample",
        service="there where the event has one",
        document="string, integer or null; optional",
    ),
    Rule(
        "events_about_nothing",
        "chosen",
        _SHOWN,
        "An event without a parameter shows `initiator_value: null`, as in the reference's sample.",
    ),
    Rule(
        "webhook_errors",
        "later docs",
        _CREATE,
        "A webhook without an event, or with an unknown one, is a 422.",
        reference="no 422",
        service="422 `` `event` and `target` parameters must be provided ``",
        document="422 for a missing or unknown event, as elsewhere",
    ),
    Rule(
        "wording_of_webhooks",
        "later docs",
        _CREATE,
        "A missing event or URL is worded `` `event` and `target` parameters must be provided ``.",
        document="the 422 that was there",
        switches=("today_fields",),
    ),
    Rule(
        "hook_refused",
        "chosen",
        _CREATE,
        "A webhook about a tag, form or the like that does not exist is a 422.",
    ),
    Rule(
        "other_parameters_of_events",
        "chosen",
        _CREATE,
        "Parameters that an event does not have need only be ids or texts.",
    ),
    Rule("any_target", "chosen", _CREATE, "Any http or https URL can be a target, though the mock calls few."),
    Rule(
        "field_events",
        "later docs",
        _SHOWN,
        "There are three events of custom fields; `field_value_updated` has a `custom_field_id`.",
        document="values of `WebhookEventName` and `WebhookEventType`",
        switches=("today_fields",),
    ),
    Rule(
        "field_deliveries",
        "chosen",
        DELIVERIES,
        "What tells of a custom field that was created or deleted has the field.",
        document="`CustomFieldDelivery`",
        switches=("today_fields",),
    ),
    Rule(
        "locked_webhooks",
        "later docs",
        "delete_webhook",
        "A webhook that can't be deleted is a 422 `Unable to destroy the webhook.`; in the mock, one that a seed has"
        " `locked`.",
        document="422",
        switches=("today_fields",),
    ),
    # -------------------- Deliveries
    Rule(
        "delivery_bodies",
        "later docs",
        DELIVERIES,
        'What is sent is `{"subscriber": {…}}`, or the purchase without an envelope: no name of the event, no signature.',
        reference="nothing about their bodies but that they hold subscriber data",
        document="top-level `webhooks`",
    ),
    Rule(
        "told_once",
        "later docs",
        (DELIVERIES, "create_webhook"),
        "Each webhook that is about an event is told of it once, and of nothing else.",
    ),
    Rule(
        "never_told",
        "chosen",
        (DELIVERIES, "delete_webhook"),
        "A webhook that was deleted is told of nothing that happens afterwards, nor of what still waits.",
    ),
    Rule(
        "delivery_retries",
        "chosen",
        DELIVERIES,
        "A delivery that isn't answered with 2xx is tried again after a minute, 5 and 30 minutes, 2 and 6 hours by the mock's"
        " clock, and has then failed.",
    ),
    Rule(
        "forbidden_targets",
        "chosen",
        DELIVERIES,
        "A delivery to a target that may not be called has failed at once, without an attempt.",
    ),
    Rule(
        "credentials_of_targets",
        "chosen",
        DELIVERIES,
        "A user and a password in a target or a callback URL are sent by HTTP Basic.",
    ),
    Rule(
        "remembered_deliveries",
        "chosen",
        DELIVERIES,
        "Of the deliveries that are over, the last 1,000 are remembered; all that wait are sent, and the last 1,000 of them"
        " are shown.",
    ),
    # -------------------- Events that no request causes
    Rule(
        "simulated_states",
        "chosen",
        SIMULATED,
        "The four `subscriber_` events give the subscriber the state that they tell of, and are told even if they had it.",
    ),
    Rule(
        "simulated_courses",
        "chosen",
        SIMULATED,
        "A course can be completed by those who were added to its sequence, in any state.",
    ),
    Rule(
        "simulated_events_change_nothing_else",
        "chosen",
        SIMULATED,
        "No other event changes anything: a deleted custom field stays.",
    ),
    Rule(
        "accounts_of_simulated_events",
        "chosen",
        SIMULATED,
        "The account of an event is that of the subscriber, the purchase or the custom field.",
    ),
)
