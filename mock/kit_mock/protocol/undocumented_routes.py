"""The OAuth routes of the service that neither Kit's reference nor the document has.

They are each route of `/oauth` under `/v4` too, `POST /oauth/revoke`, and the consent page with the path of its form.
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
"""The path that the form of the consent page is sent to."""

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
    # Only the form of the mock's own page sends this.
    _post("decide_authorization", DECISION_PATH, [FORM], {"302": _TEXT, "400": _ERROR}, is_fixed=True),
    _post("revoke_token", "/oauth/revoke", [FORM, JSON], {"200": _OBJECT, "400": _ERROR, "401": _ERROR}),
)


def with_undocumented(documented: Iterable[Operation]) -> Iterator[Operation]:
    """Yield the undocumented routes and those of the document. The latter come last, as the last one of a path counts."""
    for operation in (*_MORE, *map(_widened, documented)):
        if operation.path.startswith("/oauth/"):
            yield attrs.evolve(operation, path=_PREFIX + operation.path)
        yield operation


def _widened(operation: Operation) -> Operation:
    if operation.id == "authorize":
        return attrs.evolve(operation, responses={**operation.responses, "200": _TEXT})
    return operation
