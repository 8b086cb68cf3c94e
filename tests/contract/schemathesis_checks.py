"""Hooks and checks of schemathesis for those of Kit's rules that `schemathesis.toml` can't express."""

from __future__ import annotations

import re
from typing import Any

import schemathesis
from schemathesis.specs.openapi.checks import negative_data_rejection

_CURSOR = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_BULK = "/v4/bulk/"


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case[Any], kwargs: dict[str, Any]) -> None:
    """Leave out one of two cursors, since a page lies on one side of one cursor. A malformed one stays."""
    if all(_CURSOR.fullmatch(str((case.query or {}).get(name, ""))) for name in ("after", "before")):
        del case.query["before"]


@schemathesis.check
def bulk_failures(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case[Any]
) -> None:
    """Hold that a bulk request with a malformed item is refused, or reports a failure.

    It stands in for `negative_data_rejection`, which takes any 200 for an acceptance.
    """
    if not case.operation.path.startswith(_BULK):
        return
    if response.status_code == 200 and response.json().get("failures"):
        return
    negative_data_rejection(ctx, response, case)
