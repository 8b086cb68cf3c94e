"""The pages below `/_mock/` as HTTP has them; tests/browser has what a person sees of them."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from kit_mock import KitMock
from kit_mock.protocol import document
from tests.unit.mock.conftest import START, Create, client
from tests.unit.mock.receiver import listening


@pytest.fixture
def web(mock: KitMock) -> Iterator[httpx.Client]:
    """Calls without credentials, as a browser does."""
    with client(mock) as http:
        yield http


def shown(response: httpx.Response) -> str:
    """The text of a page."""
    assert response.status_code == 200, response.text
    text = re.sub(r"<[^>]*>", " ", re.sub(r"</?span[^>]*>", "", response.text))
    return " ".join(html.unescape(text).split())


def test_the_page_keeps_to_itself(web: httpx.Client) -> None:
    for path in ("/_mock", "/_mock/", "/_mock/docs"):
        response = web.get(path)
        assert response.status_code == 200
        assert response.headers["Content-Type"] == "text/html; charset=utf-8"
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'; script-src 'self';" in policy
        assert ("'unsafe-inline'" in policy) == (path == "/_mock/docs")
        assert "frame-ancestors 'none'" in policy
        assert response.headers["Cache-Control"] == "no-store"
        assert re.findall(r" (?:src|href|action)=\"(?!/_mock/|#)[^\"]*\"", response.text) == []
        assert re.findall(r"<script(?![^>]* src=)|<style| style=| on\w+=", response.text) == []


def test_it_needs_no_credentials_and_is_not_recorded(mock: KitMock, web: httpx.Client) -> None:
    web.get("/_mock/")
    assert mock.requests == ()


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "\"'><img src=x onerror=alert(1)>", "{{ 7 * 7 }}"])
def test_what_others_wrote_stays_text(kit: httpx.Client, web: httpx.Client, subscriber: Create, text: str) -> None:
    subscriber(first_name=text)
    kit.post("/v4/tags", json={"name": text})
    kit.get(f"/v4/{text}")
    (found,) = re.findall(r"request=([\w-]+)#opened", web.get("/_mock/", params={"q": "post subscribers"}).text)
    response = web.get("/_mock/", params={"request": found, "q": text})
    # Four times: in the tables of subscribers and tags, in the request's body and in the response's.
    assert shown(response).count(text) + shown(response).count(text.replace('"', '\\"')) >= 4
    assert "<img src=x" not in response.text
    assert "<script>" not in response.text


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "\"'><img src=x onerror=alert(1)>", "{{ 7 * 7 }}"])
def test_what_a_header_a_query_and_a_target_say_stays_text(
    mock: KitMock, kit: httpx.Client, web: httpx.Client, subscriber: Create, text: str
) -> None:
    kit.get("/v4/account", params={"x": text}, headers={"X-Note": text})
    (found,) = mock.requests
    mock.faults.add(route=f"GET /{text.replace(' ', '')}", status=503)
    subscriber()
    kit.post(
        "/v4/webhooks", json={"target_url": "http://127.0.0.1:1/", "event": {"name": "subscriber.subscriber_bounce"}}
    )
    response = web.get("/_mock/", params={"request": found.request_id, "deliveries": text, "before": text})
    # In the query, in the headers, in the curl line; and without blanks in what the fault is for.
    assert shown(response).count(text) >= 2
    assert text.replace(" ", "") in shown(response)
    assert "<img" not in response.text.replace('<img src="/_mock/static/icon.svg"', "")
    assert re.findall(r"<script(?![^>]* src=)|<style| style=| on\w+=(?!alert\(1\)&gt;)", response.text) == []


def test_the_view_outlives_a_button(web: httpx.Client, mock: KitMock, tag: Create) -> None:
    tag("A")
    tag("B")
    view = {
        "q": "tags & more",
        "before": "x-1",
        "deliveries": "x",
        "request": "7",
        "done": "fire",
    }
    response = web.post("/_mock/", params=view, data={"action": "advance", "by": "1 hours"})
    back = httpx.URL(response.headers["Location"])
    kept = {name: view[name] for name in ("q", "before", "deliveries")}
    assert (back.path, dict(back.params)) == ("/_mock/", {**kept, "done": "advance"})


def test_requests_of_before_a_restore_are_told_from_later_ones(
    mock: KitMock, kit: httpx.Client, web: httpx.Client
) -> None:
    kept = mock.snapshot()
    for number in range(70):
        kit.get(f"/v4/tags/{number}/subscribers")
    mock.restore(kept)
    for number in range(70, 140):
        kit.get(f"/v4/tags/{number}/subscribers")
    assert mock.requests[0].request_id == mock.requests[70].request_id

    seen: list[int] = []
    url = httpx.URL("/_mock/")
    for _ in range(3):
        text = web.get(url).text
        seen += [int(number) for number in re.findall(r'class="path">/v4/tags/(\d+)/', text)]
        url = httpx.URL(html.unescape(next(iter(re.findall(r'href="([^"#]*)[^"]*" rel="next"', text)), "/_mock/")))
    assert seen == [*range(139, -1, -1)]

    for link, number in zip(re.findall(r'href="([^"#]*)#opened"', text), range(19, -1, -1), strict=True):
        opened = web.get(html.unescape(link)).text
        assert opened.count('id="opened"') == 1
        assert f"/v4/tags/{number}/subscribers -H" in opened


def test_badges_count_what_a_search_finds(
    mock: KitMock, kit: httpx.Client, web: httpx.Client, subscriber: Create
) -> None:
    subscriber()
    for event in ("bounce", "complain"):
        target = {"target_url": "https://app.example.com/", "event": {"name": f"subscriber.subscriber_{event}"}}
        kit.post("/v4/webhooks", json=target)
    for event in ("bounce", "bounce", "complain"):
        mock.fire(f"subscriber_{event}", subscriber_id=1)
    for query, requests, deliveries in (
        ("", 3, 3),
        ("q=webhooks", 2, 3),
        ("q=nothing&deliveries=bounce", 0, 2),
        ("deliveries=FAILED+complain", 3, 1),
        ("before=nothing&deliveries_before=nothing", 3, 3),
    ):
        text = shown(web.get(f"/_mock/?{query}"))
        assert f"Requests {requests} " in text
        assert f"Deliveries {deliveries} " in text


@pytest.mark.parametrize("depth", [2, 30, 450, 5000])
def test_a_nested_body_makes_no_endless_page(mock: KitMock, kit: httpx.Client, web: httpx.Client, depth: int) -> None:
    body = "[" * depth + ",".join(["12"] * 2000) + "]" * depth
    kit.post("/v4/tags", content=body, headers={"Content-Type": "application/json"})
    page = web.get("/_mock/", params={"request": mock.requests[-1].request_id})
    assert len(page.content) < 1_000_000
    assert page.text.count(body) == (2 if depth > 30 else 1), (
        "in the curl line, and as it was sent if it can't be laid out"
    )


def test_a_body_is_said_to_be_cut_by_its_bytes(mock: KitMock, kit: httpx.Client, web: httpx.Client) -> None:
    for content in ("é" * 9_000, "é" * 1_000):
        kit.post("/v4/tags", content=content)
    for request, is_cut in zip(mock.requests, (True, False), strict=True):
        text = shown(web.get("/_mock/", params={"request": request.request_id}))
        assert ("Only the first 16 KiB are kept." in text) == is_cut


def test_only_what_is_opened_is_sent(kit: httpx.Client, web: httpx.Client) -> None:
    for number in range(70):
        kit.post("/v4/subscribers", json={"email_address": f"a{number}@example.com", "first_name": "x" * 20_000})
    page = web.get("/_mock/")
    assert len(page.content) < 100_000
    assert page.text.count('class="operation">create_subscriber') == 60
    opened = web.get("/_mock/", params={"request": "00000000-0000-0000-0000-000000000002"})
    assert "a1@example.com" in shown(opened)
    assert "Only the first 16 KiB are kept." in shown(opened)
    assert len(opened.content) < 140_000


def test_first_and_last_rows(kit: httpx.Client, web: httpx.Client, tag: Create) -> None:
    for number in range(1, 31):
        tag(f"Tag {number}.")
    text = shown(web.get("/_mock/"))
    assert [int(number) for number in re.findall(r"Tag (\d+)\.", text)] == [*range(30, 22, -1), *range(4, 0, -1)]
    assert "18 more" in text


def test_each_kind_has_a_table(mock: KitMock, web: httpx.Client, oauth: httpx.Client, subscriber: Create) -> None:
    subscriber("ada@example.com")
    mock.tags.add("A tag")
    mock.forms.add("A form")
    mock.sequences.add("A sequence")
    mock.custom_fields.add("A label")
    mock.segments.add("A segment")
    oauth.post("/v4/broadcasts", json={"subject": "A subject", "content": "", "description": "", "public": False})
    oauth.post(
        "/v4/webhooks", json={"target_url": "http://127.0.0.1:1/", "event": {"name": "subscriber.subscriber_bounce"}}
    )
    purchase = {"transaction_id": "T-1", "email_address": "ada@example.com", "products": [], "currency": "EUR"}
    product = {"pid": "p", "lid": "l", "name": "P", "quantity": 1, "unit_price": 2}
    assert oauth.post("/v4/purchases", json={"purchase": {**purchase, "products": [product]}}).status_code == 201
    assert oauth.post("/v4/bulk/tags", json={"tags": [{"name": f"B{n}"} for n in range(101)]}).status_code == 202
    text = shown(web.get("/_mock/"))
    for each in (
        *("ada@example.com", "A tag", "A form", "A sequence", "A label", "A segment", "A subject", "T-1", "EUR"),
        *("subscriber_bounce http://127.0.0.1:1/", "Waiting bulk jobs 1", "bulk_create_tags"),
    ):
        assert each in text


def test_buttons_lead_back_to_the_page(mock: KitMock, web: httpx.Client, tag: Create) -> None:
    tag()
    response = web.post("/_mock/", data={"action": "advance", "by": "1 hours"})
    assert (response.status_code, response.headers["Location"]) == (303, "/_mock/?done=advance")
    assert mock.clock.now() == START + timedelta(hours=1)
    assert "The clock was moved on." in shown(web.get(response.headers["Location"]))

    assert web.post("/_mock/", data={"action": "reset"}).headers["Location"] == "/_mock/?done=reset"
    assert mock.clock.now() == START
    assert mock.requests == ()


def test_fire(mock: KitMock, kit: httpx.Client, web: httpx.Client, subscriber: Create, tag: Create) -> None:
    subscriber("ada@example.com")
    tag()
    with listening() as receiver:
        event = {"name": "subscriber.tag_add", "tag_id": 1}
        kit.post("/v4/webhooks", json={"target_url": receiver.url, "event": event})
        form = {"action": "fire", "event": "tag_add", "subscriber": " ADA@example.com ", "about": "1"}
        response = web.post("/_mock/", data=form)
        assert response.headers["Location"] == "/_mock/?done=fire&queued=1"
        (delivery,) = mock.deliver()
    assert (delivery.event, delivery.state) == ("tag_add", "delivered")
    assert "1 delivery queued" in shown(web.get("/_mock/?done=fire&queued=1"))
    text = shown(web.get("/_mock/", params={"delivery": delivery.id}))
    assert '"email_address": "ada@example.com"' in text


@pytest.mark.parametrize(
    ("form", "problem"),
    [
        ({}, "There is no such action."),
        ({"action": "advance"}, "above 0"),
        ({"action": "advance", "number": "-1", "unit": "days"}, "above 0"),
        ({"action": "advance", "number": "nan", "unit": "days"}, "above 0"),
        ({"action": "advance", "number": "1", "unit": "years"}, "above 0"),
        ({"action": "advance", "number": "1e12", "unit": "days"}, "can't go that far"),
        ({"action": "advance", "number": "9e6", "unit": "days"}, "can't go that far"),
        ({"action": "fire", "event": "nonsense", "subscriber": "1"}, "there is no 'nonsense'"),
        ({"action": "fire", "event": "tag_add", "subscriber": "9" * 50}, f"There is no subscriber {'9' * 50}."),
        ({"action": "fire", "event": "tag_add", "subscriber": "1", "about": "9" * 20}, f"There is no tag {'9' * 20}."),
        ({"action": "fire", "event": "purchase_create", "about": "9" * 20}, f"There is no purchase {'9' * 20}."),
        ({"action": "fire", "event": "subscriber_bounce", "about": "1", "subscriber": "1"}, "doesn't take it"),
        ({"action": "fire", "event": "subscriber_bounce", "subscriber": "<b>"}, "There is no subscriber <b>."),
        ({"action": "resend", "id": "7"}, "That delivery is gone."),
        ({"action": "resend", "id": "<b>"}, "That delivery is gone."),
        ({"action": "add-fault"}, "There is no such fault."),
        ({"action": "add-fault", "kind": "status", "value": "x"}, "a number is needed"),
        ({"action": "add-fault", "kind": "delay", "value": "nan"}, "delay must be a number of seconds"),
        (
            {"action": "add-fault", "kind": "status", "value": "503", "target": "<b>/"},
            "route must be a method and a path",
        ),
        ({"action": "add-fault", "kind": "status", "value": "503", "percent": "x"}, "percent must be a number"),
        ({"action": "add-fault", "kind": "status", "value": "503", "times": "9" * 20}, "times must be a whole number"),
        ({"action": "remove-fault", "id": "1"}, "That fault is gone."),
        ({"action": "restore-snapshot", "id": "1"}, "That snapshot is gone."),
        ({"action": "delete-snapshot", "id": "x"}, "That snapshot is gone."),
        ({"action": "x" * 20_000}, "too much"),
    ],
)
def test_what_is_wrong_with_a_form_is_said(
    web: httpx.Client, subscriber: Create, form: dict[str, str], problem: str
) -> None:
    subscriber()
    response = web.post("/_mock/", data=form)
    assert response.status_code in {413, 422}
    assert problem in html.unescape(response.text)


@pytest.mark.parametrize("beyond", [2**63, 10**18 * 10])
def test_an_id_of_many_digits_is_that_of_no_other(mock: KitMock, web: httpx.Client, beyond: int) -> None:
    short, long = 1, 12  # As texts of 19 digits they begin with the same 18.
    for id_ in (short, long):
        mock.subscribers.add(f"{id_}@example.com", id=id_)
        mock.tags.add(f"tag {id_}", id=id_)
    mock.webhooks.add("tag_add", "http://127.0.0.1:1/", tag=f"tag {long}")
    form = {"action": "fire", "event": "tag_add", "subscriber": f"{long:019}", "about": f"{long:019}"}
    assert web.post("/_mock/", data=form).headers["Location"] == "/_mock/?done=fire&queued=1"
    (queued,) = mock.deliveries
    assert queued.payload["subscriber"]["id"] == long
    for name in ("subscriber", "about"):
        response = web.post("/_mock/", data={**form, name: str(beyond)})
        assert (response.status_code, f"{beyond}." in response.text) == (422, True)
    for action in ("resend", "remove-fault", "restore-snapshot", "delete-snapshot"):
        mock.fail_next(status=500)
        assert web.post("/_mock/", data={"action": action, "id": f"1{'0' * 20}"}).status_code == 422
    assert (len(mock.deliveries), len(mock.faults)) == (1, 4)


def test_no_link_puts_words_on_the_page(web: httpx.Client) -> None:
    for query in (
        *("done=You+were+hacked", "done=fire&queued=You+were+hacked", "done=resend&id=hacked"),
        *("done=take-snapshot&id=hacked", "done=hacked-snapshot&id=1", "hacked=hacked"),
    ):
        assert "hacked" not in web.get(f"/_mock/?{query}").text


def test_pages_of_other_sites_press_no_button(mock: KitMock, web: httpx.Client, tag: Create) -> None:
    tag()
    for origin in ("https://evil.example", "null"):
        assert web.post("/_mock/", data={"action": "reset"}, headers={"Origin": origin}).status_code == 403
    assert len(mock.requests) == 1


def test_files(web: httpx.Client) -> None:
    for path in (
        "base.css",
        "page.css",
        "page.js",
        "docs.css",
        "docs.js",
        "icon.svg",
        "swagger-ui/swagger-ui-bundle.js",
    ):
        first = web.get(f"/_mock/static/{path}")
        assert first.status_code == 200
        assert first.headers["X-Content-Type-Options"] == "nosniff"
        again = web.get(f"/_mock/static/{path}", headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
    for path in ("nothing.css", "%2e%2e%2fpages.py", "swagger-ui/index.html", "swagger-ui/LICENSE", "page.css/x"):
        assert web.get(f"/_mock/static/{path}").status_code == 404


def test_the_document_names_the_mock_as_its_server(web: httpx.Client) -> None:
    found = web.get("/_mock/openapi.json", headers={"Host": "127.0.0.1:4444"}).json()
    assert [each["url"] for each in found["servers"]] == ["http://127.0.0.1:4444"]
    raw = document.load().raw
    assert [*found["paths"]] == [*raw["paths"]]
    assert found["components"]["schemas"] == raw["components"]["schemas"]
    text = str({"paths": found["paths"], "security": found["components"]["securitySchemes"]})
    assert "'servers'" not in text
    assert "convertkit.com/oauth" not in text
    flow = found["components"]["securitySchemes"]["oauth2"]["flows"]["authorizationCode"]
    assert flow["tokenUrl"] == "http://127.0.0.1:4444/oauth/token"


def test_a_key_of_ones_own_is_not_shown() -> None:
    with KitMock(api_key="my_own_key", access_token="my_own_token") as mock, client(mock) as http:
        assert "my_own" not in http.get("/_mock/").text + http.get("/_mock/docs").text
    with KitMock() as mock, client(mock) as http:
        docs = http.get("/_mock/docs").text
        assert f'data-api-key="{mock.api_key}" data-access-token="{mock.access_token}"' in docs
