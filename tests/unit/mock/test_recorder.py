"""What is remembered of requests, and that no secret is."""

from __future__ import annotations

import json
import logging
import re
import tracemalloc
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import attrs
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit_mock import Clock, KitMock
from kit_mock.protocol import document
from kit_mock.protocol.errors import not_found
from kit_mock.protocol.messages import Request
from kit_mock.service import redaction
from kit_mock.service.pipeline.answering import Outcome
from kit_mock.service.pipeline.arrival import Arrivals
from kit_mock.service.pipeline.recording import recorded
from tests.unit.mock.conftest import START, Create, client

CALLBACK = "http://127.0.0.1:8765/callback"
CONFIDENTIAL = {"client_id": "kit_test_confidential", "client_secret": "kit_test_secret"}


def everything(mock: KitMock) -> str:
    """All that can be read from the records, and all that the control plane tells."""
    with client(mock) as http:
        told = http.get("/_mock/requests").text
    parts = [json.dumps([request.request_body, request.response_body]) for request in mock.requests]
    return "\n".join([told, repr(mock.requests), str([attrs.asdict(request) for request in mock.requests]), *parts])


def tokens(http: httpx.Client) -> dict[str, Any]:
    """The pair of tokens that an app gets; the mock approves at once."""
    asked = {"client_id": CONFIDENTIAL["client_id"], "redirect_uri": CALLBACK, "response_type": "code"}
    answer = http.get("/oauth/authorize", params=asked)
    code = httpx.URL(answer.headers["Location"]).params["code"]
    grant = {**CONFIDENTIAL, "redirect_uri": CALLBACK, "grant_type": "authorization_code", "code": code}
    found: dict[str, Any] = http.post("/oauth/token", data=grant).json()
    return found


def test_bodies_moments_and_media_types(mock: KitMock, kit: httpx.Client, subscriber: Create) -> None:
    mock.advance(minutes=1)
    subscriber(first_name="Zoë")
    kit.get("/v4/subscribers/9")
    first, second = mock.requests
    assert first.at == START + timedelta(minutes=1)
    assert json.loads(first.request_body) == {"email_address": "ada@example.com", "first_name": "Zoë"}
    assert json.loads(first.response_body)["subscriber"]["first_name"] == "Zoë"
    assert (first.request_media_type, second.request_media_type) == ("application/json", None)
    assert (second.request_body, second.response_body) == ("", '{"errors":["Not Found"]}')
    assert first.fault is second.fault is None


def test_the_json_of_a_request_is_decoded(mock: KitMock, kit: httpx.Client, subscriber: Create) -> None:
    subscriber(first_name="Zoë")
    assert mock.requests[0].json() == {"email_address": "ada@example.com", "first_name": "Zoë"}
    kit.post("/v4/tags", content=b'"a text"')
    assert mock.requests[1].json() == "a text"


@pytest.mark.parametrize(
    ("body", "media_type", "told"),
    [
        (b"", None, "the body of POST /v4/tags is empty"),
        (b"name=A", None, "the body of POST /v4/tags isn't JSON (without a Content-Type): 'name=A'"),
        (b"name=A", "application/x-www-form-urlencoded", "isn't JSON (application/x-www-form-urlencoded): 'name=A'"),
        (b'{"name": ', "application/json", "isn't JSON (application/json): '{\"name\": '"),
        (b'{"name": "\xff"}', "application/json", "isn't JSON (application/json): "),
        (b"[" * 10_000, "application/json", "isn't JSON (application/json): '[[["),
        (b'"' + b"x" * 16 * 1024 + b'"', "application/json", "is longer than the 16384 bytes that are kept of it"),
        (b"access_token=hush", "text/plain", "was not kept, as it may hold secrets"),
    ],
)
def test_what_is_not_json_is_told(
    mock: KitMock, kit: httpx.Client, body: bytes, media_type: str | None, told: str
) -> None:
    kit.post("/v4/tags", content=body, headers={} if media_type is None else {"Content-Type": media_type})
    with pytest.raises(ValueError, match=re.escape(told)):
        mock.requests[0].json()


def test_of_a_large_body_the_beginning_is_kept(mock: KitMock, kit: httpx.Client) -> None:
    names = [{"name": f"Tag {number}" * 10} for number in range(300)]
    kit.post("/v4/custom_fields", json={"label": "A", "x": names})
    kit.post("/v4/tags", content="é" * 10_000)
    for request in mock.requests:
        # Half a character at the end is shown as one of three bytes.
        assert len(request.request_body.encode()) in (16 * 1024, 16 * 1024 + 2)


def test_the_ring_forgets_the_oldest(mock: KitMock, kit: httpx.Client) -> None:
    for number in range(1005):
        kit.get(f"/{number}")
    assert [mock.requests[0].path, mock.requests[-1].path] == ["/5", "/1004"]
    mock.forget_requests()
    assert mock.requests == ()


def test_credentials_are_not_remembered(mock: KitMock) -> None:
    for headers in ({"X-Kit-Api-Key": mock.api_key}, {"Authorization": f"Bearer {mock.access_token}"}):
        with client(mock, **headers) as http:
            http.get("/v4/account", params={"api_key": mock.api_key, "access_token": mock.access_token})
            http.post("/v4/tags", json={"name": "A"})
    told = everything(mock)
    assert mock.api_key not in told
    assert mock.access_token not in told
    assert '"name":"A"' in told.replace("\\", "")


def test_who_called_is_told_without_the_secret(mock: KitMock) -> None:
    long, short = "0123456789abcdef", "short"
    for headers, credential, account_id in (
        ({"X-Kit-Api-Key": mock.api_key}, "API key 1, ***_key", 1),
        ({"Authorization": f"Bearer {mock.access_token}"}, "access token 1, ***oken", 1),
        ({"X-Kit-Api-Key": long}, "unknown API key, ***cdef", None),
        ({"Authorization": f"bearer {long}"}, "unknown access token, ***cdef", None),
        ({"Authorization": f"{long} {long}"}, "unknown access token, ***", None),
        ({"Authorization": long}, "unknown access token, ***", None),
        ({"Authorization": "Basic QWRhOmh1c2hodXNo"}, "unknown access token, ***", None),
        ({"X-Kit-Api-Key": short}, "unknown API key, ***", None),
        ({}, None, None),
    ):
        with client(mock, **headers) as http:
            http.get("/v4/account")
        assert (mock.requests[-1].credential, mock.requests[-1].account_id) == (credential, account_id)
    told = everything(mock)
    for secret in (mock.api_key, mock.access_token, long, short, "QWRh"):
        assert secret not in told


def test_a_token_from_oauth_is_told_by_its_number(mock: KitMock) -> None:
    mock.auto_approve = True
    with client(mock) as http:
        pair = tokens(http)
        http.get("/v4/account", headers={"Authorization": f"Bearer {pair['access_token']}"})
        assert mock.requests[-1].credential == f"OAuth token 1, ***{pair['access_token'][-4:]}"
        mock.advance(days=3)
        http.get("/v4/account", headers={"Authorization": f"Bearer {pair['access_token']}"})
    assert (mock.requests[-1].status, mock.requests[-1].account_id) == (401, 1)


def test_query_and_headers_are_kept_as_they_came(mock: KitMock, kit: httpx.Client) -> None:
    kit.get("/v4/tags?per_page=5&foo=%20b+c&flag", headers={"X-Trace": " 7 ", "Accept": "application/json"})
    (request,) = mock.requests
    assert request.query_string == "per_page=5&foo=%20b+c&flag"
    assert request.headers["x-trace"].strip() == "7"
    assert request.headers["accept"] == "application/json"


@pytest.mark.parametrize(
    "name", ["Cookie", "Proxy-Authorization", "X-Api-Secret", "X-Auth-Token", "X-Amz-Signature", "X-Csrf-Token"]
)
def test_other_secret_headers_are_masked_whole(mock: KitMock, kit: httpx.Client, name: str) -> None:
    kit.get("/v4/account", headers={name: "hush" * 10})
    assert mock.requests[-1].headers[name.lower()] == "***"
    assert "hush" not in everything(mock)


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/v4/tags?api_key=hush&per_page=5", "api_key=***&per_page=5"),
        ("/v4/tags?API%5FSECRET=hush", "API%5FSECRET=***"),
        ("/v4/nothing?access_token=hush&access_token=hush", "access_token=***&access_token=***"),
        ("/v4/oauth/authorize?client_id=a&state=hush&code=hush", "client_id=a&state=***&code=***"),
        ("/oauth/token?hush", "***"),
        ("/oauth/token?hush=hush", "hush=***"),
    ],
)
def test_secrets_in_the_query_are_masked(mock: KitMock, path: str, kept: str) -> None:
    with client(mock) as http:
        http.get(path)
    assert mock.requests[-1].query_string == kept
    assert "hush" not in str(mock.requests[-1].query)


URL = "https://bob:hush@app.example.com/"
QUOTED = quote(URL, safe="")


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (f"/v4/subscribers?email_address={URL}", {}),
        (f"/v4/subscribers?email_address={QUOTED}", {}),
        (f"/v4/subscribers?per_page=5&{QUOTED}", {}),
        (f"/v4/nothing?{URL}&x={'x' * 20_000}", {}),
        (f"/v4/subscribers?x={'x' * 20_000}&email_address={URL}", {}),
        (f"/v4/subscribers?x={'x' * 20_000}&email_address={QUOTED}", {}),
        (f"/v4/nothing?{'x' * (16 * 1024 - 15)}{URL}", {}),
        (f"/v4/{URL}", {}),
        (f"/v4/tags/{QUOTED}", {}),
        (f"/v4/tags/{quote(QUOTED)}", {}),
        (f"/_mock/requests?text={QUOTED}", {}),
        ("/v4/tags", {"Referer": URL}),
        ("/v4/tags", {"Origin": "https://bob:hush@app.example.com"}),
        ("/v4/tags", {"X-Webhook": f"see {URL} and {QUOTED}"}),
        ("/v4/tags", {"X-Long": "x" * (16 * 1024 - 200) + URL + "x" * 1000}),
        ("/v4/tags", {"X-Pass": "hush", "X-Passwd": "hush"}),
    ],
)
def test_a_password_of_a_url_is_in_no_record_and_no_log(
    mock: KitMock, path: str, headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "kit_mock"), httpx.Client(base_url=mock.url) as http:
        http.headers["X-Kit-Api-Key"] = mock.api_key
        http.post(path, headers=headers)
        http.get(path, headers=headers)
        shown = http.get("/_mock/").text
        records = http.get("/_mock/requests").json()["requests"]
        pages = [http.get(f"/_mock/?request={record['request_id']}").text for record in records]
    logged = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("kit_mock"))
    for told in (everything(mock), shown, logged, *pages):
        assert "hush" not in told


def test_what_only_looks_like_a_password_of_a_url_is_kept(mock: KitMock) -> None:
    with client(mock) as http:
        http.get("/v4/a:b@c", params={"x": "https://app.example.com:8080/@a"}, headers={"X-A": "//a:b@c/"})
        long = {"Origin": "http://localhost:3000", "X-Long": "x" * 20_000, "Referer": "http://localhost:3000"}
        http.get("/v4/tags", headers=long)
    found, cut = mock.requests
    assert cut.headers["origin"] == "http://localhost:3000"
    assert (found.path, found.headers["x-a"]) == ("/v4/a:b@c", "//a:b@c/")
    assert found.query_string == "x=https%3A%2F%2Fapp.example.com%3A8080%2F%40a"


@given(
    names=st.lists(
        st.sampled_from(["api_key", "Access-Token", "x", "page", "client%5Fsecret", "PASSWORD"]), max_size=5
    ),
    path=st.sampled_from(["/v4/tags", "/oauth/authorize", "/v4/OAuth/x"]),
)
def test_no_secret_of_a_query_is_kept_wherever_it_stands(names: list[str], path: str) -> None:
    secret = {"x": "plain", "page": "plain"}
    query = "&".join(f"{name}={secret.get(name, 'hush')}" for name in names)
    kept = redaction.masked_query(query, is_oauth=redaction.is_oauth(path))
    assert "hush" not in kept
    assert [pair.partition("=")[0] for pair in kept.split("&")] == (names or [""])
    assert kept.count("plain") == (0 if redaction.is_oauth(path) else sum(name in secret for name in names))


@given(
    st.lists(st.sampled_from(["api", "_", "key", "%6b%65%79", "x", "&", "=", "+", "%26", "%3D", "%", "%C3", "pass"]))
)
def test_each_pair_of_a_query_is_masked_as_if_it_were_alone(pieces: list[str]) -> None:
    query = "".join(pieces)
    alone = "&".join(redaction.masked_query(pair, is_oauth=False) for pair in query.split("&"))
    assert redaction.masked_query(query, is_oauth=False) == alone


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60))
def test_a_hint_is_at_most_a_third_of_a_secret(secret: str) -> None:
    hint = redaction.hint(secret)
    assert hint.startswith("***")
    assert len(hint) - 3 <= len(secret) / 3
    headers = {"x-kit-api-key": secret, "authorization": f"Bearer {secret}", "cookie": secret}
    masked = redaction.masked_headers(headers, "x-kit-api-key", 1000)
    assert masked == {"x-kit-api-key": hint, "authorization": f"Bearer {hint}", "cookie": "***"}


def test_the_query_of_a_referer_is_not_kept(mock: KitMock, kit: httpx.Client) -> None:
    kit.get("/v4/account", headers={"Referer": "https://app.example.com/done?code=hush#hush"})
    assert mock.requests[-1].headers["referer"] == "https://app.example.com/done?***"


def test_the_header_that_a_document_of_ones_own_names_for_keys_is_masked(tmp_path: Path) -> None:
    raw = document.load().raw
    schemes = raw["components"]["securitySchemes"]
    named = {name: {**each, "name": "X-Mine"} if each["type"] == "apiKey" else each for name, each in schemes.items()}
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps({**raw, "components": {**raw["components"], "securitySchemes": named}}))
    with KitMock(document=path) as mock, client(mock, **{"X-Mine": mock.api_key}) as http:
        assert http.get("/v4/account").status_code == 200
        assert mock.requests[0].credential == "API key 1, ***_key"
        assert mock.api_key not in everything(mock)


@pytest.mark.parametrize("prefix", ["", "/v4"])
@pytest.mark.parametrize("way", ["data", "json"])
def test_oauth_is_masked(mock: KitMock, prefix: str, way: str) -> None:
    secrets = ["kit_test_secret"]
    with client(mock) as http:
        asked = {"client_id": CONFIDENTIAL["client_id"], "redirect_uri": CALLBACK, "response_type": "code"}
        page = http.get(f"{prefix}/oauth/authorize", params=asked).text
        ticket = page.split('name="ticket" value="')[1].split('"')[0]
        decision = {"ticket": ticket, "decision": "approve", "account_id": "1"}
        answer = http.post(f"{prefix}/oauth/authorize/decision", data=decision)
        code = httpx.URL(answer.headers["Location"]).params["code"]
        grant: Any = {**CONFIDENTIAL, "redirect_uri": CALLBACK, "grant_type": "authorization_code", "code": code}
        pair = http.post(f"{prefix}/oauth/token", **{way: grant}).json()
        assert http.get("/v4/account", headers={"Authorization": f"Bearer {pair['access_token']}"}).status_code == 200
        refresh: Any = {**CONFIDENTIAL, "grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}
        newer = http.post(f"{prefix}/oauth/token", **{way: refresh}).json()
        revoke: Any = {**CONFIDENTIAL, "token": newer["refresh_token"]}
        assert http.post(f"{prefix}/oauth/revoke", **{way: revoke}).status_code == 200
    secrets += [ticket, code, *(each[name] for each in (pair, newer) for name in ("access_token", "refresh_token"))]
    told = everything(mock)
    assert [secret for secret in secrets if secret in told] == []
    exchange = next(request for request in mock.requests if request.operation_id == "create_token")
    assert "authorization_code" in exchange.request_body
    assert "kit_test_confidential" in exchange.request_body
    assert json.loads(exchange.response_body)["expires_in"] == 172800
    assert json.loads(exchange.response_body)["access_token"] == "***"


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        ('{"client_secret": "hush", "code":', "application/json"),
        ('{"client_secret": "hush"}', "application/x-www-form-urlencoded"),
        ("client_secret=hush", "application/json"),
        ("client_secret=hush", "text/plain"),
        ("client_secret=hush", "text/html"),
        (
            '{"errors": {"client_secret": "hush"}, "scope": [["hush"]], "grant_type": {"code": "hush"}}',
            "application/json",
        ),
        ('[{"client_secret": "hush"}]', "application/json"),
        ('{"more": {"client_secret": "hush"}, "scope": "public"}', "application/json"),
        ("code=hush&" + "x" * 20_000, "application/x-www-form-urlencoded"),
        ('{"x": "' + "y" * 20_000 + '", "code": "hush"}', "application/json"),
    ],
)
@pytest.mark.parametrize("path", ["/oauth/token", "/OAuth/Token/", "//v4/oauth/token", "/oauth/nothing"])
def test_what_is_malformed_is_masked_too(mock: KitMock, content: str, media_type: str, path: str) -> None:
    with client(mock) as http:
        http.post(f"https://kit.test{path}", content=content, headers={"Content-Type": media_type})
    assert "hush" not in everything(mock)


def test_escapes_that_encoders_make_are_kept(mock: KitMock, kit: httpx.Client) -> None:
    content = '{"subject": "A\\u003cb\\u003e \\u0026 \\u0027c\\u0027", "description": "caf\\u00e9 100%25"}'
    kit.post("/v4/broadcasts", content=content, headers={"Content-Type": "application/json"})
    assert mock.requests[-1].request_body == content


def test_secrets_in_the_wrong_place_are_masked(mock: KitMock, kit: httpx.Client) -> None:
    kit.post("/v4/tags", json={"name": "A", "api_secret": "hush"})
    kit.post("/v4/nothing", data={"client_secret": "hush"})
    for content in (
        '{"client\\u005fsecret": "hush"}',
        '{"name": "A", "API_SECRET": "hush"}',
        '{"grant_type": "authorization_code", "code": "hush"}',
    ):
        kit.post("/v4/tags", content=content, headers={"Content-Type": "application/json"})
    for content in ("client%5Fsecret=hush", "grant_type=refresh_token&token=hush"):
        for media_type in ("application/x-www-form-urlencoded", "text/html"):
            kit.post("/v4/tags", content=content, headers={"Content-Type": media_type})
    assert "hush" not in everything(mock)


def test_faulty_answers_on_oauth_are_masked(mock: KitMock) -> None:
    with client(mock) as http:
        mock.fail_next("create_token", status=200, body={"access_token": "hush"})
        assert http.post("/oauth/token", data={"grant_type": "refresh_token"}).json() == {"access_token": "hush"}
        told = mock.requests[-1]
        assert "hush" not in told.response_body + repr(told)


@pytest.mark.parametrize("path", ["/oauth/token", "/nowhere", "/v4/tags"])
def test_of_a_huge_body_no_more_than_the_beginning_is_looked_at(path: str) -> None:
    body = b"code=" + b"%41" * 1_000_000
    headers = {"content-type": "application/x-www-form-urlencoded"}
    arrival = Arrivals(Clock(START)).next(Request("POST", path, headers=headers, body=body), "POST")
    reply = not_found().reply()
    tracemalloc.start()
    try:
        found = recorded(arrival, not_found(), Outcome(reply), reply, b"", None, "x-kit-api-key")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < len(body) / 2
    assert len(found.request_body) <= 16 * 1024


def test_of_a_huge_head_no_more_than_the_beginning_is_kept(mock: KitMock, kit: httpx.Client) -> None:
    many = {f"X-{number}": "y" * 100 for number in range(1000)}
    kit.get("/v4/account", params={"x": "y" * 60_000}, headers={**many, "X-Long": "z" * 100_000})
    (request,) = mock.requests
    assert len(request.query_string) == 16 * 1024
    assert sum(len(name) + len(value) for name, value in request.headers.items()) < 17 * 1024
    assert request.headers["x-kit-api-key"] == "***_key"


def test_a_secret_at_the_cut_is_not_kept(mock: KitMock, kit: httpx.Client) -> None:
    for pad in range(16 * 1024 - 50, 16 * 1024):
        body = b'{"name": "' + b"x" * pad + b'", "client_secret": "hush"}'
        kit.post("/v4/tags", content=body, headers={"Content-Type": "application/json"})
    assert len(mock.requests) == 50
    assert not any("hush" in request.request_body for request in mock.requests)
