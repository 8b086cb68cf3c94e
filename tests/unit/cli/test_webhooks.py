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
    assert (status, out) == (3, "Removed 1\n")
    assert "404" in err
    status, out, err = cli("webhooks", "remove", "7", "--json")
    assert (status, json.loads(out), json.loads(err)["id"]) == (1, {"removed": []}, 7)


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
