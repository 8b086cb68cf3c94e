"""Where Kit's reference and the service of today differ, and that the mock can do both."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import attrs
import httpx
import pytest

from kit_mock import Clock, KitMock
from kit_mock.behaviours import CURRENT, REFERENCE, differences, named, report
from tests.unit.mock.conftest import START, client


@pytest.fixture
def today() -> Iterator[httpx.Client]:
    """Calls a mock that behaves like the service of today."""
    with (
        KitMock(clock=Clock(START), behaviour="current") as mock,
        client(mock, **{"X-Kit-Api-Key": mock.api_key}) as http,
    ):
        yield http


def test_a_tag_that_exists(kit: httpx.Client, today: httpx.Client) -> None:
    for http in (kit, today):
        http.post("/v4/tags", json={"name": "Newsletter"})
    response = kit.post("/v4/tags", json={"name": "NEWSLETTER"})
    assert (response.status_code, response.json()) == (422, {"errors": ["Name has already been taken"]})
    response = today.post("/v4/tags", json={"name": "NEWSLETTER"})
    assert response.status_code == 200
    assert response.json() == {"tag": {"id": 1, "name": "Newsletter", "created_at": "2023-02-17T11:43:55Z"}}
    assert today.post("/v4/tags", json={"name": "Other"}).status_code == 201
    # Only making one anew is forgiven, not taking another's name.
    assert today.put("/v4/tags/2", json={"name": "newsletter"}).status_code == 422


def test_a_custom_field_that_exists(kit: httpx.Client, today: httpx.Client) -> None:
    for http in (kit, today):
        created = http.post("/v4/custom_fields", json={"label": "City"}).json()
    response = kit.post("/v4/custom_fields", json={"label": "city"})
    assert (response.status_code, response.json()) == (422, {"errors": ["Label has already been taken"]})
    response = today.post("/v4/custom_fields", json={"label": "city"})
    assert (response.status_code, response.json()) == (200, created)
    assert len(today.get("/v4/custom_fields").json()["custom_fields"]) == 1


@pytest.mark.parametrize("number", [1, 20])
def test_custom_fields_that_the_account_does_not_have(kit: httpx.Client, today: httpx.Client, number: int) -> None:
    many = {f"unknown_{n}": "x" for n in range(number)}
    for http in (kit, today):
        http.post("/v4/custom_fields", json={"label": "Last name"})
        for method, path in (("POST", "/v4/subscribers"), ("POST", "/v4/subscribers"), ("PUT", "/v4/subscribers/1")):
            body: dict[str, Any] = {"email_address": "ada@example.com", "fields": {"last_name": "L", **many}}
            response = http.request(method, path, json=body)
            assert response.is_success
            if http is kit:
                assert set(response.json()) == {"subscriber"}
            else:
                warnings = response.json()["warnings"]
                assert len(warnings) == number
                assert all(name in text for name, text in zip(many, warnings, strict=True))
            body["fields"] = {"last_name": "L", "Last name": "L"}
            assert set(http.request(method, path, json=body).json()) == {"subscriber"}
            del body["fields"]
            assert set(http.request(method, path, json=body).json()) == {"subscriber"}
        assert http.get("/v4/subscribers/1").json()["subscriber"]["fields"] == {"last_name": "L"}


def test_the_table_has_every_difference() -> None:
    table = differences()
    switches = set(attrs.fields_dict(type(REFERENCE))) - {"name"}
    assert set(table) == switches
    for name, row in table.items():
        assert getattr(REFERENCE, name) != getattr(CURRENT, name)
        assert row.reference != row.current
    assert named("reference") is REFERENCE
    assert named("current") is CURRENT


def test_an_unknown_behaviour_is_refused() -> None:
    unknown: Any = "tomorrow"
    with pytest.raises(ValueError, match="reference or current"):
        KitMock(behaviour=unknown)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "kit_mock", *arguments], capture_output=True, text=True, timeout=60)


def test_the_command_lists_them() -> None:
    result = run("behaviours")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines() == list(report())
    for name, row in differences().items():
        for text in (name, row.about, row.reference, row.current):
            assert text in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [["--behaviour", "tomorrow"], ["--rate-limit", "0"], ["--rate-limit", "none"], ["--rate-limit", "-5"]],
)
def test_wrong_options_are_told(arguments: list[str]) -> None:
    result = run("serve", *arguments)
    assert result.returncode == 2
    assert "usage: kit-mock serve" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "requests", "last"),
    [
        ([], 121, 429),
        (["--rate-limit", "5"], 6, 429),
        (["--rate-limit", "off", "--behaviour", "current", "--auto-approve"], 150, 200),
    ],
)
def test_serve_takes_them(arguments: list[str], requests: int, last: int) -> None:
    command = [sys.executable, "-m", "kit_mock", "serve", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[-1]
            key = {"X-Kit-Api-Key": "kit_test_key"}
            with httpx.Client(base_url=url, headers=key) as http:
                found = [http.get("/v4/account").status_code for _ in range(requests)]
                assert found == [200] * (requests - 1) + [last]
                if "current" in arguments:
                    assert [http.post("/v4/tags", json={"name": "A"}).status_code for _ in range(2)] == [201, 200]
                    asked = {"client_id": "kit_test_confidential", "redirect_uri": url, "response_type": "code"}
                    assert http.get("/oauth/authorize", params=asked).headers["Location"].startswith(f"{url}?code=")
        finally:
            process.kill()
