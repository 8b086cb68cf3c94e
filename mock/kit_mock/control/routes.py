"""The router of the control plane, and the checks of who may use it.

Web pages of other sites are kept out. A `Host` is refused that their name server could point to this machine, since their
pages could then read the answers. For what changes state, an `Origin` must be the server's own.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping

import attrs
import msgspec
from msgspec.structs import replace

from kit_mock.control.snapshots import Snapshots
from kit_mock.control.steerable import Steerable
from kit_mock.outbox.allowed_hosts import is_address
from kit_mock.protocol.bodies import check_size
from kit_mock.protocol.control_paths import MAX_BODY_BYTES
from kit_mock.protocol.document import Document
from kit_mock.protocol.errors import Refusal, UnwritableError
from kit_mock.protocol.messages import JSON, Reply, Request, Response
from kit_mock.protocol.router import Router
from kit_mock.state.store import Store

Match = Mapping[str, str]
"""The value of each `{name}` of a route's path."""


@attrs.define(eq=False)
class Control:
    """The argument of all functions of routes: the mock, its state, its document, and the snapshots that are kept."""

    mock: Steerable
    store: Store
    document: Document
    hosts: frozenset[str] = frozenset()
    """Names that `Host` may have, beside addresses, localhost and the name that is listened on."""
    snapshots: Snapshots = attrs.field(init=False)

    @snapshots.default
    def _snapshots(self) -> Snapshots:
        return Snapshots(self.mock)


Function = Callable[[Control, Request, Match], Response]


@attrs.frozen
class _Route:
    method: str
    path: str
    function: Function
    names: list[str] = attrs.field(init=False)
    """The names of the placeholders, in the order of the path."""

    @names.default
    def _names(self) -> list[str]:
        return re.findall(r"\{(\w+)\}", self.path)


_router: Router[_Route] = Router()
_log = logging.getLogger("kit_mock")
_NAME = re.compile(r"[a-z0-9._-]{1,253}", re.ASCII)


def route(method: str, path: str) -> Callable[[Function], Function]:
    """Register the decorated function for a method and a path; `{name}` in it is any one segment."""

    def register(function: Function) -> Function:
        _router.add(_Route(method, path, function))
        return function

    return register


def as_json(payload: object, status: int = 200) -> Response:
    """Return a JSON response."""
    headers = (("Content-Type", f"{JSON}; charset=utf-8"), ("Cache-Control", "no-store"))
    return Response(status, headers, msgspec.json.encode(payload))


def answer(control: Control, request: Request) -> Response:
    """Answer a request to the control plane. Never raises, like `App.handle`."""
    try:
        check_size(request, MAX_BODY_BYTES)
        _check_host(request, control.hosts)
        if request.method != "GET":
            _check_origin(request)
        found, texts = _router.find(request.method, request.path)
        return found.function(control, request, dict(zip(found.names, texts, strict=True)))
    except Refusal as refusal:
        return _refused(refusal.reply())
    except UnwritableError as error:
        _log.error("%s", error)
        return _refused(error.refusal().reply())
    except Exception as error:  # noqa: BLE001  (whatever it is, a traceback is no answer to a request)
        _log.exception("fault in the mock's control plane")
        return _refused(Reply(500, {"errors": [f"Internal Server Error in kit-mock: {type(error).__name__}"]}))


def _refused(reply: Reply) -> Response:
    found = as_json(reply.payload, reply.status)
    return replace(found, headers=(*found.headers, *reply.headers.items()))


def _check_host(request: Request, allowed: frozenset[str]) -> None:
    """Raise Refusal 403 for a host name that somebody else may have pointed to this machine."""
    # In process no name is resolved. On a socket, a name can be pointed to this machine, and an address can't.
    host = request.header("host")
    if not host or request.served_as is None:
        return
    name = re.sub(r":\d*$", "", host.lower()).strip("[]")
    if name == "localhost" or name in request.served_as or name in allowed or is_address(name):
        return
    shown = name if _NAME.fullmatch(name) else "NAME"
    raise Refusal(
        403,
        (
            "Forbidden: the Host must be an IP address, localhost, or the name that is listened on; allow another one"
            f" with KitMock(allow_hosts=[{shown!r}]) or `kit-mock serve --allow-host {shown}`",
        ),
    )


def _check_origin(request: Request) -> None:
    """Raise Refusal 403 for a request from a web page of another site."""
    host = request.header("host")
    origin = request.headers.get("origin")
    if origin is not None and origin not in {f"http://{host}", f"https://{host}"}:
        raise Refusal(403, ("Forbidden: the Origin isn't this server",))
