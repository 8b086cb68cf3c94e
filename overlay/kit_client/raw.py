"""Pages of lists whose items are plain dicts."""

from __future__ import annotations

from functools import cache
from typing import Any, cast, get_origin

import msgspec
from msgspec.structs import asdict, replace

from kit_api.client import AuthenticatedClient
from kit_api.encoding import model_fields
from kit_api.types import Model, Operation, Response


class RawClient:
    """Takes the place of a client in the call of a list operation. The items of the page are then dicts."""

    def __init__(self, client: AuthenticatedClient) -> None:
        self._client = client

    def call(self, operation: Operation[Any], request: dict[str, Any]) -> Response[Any]:
        return self._client.call(_with_dicts(operation), request)

    async def acall(self, operation: Operation[Any], request: dict[str, Any]) -> Response[Any]:
        return await self._client.acall(_with_dicts(operation), request)


def _with_dicts(operation: Operation[Any]) -> Operation[Any]:
    return replace(operation, success={status: _raw_page(page) for status, page in operation.success.items()})


@cache
def _raw_page(page: type[Model]) -> type[Model]:
    """Return the class of a page with its fields as they are, but dicts in its list: msgspec decodes these in one go."""
    fields = [
        (name, list[dict[str, Any]] if get_origin(hint) is list else hint) for name, hint in model_fields(page).items()
    ]

    def reduce(self: Model) -> Any:
        # pickle would look for the class by its name in a module.
        return _rebuild, (page, asdict(self))

    own = {"__reduce__": reduce}
    made: Any = msgspec.defstruct(f"Raw{page.__name__}", fields, bases=(Model,), namespace=own, kw_only=True)
    return cast("type[Model]", made)


def _rebuild(page: type[Model], values: dict[str, Any]) -> Model:
    return _raw_page(page)(**values)
