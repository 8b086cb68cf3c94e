"""What docs/webhooks.md shows: each application runs on a port, and the mock's own deliveries come to it."""

from __future__ import annotations

import importlib.util
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import httpx
import pytest
import uvicorn

from kit_api.models.dicts import TaggingDict
from kit_client import Kit, webhooks
from kit_mock import KitMock

from .rerouting import reroute

PAGE = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text(encoding="utf-8")
FILES: dict[str, str] = dict(re.findall(r"```python\n# (\w+\.py)\n(.*?)```", PAGE, re.DOTALL))
SECRET = webhooks.new_secret()
SOON = 10.0
"""Seconds: more than anything here takes."""


def eventually(fact: Callable[[], bool]) -> None:
    end = time.monotonic() + SOON
    while not fact() and time.monotonic() < end:
        time.sleep(0.01)
    assert fact()


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], ModuleType]]:
    """Import a file of the guide, once: Django takes its settings only once in a process."""
    folder = tmp_path_factory.mktemp("guide")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KIT_WEBHOOK_SECRET", SECRET)

        def load(name: str) -> ModuleType:
            if name not in sys.modules:
                (folder / f"{name}.py").write_text(FILES[f"{name}.py"], encoding="utf-8")
                spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
                assert spec is not None
                assert spec.loader is not None
                module = importlib.util.module_from_spec(spec)
                patch.setitem(sys.modules, name, module)
                spec.loader.exec_module(module)
            return sys.modules[name]

        yield load


@contextmanager
def asgi(app: Any) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    eventually(lambda: server.started)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(SOON)


class Quiet(WSGIRequestHandler):
    def log_message(self, *arguments: object) -> None:
        """Log nothing."""


@contextmanager
def wsgi(app: Any) -> Iterator[str]:
    with make_server("127.0.0.1", 0, app, handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join(SOON)


@pytest.fixture(scope="module")
def fastapi_app(load: Callable[[str], ModuleType]) -> Iterator[tuple[ModuleType, str]]:
    module = load("fastapi_app")
    with asgi(module.app) as url:
        yield module, url


@pytest.fixture(scope="module")
def flask_app(load: Callable[[str], ModuleType]) -> Iterator[tuple[ModuleType, str]]:
    module = load("flask_app")
    with wsgi(module.app) as url:
        yield module, url


@pytest.fixture(scope="module")
def django_app(load: Callable[[str], ModuleType]) -> Iterator[tuple[ModuleType, str]]:
    module = load("django_app")
    with wsgi(module.application) as url:
        yield module, url


def bought(kit: Kit, number: str, price: float) -> int:
    made = kit.purchases.create(
        transaction_id=number,
        email_address="ada@example.com",
        currency="USD",
        products=[{"name": "Book", "pid": "book", "lid": number, "quantity": 1, "unit_price": price}],
        total=price,
    )
    assert made is not None
    return made.id


@pytest.fixture
def kit(kit_mock: KitMock) -> Iterator[Kit]:
    with Kit(access_token=kit_mock.access_token, transport=kit_mock.transport) as kit:
        yield kit


def delivered(mock: KitMock) -> list[int | None]:
    """Send what is due. Returns what all deliveries so far were answered."""
    return [delivery.status for delivery in mock.deliver(SOON)]


def test_fastapi_is_told_of_subscribers_and_again(
    fastapi_app: tuple[ModuleType, str], kit: Kit, kit_mock: KitMock
) -> None:
    app, url = fastapi_app
    target = webhooks.with_secret(f"{url}/kit/activated", SECRET)
    webhooks.ensure(kit, "subscriber.subscriber_bounce", target)
    ada = kit_mock.subscribers.add("ada@example.com")["id"]
    kit_mock.fire("subscriber.subscriber_bounce", subscriber_id=ada)
    assert delivered(kit_mock) == [204]
    eventually(lambda: app.people == {ada: "bounced"})
    kit_mock.fire("subscriber.subscriber_bounce", subscriber_id=ada)
    assert delivered(kit_mock) == [204, 204]
    assert app.people == {ada: "bounced"}


def test_flask_is_told_of_everything(flask_app: tuple[ModuleType, str], kit: Kit, kit_mock: KitMock) -> None:
    app, url = flask_app
    tag = kit_mock.tags.add("Newsletter")["id"]
    people = [kit_mock.subscribers.add(f"reader{number}@example.com")["id"] for number in range(101)]
    event: Any = {"name": "subscriber.tag_add", "tag_id": tag}
    for name, each in {"tagged": event, "bought": "purchase.purchase_create", "field": "field_created"}.items():
        webhooks.ensure(kit, each, webhooks.with_secret(f"{url}/kit/{name}", SECRET))
    kit.tags.tag_subscriber(tag, people[0])
    bought(kit, "order-1", 39.5)
    field = kit.custom_fields.create(label="Last name")
    taggings: list[TaggingDict] = [{"tag_id": tag, "subscriber_id": person} for person in [*people[1:], 999_999]]
    kit.tags.bulk_tag_subscribers(taggings=taggings, callback_url=webhooks.with_secret(f"{url}/kit/done", SECRET))
    kit_mock.advance(seconds=3)
    assert delivered(kit_mock) == [204] * 104, "the job tags 100, and each of them is an event"
    app.jobs.join()
    assert app.seen["subscriber 1"] == "active"
    assert app.seen["purchase order-1"] == "39.5 USD"
    assert app.seen[f"field {field.id}"] == "last_name"
    assert app.seen["BulkTaggingsResult"] == "1 failed"


def test_django_is_told_of_purchases_and_counts_each_once(
    django_app: tuple[ModuleType, str], kit: Kit, kit_mock: KitMock
) -> None:
    app, url = django_app
    # The webhook is there twice, as after two processes that looked at the same time.
    target = webhooks.with_secret(f"{url}/kit/purchases", SECRET)
    for _ in range(2):
        kit_mock.webhooks.add("purchase.purchase_create", target)
    numbers = [bought(kit, f"order-{number}", 10.0 + number) for number in range(3)]
    assert delivered(kit_mock) == [204] * 6
    eventually(lambda: app.totals == {id_: 10.0 + number for number, id_ in enumerate(numbers)})


@pytest.mark.parametrize(
    ("name", "path"),
    [("fastapi_app", "/kit/activated"), ("flask_app", "/kit/anything"), ("django_app", "/kit/purchases")],
)
def test_each_refuses_who_does_not_know_the_secret_and_what_is_no_delivery(
    name: str, path: str, request: pytest.FixtureRequest, kit: Kit, kit_mock: KitMock
) -> None:
    app, url = request.getfixturevalue(name)
    before = dict(next(vars(app)[name] for name in ("people", "seen", "totals") if hasattr(app, name)))
    genuine = webhooks.with_secret(url + path, SECRET)
    with httpx.Client() as web:
        for target in (url + path, webhooks.with_secret(url + path, webhooks.new_secret()), f"{genuine}&secret=x"):
            assert web.post(target, content=b"not even read").status_code == 403
        for body in (b"", b"<html>", b"{}", b'{"subscriber": "x"}', b"[" * 100_000, b"\xff"):
            assert web.post(genuine, content=body).status_code == 400
        assert web.get(genuine).status_code == 405
    # A webhook from before the secret was changed: refused, and tried again later.
    kit_mock.webhooks.add("subscriber.subscriber_bounce", webhooks.with_secret(url + path, webhooks.new_secret()))
    ada = kit_mock.subscribers.add("ada@example.com")["id"]
    kit_mock.fire("subscriber.subscriber_bounce", subscriber_id=ada)
    assert delivered(kit_mock) == [403]
    assert dict(next(vars(app)[name] for name in ("people", "seen", "totals") if hasattr(app, name))) == before


def test_changing_the_secret_loses_no_event(
    flask_app: tuple[ModuleType, str], kit: Kit, kit_mock: KitMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, url = flask_app
    new = webhooks.new_secret()
    ada = kit_mock.subscribers.add("ada@example.com")["id"]

    def event() -> list[int | None]:
        kit_mock.fire("subscriber.subscriber_bounce", subscriber_id=ada)
        return delivered(kit_mock)

    def ensure(secret: str) -> None:
        webhooks.ensure(kit, "subscriber.subscriber_bounce", webhooks.with_secret(f"{url}/kit/bounced", secret))

    ensure(SECRET)
    assert event() == [204]
    monkeypatch.setattr(app, "SECRET", [new, SECRET])
    assert event() == [204] * 2
    ensure(new)
    assert event() == [204] * 3, "once for each event"
    monkeypatch.setattr(app, "SECRET", new)
    assert event() == [204] * 4


def test_registering_can_be_repeated(
    kit_mock: KitMock, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reroute(monkeypatch, sync=kit_mock.transport)
    monkeypatch.setenv("KIT_API_KEY", kit_mock.api_key)
    monkeypatch.setenv("KIT_WEBHOOK_SECRET", SECRET)
    for _ in range(2):
        exec(compile(FILES["register.py"], "register.py", "exec"), {"__name__": "__main__"})
        assert f"# {capsys.readouterr().out.strip()}\n" in FILES["register.py"]
    assert len(kit_mock.webhooks.all()) == 3


def test_the_rest_of_the_guide_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(FILES) == PAGE.count("```python\n") == 5
    exec(compile(FILES["bulk_callback.py"], "bulk_callback.py", "exec"), {"__name__": "__main__"})
    assert f"# {capsys.readouterr().out.strip()}\n" in FILES["bulk_callback.py"]
