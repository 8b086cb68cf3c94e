"""Faults and snapshots on the page at /_mock/."""

from __future__ import annotations

import httpx
import pytest
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

from kit_mock import KitMock
from tests.browser.conftest import Page, subscribe

HOSTILE = "GET /v4/<img/src=x/onerror=alert(1)>*"


def add(page: Page, kind: str, **fields: str) -> None:
    page.click("[popovertarget=fault]")
    Select(page.find("#fault [name=kind]")).select_by_visible_text(kind)
    for name, text in fields.items():
        page.fill(f"#fault [name={name}]", text)
    page.click("#add-fault")


def test_a_fault_is_added_counted_and_removed(page: Page, mock: KitMock, kit: httpx.Client) -> None:
    page.open()
    page.shows("#faults", "Nothing goes wrong on purpose.")
    add(page, "Answer with this status", target="get_account", value="503", times="2")
    page.shows("#notice", "The fault was added.")
    page.shows("#faults li", "status 503", "get_account; 0 of 2")
    assert page.text("#fault-count") == "1"

    assert kit.get("/v4/account").status_code == 503
    page.shows("#faults li", "1 of 2")
    page.press("Remove")
    page.shows("#notice", "The fault was removed.")
    page.shows("#faults", "Nothing goes wrong on purpose.")
    assert kit.get("/v4/account").status_code == 200


def test_a_fault_goes_on_until_it_is_removed(page: Page, mock: KitMock) -> None:
    page.open()
    add(page, "Let lists lag by this many seconds", target="GET /v4/tags*", value="2.5", times="", percent="50")
    page.shows("#faults li", "lag 2.5 s", "GET /v4/tags*, 50 %; 0 so far")
    (fault,) = mock.faults
    assert (fault.lag, fault.route, fault.times, fault.probability) == (2.5, "GET /v4/tags*", None, 0.5)


@pytest.mark.parametrize(
    ("kind", "fields", "problem"),
    [
        ("Answer with this status", {}, "Answer with this status: a number is needed."),
        ("Answer with this status", {"value": "99"}, "status must be from 200 to 599"),
        ("Answer with this status", {"value": "503", "target": "creat_tag"}, "did you mean create_tag?"),
        ("Answer with this status", {"value": "503", "percent": "0"}, "probability must be above 0"),
        ("Answer with this status", {"value": "503", "times": "many"}, "times must be a whole number"),
    ],
)
def test_what_is_wrong_with_a_fault_is_said(
    page: Page, mock: KitMock, kind: str, fields: dict[str, str], problem: str
) -> None:
    page.expected_complaints = ("422 (Unprocessable",)
    page.open()
    add(page, kind, **fields)
    page.shows("#notice .problem", problem)
    assert len(mock.faults) == 0


def test_what_a_fault_is_for_stays_text(page: Page, mock: KitMock) -> None:
    mock.faults.add(route=HOSTILE, status=503)
    page.open()
    page.shows("#faults li", HOSTILE)
    assert page.all("#faults img") == []


def test_a_snapshot_is_taken_restored_and_deleted(page: Page, mock: KitMock, kit: httpx.Client) -> None:
    subscribe(kit, "ada@example.com")
    page.open()
    page.shows("#snapshots", "A snapshot keeps the state")
    page.press("Take")
    page.shows("#notice", "Snapshot 1 was taken.")
    page.shows("#snapshots li", "1 2023-02-17 11:43:55")
    assert page.text("#snapshot-count") == "1"

    subscribe(kit, "bob@example.com")
    page.shows("#subscribers", "bob@example.com")
    page.press("Restore…")
    page.press("Keep it as it is")
    assert kit.get("/v4/subscribers/2").status_code == 200

    page.press("Restore…")
    page.press("Restore")
    page.shows("#notice", "Snapshot 1 was restored.")
    page.wait(lambda: "bob@example.com" not in page.text("#subscribers"), "the state of before")
    assert kit.get("/v4/subscribers/2").status_code == 404

    page.press("Delete")
    page.shows("#notice", "Snapshot 1 was deleted.")
    page.shows("#snapshots", "A snapshot keeps the state")


def test_too_many_snapshots_are_refused(page: Page) -> None:
    page.expected_complaints = ("422 (Unprocessable",)
    page.open()
    for number in range(1, 11):
        page.press("Take")
        page.shows("#snapshot-count", str(number))
    page.press("Take")
    page.shows("#notice .problem", "10 are kept at most")


def test_a_question_that_is_open_outlives_a_refresh(page: Page, kit: httpx.Client) -> None:
    page.open()
    page.press("Take")
    page.press("Restore…")
    page.wait(lambda: page.run("return document.activeElement.innerText") == "Keep it as it is", "what does no harm")
    kit.get("/v4/account")
    page.shows("#recorded", "1")
    assert page.find("#restore-1").is_displayed()
    page.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    page.wait(lambda: not page.find("#restore-1").is_displayed(), "the question to go")


def test_who_removes_by_keyboard_stays_at_the_place(page: Page, mock: KitMock) -> None:
    mock.fail_next("get_account", status=503)
    page.open()
    page.find("#faults button").send_keys(Keys.ENTER)
    page.shows("#faults", "Nothing goes wrong on purpose.")
    page.wait(lambda: page.driver.switch_to.active_element.accessible_name == "Add a fault…", "the focus to stay")


def test_it_goes_without_script(page: Page, mock: KitMock, kit: httpx.Client) -> None:
    with page.without_script():
        page.open("/_mock/?q=account")
        add(page, "Close the connection in the middle of the body", target="get_account")
        page.shows("#faults li", "cut body", "get_account; 0 of 1")
        page.press("Remove")
        page.shows("#faults", "Nothing goes wrong on purpose.")
        page.press("Take")
        page.shows("#notice", "Snapshot 1 was taken.")
        subscribe(kit)
        page.press("Restore…")
        page.press("Restore")
        page.shows("#notice", "Snapshot 1 was restored.")
        page.shows("#subscribers", "Subscribers 0")
        page.press("Delete")
        page.shows("#snapshots", "A snapshot keeps the state")
        assert page.find("#requests [type=search]").get_property("value") == "account"
