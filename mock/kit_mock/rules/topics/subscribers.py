"""Rules of subscribers, and of their values in custom fields."""

from kit_mock.rules.groups import BULK, LISTS_OF_SUBSCRIBERS, SUBSCRIBERS
from kit_mock.rules.rule import Rule

TITLE = "Subscribers"
_BOTH = ("create_subscriber", "update_subscriber")

RULES = (
    # -------------------- Creating
    Rule(
        "person_new",
        "reference",
        "create_subscriber",
        "A new address makes a subscriber: 201, active unless `state` says otherwise.",
    ),
    Rule(
        "person_known",
        "reference",
        "create_subscriber",
        "A known address, in any case, is a 200; the first name and values that were sent change.",
    ),
    Rule(
        "person_state",
        "reference",
        "create_subscriber",
        "A known subscriber keeps the state, whatever `state` was sent.",
    ),
    Rule("person_nameless", "chosen", _BOTH, "Null as `first_name` takes the name away; without it, the name stays."),
    Rule(
        "nullable_first_names",
        "seen",
        SUBSCRIBERS,
        "`first_name` is a text or null.",
        also=("reference",),
        reference="`first_name` is a string, in places anything",
        document="nullable",
    ),
    # -------------------- Updating
    Rule("person_updated", "reference", "update_subscriber", "An update changes what it names: name, address, values."),
    Rule(
        "partial_update",
        "seen",
        "update_subscriber",
        "An update needs no field: what is left out stays, and an empty object changes nothing: 200.",
        reference="An update without `email_address` is a 422.",
        service="takes any subset of the three fields; the later docs require `email_address` too",
        document="nothing is required",
        switches=("partial_update",),
    ),
    Rule(
        "person_address_taken",
        "reference",
        "update_subscriber",
        "The address of another subscriber, in any case, is a 422.",
    ),
    Rule(
        "person_address_own",
        "chosen",
        "update_subscriber",
        "The subscriber's own address in another case is accepted.",
    ),
    Rule(
        "updated_at",
        "chosen",
        SUBSCRIBERS,
        "`updated_at` moves when a value really changes, not when a tag does.",
    ),
    # -------------------- Unsubscribing
    Rule(
        "unsubscribed",
        "reference",
        "unsubscribe_subscriber",
        "Unsubscribing makes the state `cancelled`, again as the first time: 204.",
    ),
    Rule(
        "unsubscribed_from_any_state",
        "chosen",
        "unsubscribe_subscriber",
        "A subscriber of any state can be unsubscribed.",
    ),
    Rule(
        "subscriber_limit",
        "chosen",
        BULK,
        "Only bulk requests are held to the account's limit of subscribers, as no other operation has an answer for it.",
    ),
    # -------------------- Values of custom fields
    Rule("values_by_key", "seen", SUBSCRIBERS, "`fields` has each field's value by its key, null without one."),
    Rule(
        "field_keys",
        "seen",
        SUBSCRIBERS,
        "A request names a custom field by its key, such as `last_name`, or by its label; answers show keys.",
        also=("reference",),
        reference="`fields` has a key `category` with a string; in requests keys are labels such as `Last name`, three of"
        " them required",
        service="keyed by the account's own field keys; string or null",
        document="`CustomFieldValues`: any keys, string or null",
    ),
    Rule("values_unknown", "reference", _BOTH, "A value for a field that does not exist is ignored."),
    Rule(
        "unknown_fields_warn",
        "seen",
        _BOTH,
        "Each field that does not exist is named in a top-level `warnings`.",
        reference="A field that does not exist is ignored in silence.",
        service="success with `warnings` since 2026-06",
        document="optional `warnings` in `SubscriberResponse`",
        switches=("unknown_fields_warn",),
    ),
    Rule("values_many", "reference", _BOTH, "More than 10 values are a 202, and are there on the next read."),
    Rule(
        "values_follow",
        "reference",
        SUBSCRIBERS,
        "The values of a field that gets another label stand under its new key.",
    ),
    Rule(
        "values_at_most",
        "reference",
        _BOTH,
        "A request sets at most 140 values.",
        document="at most 140 `fields` of a subscriber in requests",
    ),
    # -------------------- What the service gained
    Rule(
        "subscriber_state_of_today",
        "later docs",
        "get_subscriber",
        "A subscriber has `canceled_at` and `location`.",
        document="optional in `Subscriber`",
        switches=("today_fields",),
    ),
    Rule(
        "origin_of_a_subscriber",
        "chosen",
        LISTS_OF_SUBSCRIBERS,
        "The first form that a subscriber was added to is what brought them, with the referrer of that time; later"
        " additions change neither.",
    ),
    Rule("unknown_origins", "chosen", SUBSCRIBERS, "What is not known of an origin or a location is null."),
)
