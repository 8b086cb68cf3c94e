"""Rules of seeds, which fill a new database. Kit has no seeds, so all rules are chosen."""

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
        "An account without a creator profile or email templates in the seed has those of any new account.",
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
        "An OAuth token without `expires_at` was issued at the mock's present; without a `refresh_token`, its refresh token is"
        " unknown.",
    ),
    Rule(
        "seeded_broadcasts",
        "chosen",
        SEEDS,
        "A broadcast with a `send_at` that has passed was sent then, to the subscribers whom its filter finds now, or to its"
        " number of `recipients`.",
    ),
    Rule(
        "seeded_messages",
        "chosen",
        SEEDS,
        "A subscriber has received the number of messages in the seed, whatever broadcasts the seed has.",
    ),
    Rule(
        "seeding_is_no_event",
        "chosen",
        SEEDS,
        "A seed causes no events: no webhook tells of it, not even one of the seed.",
    ),
)
