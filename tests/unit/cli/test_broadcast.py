"""`kit-client broadcast`: nothing is sent by accident, and what is sent is what the file says."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kit_mock import KitMock

from .conftest import Cli

LATER = (datetime.now(UTC) + timedelta(days=30)).strftime("%Y-%m-%dT09:00:00Z")


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], str]:
    def write(text: str) -> str:
        (tmp_path / "post.md").write_text(text, encoding="utf-8")
        return str(tmp_path / "post.md")

    return write


Write = Callable[[str], str]


def created(mock: KitMock) -> list[dict[str, Any]]:
    return [json.loads(request.request_body) for request in mock.requests if request.method == "POST"]


def test_without_a_moment_it_is_a_draft(cli: Cli, mock: KitMock, write: Write) -> None:
    status, out, err = cli("broadcast", write("# Hello\n\n*dear* reader"), "--subject", "Héllo")
    assert (status, out, err) == (0, "Broadcast 1, 'Héllo': saved as a draft\n", "")
    assert created(mock) == [
        {"public": False, "subject": "Héllo", "content": "<h1>Hello</h1>\n<p><em>dear</em> reader</p>\n"}
    ]
    assert cli("call", "get_broadcast", "id=1").data["broadcast"]["status"] == "draft"


def test_the_top_of_the_file_has_fields(cli: Cli, mock: KitMock, write: Write) -> None:
    mock.tags.add(name="Mathematicians")
    file = write(
        "\ufeff---\nsubject: Issue 12\npreview_text: 'Inside: parsers'\ndescription: no\nemail_template_id: 6\n"
        f"send_at: {LATER}\npublic: true\ntags: [mathematicians]\n---\nText"
    )
    made = cli("broadcast", file, "--yes", "--json").data
    assert (made["subject"], made["preview_text"], made["description"]) == ("Issue 12", "Inside: parsers", "no")
    assert (made["send_at"], made["public"], made["status"]) == (LATER, True, "scheduled")
    assert made["email_template"]["id"] == 6
    assert made["subscriber_filter"] == [{"any": [{"type": "tag", "ids": [1]}]}]


def test_options_go_before_the_file(cli: Cli, mock: KitMock, write: Write) -> None:
    mock.tags.add(name="a")
    mock.tags.add(name="b")
    file = write(f"---\nsubject: x\npreview_text: x\nsend_at: {LATER}\npublic: true\ntags: a\n---\nText")
    options = ("--subject", "y", "--preview-text", "z", "--no-public", "--draft", "--tag", "B", "--tag", "b ")
    assert cli("broadcast", file, *options).status == 0
    assert created(mock) == [
        {
            "public": False,
            "content": "<p>Text</p>\n",
            "subject": "y",
            "preview_text": "z",
            "subscriber_filter": [{"any": [{"type": "tag", "ids": [2]}]}],
        }
    ]


@pytest.mark.parametrize(
    "fields", ["public: true", f"send_at: {LATER}", f"send_at: {LATER}\npublic: true", "send_at: now"]
)
def test_a_draft_reaches_nobody_whatever_the_file_says(cli: Cli, mock: KitMock, write: Write, fields: str) -> None:
    file = write(f"---\nsubject: x\n{fields}\n---\nText")
    for more in ((), ("--no-public",)):
        assert cli("broadcast", file, "--draft", *more).out.endswith("saved as a draft\n")
    assert created(mock) == [{"public": False, "content": "<p>Text</p>\n", "subject": "x"}] * 2


@pytest.mark.parametrize("more", [("--send-at", LATER), ("--send-at", "now"), ("--public",)])
def test_what_reaches_people_is_asked_about(
    cli: Cli, mock: KitMock, write: Write, type_in: Callable[[str], None], more: tuple[str, ...]
) -> None:
    file = write("Text")
    for answer in ("", "\n", "n\n", "yesterday\n"):
        type_in(answer)
        status, out, err = cli("broadcast", file, "--subject", "Hi", *more)
        assert (status, out) == (1, "")
        assert "[y/N]" in err
        assert err.endswith("stopped: nothing was sent\n")
    assert created(mock) == []
    type_in("Y\n")
    assert cli("broadcast", file, "--subject", "Hi", *more).status == 0
    assert len(created(mock)) == 1


def test_the_question_says_what_will_happen(
    cli: Cli, mock: KitMock, write: Write, type_in: Callable[[str], None]
) -> None:
    mock.tags.add(name="a")
    file = write("Text")

    def asked(*more: str) -> str:
        type_in("n\n")
        return cli("broadcast", file, "--subject", "H\x1bi", *more).err.partition(" [y/N]")[0]

    assert asked("--send-at", "now") == "Send 'H\\x1bi' to every subscriber now?"
    assert asked("--public") == "Publish 'H\\x1bi' on the web, and send it to nobody?"
    assert asked("--send-at", "2099-12-01 09:00", "--tag", "a", "--public") == (
        "Send 'H\\x1bi' to those tagged a at 2099-12-01 09:00 EST (14:00 UTC) and publish it on the web?"
    )


def test_without_a_terminal_it_takes_yes(
    cli: Cli, mock: KitMock, write: Write, pipe_in: Callable[[bytes], None]
) -> None:
    pipe_in(b"y\n")
    status, _, err = cli("broadcast", write("Text"), "--subject", "Hi", "--send-at", LATER)
    assert status == 2
    assert "add --yes" in err
    assert created(mock) == []


def test_a_moment_without_an_offset_is_the_accounts(cli: Cli, mock: KitMock, write: Write) -> None:
    made = cli("broadcast", write("x"), "--subject", "Hi", "--send-at", "2099-07-01 09:00", "--yes", "--json").data
    assert made["send_at"] == "2099-07-01T13:00:00Z"


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 502, "effect": True},
        {"status": 408, "effect": True},
        {"status": 201, "html": True, "effect": True},
        {"reset": "after"},
        {"cut_body": True},
    ],
)
def test_it_is_sent_once(fault: dict[str, Any], cli: Cli, mock: KitMock, write: Write) -> None:
    mock.fail_next("create_broadcast", **fault)
    status, _, err = cli("broadcast", write("Text"), "--subject", "Hi")
    assert status == 1
    assert "The service may have made it all the same" in err
    assert len(created(mock)) == 1


@pytest.mark.parametrize("status", [401, 403, 422])
def test_a_refusal_leaves_no_doubt(status: int, cli: Cli, mock: KitMock, write: Write) -> None:
    mock.fail_next("create_broadcast", status=status)
    assert "all the same" not in cli("broadcast", write("Text"), "--subject", "Hi").err


def test_a_dry_run_sends_nothing(cli: Cli, offline: Cli, mock: KitMock, write: Write) -> None:
    mock.tags.add(name="a")
    file = write("---\nsubject: Hi\n---\n| a |\n|---|\n| ~~b~~ |\n")
    status, out, _ = offline("broadcast", file, "--dry-run", "--send-at", LATER)
    assert status == 0
    assert out.startswith("<table>\n")
    assert "<s>b</s>" in out
    planned = cli("broadcast", file, "--dry-run", "--send-at", "2099-07-01 09:00", "--tag", "a", "--json").data
    assert planned["send_at"] == "2099-07-01T09:00:00-04:00"
    assert planned["subscriber_filter"] == [{"any": [{"type": "tag", "ids": [1]}]}]
    assert {request.method for request in mock.requests} == {"GET"}


def test_a_dry_run_needs_no_credentials(offline: Cli, write: Write) -> None:
    assert offline("broadcast", write("Text"), "--subject", "Hi", "--dry-run").out == "<p>Text</p>\n"


def test_standard_input_will_do(cli: Cli, mock: KitMock, pipe_in: Callable[[bytes], None]) -> None:
    pipe_in("---\r\nsubject: Grüße\r\n---\r\nText\r\n".encode())
    assert cli("broadcast", "-").status == 0
    assert created(mock)[0]["subject"] == "Grüße"


def test_what_leads_nowhere_is_told(cli: Cli, write: Write) -> None:
    file = write("[a](/x) ![b](pictures/b.png) [c](https://c.example) [d](#d) [e](mailto:e@e.example)")
    err = cli("broadcast", file, "--subject", "Hi").err
    assert [line.split("'")[1] for line in err.splitlines()] == ["/x", "pictures/b.png"]
    assert cli("broadcast", file, "--subject", "Hi", "--quiet").err == ""


@pytest.mark.parametrize(
    ("text", "options", "status", "said"),
    [
        ("Text", [], 2, "subject: missing; give --subject"),
        ("Text", ["--subject", "  "], 2, "subject: missing"),
        ("", ["--subject", "Hi"], 2, "it holds no text to send"),
        ("---\nsubject: Hi\n---\n", [], 2, "it holds no text to send"),
        ("---\nsubjct: Hi\nlayout: post\n---\nText", [], 2, "unknown subjct, layout; the top of a file has subject, "),
        ("---\ncontent: Hi\n---\nText", [], 2, "unknown content"),
        ("---\nsubject: [Hi\n---\nText", [], 2, "line 3: expected ',' or ']'"),
        ("---\nsubject: Hi\npublic: no\n'subject': Ho\n---\nText", [], 2, "line 4: subject is given twice"),
        (f"---\nsubject: {'[' * 5000}\n---\nText", [], 2, "nested too deeply"),
        ("---\nsubject: &a [*a]\n---\nText", [], 2, "line 2: subject: expected text, or a list of texts"),
        ("---\nsubject: Hi\n? [public]\n: yes\n---\nText", [], 2, "line 3: expected a field"),
        ("---\nsubject: Hi\nText", [], 2, "have no end"),
        ("---\n- Hi\n---\nText", [], 2, "expected fields at its top"),
        ("---\nsubject: {a: b}\n---\nText", [], 2, "subject: expected text"),
        ("---\nsubject: [a, b]\n---\nText", [], 2, "subject: expected one value, got a list"),
        ("---\nsubject: Hi\npublic: maybe\n---\nText", [], 2, "public: expected true or false, got 'maybe'"),
        ("---\nsubject: Hi\nemail_template_id: six\n---\nText", [], 2, "email_template_id: expected a whole number"),
        ("---\nsubject: Hi\nsend_at: tomorrow\n---\nText", [], 2, "send_at: expected a day and a time"),
        ("Text", ["--subject", "Hi", "--send-at", "2026-12-01"], 2, "send_at: expected a day and a time"),
        ("Text", ["--subject", "Hi", "--send-at", "2020-12-01 09:00"], 2, "is over"),
        ("Text", ["--subject", "Hi", "--send-at", "2099-03-08 02:30"], 2, "the clocks show 2099-03-08 02:30 never"),
        ("Text", ["--subject", "Hi", "--send-at", "2099-11-01 01:30"], 2, "the clocks show 2099-11-01 01:30 twice"),
        ("Text", ["--subject", "Hi", "--tag", "Mathematics"], 1, "no tag 'Mathematics'; did you mean Mathematicians?"),
        ("Text", ["--subject", "Hi", "--tag", "zzz"], 1, "no tag 'zzz'\n"),
        ("Text", ["--subject", "Hi", "--draft", "--send-at", LATER], 2, "not allowed with"),
        ("Text", ["--subject", "Hi", "--draft", "--public"], 2, "--public: not allowed with --draft"),
    ],
)
def test_a_mistake_is_told_and_nothing_made(
    cli: Cli, mock: KitMock, write: Write, text: str, options: list[str], status: int, said: str
) -> None:
    mock.tags.add(name="Mathematicians")
    outcome = cli("broadcast", write(text), *options)
    assert (outcome.status, outcome.out) == (status, "")
    assert said in outcome.err
    assert created(mock) == []


@pytest.mark.parametrize("name", ["{}/missing.md", "{}/.", "{}/a\0b", "~nobody-of-this-name/a.md"])
def test_a_file_that_cannot_be_read_is_told(cli: Cli, tmp_path: Path, name: str) -> None:
    status, _, err = cli("broadcast", name.format(tmp_path), "--subject", "Hi")
    assert status == 1
    assert err.rstrip("\n").isprintable()


def test_a_zone_that_this_machine_does_not_know_is_told(
    cli: Cli, mock: KitMock, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = cli("call", "get_account").data
    account["account"]["timezone"]["name"] = "Mars/\x1bOlympus"
    mock.fail_next("get_account", status=200, body=account)
    status, _, err = cli("broadcast", write("x"), "--subject", "Hi", "--send-at", "2099-07-01 09:00")
    assert status == 1
    assert "doesn't know the account's time zone, 'Mars/\\x1bOlympus'" in err


def test_a_subject_of_the_service_cannot_steer_a_terminal(cli: Cli, mock: KitMock, write: Write) -> None:
    made = {"id": "\x9b1m", "created_at": LATER, "subject": "\x1b[2J", "send_at": "\x9b1m", "public": False}
    rest = dict.fromkeys(("description", "published_at", "thumbnail_alt", "thumbnail_url", "content", "email_address"))
    mock.fail_next("create_broadcast", status=201, body={"broadcast": {**rest, **made}})
    status, out, _ = cli("broadcast", write("x"), "--subject", "Hi", "--quiet")
    assert status == 0
    assert out.rstrip("\n").isprintable()
