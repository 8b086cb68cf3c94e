"""Rules of broadcasts: drafts, dates, sending, filters and stats."""

from kit_mock.rules.groups import BROADCASTS, SIMULATED
from kit_mock.rules.rule import Rule

TITLE = "Broadcasts"
_CHANGE = ("create_broadcast", "update_broadcast")
_STATS = "get_broadcast_stats"

RULES = (
    # -------------------- Drafts
    Rule(
        "draft",
        "seen",
        "create_broadcast",
        "A broadcast without a date is a draft, with null for what wasn't given, and goes to everybody.",
    ),
    Rule(
        "broadcast_fields",
        "reference",
        _CHANGE,
        "A broadcast is shown with the values that it was made with.",
    ),
    Rule(
        "broadcast_needs",
        "seen",
        _CHANGE,
        "A draft and an update need no field.",
        reference="every body field is required, and nullable",
        service="a draft needs only a subject, content, description and public flag; PUT takes any subset",
        document="none is required, all stay nullable",
    ),
    Rule("broadcast_updated", "seen", "update_broadcast", "An update changes the values that it has, and no others."),
    Rule(
        "broadcast_nulls",
        "chosen",
        _CHANGE,
        "A null takes a value away: the template becomes the account's default one, the filter everybody.",
    ),
    Rule(
        "nullable_broadcasts",
        "reference",
        BROADCASTS,
        "`subject`, `email_address`, `preview_text`, `content` and the like may be null.",
        reference="`subject`, `email_address`, `preview_text`, `content` and more are strings here and anything there",
        service="null in a draft, by the reference's own samples",
        document="nullable",
    ),
    Rule(
        "preview_text",
        "reference",
        BROADCASTS,
        "`preview_text` is always there.",
        reference="`preview_text` may be absent from reads, not from writes",
        service="nothing more is known",
        document="optional in the one `Broadcast`",
    ),
    # -------------------- Dates
    Rule(
        "scheduled",
        "later docs",
        _CHANGE,
        "A date to come makes a broadcast scheduled; null makes it a draft again.",
        document="`status`, optional in `Broadcast`",
        switches=("today_fields",),
    ),
    Rule(
        "past_dates",
        "chosen",
        _CHANGE,
        "A `send_at` that has passed sends at once.",
    ),
    Rule(
        "way_back_to_a_draft",
        "chosen",
        _CHANGE,
        "A null `send_at` makes a draft when a broadcast is created, a false `public` when it is updated.",
        reference="a draft is a null `send_at` when creating, a false `public` when updating",
        service="unknown whether that is so",
        document="prose follows the reference in each",
    ),
    Rule(
        "unpublished",
        "reference",
        "update_broadcast",
        "False as `public` in an update takes the dates away.",
    ),
    Rule(
        "unpublished_with_a_date",
        "chosen",
        "update_broadcast",
        "A false `public` that comes with a `send_at` does not make a draft, so that what was read can be sent back.",
    ),
    Rule(
        "published_at",
        "chosen",
        BROADCASTS,
        "`published_at`, where none is given, is when a public draft was saved, or else when sending began; the way back to a"
        " draft takes it away.",
    ),
    Rule(
        "public",
        "later docs",
        BROADCASTS,
        "A public broadcast has a URL once its date has come, and no other has one.",
        document="`publication_id`, `public_url`, `status`: optional in `Broadcast`",
        switches=("today_fields",),
    ),
    Rule(
        "publication_ids",
        "chosen",
        BROADCASTS,
        "`publication_id` is the id of the broadcast and a million more, so that the two are not mixed up unnoticed.",
        document="an integer",
        switches=("today_fields",),
    ),
    Rule(
        "unsendable",
        "chosen",
        _CHANGE,
        "A broadcast with a date needs a subject and content: 422.",
    ),
    Rule(
        "broadcast_permission",
        "chosen",
        (*_CHANGE, "delete_broadcast"),
        "A change needs the permission to send, a read does not; 403 goes before every other refusal but a value of a wrong"
        " type.",
    ),
    # -------------------- Sending
    Rule(
        "sent",
        "reference",
        _CHANGE,
        "A date that comes sends the broadcast to the active subscribers whom its filter finds.",
    ),
    Rule(
        "sent_stays",
        "reference",
        ("update_broadcast", "delete_broadcast"),
        "A broadcast that is being sent, or was, can't be changed or deleted: 422.",
    ),
    Rule("broadcast_deleted", "reference", "delete_broadcast", "A deleted broadcast is gone, and so are its stats."),
    Rule(
        "sending_time",
        "chosen",
        _STATS,
        "Sending takes a minute by the mock's clock, whatever the number of recipients, and `progress` follows it evenly.",
    ),
    Rule("recipients", "chosen", _STATS, "The recipients are those whom the filter finds when sending begins."),
    # -------------------- Filters
    Rule(
        "filter_ids",
        "later docs",
        _CHANGE,
        "`ids` of a `subscriber_filter` are integers.",
        reference="`ids` are integers in `all`, strings in `any` and `none`, and required",
        document="integers",
    ),
    Rule(
        "filter_types",
        "seen",
        _CHANGE,
        "A filter for everybody reads back as `all_subscribers` without `ids`; in a request, `all_subscribers` is a 422.",
        also=("reference", "client"),
        reference="`type` is `segment` or `tag` in requests",
        service="reads back `all_subscribers` without `ids` by default; a 422 for it in a request is known from a client",
        document="requests have `FilterGroup`, `SubscriberFilter` and `FilterType`, answers `RecipientGroup`,"
        " `RecipientFilter` and `RecipientType`. `x-reads-back-as` ties the two: the client sends null for a filter that was"
        " read as everybody",
    ),
    Rule(
        "filter_parts",
        "later docs",
        BROADCASTS,
        "A filter has one of `all`, `any` and `none`.",
        reference="`all` is always there",
        document="all three optional, in `FilterGroup` and `RecipientGroup`",
    ),
    Rule(
        "one_filter",
        "later docs",
        BROADCASTS,
        "`subscriber_filter` of an answer is a list of one object.",
        document="exactly one",
    ),
    Rule("empty_groups", "chosen", _CHANGE, "A group with an empty list counts as not given."),
    Rule(
        "unknown_filter_ids", "chosen", _CHANGE, "An id of a filter that does not exist is accepted, and nobody has it."
    ),
    Rule(
        "everybody_in_groups",
        "chosen",
        BROADCASTS,
        "`all_subscribers` in `all` and `any` is everybody, in `none` nobody.",
    ),
    # -------------------- Stats
    Rule(
        "stats_of_a_draft",
        "reference",
        _STATS,
        "The stats of a broadcast that wasn't sent are zeros, with its status.",
    ),
    Rule(
        "last_broadcast",
        "chosen",
        (_STATS, SIMULATED),
        "An unsubscribe, and a click that `KitMock.fire` tells of, belong to the last broadcast that the subscriber got, as"
        " far as its filter still finds them.",
    ),
    Rule(
        "clicks_are_opens",
        "chosen",
        _STATS,
        "A subscriber who clicks has opened; no other opens are counted, beside those of a seed.",
    ),
    Rule("show_total_clicks", "chosen", _STATS, "`show_total_clicks` is whether there are any clicks."),
    Rule(
        "broadcast_stats_of_today",
        "later docs",
        _STATS,
        "The stats have `emails_opened` and `unsubscribe_rate`.",
        document="optional in `BroadcastStats`",
        switches=("today_fields",),
    ),
    Rule(
        "old_stats",
        "later docs",
        _STATS,
        "The stats of what was sent more than five years ago are a 400.",
        service="400 since 2026-10-15",
        document="400",
        switches=("today_fields",),
    ),
)
