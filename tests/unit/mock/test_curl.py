"""Recorded requests as curl lines: run by a shell, each makes the same request again."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit_mock import Clock, KitMock, RecordedRequest
from kit_mock.control.curl import CurlLine, curl_line
from kit_mock.protocol.errors import not_found
from kit_mock.protocol.messages import Request
from kit_mock.service.pipeline.answering import Outcome
from kit_mock.service.pipeline.arrival import Arrivals
from kit_mock.service.pipeline.recording import recorded
from tests.unit.mock.conftest import START, client

SECRETS = {
    "KIT_API_KEY": "kit_test_key",
    "KIT_ACCESS_TOKEN": "test_access_token",
    "CLIENT_SECRET": "kit_test_secret",
    "REFRESH_TOKEN": "hush'$(x)",
    "X_OTHER_TOKEN": "hush",
}


@pytest.fixture(scope="module")
def served() -> Iterator[KitMock]:
    with KitMock(clock=Clock(START)) as mock:
        yield mock


def line(mock: KitMock, request: RecordedRequest) -> CurlLine:
    return curl_line(request, mock.url, "x-kit-api-key")


def run(command: str) -> None:
    """Run a command in a POSIX shell that has the secrets and nothing else."""
    environment = {"PATH": "/usr/bin:/bin:/usr/local/bin", **SECRETS}
    subprocess.run(["sh", "-euc", f"{command} --silent --output /dev/null"], env=environment, check=True, timeout=30)


def again(mock: KitMock, request: RecordedRequest) -> RecordedRequest:
    """What the mock records when the line of a request is run."""
    before = len(mock.requests)
    run(line(mock, request).command)
    assert len(mock.requests) == before + 1
    return mock.requests[-1]


def told(request: RecordedRequest) -> dict[str, Any]:
    """What makes a request what it is."""
    left_out = {"host", "accept", "accept-encoding", "connection", "user-agent", "content-length"}
    return {
        "method": request.method,
        "path": request.path,
        "query": request.query_string,
        "headers": {name: value for name, value in request.headers.items() if name not in left_out},
        "body": request.request_body,
        "credential": request.credential,
        "status": request.status,
    }


def test_a_request_reads_as_one_would_write_it(served: KitMock) -> None:
    with client(served, **{"X-Kit-Api-Key": served.api_key}) as http:
        http.get("/v4/subscribers", params={"status": "active"})
        http.post("/v4/tags", json={"name": "It's"})
    with client(served, Authorization=f"Bearer {served.access_token}") as http:
        http.delete("/v4/webhooks/1")
    listed, made, deleted = (line(served, each).command for each in served.requests[-3:])
    assert listed == f"""curl '{served.url}/v4/subscribers?status=active' -H "X-Kit-Api-Key: $KIT_API_KEY\""""
    assert made == (
        f"""curl {served.url}/v4/tags -H "X-Kit-Api-Key: $KIT_API_KEY" -H 'Content-Type: application/json'"""
        """ --data-raw '{"name":"It'"'"'s"}'"""
    )
    assert deleted == f"""curl -X DELETE {served.url}/v4/webhooks/1 -H "Authorization: Bearer $KIT_ACCESS_TOKEN\""""


@settings(max_examples=40, deadline=None)
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH"]),
    segments=st.lists(
        st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc"]), max_size=8), max_size=3
    ),
    query=st.lists(st.tuples(st.text(max_size=5), st.text(max_size=8)), max_size=3),
    header=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12),
    body=st.one_of(
        st.just(""), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufffd"), max_size=40)
    ),
    content_type=st.sampled_from([None, "application/json", "text/plain; charset=utf-8"]),
)
def test_the_line_makes_the_same_request(
    served: KitMock,
    method: str,
    segments: list[str],
    query: list[tuple[str, str]],
    header: str,
    body: str,
    content_type: str | None,
) -> None:
    headers = {"X-Kit-Api-Key": served.api_key, "X-Note": header.strip()}
    if content_type is not None:
        headers["Content-Type"] = content_type
    path = "/v4/" + "/".join(quote(segment, safe="") for segment in segments)
    with httpx.Client(base_url=served.url) as http:
        http.request(method, f"{path}?{urlencode(query)}", headers=headers, content=body.encode())
    first = served.requests[-1]
    assert told(again(served, first)) == told(first)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v4/tags", "fields[a]={b}&x[]=1,2"),
        ("/v4/./tags", ""),
        ("/v4/tags/../forms", ""),
        ("/v4/$(id)`id`!'\"\\;&|<>~*?", "a=$HOME&b=`id`&c=%00&d='&e=\"\\"),
        ("/v4/Zoë #?%20", "per_page=%zz&flag"),
    ],
)
def test_what_shells_and_curl_would_change_comes_through(served: KitMock, path: str, query: str) -> None:
    found = again(served, remembered(Request("GET", path, query, {"x-kit-api-key": served.api_key})))
    assert (found.path, found.query_string) == (path, query)


def test_secrets_of_bodies_and_queries_become_variables(served: KitMock) -> None:
    grant = {"grant_type": "refresh_token", "client_id": "kit_test_confidential"}
    secret = {"client_secret": SECRETS["CLIENT_SECRET"], "refresh_token": SECRETS["REFRESH_TOKEN"]}
    with client(served) as http:
        http.post("/oauth/token", json={**grant, **secret})
        http.post("/oauth/token", data={**grant, "client_secret": secret["client_secret"]})
        http.get("/v4/account", params={"access_token": served.access_token, "per_page": 5})
        http.get("/v4/account", headers={"X-Other-Token": "hush", "Authorization": "Basic aHVzaDpodXNo"})
    as_json, as_form, in_query, others = (line(served, each).command for each in served.requests[-4:])
    assert as_json.endswith(
        """--data-raw '{"grant_type":"refresh_token","client_id":"kit_test_confidential","client_secret":"'"$CLIENT_SECRET"'","refresh_token":"'"$REFRESH_TOKEN"'"}'"""
    )
    assert as_form.endswith('client_secret=\'"$CLIENT_SECRET"')
    assert "access_token='\"$KIT_ACCESS_TOKEN\"'&per_page=5'" in in_query
    assert '-H "X-Other-Token: $X_OTHER_TOKEN"' in others
    assert '-H "Authorization: $AUTHORIZATION"' in others
    for command in (as_json, as_form, in_query, others):
        assert not any(value in command for value in SECRETS.values())
        assert "***" not in command
    found = again(served, served.requests[-3])
    assert told(found) == told(served.requests[-4])


def test_stars_that_somebody_sent_are_no_secret(served: KitMock) -> None:
    with client(served, **{"X-Kit-Api-Key": served.api_key}) as http:
        http.post("/v4/tags", json={"name": "***"})
    assert line(served, served.requests[-1]).command.endswith("""--data-raw '{"name":"***"}'""")


@pytest.mark.parametrize(
    ("body", "note"),
    [
        (b"\x89PNG\r\n\x1a\n\x00", "The body is binary"),
        (b"with\0nothing", "The body is binary"),
        (b"x" * 20_000, "Only the beginning of the body was kept"),
        ('{"client_secret": "hush"', "The body was not kept, as it may hold secrets"),
    ],
)
def test_a_body_that_no_line_can_hold_is_said_to_be_one(body: bytes | str, note: str) -> None:
    content = body if isinstance(body, bytes) else body.encode()
    request = remembered(Request("POST", "/v4/tags", headers={"content-type": "application/json"}, body=content))
    found = curl_line(request, "http://127.0.0.1:1", "x-kit-api-key")
    assert found.command.endswith(" --data-binary @body")
    assert found.note.startswith(note)
    assert "file body" in found.note


def test_head_and_requests_without_a_body(served: KitMock) -> None:
    with client(served, **{"X-Kit-Api-Key": served.api_key}) as http:
        http.head("/v4/account")
        http.post("/v4/tags/1/subscribers/1")
    for each in served.requests[-2:]:
        assert told(again(served, each)) == told(each)


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12))
@settings(max_examples=40, deadline=None)
def test_no_header_gets_out_of_its_quotes(name: str) -> None:
    name = f"{name.lower().replace(':', '')}-token"
    request = remembered(Request("GET", "/v4/account", headers={name: "hush"}))
    command = curl_line(request, "http://127.0.0.1:1", "x-kit-api-key").command
    shown = subprocess.run(
        ["sh", "-c", f"curl() {{ printf '%s\\n' \"$@\"; }}; {command}"], capture_output=True, text=True
    )
    url, option, header = shown.stdout.splitlines()
    assert (url, option) == ("http://127.0.0.1:1/v4/account", "-H")
    assert header == f"{name.title()}: "
    assert shown.stderr == ""


def remembered(request: Request) -> RecordedRequest:
    """A request as it would be recorded, whatever a client makes of it."""
    arrival = Arrivals(Clock(START)).next(request, request.method)
    reply = not_found().reply()
    return recorded(arrival, not_found(), Outcome(reply), reply, b"", None, "x-kit-api-key")
