"""`kit-client webhooks`: each is there once, and its secret isn't shown."""

from __future__ import annotations

import json

import pytest

from kit_mock import KitMock

from .conftest import Cli

URL = "https://app.example.com/kit"
SECRET = "a-secret-of-enough-characters"


def test_one_is_added_once_listed_and_removed(cli: Cli, mock: KitMock) -> None:
    mock.tags.add(name="a")
    status, out, err = cli("webhooks", "add", "tag_add", URL, "tag_id=1")
    assert (status, out, err) == (0, f"Webhook 1: tag_add tag_id=1 to {URL}\n", "")
    assert cli("webhooks", "add", "subscriber.tag_add", URL, "tag_id=1", "--json").data["id"] == 1
    assert cli("webhooks", "list").out.splitlines() == ["id\tevent\tURL", f"1\ttag_add tag_id=1\t{URL}"]
    assert cli("webhooks", "remove", "1") == (0, "Removed 1\n", "")
    assert cli("webhooks", "list", "--json").data == []


def test_a_secret_is_masked_but_for_programs(cli: Cli) -> None:
    url = f"{URL}?secret={SECRET}"
    shown = cli("webhooks", "add", "subscriber_activate", url), cli("webhooks", "list")
    assert all(each.status == 0 and SECRET not in each.out + each.err and URL in each.out for each in shown)
    assert cli("webhooks", "list", "--json").data[0]["target_url"] == url


def test_one_that_is_not_there_does_not_keep_the_others(cli: Cli) -> None:
    cli("webhooks", "add", "subscriber_activate", URL)
    status, out, err = cli("webhooks", "remove", "7", "1", "1")
    assert (status, out) == (3, "Removed 1; failed 7\n")
    assert "404" in err
    status, out, err = cli("webhooks", "remove", "7", "--json")
    assert (status, json.loads(out)) == (1, {"removed": [], "failed": [7], "not_tried": []})
    error = json.loads(err)
    assert (error["id"], error["type"], error["status_code"]) == (7, "NotFoundError", 404)


@pytest.mark.parametrize("status", [401, 403, 422])
def test_what_is_removed_is_told_when_another_one_fails(cli: Cli, mock: KitMock, status: int) -> None:
    for event in ("subscriber_activate", "subscriber_unsubscribe", "subscriber_bounce"):
        cli("webhooks", "add", event, URL)
    mock.fail_next("DELETE /v4/webhooks/2", status=status)
    outcome = cli("webhooks", "remove", "1", "2", "3")
    assert (outcome.status, outcome.out) == (3, "Removed 1; failed 2; not tried 3\n")
    assert outcome.err.startswith(f"kit-client: delete_webhook: {status}: ")
    assert sorted(each["id"] for each in cli("webhooks", "list", "--json").data) == [2, 3]
    mock.fail_next("DELETE /v4/webhooks/3", status=status)
    outcome = cli("webhooks", "remove", "3", "2", "--json")
    assert (outcome.status, outcome.data) == (1, {"removed": [], "failed": [3], "not_tried": [2]})


def test_whether_it_was_made_is_told_where_nobody_knows(cli: Cli, mock: KitMock) -> None:
    mock.fail_next("create_webhook", status=502)
    status, _, err = cli("webhooks", "add", "subscriber_activate", URL)
    assert status == 1
    assert "may have been created" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["add", "tag_ad", URL], "did you mean subscriber.tag_add"),
        (["add", "zzz", URL], "it may be subscriber."),
        (["add", "tag_add", URL], "needs tag_id"),
        (["add", "tag_add", URL, "tag_id=x"], "event.tag_id: expected a whole number"),
        (["add", "tag_add", URL, "tagid=1"], "did you mean tag_id?"),
        (["add", "subscriber_activate", URL, "tag_id=1"], "has no parameter"),
        (["add", "subscriber_activate", "app.example.com"], "target_url: expected an absolute URL"),
        (["remove", "x"], "'x' is not the id of a webhook"),
        (["remove", "0"], "'0' is not the id of a webhook"),
        (["remove"], "required: ID"),
        ([], "required: ACTION"),
    ],
)
def test_a_mistake_is_told_and_nothing_sent(cli: Cli, mock: KitMock, arguments: list[str], said: str) -> None:
    status, out, err = cli("webhooks", *arguments)
    assert (status, out) == (2, "")
    assert said in err
    assert not mock.requests
