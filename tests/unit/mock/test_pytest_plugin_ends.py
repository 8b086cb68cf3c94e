"""The end of a test with the pytest plugin: faults that never happened, and children that live on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.unit.mock.plugin_project import Run, in_project


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return in_project(tmp_path)


UNUSED = """
import pytest

from kit_client import Kit


def test_never_happened(kit_mock):
    kit_mock.fail_next("create_tag", status=503)
    kit_mock.fail_next(reset="before", times=2)


def test_of_a_route(kit, kit_mock):
    kit_mock.faults.add(route="POST /v4/tags", html=True, times=1)
    kit.account.get()


def test_happened(kit, kit_mock):
    kit_mock.fail_next("get_account", status=503, times=2)
    kit_mock.faults.add(operation="get_account", status=503, times=9)
    kit_mock.faults.add(operation="create_tag", status=503)
    kit_mock.faults.add(operation="create_tag", status=503, times=1, probability=0.5)
    with pytest.raises(Exception, match="503"):
        kit.account.get()


def test_taken_back(kit_mock):
    kit_mock.fail_next("create_tag", status=503)
    kit_mock.faults.clear()
"""
WARNING = "UnusedFaultWarning: the test ended before {} happened to {}, as fail_next or faults.add had it"


def test_a_fault_that_never_happened_is_told(run: Run) -> None:
    output = run(UNUSED, "-W", "default::kit_mock.UnusedFaultWarning")
    assert "4 passed, 3 warnings" in output
    for what, target in (("status 503", "create_tag"), ("reset before the effect", "any request")):
        assert f"test_project.py:7: {WARNING.format(what, target)}" in output
    assert f"test_project.py:12: {WARNING.format('HTML page, status 502', 'POST /v4/tags')}" in output


def test_where_warnings_are_errors_it_is_one(run: Run) -> None:
    output = run(UNUSED, failing=True)
    assert "4 passed, 2 errors" in output
    assert WARNING.format("status 503", "create_tag") in output


FORKS = """
import os
import socket

import httpx
import pytest

from kit_mock import KitMockError

pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


def child(function):
    # Its id, and the pipe that it waits for before it ends.
    told, waits = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(waits[1])
        status = 1
        try:
            status = function()
            os.write(told[1], b"!")
            os.read(waits[0], 1)
        finally:
            os._exit(status)
    os.close(waits[0])
    os.close(told[1])
    assert os.read(told[0], 1) == b"!"
    os.close(told[0])
    return pid, waits[1]


left = []


def test_a_child_is_refused_and_may_call(kit_mock, kit_mock_guard):
    url = kit_mock.url

    def use():
        headers = {"X-Kit-Api-Key": kit_mock.api_key}
        assert httpx.post(f"{url}/v4/tags", json={"name": "A"}, headers=headers).status_code == 201
        with pytest.raises(KitMockError, match="belongs to the process that this one was forked from"):
            kit_mock.tags.all()
        with pytest.raises(pytest.fail.Exception, match="api.example.com"):
            httpx.get("https://api.example.com")
        return 0

    left.append((url, *child(use)))
    assert [tag["name"] for tag in kit_mock.tags.all()] == ["A"]


def test_the_port_of_the_last_test_is_free_though_its_child_lives():
    ((url, pid, waits),) = left
    address = httpx.URL(url)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address.host, address.port))
    os.close(waits)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_child_of_a_test_uses_the_address_alone_and_keeps_no_port(run: Run) -> None:
    assert "2 passed" in run(FORKS)
