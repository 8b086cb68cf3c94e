"""Schemathesis, with requests of its own making, against the mock: what comes back is what the document says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from kit_mock import KitMock

ROOT = Path(__file__).parents[2]
DOCUMENT: dict[str, Any] = json.loads((ROOT / "generated" / "kit_api" / "openapi.json").read_text(encoding="utf-8"))


schema = schemathesis.openapi.from_dict(DOCUMENT)


@pytest.fixture(scope="module")
def mock() -> Iterator[KitMock]:
    # Without casts: what schemathesis sends of a wrong type must be refused.
    with KitMock(strict=True) as running:
        yield running


def test_all_operations_are_held_against_the_document() -> None:
    assert len(list(schema.get_all_operations())) == 52


@schema.parametrize()
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
def test_answers_are_as_documented(case: schemathesis.Case[Any], mock: KitMock) -> None:
    response = case.call(base_url=mock.url, headers={"Authorization": f"Bearer {mock.access_token}"})
    assert response.status_code != 501
    # The service judges more than a schema says: a name that is taken, a cursor that it didn't give.
    excluded: list[Any] = [positive_data_acceptance]
    if case.path.startswith("/v4/bulk/"):
        # A bad item is a failure in an answer that is a success.
        excluded.append(negative_data_rejection)
    case.validate_response(response, excluded_checks=excluded)
