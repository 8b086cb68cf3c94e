"""Where Kit's reference and the service of today differ, and that the mock can do both."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import httpx
import pytest

from kit_mock import Clock, KitMock
from kit_mock.model.result_order import BULK_ORDERS
from kit_mock.rules import catalogue
from kit_mock.rules.behaviours import BEHAVIOURS, CURRENT, DEFAULT, REFERENCE, BehaviourName, named
from kit_mock.state.settings import BulkOrder
from tests.unit.mock.conftest import START, client

Check = Callable[["Account", bool], None]
SWITCHES: dict[str, Check] = {}
"""For each switch, what shows it: given an account and whether it is that of today."""


@attrs.frozen
class Account:
    """A mock, and calls of it with the key and with the token."""

    mock: KitMock
    key: httpx.Client
    token: httpx.Client


@pytest.fixture(params=list(BEHAVIOURS))
def behaviour(request: pytest.FixtureRequest) -> BehaviourName:
    found: BehaviourName = request.param
    return found


@pytest.fixture
def account(behaviour: BehaviourName) -> Iterator[Account]:
    with (
        KitMock(clock=Clock(START), behaviour=behaviour, auto_approve=True) as mock,
        client(mock, **{"X-Kit-Api-Key": mock.api_key}) as key,
        client(mock, Authorization=f"Bearer {mock.access_token}") as token,
    ):
        yield Account(mock, key, token)


def shows(switch: str) -> Callable[[Check], Check]:
    """Register the decorated function as what shows a switch."""

    def register(check: Check) -> Check:
        SWITCHES[switch] = check
        return check

    return register


@pytest.mark.parametrize("switch", catalogue.SWITCHES)
def test_each_behaviour_does_what_the_table_says(account: Account, behaviour: BehaviourName, switch: str) -> None:
    SWITCHES[switch](account, behaviour == "current")


@shows("existing_tag_is_returned")
def _existing_tags(account: Account, today: bool) -> None:
    tag = account.key.post("/v4/tags", json={"name": "Newsletter"}).json()["tag"]
    response = account.key.post("/v4/tags", json={"name": "NEWSLETTER"})
    taken = {"errors": ["Name has already been taken"]}
    assert (response.status_code, response.json()) == ((200, {"tag": tag}) if today else (422, taken))
    # Only making one anew is forgiven, not taking another's name.
    assert account.key.post("/v4/tags", json={"name": "Other"}).status_code == 201
    assert account.key.put("/v4/tags/2", json={"name": "newsletter"}).status_code == 422
    names = ["New", "newsletter", "new", "Newsletter"]
    found = account.token.post("/v4/bulk/tags", json={"tags": [{"name": name} for name in names]}).json()
    new = {"id": 3, "name": "New", "created_at": tag["created_at"]}
    assert found["tags"] == ([new, tag] if today else [new])
    assert found["failures"] == ([] if today else [{"tag": each, **taken} for each in (tag, new, tag)])


@shows("existing_field_is_returned")
def _existing_fields(account: Account, today: bool) -> None:
    created = account.key.post("/v4/custom_fields", json={"label": "City"}).json()
    response = account.key.post("/v4/custom_fields", json={"label": "city"})
    taken = {"errors": ["Label has already been taken"]}
    assert (response.status_code, response.json()) == ((200, created) if today else (422, taken))
    labels = ["CITY", "Town", "town"]
    body = {"custom_fields": [{"label": label} for label in labels]}
    found = account.token.post("/v4/bulk/custom_fields", json=body).json()
    assert [each["id"] for each in found["custom_fields"]] == ([1, 2] if today else [2])
    failed = [(each["custom_field"]["id"], each["errors"]) for each in found["failures"]]
    assert failed == ([] if today else [(1, taken["errors"]), (2, taken["errors"])])
    assert len(account.key.get("/v4/custom_fields").json()["custom_fields"]) == 2


@shows("missing_ids_are_null")
def _missing_ids(account: Account, today: bool) -> None:
    account.mock.tags.add("Newsletter")
    account.mock.subscribers.add("ada@example.com")
    pairs = [(1, 9), (8, 1), (8, 9), (1, 1)]
    body = {"taggings": [{"tag_id": tag, "subscriber_id": subscriber} for tag, subscriber in pairs]}
    found = account.token.post("/v4/bulk/tags/subscribers", json=body).json()
    assert [each["id"] for each in found["subscribers"]] == [1]
    shown = [(each["tagging"]["tag_id"], each["tagging"]["subscriber_id"]) for each in found["failures"]]
    assert shown == ([(1, None), (None, 1), (None, None)] if today else pairs[:3])


@shows("partial_update")
def _partial_updates(account: Account, today: bool) -> None:
    account.mock.custom_fields.add("City")
    account.mock.subscribers.add("ada@example.com", first_name="Ada", fields={"city": "London"})
    before = account.key.post("/v4/subscribers", json={"email_address": "ada@example.com"}).json()["subscriber"]
    assert (before["first_name"], before["fields"]) == ("Ada", {"city": "London"})
    for body, changes in (
        ({}, {}),
        ({"first_name": "Countess"}, {"first_name": "Countess"}),
        ({"fields": {"city": "Paris"}}, {"fields": {"city": "Paris"}}),
        ({"fields": {}}, {}),
        ({"fields": None}, {}),
        ({"first_name": None}, {"first_name": None}),
    ):
        response = account.key.put("/v4/subscribers/1", json=body)
        if today:
            before |= changes
            assert (response.status_code, response.json()) == (200, {"subscriber": before})
        else:
            assert (response.status_code, response.json()) == (422, {"errors": ["Email address is invalid"]})
    # An address that is given is one, in either.
    for wrong in ("", "nobody"):
        response = account.key.put("/v4/subscribers/1", json={"email_address": wrong})
        assert (response.status_code, response.json()) == (422, {"errors": ["Email address is invalid"]})
    assert account.key.put("/v4/subscribers/1", json={"email_address": None}).status_code == 422
    response = account.key.put("/v4/subscribers/1", json={"email_address": "countess@example.com"})
    assert response.json()["subscriber"] == {**before, "email_address": "countess@example.com"}


@shows("unknown_fields_warn")
def _unknown_fields(account: Account, today: bool) -> None:
    account.key.post("/v4/custom_fields", json={"label": "Last name"})
    for number in (1, 20):
        many = {f"unknown_{n}": "x" for n in range(number)}
        for method, path in (("POST", "/v4/subscribers"), ("POST", "/v4/subscribers"), ("PUT", "/v4/subscribers/1")):
            body: dict[str, Any] = {"email_address": "ada@example.com", "fields": {"last_name": "L", **many}}
            response = account.key.request(method, path, json=body)
            assert response.is_success
            warnings = response.json().get("warnings")
            if today:
                assert len(warnings) == number
                assert all(name in text for name, text in zip(many, warnings, strict=True))
            else:
                assert warnings is None
            body["fields"] = {"last_name": "L", "Last name": "L"}
            assert "warnings" not in account.key.request(method, path, json=body).json()
            del body["fields"]
            assert "warnings" not in account.key.request(method, path, json=body).json()
    assert account.key.get("/v4/subscribers/1").json()["subscriber"]["fields"] == {"last_name": "L"}


@shows("today_fields")
def _new_fields(account: Account, today: bool) -> None:
    shown = account.key.get("/v4/account").json()
    assert shown["account"].keys() >= {"name", "plan_type", "primary_email_address", "created_at"}
    # An unknown path, and a path that the reference has for another method.
    for method, path, refused in (("POST", "/v4/bulk/forms/subscribers", 404), ("DELETE", "/v4/bulk/tags", 405)):
        assert account.token.request(method, path, json={}).status_code == (422 if today else refused)
    if not today:
        assert shown["user"].keys() == {"email"}
        assert not shown["account"].keys() & {"timezone", "sending_addresses", "plan"}


@shows("refresh_token_reuse")
def _refresh_tokens(account: Account, today: bool) -> None:
    asked = {"client_id": "kit_test_confidential", "redirect_uri": "https://app.example.com/oauth/callback"}
    location = account.key.get("/oauth/authorize", params={**asked, "response_type": "code"}).headers["Location"]
    secret = {"client_secret": "kit_test_secret"}
    grant = {"grant_type": "authorization_code", "code": httpx.URL(location).params["code"]}
    first = account.key.post("/oauth/token", data={**asked, **secret, **grant}).json()
    refresh = {**asked, **secret, "grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = account.key.post("/oauth/token", data=refresh).json()
    assert second["refresh_token"] != first["refresh_token"]
    again = account.key.post("/oauth/token", data=refresh)
    assert again.status_code == (200 if today else 400)
    assert again.json().get("error") == (None if today else "invalid_grant")


@shows("oauth_quota")
def _quotas(account: Account, today: bool) -> None:
    behaviour: BehaviourName = "current" if today else "reference"
    with (
        KitMock(clock=Clock(START), behaviour=behaviour, rate_limit="kit") as mock,
        client(mock, Authorization=f"Bearer {mock.access_token}") as http,
    ):
        quota = 600 if today else 120
        assert {http.get("/v4/account").status_code for _ in range(quota)} == {200}
        assert http.get("/v4/account").status_code == 429


def test_each_switch_differs_turns_a_rule_on_and_has_a_test() -> None:
    assert set(catalogue.SWITCHES) == set(SWITCHES)
    for name in catalogue.SWITCHES:
        assert getattr(REFERENCE, name) != getattr(CURRENT, name)
        assert any(name in rule.switches for rule in catalogue.RULES)
    assert named("reference") is REFERENCE
    assert named("current") is CURRENT


def test_the_service_of_today_is_the_default() -> None:
    assert DEFAULT is CURRENT
    with KitMock(clock=Clock(START)) as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as http:
        assert [http.post("/v4/tags", json={"name": "A"}).status_code for _ in range(2)] == [201, 200]


def test_an_unknown_behaviour_or_order_is_refused() -> None:
    unknown: Any = "tomorrow"
    with pytest.raises(ValueError, match="behaviour must be reference or current, not 'tomorrow'"):
        KitMock(behaviour=unknown)
    with pytest.raises(ValueError, match="bulk_order must be request or scrambled, not 'tomorrow'"):
        KitMock(bulk_order=unknown)


BULK: dict[str, tuple[str, str, list[dict[str, Any]], str]] = {
    "/v4/bulk/subscribers": (
        "subscribers",
        "subscribers",
        [{"email_address": f"{name}@example.com", "first_name": name} for name in "dacb"],
        "first_name",
    ),
    "/v4/bulk/tags": ("tags", "tags", [{"name": name} for name in "dacb"], "name"),
    "/v4/bulk/custom_fields": ("custom_fields", "custom_fields", [{"label": name} for name in "dacb"], "label"),
    "/v4/bulk/tags/subscribers": (
        "taggings",
        "subscribers",
        [{"tag_id": 1, "subscriber_id": id_} for id_ in (2, 4, 1, 3)],
        "first_name",
    ),
}


@pytest.mark.parametrize("number", [1, 2, 3, 4])
@pytest.mark.parametrize("order", BULK_ORDERS)
@pytest.mark.parametrize("path", BULK)
def test_bulk_results_come_in_the_order_of_the_request_or_in_another_one(
    behaviour: BehaviourName, path: str, order: BulkOrder, number: int
) -> None:
    sent, returned, items, shown = BULK[path]
    seed = {
        "tags": [{"id": 1, "name": "first"}, {"id": 2, "name": "b"}, {"id": 3, "name": "c"}],
        "subscribers": [{"email_address": f"{name}@example.com", "first_name": name} for name in "cdba"],
    }
    wanted = ["d", "a", "c", "b"][:number]
    if path == "/v4/bulk/tags" and behaviour == "reference":
        wanted = [name for name in wanted if name in "da"]
    with (
        KitMock(clock=Clock(START), seed=seed, behaviour=behaviour, bulk_order=order) as mock,
        client(mock, Authorization=f"Bearer {mock.access_token}") as http,
    ):
        answers = [http.post(path, json={sent: items[:number]}).json() for _ in range(2)]
    got = [each[shown] for each in answers[0][returned]]
    assert sorted(got) == sorted(wanted)
    assert (got == wanted) is (order == "request" or len(wanted) < 2)
    if order == "scrambled" and len(wanted) > 1:
        assert all(one != other for one, other in zip(got, wanted, strict=True))
    if behaviour == "current":
        assert [each["id"] for each in answers[1][returned]] == [each["id"] for each in answers[0][returned]]


def test_failures_and_callbacks_are_scrambled_too() -> None:
    wrong = [{"name": ""}, {"name": None}, {}]
    with (
        KitMock(clock=Clock(START), bulk_order="scrambled") as mock,
        client(mock, Authorization=f"Bearer {mock.access_token}") as http,
    ):
        found = http.post("/v4/bulk/tags", json={"tags": wrong}).json()
        assert [each["tag"]["name"] for each in found["failures"]] == [None, None, ""]
        many = [{"name": f"Tag {n}"} for n in range(101)]
        body = {"tags": many, "callback_url": "https://app.example.com/done"}
        assert http.post("/v4/bulk/tags", json=body).status_code == 202
        mock.advance(seconds=2)
        (delivery,) = mock.deliveries
        names = [each["name"] for each in delivery.payload["tags"]]
    assert sorted(names) == sorted(each["name"] for each in many)
    assert all(name != sent["name"] for name, sent in zip(names, many, strict=True))


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "kit_mock", *arguments], capture_output=True, text=True, timeout=60)


def test_the_command_lists_where_reference_and_service_differ() -> None:
    result = run("behaviours")
    assert (result.returncode, result.stderr) == (0, "")
    text = " ".join(result.stdout.split())
    switched, same = text.split("The same under both behaviours")
    for rule in catalogue.RULES:
        heading = f" {rule.id} ({', '.join(rule.grades)}): "
        assert (heading in switched) is (rule.is_difference and bool(rule.switches))
        assert (heading in same) is (rule.is_difference and not rule.switches)
    for rule in catalogue.differences():
        assert rule.reference is not None
        for shown in (rule.says, rule.reference, rule.document, rule.service or "as above"):
            assert shown is None or " ".join(shown.split()) in text


@pytest.mark.parametrize(
    "arguments",
    [
        ["--behaviour", "tomorrow"],
        ["--bulk-order", "any"],
        ["--rate-limit", "0"],
        ["--rate-limit", "none"],
        ["--rate-limit", "-5"],
    ],
)
def test_wrong_options_are_told(arguments: list[str]) -> None:
    result = run("serve", *arguments)
    assert result.returncode == 2
    assert result.stderr.endswith("; see kit-mock serve --help\n")


@pytest.mark.parametrize(
    ("arguments", "requests", "last"),
    [
        (["--behaviour", "reference"], 121, 429),
        (["--rate-limit", "5"], 6, 429),
        (["--rate-limit", "off", "--auto-approve", "--bulk-order", "scrambled"], 150, 200),
    ],
)
def test_serve_takes_them(arguments: list[str], requests: int, last: int) -> None:
    command = [sys.executable, "-m", "kit_mock", "serve", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            behaviour = "reference" if "reference" in arguments else "current"
            assert f"(behaviour: {behaviour})" in line
            url = line.split()[-1]
            key = {"X-Kit-Api-Key": "kit_test_key"}
            with httpx.Client(base_url=url, headers=key) as http:
                found = [http.get("/v4/account").status_code for _ in range(requests)]
                assert found == [200] * (requests - 1) + [last]
                if "--auto-approve" in arguments:
                    assert [http.post("/v4/tags", json={"name": "A"}).status_code for _ in range(2)] == [201, 200]
                    asked = {"client_id": "kit_test_confidential", "redirect_uri": url, "response_type": "code"}
                    assert http.get("/oauth/authorize", params=asked).headers["Location"].startswith(f"{url}?code=")
                    token = {"Authorization": "Bearer test_access_token"}
                    body = {"tags": [{"name": "B"}, {"name": "C"}]}
                    created = http.post("/v4/bulk/tags", json=body, headers=token).json()["tags"]
                    assert [each["name"] for each in created] == ["C", "B"]
        finally:
            process.kill()
