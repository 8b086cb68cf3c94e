"""The secret in a webhook's URL: made, put there, compared, and shown nowhere."""

from __future__ import annotations

import hmac
import json
import traceback
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, unquote, unquote_plus, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit_api.errors import masker
from kit_api.models import BulkTagsRequest, CreateWebhookRequest, Webhook
from kit_client import APIStatusError, Kit
from kit_client.webhooks import is_authentic, masked_url, new_secret, with_secret

SECRET = "0123456789abcdef-ABCDEF"
OTHER = "fedcba9876543210-ABCDEF"
URL = f"https://app.example.com/kit?secret={SECRET}"


def test_a_secret_is_new_each_time_long_and_fit_for_a_url() -> None:
    made = {new_secret() for _ in range(100)}
    assert len(made) == 100
    assert all(len(secret) == 43 and with_secret("https://h/", secret).endswith(f"={secret}") for secret in made)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://app.example.com/kit", URL),
        (f"https://app.example.com/kit?secret={OTHER}", URL),
        (f"https://app.example.com/kit?secret={OTHER}&secret=x&s%65cret=y", URL),
        ("https://app.example.com/kit?", URL),
        ("https://app.example.com/kit?a=1&b=%2F+x", f"https://app.example.com/kit?a=1&b=%2F+x&secret={SECRET}"),
        ("https://app.example.com/kit?secrets=1#top", f"https://app.example.com/kit?secrets=1&secret={SECRET}#top"),
        ("http://[::1]:8000", f"http://[::1]:8000?secret={SECRET}"),
        ("https://bücher.example/ä", f"https://bücher.example/ä?secret={SECRET}"),
    ],
)
def test_the_rest_of_the_url_stays_as_it_is(url: str, expected: str) -> None:
    assert with_secret(url, SECRET) == expected


@pytest.mark.parametrize(
    "request_",
    [
        URL,
        URL.encode(),
        f"/kit?secret={SECRET}",
        f"secret={SECRET}",
        f"secret={SECRET}".encode(),
        f"?secret={SECRET}",
        f"a=1&secret={SECRET}&b",
        f"{URL}#top",
        f"s%65cret=%30{SECRET[1:]}",
    ],
)
def test_the_right_secret_is_found_in_a_url_and_in_its_query(request_: str | bytes) -> None:
    assert is_authentic(request_, SECRET)
    assert is_authentic(request_, [OTHER, SECRET])
    assert not is_authentic(request_, OTHER)
    assert not is_authentic(request_, [OTHER, OTHER])


@pytest.mark.parametrize(
    "request_",
    [
        "",
        b"",
        "https://app.example.com/kit",
        "secret",
        "secret=",
        f"secret={SECRET[:-1]}",
        f"secret={SECRET}x",
        f"secret={SECRET.lower()}",
        f"secret={SECRET}&secret={SECRET}",
        f"secret={OTHER}&secret={SECRET}",
        f"secret={SECRET}&s%65cret=",
        f"secret[]={SECRET}",
        f"Secret={SECRET}",
        f"https://app.example.com/secret={SECRET}",
        f"https://app.example.com/kit#secret={SECRET}",
        f"a=secret={SECRET}",
        f"secret={SECRET}%00",
        f"secret={SECRET}é",
        f"secret={SECRET}\udc80",
        b"secret=\xff\xfe",
    ],
)
def test_missing_wrong_and_repeated_secrets_are_refused(request_: str | bytes) -> None:
    assert is_authentic(request_, SECRET) is False


SECRETS = st.text(st.characters(exclude_categories=["Cs"]), min_size=16).filter(lambda text: text == text.strip())
URLS = st.sampled_from(
    [
        "https://h/",
        "https://h",
        "https://h/p?a=b&c",
        "http://h:81/?x=%2f;y",
        "https://u:p@h/#f",
        "https://h/?secret=old",
    ]
)


@given(SECRETS, SECRETS, URLS)
def test_what_was_put_in_is_recognized_by_this_and_by_others_and_nothing_else_is(
    secret: str, other: str, url: str
) -> None:
    made = with_secret(url, secret)
    assert is_authentic(made, secret)
    assert is_authentic(urlsplit(made).query.encode(), secret)
    assert is_authentic(made, other) == (secret == other)
    assert dict(parse_qsl(urlsplit(made).query))["secret"] == secret, "by the standard library"
    assert httpx.URL(made).params.get_list("secret") == [secret], "by httpx"
    assert with_secret(made, other) == with_secret(url, other)


@given(st.text() | st.binary())
def test_no_request_makes_it_raise(request_: str | bytes) -> None:
    assert is_authentic(request_, SECRET) is False


def test_each_secret_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[Any] = []
    compare = hmac.compare_digest

    def spy(one: Any, other: Any) -> bool:
        compared.append(other)
        return compare(one, other)

    monkeypatch.setattr(hmac, "compare_digest", spy)
    assert is_authentic(URL, [SECRET, OTHER])
    assert compared == [SECRET.encode(), OTHER.encode()], "also those after the one that is right"


@pytest.mark.parametrize("secret", ["", " ", "short", "x" * 15, f"{SECRET}\n", f" {SECRET}", SECRET + "\ud800"])
def test_a_secret_that_protects_nothing_is_refused(secret: str) -> None:
    calls: tuple[Any, ...] = (
        lambda: with_secret("https://h/", secret),
        lambda: is_authentic(f"secret={secret}", secret),
        lambda: is_authentic("", [SECRET, secret]),
    )
    for call in calls:
        with pytest.raises(ValueError, match=r"^secret: expected") as caught:
            call()
        assert secret not in str(caught.value) or not secret.strip()


@pytest.mark.parametrize("secret", [None, b"0123456789abcdef", 1, [None]])
def test_a_secret_that_is_no_text_is_refused(secret: Any) -> None:
    with pytest.raises(TypeError):
        is_authentic(URL, secret)
    with pytest.raises(TypeError, match=r"^secret: expected a str, got a"):
        with_secret("https://h/", secret)
    with pytest.raises(ValueError, match="at least one"):
        is_authentic(URL, [])
    with pytest.raises(TypeError, match=r"^url_or_query: expected a str or bytes, got a dict"):
        is_authentic({"secret": SECRET}, SECRET)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "app.example.com/kit",
        "/kit",
        "ftp://h/",
        "https://",
        "https:///x",
        "https://h:x/",
        "http://[::1",
        " https://h/",
        "https://h/\n",
        "https://h/a b",
        "javascript:alert(1)//",
        "https://h/\x7f",
    ],
)
def test_what_is_no_url_to_call_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"^url: expected an absolute URL with http or https"):
        with_secret(url, SECRET)


def test_no_error_has_the_secret_or_keeps_it_in_its_frames() -> None:
    for call in (
        lambda: with_secret(f"ftp://h/?secret={SECRET}", SECRET),
        lambda: with_secret("https://h/", f" {SECRET}"),
        lambda: is_authentic(URL, [SECRET, " "]),
    ):
        with pytest.raises(ValueError, match="expected") as caught:
            call()
        assert SECRET not in repr(caught.value)
        frames = [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__)]
        assert not any(SECRET in repr(frame.f_locals) for frame in frames if "url_secret" in frame.f_code.co_filename)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (URL, "https://app.example.com/kit?…"),
        (f"https://app.example.com/kit?a=1&secret={SECRET}#x", "https://app.example.com/kit?…"),
        (f"https://ada:{SECRET}@app.example.com/kit", "https://…@app.example.com/kit"),
        (f"https://h/?a=?\n{SECRET}", "https://h/?…"),
        ("https://app.example.com/kit", "https://app.example.com/kit"),
        ("", ""),
    ],
)
def test_a_url_is_shown_without_what_may_be_secret(url: str, shown: str) -> None:
    assert masked_url(url) == shown


def test_reprs_of_models_show_no_secret() -> None:
    event: Any = {"name": "tag_add", "tag_id": 1}
    webhook = Webhook.from_dict({"id": 1, "account_id": 2, "event": event, "target_url": URL})
    request = CreateWebhookRequest.from_dict({"target_url": URL, "event": event})
    job = BulkTagsRequest.from_dict({"tags": [{"name": "a"}], "callback_url": URL})
    assert "target_url='https://app.example.com/kit?…'" in repr(webhook)
    for model in (webhook, request, job):
        assert SECRET not in repr(model)
        assert SECRET not in repr(model.__rich_repr__())
        assert SECRET in model.to_json(), "what is sent has it"
    assert webhook.target_url == URL
    assert "callback_url=None" in repr(BulkTagsRequest(tags=[], callback_url=None))


def quoting(*says: str, plain: bool = False) -> Kit:
    """Return a client of a service that refuses everything in these words."""
    text = httpx.Response(422, text=says[0]) if plain else httpx.Response(422, json={"errors": list(says)})
    return Kit(access_token="test-token", transport=httpx.MockTransport(lambda _: text), max_retries=0)


ODD_SECRET = "correct horse battery+staple/é&=%25ü\U0001f40e"
CALLS: list[Callable[[Kit, str], object]] = [
    lambda kit, url: kit.webhooks.create(target_url=url, event={"name": "subscriber.subscriber_activate"}),
    lambda kit, url: kit.bulk.submit([{"email_address": "ada@example.com"}], callback_url=url),
    lambda kit, url: kit.tags.bulk_create(tags=[{"name": "a"}], callback_url=url),
    lambda kit, url: kit.request("POST", "/v4/webhooks", json={"target_url": url}),
]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "form", [str, unquote, unquote_plus, quote, lambda url: quote(url, safe=""), quote_plus, str.lower]
)
def test_a_url_that_the_service_quotes_is_shown_without_its_secret(
    call: Callable[[Kit, str], object], form: Callable[[str], str]
) -> None:
    for url in (
        with_secret("https://app.example.com/kit?list=1", ODD_SECRET),
        f"https://app.example.com/?secret={SECRET}#top",
        f"https://ada:{SECRET}@app.example.com/kit",
        f"https://app.example.com/?secret={quote_plus(ODD_SECRET)}&x=%ff%FE",
    ):
        with quoting(f"The URL '{form(url)}' is unreachable") as kit, pytest.raises(APIStatusError) as caught:
            call(kit, url)
        shown = [str(caught.value), repr(caught.value), *caught.value.errors]
        assert not any(word in text.lower() for text in shown for word in ("horse", "staple", SECRET.lower(), "%ff")), (
            shown
        )
        assert all("is unreachable" in text for text in shown)


@pytest.mark.parametrize("call", CALLS)
def test_a_secret_alone_or_at_the_edge_of_a_cut_message_is_masked_too(call: Callable[[Kit, str], object]) -> None:
    for says in (f"secret {SECRET} is short", "x" * 990 + URL, f"secret: {SECRET}&amp;x"):
        with quoting(says) as kit, pytest.raises(APIStatusError) as caught:
            call(kit, URL)
        assert SECRET[:8] not in f"{caught.value}{caught.value.errors}"
    with quoting(f"no {URL}", plain=True) as kit, pytest.raises(APIStatusError) as caught:
        call(kit, URL)
    assert SECRET not in str(caught.value)


def test_messages_without_a_secret_are_as_they_came() -> None:
    says = "Target url https://app.example.com/kit?page=1 is taken, 1 of 3"
    for url in ("https://app.example.com/kit", "https://app.example.com/kit?", "https://app.example.com/kit?n=1"):
        with quoting(says) as kit, pytest.raises(APIStatusError) as caught:
            kit.webhooks.create(target_url=url, event={"name": "subscriber.subscriber_activate"})
        assert caught.value.errors == [says]


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=8).filter(
        lambda text: text == text.strip()
    )
)
def test_any_secret_is_masked_in_any_form(secret: str) -> None:
    url = f"https://h/?secret={quote(secret, safe='')}"
    hide = masker(json.dumps({"target_url": url}).encode())
    for form in (url, unquote(url), quote(url), url.replace("%20", "+"), url.lower()):
        assert hide(f"<{form}>") in ("<https://h/?…>", f"<{quote('https://h/?')}…>"), form


@pytest.mark.parametrize(
    "url",
    ["https://a.example/hook?e", "https://e@a.example/", "https://a.example/?k=i", "https://a.example/?%65%72%72%6F"],
)
def test_a_short_query_is_masked_only_where_it_stands_in_a_url(url: str) -> None:
    hide = masker(json.dumps({"target_url": url}).encode())
    says = "Target url is invalid. Error: k=i, see https://errors.example/why?events and e@b.example"
    assert hide(says) == says
    for form in (url, unquote(url), quote(url), quote(quote(url)), url.upper()):
        hidden = hide(f"{form} is taken")
        assert hidden.endswith(" is taken")
        assert "…" in hidden


def test_a_long_query_is_masked_too() -> None:
    url = "https://a.example/?" + "&".join(f"name{number}=secret-{number:04}" for number in range(900))
    hide = masker(json.dumps({"callback_url": url}).encode())
    assert hide(f"<{quote(url)}>") == f"<{quote('https://a.example/?')}\N{HORIZONTAL ELLIPSIS}>"
    assert "secret-0899" not in hide(f"<{url[-50:]}>")
