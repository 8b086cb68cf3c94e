"""Rules of seeds: what a new database holds from the start. Kit has nothing of the kind, so that all are chosen."""

from kit_mock.rules.groups import SEEDS
from kit_mock.rules.rule import Rule

TITLE = "Seeds"

RULES = (
    Rule("seed_as_a_whole", "chosen", SEEDS, "A seed is taken as a whole or not at all."),
    Rule(
        "seed_of_a_new_database",
        "chosen",
        SEEDS,
        "A seed is for a new database only; the file keeps hashes of its credentials, so that it can be used without the seed again.",
    ),
    Rule(
        "seed_without_profile",
        "chosen",
        SEEDS,
        "An account that says nothing of its creator profile or email templates has those of any new account.",
    ),
    Rule(
        "seeded_subscribers",
        "chosen",
        SEEDS,
        "A subscriber without `created_at` whose other dates are earlier was created at the first of them.",
    ),
    Rule(
        "seeded_members",
        "chosen",
        SEEDS,
        "A membership without a date began as soon as both the subscriber and what they belong to were there.",
    ),
    Rule(
        "seeded_tokens",
        "chosen",
        SEEDS,
        "An OAuth token without `expires_at` was given out at the mock's present; one without a `refresh_token` has none that"
        " anybody knows.",
    ),
    Rule(
        "seeded_broadcasts",
        "chosen",
        SEEDS,
        "A broadcast with a `send_at` that has passed was sent then, to whom its filter finds now, or to as many `recipients`"
        " as it says.",
    ),
    Rule(
        "seeded_messages",
        "chosen",
        SEEDS,
        "A subscriber has received the number of messages that the seed says, whatever was sent to them.",
    ),
    Rule(
        "seeding_is_no_event",
        "chosen",
        SEEDS,
        "Seeding is no act of anybody: no webhook tells of it, the seed's own neither.",
    ),
)
