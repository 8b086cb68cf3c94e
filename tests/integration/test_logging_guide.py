"""What docs/logging.md shows, run."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

GUIDE = (Path(__file__).parents[2] / "docs" / "logging.md").read_text(encoding="utf-8")
LOUD, QUIET = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
LOGGERS = ("httpx", "httpcore", "kit_client")


@pytest.fixture(autouse=True)
def levels() -> Iterator[None]:
    before = {name: logging.getLogger(name).level for name in LOGGERS}
    yield
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


def run(code: str) -> None:
    exec(compile(code, "logging.md", "exec"), {"__name__": "__main__"})


def test_httpx_logs_addresses_until_it_is_told_not_to(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        run(LOUD)
        assert "email_address=ada%40example.com" in caplog.text
    caplog.clear()
    with caplog.at_level(logging.DEBUG):
        run(QUIET)
    assert "example.com" not in caplog.text
    assert "list_subscribers: 200" in caplog.text


def test_the_key_is_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        run(LOUD)
    assert caplog.records
    assert "kit_test_key" not in caplog.text
