"""Date-times are date-times, however a test of the user's fakes the clock while decoders are built."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SERVICE = """
import asyncio, datetime, json, sys
import httpx
REAL = (datetime.datetime,)  # in a tuple, where it stays
TAG = {"id": 1, "name": "a", "created_at": "2024-02-29T12:30:00Z", "tagged_at": "2024-02-29T12:30:00Z"}
PAGE = {"tags": [TAG], "pagination": {"has_previous_page": False, "has_next_page": False, "start_cursor": None,
        "end_cursor": None, "per_page": 500}}
urls = []
def answer(request):
    urls.append(str(request.url))
    return httpx.Response(200, json={"tag": TAG} if request.method == "PUT" else PAGE)
"""
# As freezegun does it: every attribute of every module that is the real class is replaced.
FAKE = """
class Fake(REAL[0]):
    @classmethod
    def now(cls, tz=None):
        return cls(2001, 1, 1, tzinfo=tz)
class FakeDate(datetime.date):
    pass
def fake():
    real_date = datetime.date
    for module in list(sys.modules.values()):
        for name, value in list(getattr(module, "__dict__", {}).items()):
            if value is REAL[0]:
                setattr(module, name, Fake)
            elif value is real_date and module is not sys.modules["__main__"]:
                setattr(module, name, FakeDate)
    assert datetime.datetime is Fake
"""
USE = """
def check():
    from kit_client import AsyncKit, Kit
    kit = Kit("key", transport=httpx.MockTransport(answer))
    found = [kit.tags.update(1, name="a"), *kit.tags.list()]
    now = datetime.datetime.now(datetime.timezone.utc)
    kit.request("GET", "/v4/things", params={"since": now})
    async def use():
        async_kit = AsyncKit("key", transport=httpx.MockTransport(answer))
        return [await async_kit.tags.update(1, name="a"), *[tag async for tag in async_kit.tags.list()]]
    found += asyncio.run(use())
    for tag in found:
        assert type(tag.created_at) is REAL[0], type(tag.created_at)
        assert tag.to_dict() == TAG, tag.to_dict()
    from kit_api.models import Tag
    assert type(Tag.from_dict(TAG).created_at) is REAL[0]
    assert Tag.from_dict({**TAG, "created_at": "2024-02-29T12:30:00"}).to_dict()["created_at"] == "2024-02-29T12:30:00"
    assert kit.drift and {drift.path for drift in kit.drift} <= {"tag.tagged_at", "tags[].tagged_at"}
    assert "since=2001-01-01T00%3A00%3A00Z" in urls[2], urls
"""
BEFORE = {
    "first imported and used while faked": "",
    "imported before": "import kit_client, kit_api.models, kit_api.codec",
    "all modules imported before": "import kit_client, kit_api.models.tag, kit_api.models.tag_page, kit_api.api.tags.list_tags",
}


def run(code: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE)
def test_a_datetime_replaced_by_a_subclass(before: str) -> None:
    run(f"{SERVICE}{FAKE}{USE}\n{before}\nfake()\ncheck()")


@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE)
def test_freezegun(before: str) -> None:
    run(f"{SERVICE}{USE}\n{before}\nimport freezegun\nwith freezegun.freeze_time('2001-01-01'):\n    check()")


def test_decoders_that_were_built_while_faked_serve_afterwards() -> None:
    code = f"{SERVICE}{USE}\nimport freezegun\nwith freezegun.freeze_time('2001-01-01'):\n    check()\n"
    code += "from kit_client import Kit\nkit = Kit('key', transport=httpx.MockTransport(answer))\n"
    code += "assert all(type(tag.created_at) is REAL[0] for tag in kit.tags.list())\n"
    run(code)
