"""The static files of the pages: the mock's own, and those of Swagger UI from the package `swagger-ui-py`."""

from __future__ import annotations

import hashlib
import importlib.util
from functools import cache
from pathlib import Path

from kit_mock.control.routes import Control, Match, route
from kit_mock.protocol.errors import not_found
from kit_mock.protocol.messages import Request, Response

_OWN = Path(__file__).parent / "static"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_SWAGGER_UI = ("swagger-ui.css", "swagger-ui-bundle.js")


@route("GET", "/_mock/static/{name}")
def _own(_: Control, request: Request, match: Match) -> Response:
    """Serve a file of the mock's own."""
    return _file(request, _found(_OWN, match["name"]))


@route("GET", "/_mock/static/swagger-ui/{name}")
def _swagger_ui(_: Control, request: Request, match: Match) -> Response:
    """Serve one of the files of Swagger UI that the page needs."""
    folder = swagger_ui()
    if folder is None or match["name"] not in _SWAGGER_UI:
        raise not_found()
    return _file(request, _found(folder, match["name"]))


@cache
def swagger_ui() -> Path | None:
    """Return the folder of Swagger UI in `swagger-ui-py`, or None if that isn't installed. It is not imported."""
    spec = importlib.util.find_spec("swagger_ui")
    return None if spec is None or spec.origin is None else Path(spec.origin).parent / "static"


def _found(folder: Path, name: str) -> Path:
    # Names are compared, so that no path leads out of the folder.
    for path in folder.iterdir():
        if path.name == name and path.suffix in _TYPES:
            return path
    raise not_found()


@cache
def _tag(path: Path, _changed_at: int) -> str:
    return f'"{hashlib.sha256(path.read_bytes()).hexdigest()[:32]}"'


def _file(request: Request, path: Path) -> Response:
    # Browsers ask for it each time, and get it only if it has changed.
    tag = _tag(path, path.stat().st_mtime_ns)
    headers = (("Cache-Control", "no-cache"), ("ETag", tag), ("X-Content-Type-Options", "nosniff"))
    if request.header("if-none-match") == tag:
        return Response(304, headers, b"")
    return Response(200, (("Content-Type", _TYPES[path.suffix]), *headers), path.read_bytes())
