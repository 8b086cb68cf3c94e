"""A FastAPI application that takes and returns models, and calls the service in its endpoints."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import jsonschema
import pytest
from fastapi import Body, Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient
from openapi_spec_validator import validate
from pydantic import BaseModel

from kit_api.models import CreateSubscriberRequest, NewPurchase, Purchase, Subscriber, Tag
from kit_client import AsyncKit, Kit, NotFoundError
from kit_mock import KitMock

from .rerouting import reroute


class Team(BaseModel):
    """A model of the application, with models of the client in it."""

    lead: Subscriber
    others: list[Subscriber] = []
    by_city: dict[str, Subscriber | None] = {}


def client(request: Request) -> Kit:
    kit: Kit = request.state.kit
    return kit


def async_client(request: Request) -> AsyncKit:
    kit: AsyncKit = request.state.async_kit
    return kit


def application(mock: KitMock) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        token = mock.access_token
        with Kit(access_token=token, transport=mock.transport) as kit:
            async with AsyncKit(access_token=token, transport=mock.async_transport) as async_kit:
                yield {"kit": kit, "async_kit": async_kit}

    app = FastAPI(lifespan=lifespan)

    @app.post("/subscribers", status_code=201)
    def create(body: Annotated[CreateSubscriberRequest, Body()], kit: Annotated[Kit, Depends(client)]) -> Subscriber:
        return kit.subscribers.create(**body.to_dict())

    @app.get("/subscribers/{subscriber_id}", response_model=Subscriber)
    async def get(subscriber_id: int, kit: Annotated[AsyncKit, Depends(async_client)]) -> Any:
        return await kit.subscribers.get(subscriber_id)

    @app.get("/subscribers", response_model=list[Subscriber])
    def all_subscribers(kit: Annotated[Kit, Depends(client)]) -> Any:
        return kit.subscribers.list()

    @app.get("/tags")
    async def all_tags(kit: Annotated[AsyncKit, Depends(async_client)]) -> list[Tag]:
        return [tag async for tag in kit.tags.list()]

    @app.post("/purchases")
    def buy(
        purchase: Annotated[NewPurchase, Body(embed=True)], kit: Annotated[Kit, Depends(client)]
    ) -> Purchase | None:
        return kit.purchases.create(**purchase.to_dict())

    @app.get("/account")
    def account(kit: Annotated[Kit, Depends(client)]):  # type: ignore[no-untyped-def]
        return {"account": kit.account.get(), "newest": kit.subscribers.list().first()}

    @app.post("/teams")
    def team(team: Team) -> Team:
        return team

    @app.exception_handler(NotFoundError)
    def missing(request: Request, error: NotFoundError) -> JSONResponse:
        return JSONResponse({"errors": error.errors}, status_code=404)

    return app


@pytest.fixture
def web() -> Iterator[TestClient]:
    with KitMock() as mock, TestClient(application(mock)) as web:
        yield web


ADA = {"email_address": "ada@example.com", "first_name": "Ada", "fields": {"last_name": "Lovelace"}}


def test_models_are_bodies_and_answers(web: TestClient) -> None:
    made = web.post("/subscribers", json=ADA)
    assert made.status_code == 201
    ada = made.json()
    assert (ada["email_address"], ada["state"]) == ("ada@example.com", "active")
    read = web.get(f"/subscribers/{ada['id']}").json()
    assert {name: read[name] for name in ada} == ada
    assert web.get("/subscribers").json() == [ada]
    assert web.get("/tags").json() == []
    product = {"name": "Book", "pid": "1", "lid": "1", "quantity": 2, "unit_price": 19.99}
    purchase = {"email_address": "ada@example.com", "transaction_id": "1", "currency": "USD", "products": [product]}
    bought = web.post("/purchases", json={"purchase": purchase}).json()
    assert (bought["transaction_id"], bought["products"][0]["unit_price"]) == ("1", 19.99)
    team = {"lead": ada, "others": [ada], "by_city": {"London": ada, "Paris": None}}
    assert web.post("/teams", json=team).json() == team
    unannotated = web.get("/account").json()
    assert unannotated["newest"] == ada
    assert "@" in unannotated["account"]["user"]["email"]


@pytest.mark.parametrize(
    ("body", "says"), [({"first_name": "Ada"}, "email_address missing"), ([], "expected a CreateSubscriberRequest")]
)
def test_a_body_that_does_not_fit_is_refused(body: object, says: str, web: TestClient) -> None:
    answer = web.post("/subscribers", json=body)
    assert answer.status_code == 422
    assert says in answer.json()["detail"][0]["msg"]


def test_the_guide_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[2] / "docs" / "models-in-other-libraries.md").read_text(encoding="utf-8")
    tables, app = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    exec(compile(tables, "guide", "exec"), {"__name__": "__main__"})
    names: dict[str, Any] = {"__name__": "guide"}
    exec(compile(app, "guide", "exec"), names)
    with KitMock(api_key="kit_0123456789") as mock:
        reroute(monkeypatch, asynchronous=mock.async_transport)
        with TestClient(names["app"]) as web:
            answer = web.post("/subscribers", json=ADA)
    assert (answer.status_code, answer.json()["first_name"]) == (200, "Ada")


def test_an_error_of_the_service_reaches_the_applications_handler(web: TestClient) -> None:
    answer = web.get("/subscribers/999")
    assert (answer.status_code, answer.json()) == (404, {"errors": ["Not Found"]})


def test_the_applications_document_has_the_types_of_models(web: TestClient) -> None:
    document = web.get("/openapi.json").json()
    validate(document)
    paths = document["paths"]
    answer = paths["/subscribers/{subscriber_id}"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    while "$ref" in answer:
        answer = document["components"]["schemas"][answer["$ref"].rpartition("/")[2]]
    types = {name: schema.get("type") for name, schema in answer["properties"].items()}
    assert (types["id"], types["first_name"], types["fields"]) == ("integer", ["string", "null"], "object")
    assert answer["properties"]["created_at"]["format"] == "date-time"
    ada = web.post("/subscribers", json=ADA).json()
    jsonschema.validate(web.get(f"/subscribers/{ada['id']}").json(), answer)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**ada, "id": "one"}, answer)
    assert web.get("/docs").status_code == 200
