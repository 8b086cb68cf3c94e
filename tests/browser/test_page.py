"""The page at /_mock/, as a person sees it."""

from __future__ import annotations

import httpx
import pytest
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

from kit_mock import KitMock
from tests.browser.conftest import Page, subscribe
from tests.unit.mock.receiver import Receiver

HOSTILE = "<script>alert(1)</script>"

# The lowest contrast of any text that is seen with what it stands on, with the text.
_CONTRAST = """
const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const channels = (color) => {
  canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data];
};
const luminance = ([r, g, b]) => [r, g, b]
  .map((c) => c / 255).map((c) => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
  .reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
const ground = (element) => {
  for (let each = element; each; each = each.parentElement) {
    const found = channels(getComputedStyle(each).backgroundColor);
    if (found[3] === 255) return found;
  }
  return [255, 255, 255, 255];
};
let worst = [99, ""];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  if (!walker.currentNode.nodeValue.trim() || !element.checkVisibility()) continue;
  const pair = [luminance(channels(getComputedStyle(element).color)), luminance(ground(element))].sort((a, b) => b - a);
  const contrast = (pair[0] + .05) / (pair[1] + .05);
  if (contrast < worst[0]) worst = [contrast, walker.currentNode.nodeValue];
}
return worst;
"""


def test_requests_show_as_they_come_in(page: Page, kit: httpx.Client) -> None:
    page.open()
    page.shows("#request-list", "Waiting for the first request")

    subscribe(kit)
    page.shows("#request-list li", "11:43:55", "POST", "/v4/subscribers", "create_subscriber", "201")
    kit.get("/v4/tags", params={"per_page": 5})
    page.shows("#request-list li", "GET", "/v4/tags?per_page=5", "list_tags", "200")

    assert [each.get_dom_attribute("class") for each in page.all("#request-list .status")] == ["status s-2"] * 2
    page.shows("#recorded", "2")
    page.shows("#subscribers", "ada@example.com")
    page.shows("#quotas", "118 of 120")
    assert page.find("#quotas meter").get_dom_attribute("value") == "118"


def test_a_body_opens_and_stays_open(page: Page, kit: httpx.Client) -> None:
    subscribe(kit)
    page.open()
    page.click("#request-list summary")
    page.shows("#request-list pre", '"email_address": "ada@example.com"')
    page.shows("#request-list [data-loaded]", "Response body", '"state": "active"')

    kit.get("/v4/account")
    page.shows("#request-list li", "/v4/account")
    opened = page.all("#request-list details")
    assert [each.get_dom_attribute("open") is not None for each in opened] == [False, True]
    assert "ada@example.com" in page.text("#request-list li:nth-child(2) pre")


def test_it_goes_by_keyboard(page: Page, kit: httpx.Client) -> None:
    subscribe(kit)
    page.open()
    page.find("#request-list summary").send_keys(Keys.ENTER)
    page.shows("#request-list pre", "ada@example.com")
    kit.get("/v4/account")
    page.shows("#recorded", "2")
    assert page.run("return document.activeElement.matches('summary') && document.activeElement.innerText").count(
        "POST"
    )

    page.find("button.danger").send_keys(Keys.ENTER)
    page.wait(lambda: page.run("return document.activeElement.innerText") == "Keep it", "the answer that does no harm")
    page.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    page.wait(lambda: not page.find("#reset").is_displayed(), "the question to go")


def test_search_narrows(page: Page, kit: httpx.Client) -> None:
    subscribe(kit)
    for _ in range(3):
        kit.get("/v4/nothing")
    page.open()
    page.shows("#recorded", "4")
    page.fill("[role=search] input", "post 201")
    page.wait(lambda: len(page.all("#request-list li")) == 1, "one request")
    page.shows("#request-list", "/v4/subscribers")
    assert page.text("#recorded") == "1"
    page.fill("[role=search] input", "delete")
    page.shows("#request-list", "No request matches.")


def test_the_clock_moves_on(page: Page, mock: KitMock) -> None:
    page.open()
    page.shows("#clock", "2023-02-17 11:43:55")
    page.press("+1 hour")
    page.shows("#clock", "2023-02-17 12:43:55")
    page.press("+1 min")
    page.shows("#clock", "12:44:55")
    page.press("+1 day")
    page.shows("#clock", "2023-02-18 12:44:55")
    page.fill("[name=number]", "2.5")
    Select(page.find("[name=unit]")).select_by_visible_text("hours")
    page.press("Move on")
    page.shows("#clock", "2023-02-18 15:14:55")
    page.shows("#notice", "The clock was moved on.")
    assert mock.clock.now().isoformat() == "2023-02-18T15:14:55+00:00"


def test_reset_asks_first(page: Page, mock: KitMock, kit: httpx.Client) -> None:
    subscribe(kit)
    page.open()
    page.press("Reset…")
    page.press("Keep it")
    assert [each.method for each in mock.requests] == ["POST"]

    page.press("Reset…")
    page.press("Reset")
    page.shows("#notice", "The mock is as it was at its start.")
    page.shows("#subscribers", "Subscribers 0 None.")
    page.shows("#request-list", "Waiting for the first request")
    assert not mock.requests
    assert kit.get("/v4/subscribers").json()["subscribers"] == []


def test_a_webhook_is_fired(page: Page, kit: httpx.Client, receiver: Receiver) -> None:
    id_ = subscribe(kit)
    target = f"{receiver.url}/hook"
    webhook = {"target_url": target, "event": {"name": "subscriber.subscriber_bounce"}}
    assert kit.post("/v4/webhooks", json=webhook).status_code == 201

    page.open()
    page.press("Fire a webhook…")
    Select(page.find("[name=event]")).select_by_value("subscriber_bounce")
    page.fill("[name=subscriber]", "ada@example.com")
    page.press("Fire")

    page.shows("#notice", "The event was fired: 1 delivery queued.")
    page.shows("#delivery-list li", "subscriber_bounce", target, "1 attempt, answered 200", "delivered")
    page.shows("#subscribers", "bounced")
    (received,) = receiver.received
    assert received.body["subscriber"]["id"] == id_
    page.click("#delivery-list summary")
    page.shows("#delivery-list pre", '"state": "bounced"')


def test_what_is_wrong_is_said(page: Page) -> None:
    page.open()
    page.press("Fire a webhook…")
    page.fill("[name=subscriber]", "nobody@example.com")
    page.press("Fire")
    page.shows("#notice .problem", "There is no subscriber nobody@example.com.")
    page.expected_complaints = ("422 (Unprocessable",)


def test_hostile_content_stays_text(page: Page, mock: KitMock, kit: httpx.Client) -> None:
    subscribe(kit, first_name=HOSTILE)
    image = '"><img src=x onerror="document.title=1">'
    assert kit.post("/v4/tags", json={"name": image}).status_code == 201
    kit.get("/v4/</summary><script>alert(2)</script>")
    webhook = {"target_url": "http://127.0.0.1:1/?a='b'&lt;b", "event": {"name": "subscriber.subscriber_complain"}}
    assert kit.post("/v4/webhooks", json=webhook).status_code == 201
    mock.fire("subscriber_complain", subscriber_id=1)

    page.open("/_mock/?q=<script>alert(3)</script>")
    page.fill("[role=search] input", "v4")
    page.shows("#subscribers", HOSTILE)
    page.shows("#tags", image)
    page.shows("#request-list", "</summary><script>alert(2)</script>")
    for summary in page.all("#request-list summary, #delivery-list summary"):
        summary.click()
    page.wait(lambda: len(page.all("[data-loaded]")) == 5, "all bodies to be there")
    assert HOSTILE in page.text("#request-list li:last-child pre")
    assert "?a='b'&lt;b" in page.text("#delivery-list summary")
    assert page.run("return document.title") == "kit-mock"
    assert page.all("main script, main img") == []
    assert page.all("body script") == []


def filled(mock: KitMock, kit: httpx.Client) -> None:
    """Something of everything that the page shows."""
    for number in range(65):
        kit.get(f"/v4/nothing/{number}")
    subscribe(kit)
    mock.fail_next("get_account", status=503)
    mock.faults.add(route=f"GET /v4/{'long' * 20}/*", delay=2.5, probability=0.25)
    webhook = {"target_url": "https://app.example.com/hook", "event": {"name": "subscriber.subscriber_bounce"}}
    assert kit.post("/v4/webhooks", json=webhook).status_code == 201
    mock.fire("subscriber_bounce", subscriber_id=1)
    assert kit.post("/_mock/snapshots").status_code == 201


def test_everything_that_one_can_use_has_a_name_of_its_own(page: Page, mock: KitMock, kit: httpx.Client) -> None:
    filled(mock, kit)
    assert kit.post("/_mock/snapshots").status_code == 201
    page.open()
    for part in ("#request-list", "#delivery-list"):
        page.click(f"{part} summary")
        page.shows(f"{part} [data-loaded]", "body" if part == "#request-list" else "Payload")
    for opener in page.all("[popovertarget]:not([popovertargetaction])"):
        page.run("document.querySelector(':popover-open')?.hidePopover(); arguments[0].click()", opener)
        shown = [each for each in page.all("a, button, input, select, summary, pre[tabindex]") if each.is_displayed()]
        names = [each.accessible_name for each in shown]
        assert all(names), [each.get_attribute("outerHTML") for each in shown if not each.accessible_name]
        buttons = [each.accessible_name for each in shown if each.tag_name == "button"]
        assert len(buttons) == len(set(buttons)), buttons


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(page: Page, mock: KitMock, kit: httpx.Client, scheme: str) -> None:
    filled(mock, kit)
    subscribe(kit, "bob@example.com")
    kit.get("/v4/nothing")
    kit.put("/v4/tags/1", json={"name": "x"})
    kit.delete("/v4/webhooks/1")
    page.prefer(scheme)
    page.open("/_mock/?done=advance&q=subscribers")
    page.click("#request-list li summary")
    page.shows("#request-list pre", "bob@example.com")
    page.click("#delivery-list li summary")
    page.shows("#delivery-list pre", "ada@example.com")
    for dialog in (None, "reset", "fire", "fault", "restore-1"):
        if dialog is not None:
            page.run("document.getElementById(arguments[0]).showPopover()", dialog)
        contrast, text = page.run(_CONTRAST)
        assert contrast >= 4.5, (dialog, text)
    is_dark = page.run("return getComputedStyle(document.body).backgroundColor") == "rgb(14, 19, 26)"
    assert is_dark == (scheme == "dark")


def test_a_phone_has_nothing_to_scroll_sideways(page: Page, mock: KitMock, kit: httpx.Client) -> None:
    filled(mock, kit)
    subscribe(kit, email_address=f"{'long' * 15}@{'example.' * 20}com")
    kit.get("/v4/" + "long" * 60, params={"x" * 90: "y" * 90}, headers={"X-" + "Long" * 30: "long" * 60})
    size = {"width": 375, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        page.open()
        page.shows("#subscribers", "longlong")
        page.click("#request-list summary")
        page.shows("#request-list .curl", "longlong")
        page.click("#delivery-list summary")
        page.shows("#delivery-list .detail", "Send again")
        assert page.run("return document.documentElement.scrollWidth") == 375
    finally:
        page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_without_script(page: Page, mock: KitMock, kit: httpx.Client) -> None:
    subscribe(kit)
    with page.without_script():
        page.open()
        page.click("#request-list summary")
        page.click("#request-list .detail a")
        page.shows("#opened pre", "ada@example.com")
        page.press("+1 day")
        page.shows("#clock", "2023-02-18")
        page.press("Reset…")
        page.press("Reset")
        page.shows("#notice", "The mock is as it was at its start.")
        page.shows("#subscribers", "Subscribers 0 None.")
        page.fill("[role=search] input", "tags")
        page.click("#requests [role=search] button")
        page.shows("#request-list", "No request matches.")
    assert mock.requests == ()


def test_a_mock_that_is_gone_is_told(page: Page, mock: KitMock) -> None:
    page.open()
    page.shows("#live", "Live")
    mock.close()
    page.shows("#live.lost", "The mock doesn't answer")
    page.expected_complaints = ("net::ERR_", "_mock/ -")
