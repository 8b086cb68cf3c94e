"""What the page at /_mock/ tells of each request, and how one gets through many of them."""

from __future__ import annotations

import re
import subprocess

import httpx

from kit_mock import KitMock
from tests.browser.conftest import Page, subscribe


def header(page: Page, name: str) -> str:
    """A header of the opened request."""
    texts = [each.text for each in page.all(".headers > *")]
    found: str = texts[texts.index(name) + 1]
    return found


def test_the_details_tell_who_called_and_how(page: Page, mock: KitMock, kit: httpx.Client) -> None:
    kit.get("/v4/tags", params={"per_page": 5, "api_key": "hush"}, headers={"X-Trace": "7", "Cookie": "hush"})
    page.open()
    page.click("#request-list summary")
    page.shows("#request-list .detail", "Response body")
    facts = page.text("#request-list .facts")
    assert re.fullmatch(r"Credential API key 1, \*{3}_key Account 1 Duration [\d.]+ ms Request id [\d-]+", facts), facts
    page.shows("#request-list pre", "per_page=5 api_key=***")
    assert header(page, "x-trace") == "7"
    assert header(page, "x-kit-api-key") == "***_key"
    assert header(page, "cookie") == "***"
    assert mock.api_key not in page.text("#request-list")
    assert "hush" not in page.text("#request-list")


def test_without_a_credential_that_is_said(page: Page, mock: KitMock) -> None:
    with httpx.Client(transport=mock.transport, base_url="https://kit.test") as http:
        http.get("/v4/account")
        http.get("/v4/account", headers={"X-Kit-Api-Key": "0123456789abcdef"})
    page.open()
    for number, credential in ((1, "unknown API key, ***cdef"), (2, "none")):
        row = f"#request-list li:nth-child({number})"
        page.click(f"{row} summary")
        page.shows(f"{row} .facts", f"Credential {credential}", "Account none")


def test_a_request_is_copied_as_a_line_that_a_shell_runs(page: Page, mock: KitMock, kit: httpx.Client) -> None:
    subscribe(kit, first_name="O'Hara")
    permission = {"origin": page.url, "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    page.driver.execute_cdp_cmd("Browser.grantPermissions", permission)
    page.open()
    page.click("#request-list summary")
    page.click("[data-copy]")
    page.shows("[data-copy]", "Copied")
    copied = page.driver.execute_async_script("navigator.clipboard.readText().then(arguments[0])")
    assert copied.startswith(f'curl {page.url}/v4/subscribers -H "X-Kit-Api-Key: $KIT_API_KEY"')
    environment = {"PATH": "/usr/bin:/bin", "KIT_API_KEY": mock.api_key}
    subprocess.run(["sh", "-c", f"{copied} -s -o /dev/null"], env=environment, check=True, timeout=30)
    first, second = mock.requests
    assert (second.status, second.request_body) == (200, first.request_body)


def test_where_nothing_can_be_copied_the_line_is_selected(page: Page, kit: httpx.Client) -> None:
    kit.get("/v4/account")
    page.open()
    page.click("#request-list summary")
    page.shows("#request-list .curl", "curl")
    page.run("navigator.clipboard.writeText = () => Promise.reject(new Error('denied'))")
    page.click("[data-copy]")
    page.shows("[data-copy]", "Selected")
    assert page.run("return getSelection().toString()") == page.text("#request-list .curl")


def test_older_requests_are_a_click_away_and_stay_put(page: Page, kit: httpx.Client) -> None:
    for number in range(70):
        kit.get(f"/v4/tags/{number}/subscribers")
    kit.get("/v4/account")
    page.open()
    page.fill("[role=search] input", "list_tag")
    page.shows("#request-pages", "1–60 of 70")
    assert page.text("#recorded") == "70"
    page.click("#request-pages a[rel=next]")
    page.shows("#request-pages", "61–70 of 70")
    assert page.find("[role=search] input").get_property("value") == "list_tag"
    first = page.text("#request-list li")
    assert "/v4/tags/9/subscribers" in first

    kit.get("/v4/tags/99/subscribers")
    page.shows("#request-pages", "62–71 of 71")
    assert page.text("#request-list li") == first
    page.fill("[role=search] input", "tags/99/")
    page.shows("#request-list li", "/v4/tags/99/subscribers")
    assert page.text("#recorded") == "1"
    page.wait(lambda: not page.find("#request-pages").is_displayed(), "no more pages")


def test_paging_goes_without_script(page: Page, kit: httpx.Client) -> None:
    for number in range(70):
        kit.get(f"/v4/tags/{number}/subscribers")
    with page.without_script():
        page.open("/_mock/?deliveries=bounce")
        page.fill("#requests [type=search]", "tags")
        page.click("#requests [role=search] button")
        page.shows("#request-pages", "1–60 of 70")
        page.click("#request-pages a[rel=next]")
        page.shows("#request-pages", "61–70 of 70")
        page.click("#request-list li:last-child summary")
        page.click("#request-list li:last-child .detail a")
        page.shows("#opened .curl", "/v4/tags/0/subscribers")
        assert page.all("[data-copy]")[0].is_displayed() is False
        page.press("+1 day")
        page.shows("#clock", "2023-02-18")
        page.shows("#request-pages", "61–70 of 70")
        page.click("#request-pages a:not([rel])")
        page.shows("#request-pages", "1–60 of 70")
        assert page.find("#deliveries [type=search]").get_property("value") == "bounce"
