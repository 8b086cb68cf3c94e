"""The pytest plugin as a project that has the package installed meets it: pytest in a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.mock.plugin_project import Run, in_project

# What is run instead of `-m pytest` where the mock's extra isn't installed.
WITHOUT_EXTRA = "import sys; sys.modules['jsonschema_rs'] = None; import pytest; sys.exit(pytest.main(sys.argv[1:]))"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return in_project(tmp_path)


FIXTURES = """
import asyncio
from datetime import UTC, datetime

import anyio
import pytest

from kit_client import AsyncKit, Kit, OAuthRequiredError
from kit_mock import KitMock


@pytest.mark.parametrize("number", range(3))
def test_isolated_and_the_same_every_time(kit: Kit, kit_mock: KitMock, number: int) -> None:
    tag = kit.tags.create(name="Newsletter")
    assert tag.id == 1
    assert tag.created_at == datetime(2023, 2, 17, 11, 43, 55, tzinfo=UTC)
    assert [(r.operation_id, r.request_id) for r in kit_mock.requests] == [
        ("create_tag", "00000000-0000-0000-0000-000000000001")
    ]


def test_added(kit: Kit, kit_mock: KitMock) -> None:
    kit_mock.subscribers.add("ada@example.com")
    assert [found.email_address for found in kit.subscribers.list()] == ["ada@example.com"]


def test_async_without_a_plugin(async_kit: AsyncKit, kit_mock: KitMock) -> None:
    async def go() -> None:
        await async_kit.tags.create(name="Newsletter")
        async with async_kit:
            assert [tag.name async for tag in async_kit.tags.list()] == ["Newsletter"]

    asyncio.run(go())


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_async_with_anyio(async_kit: AsyncKit, kit: Kit) -> None:
    await async_kit.tags.create(name="Newsletter")
    assert [tag.id for tag in kit.tags.list()] == [1]


def test_the_api_key_is_the_default(kit: Kit, async_kit: AsyncKit) -> None:
    with pytest.raises(OAuthRequiredError):
        kit.purchases.list().first_page()
    with pytest.raises(OAuthRequiredError):
        asyncio.run(async_kit.purchases.list().first_page())


def test_on_a_socket(kit_mock: KitMock) -> None:
    with Kit(kit_mock.api_key, base_url=kit_mock.url) as kit:
        assert kit.tags.create(name="Newsletter").id == 1


@pytest.mark.kit_mock(rate_limit=2)
def test_a_limit_is_waited_out_without_waiting(kit: Kit, kit_mock: KitMock) -> None:
    began = kit_mock.clock.now()
    for number in range(5):
        kit.tags.create(name=f"Tag {number}")
    assert [r.status for r in kit_mock.requests].count(201) == 5
    # One 429 for each of the two times that the quota was used up: the client then waits for as long as the window.
    assert [r.status for r in kit_mock.requests].count(429) == 2
    assert (kit_mock.clock.now() - began).total_seconds() == 120


@pytest.mark.kit_mock(rate_limit=1)
def test_so_does_the_async_client(async_kit: AsyncKit, kit_mock: KitMock) -> None:
    async def go() -> None:
        for number in range(2):
            await async_kit.tags.create(name=f"Tag {number}")

    asyncio.run(go())
    assert kit_mock.clock.now() >= datetime(2023, 2, 17, 11, 44, 55, tzinfo=UTC)
"""


def test_the_fixtures(run: Run) -> None:
    assert "10 passed" in run(FIXTURES)


def test_under_xdist(run: Run) -> None:
    assert "10 passed" in run(FIXTURES, "-n", "2")


MARKS = """
import asyncio
from datetime import UTC, datetime

import httpx
import pytest

from kit_client import OAuthRequiredError

pytestmark = pytest.mark.kit_mock(seed="seeds/account.yaml", behaviour="current")


def test_of_the_module(kit, kit_mock):
    assert kit.tags.create(name="newsletter").id == 31, "the seed is beside the test, and an existing tag is no error"


@pytest.mark.kit_mock(auth="oauth", start=datetime(2024, 2, 29, tzinfo=UTC))
class TestClass:
    def test_of_the_class(self, kit, async_kit, kit_mock):
        kit_mock.subscribers.add("ada@example.com", tags=[31])
        assert kit.purchases.list().first_page().items == []
        assert asyncio.run(async_kit.purchases.list().first_page()).items == []
        assert kit_mock.clock.now().year == 2024

    @pytest.mark.kit_mock(seed={"tags": [{"id": 5, "name": "Five"}]}, auth="api_key")
    def test_the_nearest_wins(self, kit, kit_mock):
        assert [tag.id for tag in kit.tags.list()] == [5]
        with pytest.raises(OAuthRequiredError):
            kit.purchases.list().first_page()
        assert kit_mock.clock.now().year == 2024


@pytest.mark.parametrize(("strict", "status"), [(False, 200), pytest.param(True, 422, marks=pytest.mark.kit_mock(strict=True))])
def test_strict(kit_mock, strict, status):
    headers = {"X-Kit-Api-Key": kit_mock.api_key}
    with httpx.Client(transport=kit_mock.transport, base_url="https://kit.test", headers=headers) as http:
        assert http.get("/v4/tags?include_total_count=off").status_code == status
"""


def test_marks(run: Run, tmp_path: Path) -> None:
    (tmp_path / "tests" / "seeds").mkdir(parents=True)
    (tmp_path / "tests" / "seeds" / "account.yaml").write_text("tags: [{id: 31, name: Newsletter}]\n")
    assert "5 passed" in run(MARKS)
    listed = run("", "--markers")
    assert "@pytest.mark.kit_mock(*, seed, behaviour, rate_limit, start, auth, ...)" in listed


BAD_MARKS = """
from datetime import UTC, datetime

import pytest


@pytest.mark.kit_mock(behavior="current")
def test_spelling(kit): ...


@pytest.mark.kit_mock(behaviour="later")
def test_value(kit_mock): ...


@pytest.mark.kit_mock("current")
def test_position(kit_mock): ...


@pytest.mark.kit_mock(seed="none.yaml")
def test_seed(kit_mock): ...


@pytest.mark.kit_mock(start=datetime(2023, 1, 1))
def test_start(kit_mock): ...


@pytest.mark.kit_mock(start="2023-01-01")
def test_start_in_words(kit_mock): ...


@pytest.mark.kit_mock(start=datetime(1969, 7, 20, tzinfo=UTC))
def test_start_out_of_range(kit_mock): ...


@pytest.mark.kit_mock(strict="no")
def test_type(kit_mock): ...


@pytest.mark.kit_mock(clock=None)
def test_clock(kit_mock): ...


@pytest.mark.kit_mock(auth="oath")
def test_auth(async_kit): ...
"""


def test_bad_marks_are_told_in_a_line(run: Run, tmp_path: Path) -> None:
    output = run(BAD_MARKS, failing=True)
    assert "10 errors" in output
    assert "Traceback" not in output
    missing = tmp_path / "tests" / "none.yaml"
    for line in (
        "@pytest.mark.kit_mock: there is no 'behavior': did you mean behaviour?",
        "@pytest.mark.kit_mock: behaviour must be reference or current, not 'later'",
        "@pytest.mark.kit_mock: its arguments need names, such as seed=...",
        f"@pytest.mark.kit_mock: cannot read the seed {missing}: No such file or directory",
        "@pytest.mark.kit_mock: start must have a time zone",
        "@pytest.mark.kit_mock: start must be a datetime with a time zone, not '2023-01-01'",
        "@pytest.mark.kit_mock: the clock can only be between 1970 and 9000",
        "@pytest.mark.kit_mock: strict must be True or False, not str",
        "@pytest.mark.kit_mock: there is no 'clock'",
        "@pytest.mark.kit_mock: auth must be api_key or oauth, not 'oath': did you mean oauth?",
    ):
        assert re.search(rf"^(E +)?{re.escape(line)}$", output, re.MULTILINE), f"{line}\n{output}"


def test_without_the_extra_only_the_fixtures_fail(run: Run) -> None:
    tests = "def test_own(): ...\n\n\ndef test_fixture(kit): ...\n"
    output = run(tests, failing=True, start=("-c", WITHOUT_EXTRA))
    assert "1 passed, 1 error" in output
    assert "kit_mock needs jsonschema_rs, which isn't installed: pip install 'kit-client[mock]'" in output
    assert "Traceback" not in output


def test_own_fixtures_go_first(run: Run, tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "conftest.py").write_text(
        "import pytest\n\n\n@pytest.fixture\ndef kit_mock():\n    return 'mine'\n\n\n"
        "@pytest.fixture\ndef kit():\n    return 'mine too'\n"
    )
    tests = "def test_own(kit_mock, kit):\n    assert (kit_mock, kit) == ('mine', 'mine too')\n"
    assert "1 passed" in run(tests)


def test_it_costs_projects_that_do_not_use_it_nothing() -> None:
    code = (
        "import sys, pytest; before = set(sys.modules); import kit_mock.pytest_plugin;"
        "print(*sorted(n for n in set(sys.modules) - before if n.partition('.')[0] not in sys.stdlib_module_names))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.split() == ["kit_mock", "kit_mock.pytest_plugin"]
