"""An account's colors are the same by the API and by a seed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit_mock import KitMock, KitMockError
from tests.unit.mock.conftest import client

CODES = st.from_regex(r"#([0-9a-fA-F]{3}){1,2}", fullmatch=True)
COLORS: st.SearchStrategy[Any] = CODES | st.sampled_from(["", "red", "#ffff", " #fff", "#fff\n", "#0g0", None, []])


@given(colors=st.lists(CODES, max_size=5) | st.lists(CODES, max_size=7) | st.lists(COLORS, max_size=4))
def test_a_seed_takes_the_colors_that_a_request_takes(colors: list[Any]) -> None:
    with KitMock() as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
        answer = kit.put("/v4/account/colors", json={"colors": colors})
    if answer.status_code == 200:
        with KitMock(seed={"colors": colors}) as seeded, client(seeded, **{"X-Kit-Api-Key": seeded.api_key}) as kit:
            assert kit.get("/v4/account/colors").json() == answer.json() == {"colors": colors}
    else:
        assert answer.status_code == 422
        with pytest.raises(KitMockError) as caught:
            KitMock(seed={"colors": colors})
        assert str(caught.value) == f"seed: colors is refused: {'; '.join(answer.json()['errors'])}"
