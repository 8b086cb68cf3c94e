"""The routes of OAuth that the document doesn't have: it describes the reference, and the service has more.

They are all of `/oauth` again under `/v4`, `POST /oauth/revoke`, and the consent page with the path that its form goes to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs
from jsonschema_rs import Draft202012Validator as Validator

from kit_mock.protocol.casts import Caster
from kit_mock.protocol.form_bodies import FORM
from kit_mock.protocol.messages import JSON
from kit_mock.protocol.operation import Content, Operation, RequestBody

DECISION_PATH = "/oauth/authorize/decision"
"""Where the form of the consent page goes to."""

_PREFIX = "/v4"

_OBJECT = Validator({"type": "object"})
_TEXTS = Caster(lambda schema: schema, {"type": "object", "additionalProperties": {"type": "string"}})
_TEXT = Validator({"type": "string"})
_ERROR = Validator({"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}})


def _post(
    id_: str, path: str, media_types: Iterable[str], responses: dict[str, Validator], *, is_fixed: bool = False
) -> Operation:
    return Operation(
        id=id_,
        method="POST",
        path=path,
        path_names=(),
        query=(),
        body=RequestBody(True, dict.fromkeys(media_types, Content(_OBJECT, _TEXTS)), is_fixed),
        takes_api_key=False,
        takes_token=False,
        responses={**responses, "429": _TEXT},
    )


_MORE = (
    # The page is the mock's own, and nothing but its form sends this.
    _post("decide_authorization", DECISION_PATH, [FORM], {"302": _TEXT, "400": _ERROR}, is_fixed=True),
    _post("revoke_token", "/oauth/revoke", [FORM, JSON], {"200": _OBJECT, "400": _ERROR, "401": _ERROR}),
)


def routed(documented: Iterable[Operation]) -> Iterator[Operation]:
    """The operations of a document with what the service has beyond it; what the document has goes first."""
    for operation in (*_MORE, *map(_widened, documented)):
        if operation.path.startswith("/oauth/"):
            yield attrs.evolve(operation, path=_PREFIX + operation.path)
        yield operation


def _widened(operation: Operation) -> Operation:
    if operation.id == "authorize":
        return attrs.evolve(operation, responses={**operation.responses, "200": _TEXT})
    return operation
