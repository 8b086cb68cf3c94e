"""Models and pages outside of this package: attrs, JSON, pydantic, pickle, tables."""

from __future__ import annotations

import copy
import datetime
import importlib
import json
import pickle
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, cast

import attrs
import hypothesis
import jsonschema
import pytest
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from kit_api.models import NewPurchase, NewPurchaseProduct, Subscriber, SubscriberPage
from kit_api.types import UNSET, Model

DOCUMENT = Path(__file__).parents[2] / "generated" / "kit_api" / "openapi.json"
ADA: dict[str, Any] = {
    "id": 7,
    "first_name": "Ada",
    "email_address": "ada@example.com",
    "state": "active",
    "created_at": "2026-03-02T09:30:00Z",
    "fields": {"last_name": "Lovelace"},
}


def examples() -> list[tuple[type[Model], dict[str, Any]]]:
    schemas = json.loads(DOCUMENT.read_text(encoding="utf-8"))["components"]["schemas"]
    package = importlib.import_module("kit_api.models")
    found = (
        (getattr(package, name), example) for name, schema in schemas.items() for example in schema.get("examples", ())
    )
    return [(model, example) for model, example in found if isinstance(model, type) and issubclass(model, Model)]


@pytest.mark.parametrize(("model", "example"), examples(), ids=lambda value: getattr(value, "__name__", ""))
def test_every_model_travels(model: type[Model], example: dict[str, Any]) -> None:
    made = model.from_dict(example)
    assert json.loads(json.dumps(made.to_dict())) == example
    assert json.loads(made.to_json()) == example
    assert pickle.loads(pickle.dumps(made)) == copy.deepcopy(made) == made
    assert repr(made).startswith(f"{model.__name__}(")
    assert dict(cast(Any, made)) == example
    assert attrs.has(model)
    assert {field.name for field in attrs.fields(model)} >= example.keys()
    assert TypeAdapter(model).validate_python(example) == made
    with pytest.raises(TypeError):
        model(*example.values())


def test_attrs_copies_and_changes_models() -> None:
    ada: Any = Subscriber.from_dict(ADA)
    changed = attrs.evolve(ada, first_name="Augusta")
    assert (changed.first_name, changed.email_address, ada.first_name) == ("Augusta", "ada@example.com", "Ada")
    assert attrs.asdict(ada)["fields"] == {"last_name": "Lovelace"}
    page = SubscriberPage.from_dict(
        {
            "subscribers": [ADA],
            "pagination": dict.fromkeys(("has_previous_page", "has_next_page"), False)
            | {"start_cursor": None, "end_cursor": None, "per_page": 1},
        }
    )
    assert attrs.asdict(page)["subscribers"][0]["id"] == 7
    assert next(field for field in attrs.fields(Subscriber) if field.name == "location").default is UNSET


def test_json_keeps_all_digits_of_a_decimal() -> None:
    line = NewPurchaseProduct(name="Book", quantity=1, unit_price=Decimal("19.99"))
    purchase = NewPurchase(email_address="ada@example.com", transaction_id="1", currency="USD", products=[line])
    assert '"unit_price":19.99' in purchase.to_json()
    assert json.loads(json.dumps(purchase.to_dict()))["products"][0]["unit_price"] == 19.99


class Answer(BaseModel):
    subscriber: Subscriber
    others: list[Subscriber] = []


def test_pydantic_takes_and_gives_models() -> None:
    ada = Subscriber.from_dict(ADA)
    for given in (ada, ADA):
        answer = Answer.model_validate({"subscriber": given, "others": [given]})
        assert answer.subscriber == ada
        assert answer.model_dump() == answer.model_dump(mode="json") == {"subscriber": ADA, "others": [ADA]}
    assert Answer.model_validate_json(answer.model_dump_json()) == answer
    assert answer.subscriber.created_at == datetime.datetime(2026, 3, 2, 9, 30, tzinfo=datetime.UTC)


@pytest.mark.parametrize("mode", ["validation", "serialization"])
@pytest.mark.parametrize(("model", "example"), examples(), ids=lambda value: getattr(value, "__name__", ""))
def test_pydantic_describes_models_as_the_document_does(
    model: type[Model], example: dict[str, Any], mode: Literal["validation", "serialization"]
) -> None:
    schema = TypeAdapter(model).json_schema(mode=mode)
    assert (schema["title"], schema["properties"].keys()) == (model.__name__, {*schema["properties"]} | example.keys())
    assert all(schema["properties"].values())
    assert not re.search(r'"(\$ref|allOf|x-[a-z-]+)":', json.dumps(schema))
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    validator.validate(example)
    for name in schema["required"]:
        assert not validator.is_valid({key: value for key, value in example.items() if key != name})
        assert not validator.is_valid({**example, name: {"what": "no field is"}})


def test_pydantic_describes_subclasses_and_is_given_a_copy() -> None:
    class Friend(Subscriber, kw_only=True):
        nickname: str = ""

    schema = TypeAdapter(Friend).json_schema()
    assert (schema["title"], schema["properties"]["nickname"]) == ("Friend", {})
    assert schema["properties"]["email_address"]["format"] == "email"
    schema["properties"].clear()
    schema["required"].clear()
    assert TypeAdapter(Subscriber).json_schema()["properties"]["id"]["type"] == "integer"


def instant(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).astimezone(datetime.UTC)


@hypothesis.given(
    moment=st.datetimes(min_value=datetime.datetime(1970, 1, 1), max_value=datetime.datetime(2100, 1, 1)),
    digits=st.integers(0, 6),
    offset=st.sampled_from(["Z", "+00:00", "-00:00", "z", "+02:00", "-09:30", "+14:00"]),
    separator=st.sampled_from("Tt "),
)
@hypothesis.example(moment=datetime.datetime(2026, 3, 2, 9, 30), digits=3, offset="Z", separator="T")
@hypothesis.example(moment=datetime.datetime(2026, 3, 2, 9, 30, 0, 500_000), digits=1, offset="Z", separator="T")
def test_a_datetime_comes_back_as_the_same_instant(
    moment: datetime.datetime, digits: int, offset: str, separator: str
) -> None:
    came = moment.strftime(f"%Y-%m-%d{separator}%H:%M:%S") + f".{moment.microsecond:06}"[: digits + 1] * (digits > 0)
    back = Subscriber.from_dict({**ADA, "created_at": came + offset}).to_dict()["created_at"]
    assert instant(back) == instant(came.replace("t", "T") + offset.upper())
    assert Subscriber.from_dict({**ADA, "created_at": back}).to_dict()["created_at"] == back
    assert back.endswith("Z") == (offset.upper() in ("Z", "+00:00", "-00:00"))


@pytest.mark.parametrize(
    ("came", "back"),
    [
        ("09:30:00.000Z", "09:30:00Z"),
        ("09:30:00.000+00:00", "09:30:00Z"),
        ("09:30:00.5Z", "09:30:00.500Z"),
        ("09:30:00.120Z", "09:30:00.120Z"),
        ("09:30:00.1234Z", "09:30:00.123400Z"),
        ("09:30:00+02:00", "09:30:00+02:00"),
    ],
)
def test_the_spelling_of_a_datetime_is_that_of_the_guide(came: str, back: str) -> None:
    made = Subscriber.from_dict({**ADA, "created_at": f"2026-03-02T{came}"})
    assert made.to_dict()["created_at"] == f"2026-03-02T{back}"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"id": 7}, "first_name, email_address, state, created_at missing; a Subscriber needs it"),
        ("ada", "expected a Subscriber or an object, got a str"),
        (None, "expected a Subscriber or an object, got a NoneType"),
    ],
)
def test_pydantic_refuses_in_words(given: Any, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Answer.model_validate({"subscriber": given})
    assert message in str(caught.value)


def test_neither_pydantic_nor_attrs_classes_are_made_unless_asked_for() -> None:
    code = """
import sys, kit_client, kit_api.models
kit_api.models.Subscriber
print([name for name in sys.modules if name.partition(".")[0] in ("attr", "attrs", "pydantic")])
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_models_do_without_attrs() -> None:
    """Where attrs isn't installed, tools that look for attrs classes find none, and the client is none the worse."""
    code = """
import sys
sys.modules["attrs"] = sys.modules["attr"] = None
from kit_client import Kit
from kit_api.models import User
user = User(email="ada@example.com")
assert not hasattr(user, "__attrs_attrs__")
assert user.to_dict() == {"email": "ada@example.com"}
Kit("key", base_url="http://kit.test").close()
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
