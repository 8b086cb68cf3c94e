"""What no request can make is the same by `add` and by a seed: forms, sequences, segments and email templates."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit_mock import Clock, KitMock, KitMockError
from tests.unit.mock.conftest import START

IDS = st.integers(-1, 2**53)
NAMES = st.text(max_size=8)
DATES = st.sampled_from(["2023-02-17", "2023-02-17T11:43", "1999-12-31T23:59:59-05:00", "2023-13-01", 5])
URLS = st.sampled_from(["https://example.com/f", "example.com", ""])
FLAGS = st.booleans() | st.just("yes")
DAYS = st.sampled_from(["monday", "friday", "someday"])
NUMBERS = st.integers(-1, 30)

ADDITIONS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "forms": {
        "type": st.sampled_from(["embed", "hosted", "popup"]),
        "format": NAMES,
        "status": st.sampled_from(["active", "archived", "trashed", "lost"]),
        "uid": NAMES,
        "embed_url": URLS,
        "embed_js": URLS,
        "created_at": DATES,
    },
    "sequences": {
        "hold": FLAGS,
        "repeat": FLAGS,
        "active": FLAGS,
        "email_address": st.sampled_from(["ada@example.com", "ada"]),
        "email_template": st.sampled_from([6, "text only", 7, "None"]),
        "send_days": st.lists(DAYS, min_size=1, max_size=3),
        "send_hour": NUMBERS,
        "time_zone": st.sampled_from(["Europe/Paris", "Nowhere/Else"]),
        "email_count": NUMBERS,
        "stats": st.dictionaries(st.sampled_from(["recipients", "opens", "clicks"]), NUMBERS),
        "created_at": DATES,
        "updated_at": DATES,
    },
    "segments": {"created_at": DATES},
    "email_templates": {"category": NAMES},
}


@pytest.mark.parametrize("name", ADDITIONS)
@given(data=st.data())
def test_add_makes_what_a_seed_makes_and_refuses_what_it_refuses(name: str, data: st.DataObject) -> None:
    optional = {"id": IDS, **ADDITIONS[name]}
    given = data.draw(st.fixed_dictionaries({"name": NAMES}, optional=optional))
    also = [{"name": "Default", "is_default": True}] if name == "email_templates" else []
    seed = {name: [given, *also]}
    with KitMock(clock=Clock(START), seed={name: also} if also else {}) as mock:
        additions = getattr(mock, name)
        before = additions.all()
        try:
            seeded = KitMock(clock=Clock(START), seed=seed)
        except KitMockError as error:
            with pytest.raises(KitMockError) as caught:
                additions.add(**given)
            reason = str(error).partition(f"{name}[0]")[2].removeprefix(".")
            assert reason.strip()
            assert str(caught.value).endswith(reason)
            assert additions.all() == before
            return
        with seeded:
            added = additions.add(**given)
            assert added in additions.all()
            made = next(each for each in getattr(seeded, name).all() if each["name"] == added["name"])
            kept = {"id"} if also and "id" not in given else set()
            assert {**made, **{key: added[key] for key in kept}} == added
