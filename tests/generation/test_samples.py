"""The check that models keep what samples hold: it passes for the document's own examples, and can fail."""

from __future__ import annotations

from typing import Any

import check_samples
import pytest
import yaml
from check_samples import DOCUMENT, own_examples, problems

from kit_api.models import Subscriber

EXAMPLES = list(own_examples(yaml.safe_load(DOCUMENT.read_text(encoding="utf-8"))))


def test_the_examples_of_the_document_come_out_as_they_went_in() -> None:
    assert len(EXAMPLES) > 60
    assert list(problems(iter(EXAMPLES))) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"mood": "good"}, "Subscriber: Subscriber.mood: not in the document; a string came and is kept"),
        ({"state": "paused"}, "not a documented value"),
        ({"created_at": "2026-03-02T09:30:00+00:00"}, "came out as"),
    ],
)
def test_a_sample_that_differs_is_told(change: dict[str, Any], problem: str) -> None:
    (example,) = (sample for what, _, sample in EXAMPLES if what == "Subscriber, example 1")
    found = list(problems(iter([("Subscriber", Subscriber, {**example, **change})])))
    assert any(problem in line for line in found), found


def test_values_of_a_described_type() -> None:
    assert list(check_samples._values("integer|null", "x")) == [7, None]
    assert list(check_samples._values("draft|scheduled", "x")) == ["draft", "scheduled"]
    assert list(check_samples._values("{id, name}", "x")) == [{"id": 7, "name": "text"}]
