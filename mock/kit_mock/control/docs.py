"""The API reference at `/_mock/docs`, by Swagger UI, and the document that it is rendered from.

Every file comes from the mock. Requests that are tried out on the page go to the mock too, since the document names it as
its server.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from kit_mock.control.assets import swagger_ui
from kit_mock.control.routes import Control, Match, as_json, route
from kit_mock.protocol.errors import Refusal
from kit_mock.protocol.messages import Request, Response
from kit_mock.service.authentication import ACCESS_TOKEN, API_KEY

_URLS = ("authorizationUrl", "tokenUrl", "refreshUrl")


@route("GET", "/_mock/docs")
def _show(control: Control, _request: Request, _match: Match) -> Response:
    """Serve the page."""
    from kit_mock.control.html import INLINE_STYLES, page  # Imported late: most mocks need no templates.

    if swagger_ui() is None:
        raise Refusal(501, ("Not Implemented: the page needs Swagger UI, see pip install 'kit-client[mock]'",))
    # Only the default key and token are put on a page.
    mock = control.mock
    return page(
        "docs.html",
        styles=INLINE_STYLES,
        api_key=mock.api_key if mock.api_key == API_KEY else "",
        access_token=mock.access_token if mock.access_token == ACCESS_TOKEN else "",
    )


@route("GET", "/_mock/openapi.json")
def _document(control: Control, request: Request, _: Match) -> Response:
    """Serve the document, with the mock as its server."""
    url = f"http://{request.header('host') or '127.0.0.1'}"
    raw = dict(control.document.raw)
    raw["servers"] = [{"url": url, "description": "This mock."}]
    raw["paths"] = {path: _without_servers(item) for path, item in raw["paths"].items()}
    components = raw.get("components", {})
    schemes = {name: _served_at(url, scheme) for name, scheme in components.get("securitySchemes", {}).items()}
    raw["components"] = {**components, "securitySchemes": schemes}
    return as_json(raw)


def _without_servers(item: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {key: value for key, value in part.items() if key != "servers"} if isinstance(part, dict) else part
        for name, part in item.items()
        if name != "servers"
    }


def _served_at(url: str, scheme: dict[str, Any]) -> dict[str, Any]:
    """Return a security scheme with the mock's URLs."""
    if "flows" not in scheme:
        return scheme
    flows = {
        name: {key: url + urlsplit(value).path if key in _URLS else value for key, value in flow.items()}
        for name, flow in scheme["flows"].items()
    }
    return {**scheme, "flows": flows}
