"""Recipes that follow from the usual request of an operation and the document, such as those for 401 and 429."""

from __future__ import annotations

import re
from collections.abc import Iterator

import attrs

from kit_mock.protocol.messages import JSON
from kit_mock.protocol.operation import Operation
from kit_mock.status_coverage.recipe import Recipe

_NOBODY = "999999999"
_PLACEHOLDER = re.compile(r"\{\w+\}")
_ANY = Recipe("GET /v4/account")


def derived(operation: Operation, usual: Recipe) -> dict[str, Recipe]:
    """Return recipes by status. `usual` is one that succeeds."""
    return dict(_derived(operation, attrs.evolve(usual, anonymous=usual.anonymous or operation.is_open)))


def _derived(operation: Operation, usual: Recipe) -> Iterator[tuple[str, Recipe]]:
    method_and_path = usual.line.partition("?")[0]
    # Success alone needs the requests before and the options.
    alone = attrs.evolve(usual, before=(), options={}, note="")
    if operation.body is not None and JSON in operation.body.contents:
        yield "400", attrs.evolve(alone, body="{broken")
    if operation.body is not None:
        yield "415", attrs.evolve(alone, body="text", form=None, media_type="text/plain")
    if not operation.is_open:
        yield "401", attrs.evolve(alone, anonymous=True)
    if operation.path_names:
        path = _PLACEHOLDER.sub(_NOBODY, operation.path)
        yield "404", attrs.evolve(alone, line=f"{operation.method} {path}")
    if any(parameter.name == "per_page" for parameter in operation.query):
        yield "422", attrs.evolve(alone, line=f"{method_and_path}?per_page=0")
    first = attrs.evolve(_ANY, anonymous=usual.anonymous)
    yield "429", attrs.evolve(alone, before=(first,), options={"rate_limit": 1})
    yield "5XX", attrs.evolve(alone, fault=503)
