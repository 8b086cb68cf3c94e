"""The API reference at /_mock/docs."""

from __future__ import annotations

from kit_mock import KitMock
from kit_mock.protocol import document
from tests.browser.conftest import Page


def test_all_operations_are_there(page: Page) -> None:
    names = set(document.load().operations)
    page.open("/_mock/docs")
    page.wait(lambda: len(page.all(".opblock")) >= len(names), "the operations")
    assert {each.text for each in page.all(".opblock-summary-operation-id")} >= names


def test_what_is_tried_out_is_sent_to_the_mock(page: Page, mock: KitMock) -> None:
    page.expected_complaints = ("escaping deep link whitespace",)  # It takes the name's underscore for a space.
    page.open("/_mock/docs#/purchases/list_purchases")
    page.click("#operations-purchases-list_purchases .execute")
    page.shows("#operations-purchases-list_purchases .live-responses-table .response", "200", "has_next_page")
    (called,) = mock.requests
    assert (called.operation_id, called.status) == ("list_purchases", 200)
