"""What `call` and `doctor` read from the document."""

from __future__ import annotations

from typing import Any

import pytest

from kit_cli import document


def test_a_reference_to_a_reference_is_followed_and_what_stands_beside_it_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parameter = {"name": "after", "in": "query", "description": "Any.", "schema": {"type": "string"}, "required": True}
    parameters = {
        "First": {"$ref": "#/components/parameters/Second", "description": "Nearer."},
        "Second": {"$ref": "#/components/parameters/Third", "description": "Near.", "required": False},
        "Third": parameter,
    }
    operation = {
        "operationId": "list_notes",
        "tags": ["notes"],
        "parameters": [{"$ref": "#/components/parameters/First"}],
        "responses": {"200": {"description": "Notes."}},
    }
    made: dict[str, Any] = {"paths": {"/v4/notes": {"get": operation}}, "components": {"parameters": parameters}}
    monkeypatch.setattr(document, "raw_document", lambda: made)
    argument = document.operations.__wrapped__()["list_notes"].arguments["after"]
    assert (argument.place, argument.description, argument.is_required) == ("query", "Nearer.", False)
    assert argument.schema == {"type": "string"}
