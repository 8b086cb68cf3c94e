"""One headless Chromium for all, a fresh mock on a socket for each, and a look at the console and the network after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import chromium
import httpx
import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from kit_mock import Clock, KitMock
from tests.leaving_out import leave_out
from tests.unit.mock.receiver import Receiver, listening

START = datetime(2023, 2, 17, 11, 43, 55, tzinfo=UTC)
_PATIENCE = 15


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without a browser these tests are no part of the run; in CI there must be one."""
    here = Path(__file__).parent
    ours = [item for item in items if here in item.path.parents]
    leave_out(config, items, ours, chromium.missing, "browser tests")


class Page:
    """What a person does with a page, each step waited for."""

    def __init__(self, driver: Chrome, url: str) -> None:
        self.driver = driver
        self.url = url
        self.expected_complaints: tuple[str, ...] = ()
        self.others: tuple[str, ...] = ()
        """Hosts beside the mock that may be asked."""

    def open(self, path: str = "/_mock/") -> None:
        self.driver.get(self.url + path)

    def wait(self, condition: Callable[[], Any], what: str) -> None:
        ignored = (Exception,)  # Elements come and go while a page refreshes itself.
        WebDriverWait(self.driver, _PATIENCE, 0.05, ignored).until(lambda _: condition(), what)

    def find(self, css: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def all(self, css: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def text(self, css: str) -> str:
        """The text of an element, shown or not."""
        found: str = self.find(css).get_property("textContent")  # type: ignore[assignment]
        return " ".join(found.split())

    def shows(self, css: str, *texts: str) -> None:
        """Wait until an element has all these texts."""
        self.wait(lambda: all(text in self.text(css) for text in texts), f"{css} to show {texts}")

    def click(self, css: str) -> None:
        def clicked() -> bool:
            self.find(css).click()
            return True

        self.wait(clicked, f"{css} to be clicked")

    def press(self, label: str) -> None:
        """Click the button that is seen with this label."""

        def pressed() -> bool:
            (button,) = (each for each in self.all("button") if each.text.strip() == label and each.is_displayed())
            button.click()
            return True

        self.wait(pressed, f"a button {label!r}")

    def fill(self, css: str, text: str) -> None:
        field = self.find(css)
        field.clear()
        field.send_keys(text)

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    @contextmanager
    def without_script(self) -> Iterator[None]:
        """The browser as one that runs no script."""
        self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        try:
            yield
        finally:
            self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})

    def prefer(self, scheme: str) -> None:
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


@pytest.fixture(scope="session")
def driver() -> Iterator[Chrome]:
    with chromium.chromium("--window-size=1300,1000") as driver:
        yield driver


@pytest.fixture
def mock() -> Iterator[KitMock]:
    with KitMock(clock=Clock(START), rate_limit="kit") as mock:
        yield mock


@pytest.fixture
def kit(mock: KitMock) -> Iterator[httpx.Client]:
    """Calls in process, while the browser comes by the socket: the state is one."""
    headers = {"X-Kit-Api-Key": mock.api_key}
    with httpx.Client(transport=mock.transport, base_url="https://kit.test", headers=headers) as http:
        yield http


def subscribe(kit: httpx.Client, email_address: str = "ada@example.com", **more: Any) -> int:
    """Create a subscriber; return the id."""
    response = kit.post("/v4/subscribers", json={"email_address": email_address, **more})
    assert response.status_code == 201, response.text
    found: int = response.json()["subscriber"]["id"]
    return found


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Takes deliveries."""
    with listening() as receiver:
        yield receiver


@pytest.fixture
def page(driver: Chrome, mock: KitMock) -> Iterator[Page]:
    """A browser and the URL of the mock. Afterwards nothing may stand in the console, or have been asked of others."""
    page = Page(driver, mock.url)
    chromium.complaints(driver)
    chromium.requested(driver)
    yield page
    complaints = [each for each in chromium.complaints(driver) if not any(x in each for x in page.expected_complaints)]
    asked = {
        urlsplit(url).netloc for url in chromium.requested(driver) if not url.startswith(("data:", "about:", "chrome:"))
    }
    driver.get("about:blank")
    page.prefer("")
    assert complaints == []
    assert asked <= {urlsplit(page.url).netloc, *page.others}
