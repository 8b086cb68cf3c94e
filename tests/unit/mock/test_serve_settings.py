"""The settings of `kit-mock serve` by variables of the environment."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from kit_mock.cli import main
from kit_mock.commands.settings import variable
from tests.unit.mock.delivering import unused_port
from tests.unit.mock.serving import serving


def test_a_variable_is_named_for_its_flag() -> None:
    assert [variable(flag) for flag in ("--port", "--rate-limit", "--allow-host")] == [
        "KIT_MOCK_PORT",
        "KIT_MOCK_RATE_LIMIT",
        "KIT_MOCK_ALLOW_HOST",
    ]


def test_the_environment_sets_what_no_flag_does(tmp_path: Path) -> None:
    (tmp_path / "seed.yaml").write_text("tags: [{id: 31, name: Newsletter}]\n")
    environment = {
        "KIT_MOCK_PORT": str(unused_port()),
        "KIT_MOCK_SEED": "seed.yaml",
        "KIT_MOCK_API_KEY": " hush ",
        "KIT_MOCK_ACCESS_TOKEN": " ",
        "KIT_MOCK_RATE_LIMIT": "1",
        "KIT_MOCK_STRICT": "TRUE",
        "KIT_MOCK_AUTO_APPROVE": "0",
        "KIT_MOCK_BEHAVIOUR": "reference",
        "KIT_MOCK_NOW": "2026-03-02T09:30:00Z",
        "KIT_MOCK_CORS": "http://localhost:3000, https://app.example.com",
        "KIT_MOCK_NOTHING": "of ours",
    }
    with (
        serving("--rate-limit", "off", environment=environment, cwd=tmp_path) as served,
        httpx.Client(base_url=served.url, headers={"X-Kit-Api-Key": "hush"}) as http,
    ):
        assert served.url == f"http://127.0.0.1:{environment['KIT_MOCK_PORT']}"
        assert "(behaviour: reference)" in served.first
        assert served.rows(5)["API key"] == "***"
        assert [tag["id"] for tag in http.get("/v4/tags").json()["tags"]] == [31]
        assert http.get("/v4/tags?include_total_count=1").status_code == 422, "a flag goes first, and it is strict"
        assert http.get("/_mock/clock").json()["now"] == "2026-03-02T09:30:00+00:00"
        origin = {"Origin": "https://app.example.com"}
        assert http.get("/v4/tags", headers=origin).headers["Access-Control-Allow-Origin"] == origin["Origin"]
        assert http.get("/v4/tags", headers={"Authorization": "Bearer test_access_token"}).status_code == 200


def test_a_list_of_a_flag_takes_the_place_of_that_of_its_variable() -> None:
    environment = {"KIT_MOCK_ALLOW_HOST": "first,second"}
    with serving("--port", "0", "--allow-host", "third", environment=environment) as served:
        found = {
            name: httpx.get(f"{served.url}/_mock/health", headers={"Host": name}).status_code
            for name in ("first", "second", "third")
        }
    assert found == {"first": 403, "second": 403, "third": 200}


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("KIT_MOCK_PORT", "x", "'x' is not a port from 0 to 65535"),
        ("KIT_MOCK_BEHAVIOUR", "later", "'later' is not one of reference, current"),
        ("KIT_MOCK_STRICT", "maybe", "'maybe' is neither true nor false"),
        ("KIT_MOCK_RATE_WINDOW", "0", "'0' is not a number of seconds above 0"),
        ("KIT_MOCK_NOW", "today", "'today' is not an ISO 8601 moment with a time zone"),
        ("KIT_MOCK_ALLOW_HOST", "kit-mock,http://b", "'http://b' is not the name or address of a host"),
        ("KIT_MOCK_CORS", "app.example.com", "'app.example.com' is neither an origin"),
    ],
)
def test_a_bad_value_names_the_variable(
    name: str, value: str, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        main(["serve"])
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"kit-mock: environment variable {name}: {told}")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("KIT_MOCK_RATE_LIMTI", "KIT_MOCK_RATE_LIMIT"),
        ("KIT_MOCK_BEHAVIOR", "KIT_MOCK_BEHAVIOUR"),
        ("KIT_MOCK_APIKEY", "KIT_MOCK_API_KEY"),
        ("KIT_MOCK_ALLOW_HOSTS", "KIT_MOCK_ALLOW_HOST"),
        ("KIT_MOCK_rate_limit", None),
        ("KIT_MOCK_NOTHING", None),
        ("KIT_MOCKS_PORT", None),
        *((f"KIT_MOCK_SERVICE_{end}", None) for end in ("HOST", "PORT", "PORT_HTTP")),
        *((f"KIT_MOCK_PORT_4010_TCP{end}", None) for end in ("", "_ADDR", "_PORT", "_PROTO")),
    ],
)
def test_a_misspelt_variable_is_told(
    name: str, meant: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, "off")
    monkeypatch.setenv("KIT_MOCK_HOST", "..")
    assert main(["serve"]) == 2
    *told, problem = capsys.readouterr().err.splitlines()
    assert problem.startswith("kit-mock: cannot listen on ..")
    assert told == ([] if meant is None else [f"kit-mock: {name} sets nothing: did you mean {meant}?"])


def test_what_an_orchestrator_sets_for_a_service_of_that_name_is_no_setting() -> None:
    with serving("--host", "127.0.0.1", environment={"KIT_MOCK_PORT": "tcp://10.0.0.1:4010"}) as served:
        assert httpx.get(f"{served.url}/_mock/health").status_code == 200


def test_help_says_how_variables_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["serve", "--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert "named after its flag: KIT_MOCK_RATE_LIMIT for --rate-limit" in told
    assert "(default: 127.0.0.1)" in told
    assert "--rate-window SECONDS length of the window of --rate-limit, in seconds (default: 60.0)" in told
