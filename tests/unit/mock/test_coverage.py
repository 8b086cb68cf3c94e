"""`kit-mock coverage` is honest: it counts what doesn't answer 501 when called."""

from __future__ import annotations

import httpx

from kit_mock.coverage import report
from kit_mock.document import load
from kit_mock.registry import implemented


def test_the_number_is_that_of_operations_that_do_not_answer_501(oauth: httpx.Client) -> None:
    document = load()
    answered = []
    for operation in document.operations.values():
        path = operation.path
        for name in operation.path_names:
            path = path.replace(f"{{{name}}}", "1")
        if oauth.request(operation.method, path).status_code != 501:
            answered.append(operation.id)
    lines = list(report(document))
    assert lines[-1] == f"{len(answered)} of {len(document.operations)} operations"
    assert [line.split()[1] for line in lines[:-1] if line.startswith("yes")] == answered
    assert implemented() == set(answered)


def test_what_this_version_promises() -> None:
    promised = {
        *("get_account", "list_account_colors", "update_account_colors"),
        *("get_creator_profile", "get_email_stats", "get_growth_stats"),
        *("list_subscribers", "create_subscriber", "get_subscriber", "update_subscriber"),
        *("unsubscribe_subscriber", "list_subscriber_tags", "bulk_create_subscribers"),
        *("list_tags", "create_tag", "update_tag", "tag_subscriber", "tag_subscriber_by_email"),
        *("untag_subscriber", "untag_subscriber_by_email", "list_tag_subscribers"),
        *("bulk_create_tags", "bulk_tag_subscribers"),
        *("list_custom_fields", "create_custom_field", "update_custom_field"),
        *("delete_custom_field", "bulk_create_custom_fields"),
    }
    assert promised <= implemented()
