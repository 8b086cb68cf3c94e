"""Rules of bulk operations and their jobs."""

from kit_mock.rules.groups import BULK
from kit_mock.rules.rule import Rule

TITLE = "Bulk"
_CREATE = ("bulk_create_tags", "bulk_create_custom_fields")
_TAGGINGS = ("bulk_tag_subscribers", "bulk_untag_subscribers")
_OF_THE_REFERENCE = ("bulk_create_subscribers", *_CREATE, "bulk_tag_subscribers")

RULES = (
    Rule(
        "bulk_done",
        "reference",
        BULK,
        "Up to 100 items are a 200 with a result for each, and are kept.",
        document="prose; no `maxItems`, since more items are legal",
    ),
    Rule("bulk_failures", "reference", BULK, "What is wrong with an item is a failure, and stops none of the others."),
    Rule("bulk_nothing", "reference", BULK, "A bulk request without items is a 422.", document="at least one item"),
    Rule("bulk_twice", "chosen", _CREATE, "An item that is there twice makes one thing."),
    Rule(
        "bulk_order",
        "seen",
        BULK,
        "Results come in the order of the request; in another one with `bulk_order` scrambled.",
        reference="nothing about the order of results",
        service="no order is promised: new subscribers came in the order of the request, existing tags did not",
        document="prose",
    ),
    # -------------------- Creating
    Rule(
        "bulk_items",
        "later docs",
        "bulk_create_subscribers",
        "An item needs no `first_name`; one without an address is a failure.",
        also=("reference",),
        reference="`first_name` of an item is a required string",
        service="nothing is required of an item, and null is how a subscriber without a name reads back",
        document="`NewSubscriber` requires nothing; nullable",
    ),
    Rule(
        "bulk_items_of_today",
        "later docs",
        "bulk_create_subscribers",
        "`email_address` and `state` of an item may be null.",
        document="`NewSubscriber` has `state`",
        switches=("today_fields",),
    ),
    Rule(
        "failed_subscribers",
        "reference",
        "bulk_create_subscribers",
        "In a failure, the `email_address` of a bad address is null, and so is `created_at`.",
        reference="in a failure, `email_address` and `created_at` are of any type",
        service="null for a bad address, by the reference's own sample",
        document="`FailedSubscriber`, both nullable",
    ),
    Rule(
        "bulk_exists",
        "seen",
        _CREATE,
        "A tag or field that exists is a result.",
        also=("later docs",),
        reference="A tag or field that exists is a failure.",
        service="it is a result, and `failures` is empty: seen for tags, by the later docs for fields",
        document="both; the same schemas",
        switches=("existing_tag_is_returned", "existing_field_is_returned"),
    ),
    Rule(
        "failed_names",
        "chosen",
        _CREATE,
        "A failure for a blank name has null for what does not exist.",
        reference="a failure holds the existing tag or field",
        service="for a blank name there is none: unknown",
        document="`FailedTag` and `FailedCustomField`, all nullable",
    ),
    # -------------------- Taggings
    Rule(
        "bulk_tagged",
        "reference",
        "bulk_tag_subscribers",
        "Each tagging that can be done is done, also the second time.",
    ),
    Rule(
        "bulk_untaggable",
        "later docs",
        _TAGGINGS,
        "A tagging of a subscriber or tag that does not exist is a failure, with `Subscriber does not exist` or `Tag does not"
        " exist`.",
        reference="`failures` are of any type, and empty in the sample",
        service='`{"tagging": {…}, "errors": […]}` with `Subscriber does not exist` or `Tag does not exist`',
        document="`TaggingFailure`",
    ),
    Rule(
        "missing_ids_are_null",
        "later docs",
        _TAGGINGS,
        "In the `tagging` of a failure, the id of what does not exist is null.",
        reference="In the `tagging` of a failure, both ids are as they were sent.",
        document="the ids of a `Tagging` are nullable",
        switches=("missing_ids_are_null",),
    ),
    Rule(
        "nullable_taggings",
        "later docs",
        "bulk_tag_subscribers",
        "Both ids of a tagging may be null in a request.",
        document="nullable in `Tagging`",
        switches=("today_fields",),
    ),
    # -------------------- Operations of today
    Rule(
        "bulk_values",
        "later docs",
        "bulk_update_custom_field_values",
        "Values that a bulk request sets are there; an empty one takes the value away.",
        service="that an empty value takes the subscriber's away is assumed, from the other operations",
        document="`POST /v4/bulk/custom_fields/subscribers`; the operation is marked, and with it all its statuses",
        switches=("today_fields",),
    ),
    Rule(
        "bulk_values_last",
        "chosen",
        "bulk_update_custom_field_values",
        "Of two values for a field, the last one stays, and is the one result.",
        document="likewise",
        switches=("today_fields",),
    ),
    Rule(
        "bulk_added",
        "later docs",
        "bulk_add_form_subscribers",
        "Whom a bulk request adds to a form is in it, once, with the first referrer; `referrer` may be null.",
        document="`POST /v4/bulk/forms/subscribers`; likewise",
        switches=("today_fields",),
    ),
    Rule(
        "bulk_untagged",
        "later docs",
        "bulk_untag_subscribers",
        "Each tag that a bulk request takes away is gone, and others stay.",
        also=("client",),
        service="the body isn't described (422 `No taggings included for processing`; client), and failures are empty in the"
        " sample",
        document="`DELETE /v4/bulk/tags/subscribers`; likewise; `BulkTaggingsRequest` and `TaggingFailure` of"
        " `bulk_tag_subscribers` were chosen",
        switches=("today_fields",),
    ),
    Rule(
        "bulk_untagged_without_the_tag",
        "chosen",
        "bulk_untag_subscribers",
        "Taking a tag from a subscriber who does not have it is no failure, as in `untag_subscriber`.",
        document="likewise",
        switches=("today_fields",),
    ),
    Rule(
        "bulk_deleted",
        "later docs",
        "bulk_delete_tags",
        "Tags that a bulk request deletes are gone, with all who had them.",
        service="since 2026-06",
        document="`DELETE /v4/bulk/tags` with a body of JSON; likewise",
        switches=("today_fields",),
    ),
    Rule(
        "bulk_deleted_twice",
        "chosen",
        "bulk_delete_tags",
        "A tag that a bulk request deletes twice is a failure the second time.",
        document="likewise",
        switches=("today_fields",),
    ),
    # -------------------- Jobs
    Rule("bulk_job", "reference", BULK, "More than 100 items are a 202, and are done later."),
    Rule("bulk_callback", "reference", BULK, "The result of a job is posted to the callback, once."),
    Rule(
        "callback_urls",
        "reference",
        _OF_THE_REFERENCE,
        "`callback_url` is a URL or null.",
        reference="`callback_url` is of any type",
        document="`uri`, nullable; what is sent there is in `callbacks`",
    ),
    Rule("bulk_job_delay", "chosen", BULK, "A job runs 2 seconds of the mock's clock after its request."),
    Rule(
        "bulk_queue_full",
        "reference",
        BULK,
        "A bulk request is a 413 while too much of its app's waits for the account.",
    ),
    Rule(
        "bulk_queue_size",
        "later docs",
        BULK,
        "300 MB of bulk requests may wait for each app and account, unless `bulk_queue_bytes` says otherwise.",
    ),
    Rule(
        "bulk_queue_bytes",
        "chosen",
        BULK,
        "What counts against the limit of the queue is the JSON of each waiting request, without white space between its"
        " parts.",
    ),
    Rule(
        "bulk_job_is_checked_once",
        "chosen",
        BULK,
        "What is wrong with a request as a whole is told at once and not looked for again: a job that was let in is carried"
        " out.",
    ),
    Rule(
        "bulk_job_timestamps",
        "chosen",
        BULK,
        "Timestamps of what a job makes are of the moment it was due, however far the clock was moved on.",
    ),
    Rule(
        "bulk_jobs_take_turns",
        "chosen",
        BULK,
        "Jobs that are due take turns, 500 items each: first the one that has had the fewest turns, and of these the one that"
        " came first.",
    ),
    Rule(
        "bulk_job_that_fails",
        "chosen",
        BULK,
        "A job that fails, which is a fault of the mock, is logged and dropped, with all that its last turn did, and calls"
        " back nobody.",
    ),
)
