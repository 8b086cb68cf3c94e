"""Whether a call that failed may have taken effect, as its error says."""

from __future__ import annotations

import pickle
import ssl
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from kit_client import APIStatusError, AsyncKit, Kit, KitError, OAuthRequiredError, RateLimiter, RateLimitWaitError

from .service import TAG, Answer, Service

HTML = httpx.Response(201, text="<html>", headers={"Content-Type": "text/html"})


async def failure(kit: Kit | AsyncKit, *, repeatable: bool = False) -> KitError:
    """Return the error of a POST. Tags may only be created once; a subscriber may be created again."""
    arguments: dict[str, Any] = {"email_address": "ada@example.com"} if repeatable else {"name": "a"}
    with pytest.raises(KitError) as caught:
        made: Any = (kit.subscribers if repeatable else kit.tags).create(**arguments)
        if isinstance(kit, AsyncKit):
            await made
    copied = pickle.loads(pickle.dumps(caught.value))
    assert copied.may_have_taken_effect is caught.value.may_have_taken_effect
    return caught.value


def kits(service: Service, **arguments: Any) -> list[Kit | AsyncKit]:
    return [service.kit(**arguments), service.async_kit(**arguments)]


@pytest.mark.parametrize(
    ("answer", "may"),
    [
        *((httpx.Response(status), False) for status in (400, 401, 403, 404, 405, 413, 418, 422, 429)),
        *((httpx.Response(status), True) for status in (408, 500, 501, 502, 503, 520, 599)),
        *((httpx.Response(status, headers={"Location": "/"}), False) for status in (301, 302, 307, 308)),
        (httpx.Response(303, headers={"Location": "/"}), True),
        *((httpx.Response(status, text="<html>"), True) for status in (200, 201)),
        *((kind("gone"), True) for kind in (httpx.ReadError, httpx.WriteError, httpx.ReadTimeout, httpx.WriteTimeout)),
        *((kind("none"), False) for kind in (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)),
        (httpx.ProxyError("407 no"), False),
        (httpx.RemoteProtocolError("cut"), True),
        (OSError("gone"), True),
        (ssl.SSLError("alert"), True),
        (RuntimeError("of the transport"), True),
    ],
    ids=repr,
)
async def test_the_answer_decides(answer: Answer, may: bool) -> None:
    for kit in kits(Service(answer), max_retries=0):
        error = await failure(kit)
        assert error.may_have_taken_effect is may
        assert error.attempts == 1


@pytest.mark.parametrize(
    ("answers", "may"),
    [
        ((httpx.ReadError("gone"), httpx.ConnectError("none")), True),
        ((httpx.Response(503), httpx.Response(422)), True),
        ((httpx.ConnectError("none"), httpx.Response(422)), False),
        ((httpx.Response(429), httpx.ConnectError("none")), False),
    ],
    ids=repr,
)
async def test_each_attempt_counts(answers: tuple[Answer, ...], may: bool) -> None:
    for kit in (kits(Service(*answers), max_retries=1)[0], kits(Service(*answers), max_retries=1)[1]):
        error = await failure(kit, repeatable=True)
        assert error.may_have_taken_effect is may
        assert error.attempts == 2


@pytest.mark.parametrize("raised", [ValueError, RuntimeError, httpx.ReadError, httpx.HTTPError, OSError, KitError])
@pytest.mark.parametrize("status", [201, 422, 503])
async def test_an_event_hook_that_raises_after_the_answer(raised: type[Exception], status: int) -> None:
    def hook(_: httpx.Response) -> None:
        raise raised("by the hook")

    async def ahook(response: httpx.Response) -> None:
        hook(response)

    answer = httpx.Response(status, json={"tag": TAG})
    for kit in (
        Service(answer).kit(event_hooks={"response": [hook]}),
        Service(answer).async_kit(event_hooks={"response": [ahook]}),
    ):
        error = await failure(kit)
        assert error.attempts == 1
        assert error.may_have_taken_effect is (status != 422)


async def test_an_event_hook_that_raises_before_anything_is_sent() -> None:
    def hook(_: httpx.Request) -> None:
        raise ValueError("by the hook")

    error = await failure(Service(HTML).kit(event_hooks={"request": [hook]}))
    assert (error.attempts, error.may_have_taken_effect) == (0, False)


def never_sent() -> list[tuple[type[KitError], Callable[[], KitError]]]:
    def limited() -> KitError:
        kit = Service(httpx.Response(422)).kit(rate_limiter=RateLimiter(limit=1))
        with pytest.raises(APIStatusError):
            kit.tags.create(name="a")
        with pytest.raises(RateLimitWaitError) as caught:
            kit.with_options(deadline=1).tags.create(name="a")
        return caught.value

    def closed() -> KitError:
        kit = Service(HTML).kit()
        kit.close()
        with pytest.raises(KitError) as caught:
            kit.tags.create(name="a")
        return caught.value

    def without_oauth() -> KitError:
        with pytest.raises(OAuthRequiredError) as caught:
            Service(HTML).kit(api_key="k").purchases.get(1)
        return caught.value

    return [(RateLimitWaitError, limited), (KitError, closed), (OAuthRequiredError, without_oauth)]


@pytest.mark.parametrize(("kind", "fail"), never_sent())
def test_nothing_takes_effect_that_was_not_sent(kind: type[KitError], fail: Callable[[], KitError]) -> None:
    error = fail()
    assert type(error) is kind
    assert (error.attempts, error.may_have_taken_effect) == (0, False)


async def test_a_request_through_the_httpx_client_says_so_too() -> None:
    kit = Service(httpx.ReadError("gone")).kit()
    with pytest.raises(KitError) as caught:
        kit.get_httpx_client().post("/v4/tags", json={"name": "a"})
    assert caught.value.may_have_taken_effect
