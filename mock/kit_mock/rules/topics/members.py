"""Rules of forms, sequences and segments, and of who belongs to a tag, form or sequence."""

from kit_mock.rules.groups import ADDING, ADDING_BY_ID, BY_ADDRESS
from kit_mock.rules.rule import Rule

TITLE = "Forms, sequences, and who belongs to them"
_ADD_FORM = ("add_form_subscriber", "add_form_subscriber_by_email")
_UNTAG = ("untag_subscriber", "untag_subscriber_by_email")

RULES = (
    # -------------------- Adding
    Rule(
        "joined_first",
        "reference",
        ADDING,
        "A subscriber who is added for the first time is a 201, by id and by address in any case.",
    ),
    Rule("joined_again", "reference", ADDING, "A subscriber who is added again is a 200."),
    Rule("joined_date", "chosen", ADDING, "A subscriber who is added again keeps the first date."),
    Rule("joined_nobody", "seen", BY_ADDRESS, "An address that nobody has is a 404, and makes no subscriber."),
    Rule("joined_state", "chosen", ADDING, "A subscriber who is added keeps the state."),
    Rule(
        "adding_by_id",
        "seen",
        ADDING_BY_ID,
        "Adding by id needs no body.",
        reference="a body `{}` of `application/json`",
        document="no `requestBody`, but for the referrer of a form",
    ),
    Rule(
        "form_referrers",
        "later docs",
        _ADD_FORM,
        "`referrer` in the body is optional.",
        service="required by id by the later docs, though no body was ever needed (seen)",
        document="optional; `FormReferrer`, `FormSubscriberByEmail`",
        switches=("today_fields",),
    ),
    Rule(
        "referrer",
        "later docs",
        _ADD_FORM,
        "The page that led to a form is kept with the subscriber's first subscription.",
        document="`referrer` and `referrer_utm_parameters`, optional in `FormSubscriber`; `UtmParameters`",
        switches=("today_fields",),
    ),
    Rule(
        "unknown_referrers",
        "chosen",
        (*_ADD_FORM, "list_form_subscribers", "bulk_add_form_subscribers"),
        "A referrer that isn't known is null.",
        document="nullable",
        switches=("today_fields",),
    ),
    # -------------------- Untagging
    Rule(
        "untagged",
        "reference",
        _UNTAG,
        "Untagging takes away that tag from that subscriber: 204.",
    ),
    Rule(
        "untagging_by_address",
        "later docs",
        "untag_subscriber_by_email",
        "`email_address` is taken from a form-encoded or JSON body, or from the query.",
        also=("client",),
        reference="`email_address` in a form-encoded body",
        service="in the query by the later docs; clients send a JSON body",
        document="the form-encoded body, as the reference has it",
    ),
    Rule(
        "untagged_without_the_tag",
        "chosen",
        _UNTAG,
        "Taking a tag from a subscriber who does not have it is a 204, as the wanted state holds.",
    ),
    Rule(
        "dates_of_tags",
        "chosen",
        "list_subscriber_tags",
        "A tag of a subscriber has `tagged_at`.",
        reference="`tagged_at` and `added_at`, both optional; only the first in its sample",
        service="unknown which, when",
        document="both optional",
    ),
    # -------------------- Forms
    Rule(
        "archived_forms",
        "chosen",
        "list_forms",
        "`archived` is true of archived forms only, not of trashed ones.",
    ),
    Rule(
        "any_form_takes_subscribers",
        "chosen",
        (*_ADD_FORM, "list_form_subscribers"),
        "Any form takes subscribers and lists them, also an archived or trashed one, since the pages that it stands on still"
        " lead to it.",
    ),
    # -------------------- Sequences and segments
    Rule(
        "any_sequence_takes_subscribers",
        "chosen",
        ("add_sequence_subscriber", "add_sequence_subscriber_by_email"),
        "A sequence that is on hold takes subscribers like any other.",
    ),
    Rule(
        "repeating_sequences",
        "chosen",
        "list_sequence_subscribers",
        "A sequence that repeats counts a subscriber once, with the first date.",
    ),
    Rule(
        "sequences_send_nothing",
        "chosen",
        "list_sequences",
        "The mock sends no messages of sequences: their number and their stats are those of a seed, or else 0 and null.",
    ),
    Rule(
        "sequence_rates",
        "chosen",
        "list_sequences",
        "Rates of a sequence are percentages.",
        document="a number in `SequenceStats`",
    ),
    Rule(
        "sequences_of_today",
        "later docs",
        "list_sequences",
        "A sequence says when and how its messages are sent, and has `email_count` and `subscriber_count`.",
        document="ten optional fields of `Sequence`; `Weekday`, `SubscriberSource`",
        switches=("today_fields",),
    ),
    Rule(
        "members_of_segments",
        "chosen",
        "list_segments",
        "The members of a segment are the subscribers that a seed puts in.",
        service="they follow from conditions, which the API does not show",
    ),
    Rule(
        "send_hours",
        "chosen",
        "list_sequences",
        "`send_hour` is from 0 to 23.",
        document="0 to 23, by its meaning",
    ),
)
