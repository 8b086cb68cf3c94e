"""Deliveries on the page at /_mock/: searched, paged, opened and sent again."""

from __future__ import annotations

import httpx
import pytest

from kit_mock import KitMock
from tests.browser.conftest import Page, subscribe
from tests.unit.mock.receiver import Receiver


@pytest.fixture
def hooks(kit: httpx.Client, receiver: Receiver) -> str:
    """A subscriber, and webhooks for bounces and complaints; returns the URL of the receiver."""
    subscribe(kit)
    for event in ("bounce", "complain"):
        webhook = {"target_url": f"{receiver.url}/{event}", "event": {"name": f"subscriber.subscriber_{event}"}}
        assert kit.post("/v4/webhooks", json=webhook).status_code == 201
    return receiver.url


def test_search_narrows_and_the_badge_counts_what_it_finds(page: Page, mock: KitMock, hooks: str) -> None:
    for event in ("bounce", "bounce", "complain"):
        mock.fire(f"subscriber_{event}", subscriber_id=1)
    mock.deliver()
    page.open()
    page.shows("#delivered", "3")
    page.fill("#deliveries [type=search]", "complain 200")
    page.wait(lambda: len(page.all("#delivery-list li")) == 1, "one delivery")
    page.shows("#delivery-list li", f"{hooks}/complain", "delivered")
    assert page.text("#delivered") == "1"
    page.fill("#deliveries [type=search]", "failed")
    page.shows("#delivery-list", "No delivery matches.")
    assert page.text("#delivered") == "0"


def test_older_deliveries_are_a_click_away(page: Page, mock: KitMock, hooks: str) -> None:
    for _ in range(35):
        mock.fire("subscriber_bounce", subscriber_id=1)
    mock.deliver()
    page.open("/_mock/?q=webhooks")
    page.shows("#delivery-pages", "1–30 of 35")
    page.click("#delivery-pages a[rel=next]")
    page.shows("#delivery-pages", "31–35 of 35")
    assert len(page.all("#delivery-list li")) == 5
    mock.fire("subscriber_complain", subscriber_id=1)
    page.shows("#delivery-pages", "32–36 of 36")
    assert len(page.all("#delivery-list li")) == 5
    assert "complain" not in page.text("#delivery-list")
    page.click("#delivery-pages a:not([rel])")
    page.shows("#delivery-list li", "subscriber_complain")
    assert page.find("#requests [type=search]").get_property("value") == "webhooks"


def test_a_delivery_is_sent_again(page: Page, mock: KitMock, hooks: str, receiver: Receiver) -> None:
    receiver.answers.append(500)
    mock.fire("subscriber_bounce", subscriber_id=1)
    mock.deliver()
    page.open()
    page.click("#delivery-list summary")
    page.shows("#delivery-list .detail", "Problem answered 500", '"state": "bounced"')
    page.press("Send again")
    page.shows("#notice", "Queued once more, as delivery 2.")
    page.shows("#delivery-list li", "1 attempt, answered 200", "delivered")
    page.shows("#delivery-list li:nth-child(2)", "1 attempt, answered 500", "retrying")
    first, second = receiver.received
    assert first.body == second.body
    assert [each.attempts for each in mock.deliveries] == [1, 1]


def test_an_opened_delivery_tells_what_became_of_it(page: Page, mock: KitMock, hooks: str, receiver: Receiver) -> None:
    receiver.answers.extend([500, 503])
    mock.fire("subscriber_bounce", subscriber_id=1)
    mock.deliver()
    page.open()
    page.click("#delivery-list summary")
    page.shows("#delivery-list .detail", "answered 500")
    mock.advance(minutes=1)
    mock.deliver()
    page.shows("#delivery-list .detail", "answered 503")
    mock.advance(minutes=5)
    mock.deliver()
    page.shows("#delivery-list summary", "3 attempts, answered 200", "delivered")
    page.wait(lambda: "Problem" not in page.text("#delivery-list .detail"), "the problem to go")
    assert page.find("#delivery-list details").get_dom_attribute("open") is not None


def test_it_goes_without_script(page: Page, mock: KitMock, hooks: str, receiver: Receiver) -> None:
    mock.fire("subscriber_bounce", subscriber_id=1)
    mock.fire("subscriber_complain", subscriber_id=1)
    mock.deliver()
    with page.without_script():
        page.open()
        page.fill("#deliveries [type=search]", "complain")
        page.click("#deliveries [role=search] button")
        page.click("#delivery-list summary")
        page.click("#delivery-list .detail a")
        page.press("Send again")
        page.shows("#notice", "Queued once more, as delivery 3.")
        assert page.text("#delivered") == "2"
    receiver.expect(3)
    assert receiver.paths == ["/bounce", "/complain", "/complain"]
