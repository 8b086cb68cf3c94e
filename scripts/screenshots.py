"""Takes the pictures of the mock's pages in docs/images, from a mock with made-up people in it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import chromium
import httpx
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from kit_mock import Clock, KitMock
from kit_mock.protocol import document

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
_WINDOW = "--window-size=1360,1180"
_START = datetime(2026, 3, 2, 9, 14, 0, tzinfo=UTC)
_PEOPLE = (
    ("Ada", "ada@example.com"),
    ("Grace", "grace@example.com"),
    ("Katherine", "katherine@example.org"),
    ("Mary", "mary@example.net"),
    ("Radia", "radia@example.com"),
    ("Barbara", "barbara@example.org"),
    ("Hedy", "hedy@example.net"),
    ("Annie", "annie@example.com"),
    ("Joan", "joan@example.org"),
    ("Evelyn", "evelyn@example.com"),
    ("Sophie", "sophie@example.net"),
    ("Frances", "frances@example.org"),
    ("Margaret", "margaret@example.com"),
    ("Jean", "jean@example.com"),
)


class _Hook(BaseHTTPRequestHandler):
    """Takes what is sent to `/hook`, and nothing else."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200 if self.path == "/hook" else 503)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def _hook() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Hook) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(timeout=5)


def _use(mock: KitMock, hook: str) -> None:
    """What an integration might have asked by now."""
    mock.forms.add("Spring sale")
    mock.sequences.add("Welcome")
    with (
        httpx.Client(
            transport=mock.transport, base_url="https://kit.test", headers={"X-Kit-Api-Key": mock.api_key}
        ) as kit,
        httpx.Client(
            transport=mock.transport,
            base_url="https://kit.test",
            headers={"Authorization": f"Bearer {mock.access_token}"},
        ) as app,
    ):
        kit.post("/v4/custom_fields", json={"label": "Company"})
        for name in ("Newsletter", "Customers"):
            kit.post("/v4/tags", json={"name": name})
        tag_add = {"name": "subscriber.tag_add", "tag_id": 1}
        kit.post("/v4/webhooks", json={"target_url": f"{hook}/hook", "event": tag_add})
        bounce = {"name": "subscriber.subscriber_bounce"}
        kit.post("/v4/webhooks", json={"target_url": f"{hook}/busy", "event": bounce})
        for first_name, email_address in _PEOPLE:
            mock.advance(seconds=7)
            kit.post("/v4/subscribers", json={"first_name": first_name, "email_address": email_address})
        for id_ in (1, 2):
            mock.advance(seconds=2)
            kit.post(f"/v4/tags/1/subscribers/{id_}")
        mock.advance(seconds=1)
        kit.get("/v4/subscribers", params={"status": "active", "per_page": 10})
        app.post("/v4/bulk/tags", json={"tags": [{"name": f"Import {number}"} for number in range(1, 4)]})
        mock.fail_next("get_account", status=503)
        kit.get("/v4/account")
        mock.advance(seconds=2)
        kit.get("/v4/account")
        kit.post("/v4/tags", json={"name": "Newsletter"})
        kit.get("/v4/broadcasts/99")
        mock.advance(seconds=3)
        ada = {"email_address": "ada@example.com", "first_name": "Ada", "fields": {"company": "Analytical Engines"}}
        kit.put("/v4/subscribers/1", json=ada)
        mock.fire("subscriber_bounce", subscriber_id=14)
        mock.advance(seconds=1)
        kit.delete("/v4/webhooks/99")
        kit.get("/v4/subscribers/1")
        kit.post("/_mock/snapshots")
    mock.fail_next("create_subscriber", status=503, times=2)
    mock.faults.add(route="GET /v4/tags*", delay=2.5, probability=0.25)
    mock.deliver()


def _take(driver: Chrome, name: str, scheme: str) -> None:
    driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {
            "features": [
                {"name": "prefers-color-scheme", "value": scheme},
                {"name": "prefers-reduced-motion", "value": "reduce"},
            ]
        },
    )
    path = IMAGES / f"{name}.png"
    driver.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
    if not driver.save_screenshot(str(path)):
        raise SystemExit(f"cannot write {path}")
    print(f"{path.relative_to(IMAGES.parent.parent)}: {path.stat().st_size // 1000} kB")


def _page(driver: Chrome, url: str) -> None:
    driver.get(f"{url}/_mock/")
    wait = WebDriverWait(driver, 20, 0.05)
    (summary,) = (each for each in driver.find_elements(By.CSS_SELECTOR, "#request-list summary") if "PUT" in each.text)
    summary.click()
    wait.until(lambda _: driver.find_elements(By.CSS_SELECTOR, "#request-list [data-loaded] pre"))
    driver.execute_script("document.activeElement.blur()")
    for scheme, name in (("light", "mock-page"), ("dark", "mock-page-dark")):
        _take(driver, name, scheme)


def _docs(driver: Chrome, url: str) -> None:
    driver.get(f"{url}/_mock/docs#/tags")
    wait = WebDriverWait(driver, 20, 0.05)
    wait.until(lambda _: len(driver.find_elements(By.CSS_SELECTOR, ".opblock")) >= len(document.load().operations))
    driver.execute_script("scrollTo(0, 0)")
    for scheme, name in (("light", "mock-docs"), ("dark", "mock-docs-dark")):
        _take(driver, name, scheme)


def main() -> int:
    """Take them all."""
    if missing := chromium.missing():
        print(f"{missing}: see scripts/program.sh", file=sys.stderr)
        return 1
    IMAGES.mkdir(parents=True, exist_ok=True)
    with (
        _hook() as hook,
        KitMock(clock=Clock(_START), rate_limit="kit") as mock,
        chromium.chromium(_WINDOW) as driver,
    ):
        _use(mock, hook)
        _page(driver, mock.url)
        _docs(driver, mock.url)
    return 0


if __name__ == "__main__":
    sys.exit(main())
