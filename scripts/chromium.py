"""Headless Chromium for the tests and the screenshots: finds the one of this machine, and drives it with Selenium.

Selenium, as it needs nothing but the driver that Debian, and whoever else packages Chromium, puts beside it; Playwright's
package brings a Node.js of its own, and works best with a browser that it downloads.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_DRIVER = "chromedriver"
_FLAGS = (
    "--headless",
    "--no-sandbox",  # It opens nothing but the mock, and has no sandbox to use in a container.
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
)
_PATIENCE = 20


def missing() -> str | None:
    """What is missing to run it, in a sentence; None if it is all there."""
    if _found(_BROWSERS) is None:
        return "Chromium was not found"
    return None if shutil.which(_DRIVER) else "Chromium was found, but not its driver, chromedriver"


def _found(names: tuple[str, ...]) -> str | None:
    return next((path for name in names if (path := shutil.which(name))), None)


@contextmanager
def chromium(*flags: str) -> Iterator[webdriver.Chrome]:
    """A browser with a profile of its own, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="kit-mock-browser-", ignore_cleanup_errors=True) as profile:
        options = webdriver.ChromeOptions()
        options.binary_location = _found(_BROWSERS) or ""
        for flag in (*_FLAGS, f"--user-data-dir={profile}", *flags, "about:blank"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        # With the driver's path given, Selenium looks for none to download.
        driver = webdriver.Chrome(options=options, service=Service(executable_path=shutil.which(_DRIVER)))
        try:
            driver.set_page_load_timeout(_PATIENCE)
            driver.set_script_timeout(_PATIENCE)
            yield driver
        finally:
            driver.quit()


def requested(driver: webdriver.Chrome) -> list[str]:
    """The URLs that pages asked for since this was last called."""
    return [message["params"]["request"]["url"] for message in _messages(driver, "Network.requestWillBeSent")]


def _messages(driver: webdriver.Chrome, method: str) -> Iterator[dict[str, Any]]:
    for entry in driver.get_log("performance"):  # type: ignore[no-untyped-call]  # selenium leaves this one untyped
        message = json.loads(entry["message"])["message"]
        if message["method"] == method:
            yield message


def complaints(driver: webdriver.Chrome) -> list[str]:
    """What was written to the console since this was last called, as warnings or worse."""
    entries = driver.get_log("browser")  # type: ignore[no-untyped-call]  # as above
    return [entry["message"] for entry in entries if entry["level"] in {"WARNING", "SEVERE"}]
