"""A new operation needs no sample of its own where the document and the samples of others give one."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.contract.document import PATH, Document
from tests.mutants import samples
from tests.mutants.truth import Truth

RAW = json.loads(PATH.read_text(encoding="utf-8"))


@pytest.fixture
def truth_with(tmp_path: Path) -> Callable[[str, str, str], Truth]:
    """A mock beside whose document the lies have another one, which has an operation that is `like` one of it."""

    def make(path: str, method: str, like: str) -> Truth:
        raw: dict[str, Any] = copy.deepcopy(RAW)
        operations = [each for item in raw["paths"].values() for each in item.values() if isinstance(each, dict)]
        known = next(each for each in operations if each["operationId"] == like)
        raw["paths"].setdefault(path, {})[method] = {**known, "operationId": "new"}
        file = tmp_path / "openapi.json"
        file.write_text(json.dumps(raw), encoding="utf-8")
        return Truth(Document(path=file))

    return make


def test_the_ids_are_those_of_another_operation_with_the_path(truth_with: Callable[[str, str, str], Truth]) -> None:
    assert samples.usual(truth_with("/v4/tags/{id}", "get", "update_tag"), "new").path == "/v4/tags/34"


def test_a_parameter_with_the_name_of_a_thing_is_one_of_those(truth_with: Callable[[str, str, str], Truth]) -> None:
    assert samples.usual(truth_with("/v4/count/{tag_id}", "get", "list_tag_subscribers"), "new").path == "/v4/count/31"


def test_a_body_has_what_the_document_requires(truth_with: Callable[[str, str, str], Truth]) -> None:
    request = samples.usual(truth_with("/v4/again", "post", "create_subscriber"), "new")
    assert request.fields.keys() == {"email_address"}
    assert "@" in request.fields["email_address"]


def test_an_id_that_nothing_gives_is_asked_for_by_file(truth_with: Callable[[str, str, str], Truth]) -> None:
    truth = truth_with("/v4/snippets/{id}", "get", "get_subscriber")
    with pytest.raises(LookupError, match=r"samples\.py: _IN_PATH has no id for new"):
        samples.usual(truth, "new")


@pytest.mark.parametrize("name", Document().operations)
def test_every_operation_has_a_sample(name: str) -> None:
    assert "{" not in samples.usual(Truth(Document()), name).path
