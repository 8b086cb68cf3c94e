"""Rules of the account, its colors and its numbers, and of email templates."""

from kit_mock.rules.rule import Rule

TITLE = "Account"
_GROWTH = "get_growth_stats"

RULES = (
    Rule(
        "steady",
        "reference",
        ("list_forms", "list_segments", "list_sequences", "list_email_templates"),
        "Requests change no forms, segments or templates, and of sequences only the number of subscribers.",
    ),
    # -------------------- The account itself
    Rule(
        "user_id",
        "later docs",
        "get_account",
        "The user has an `id`.",
        document="optional in `User`",
        switches=("today_fields",),
    ),
    Rule(
        "user_id_is_the_accounts",
        "chosen",
        "get_account",
        "The user has the id of the account.",
        switches=("today_fields",),
    ),
    Rule(
        "account_of_today",
        "seen",
        "get_account",
        "The account has `timezone`, `sending_addresses` and `plan`.",
        document="optional in `Account`; `AccountTimezone`, `SendingAddress`, `Plan`, whose dates are strings, as their form"
        " is unknown",
        switches=("today_fields",),
    ),
    Rule(
        "sending_addresses",
        "chosen",
        "get_account",
        "The account sends from the user's own address, unless a seed lists others.",
        switches=("today_fields",),
    ),
    Rule("plan", "chosen", "get_account", "The plan is paid by the month.", switches=("today_fields",)),
    Rule(
        "names_of_time_zones",
        "chosen",
        "get_account",
        "The friendly name of a time zone is the place at the end of its name, or `UTC` and the offset.",
        switches=("today_fields",),
    ),
    Rule(
        "colors",
        "reference",
        ("list_account_colors", "update_account_colors"),
        "The colors are those of the last update.",
    ),
    Rule(
        "color_codes",
        "reference",
        "update_account_colors",
        "There are at most 5 colors, each a hex code.",
        document="`colors` has at most 5; a pattern",
    ),
    Rule("color_digits", "chosen", "update_account_colors", "A color has 3 or 6 digits.", document="a pattern"),
    Rule(
        "default_template",
        "chosen",
        "list_email_templates",
        "An account has the templates of the reference, `Text Only` being the default, unless a seed says otherwise.",
    ),
    # -------------------- Numbers
    Rule(
        "email_rates",
        "later docs",
        "get_email_stats",
        "The stats have `open_rate`, `click_rate`, `unsubscribe_rate` and `bounce_rate`.",
        document="optional in `EmailStats`",
        switches=("today_fields",),
    ),
    Rule(
        "email_rates_are_percentages",
        "chosen",
        "get_email_stats",
        "Rates are percentages, as those of broadcasts are.",
        document="a number",
        switches=("today_fields",),
    ),
    Rule(
        "bounces",
        "chosen",
        "get_email_stats",
        "Bounces are the subscribers whose state became `bounced` in that time.",
        switches=("today_fields",),
    ),
    Rule(
        "growth_stats_dates",
        "seen",
        _GROWTH,
        "Dates have the account's offset.",
        also=("reference",),
        reference="dates are UTC, and these are not",
        service="the account's offset",
        document="`date-time`; prose",
    ),
    Rule(
        "growth_stats_period",
        "seen",
        _GROWTH,
        "Without `starting` it is 90 days before today, whatever `ending` is.",
        reference="`starting` defaults to 90 days ago",
        document="prose",
    ),
    Rule("growth_new", "chosen", _GROWTH, "Every subscriber who was created is new, in any state."),
    Rule(
        "growth_cancelled",
        "chosen",
        _GROWTH,
        "A subscriber who unsubscribes twice is two cancellations; bounces and complaints are none.",
    ),
    Rule(
        "growth_of_the_past",
        "chosen",
        _GROWTH,
        "The numbers count events by their dates; later events don't change them.",
    ),
    Rule("growth_backwards", "chosen", _GROWTH, "A period that ends before it starts is a 422."),
    Rule(
        "ranges_of_places",
        "chosen",
        ("get_account", "list_subscribers", "get_subscriber"),
        "`utc_offset` is a sign, hours and minutes; `latitude` is up to 90 degrees and `longitude` up to 180.",
        document="a pattern; up to 90 and 180; so by their meaning",
    ),
)
