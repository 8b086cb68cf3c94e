"""The health check, and the redirect from `/` to the page."""

from __future__ import annotations

from kit_mock.control.params import filters
from kit_mock.control.routes import Control, Match, as_json, route
from kit_mock.protocol.control_paths import PREFIX
from kit_mock.protocol.messages import Request, Response
from kit_mock.version import version


@route("GET", "/_mock/health")
def health(control: Control, request: Request, _: Match) -> Response:
    """Say that the mock is up, once its state has been read."""
    filters(request, ())
    control.store.value("SELECT count(*) FROM accounts")
    return as_json({"status": "ok", "version": version(), "behaviour": control.mock.behaviour})


@route("GET", "")  # The path `/`: a slash at the end makes no difference.
def to_page(_control: Control, _request: Request, _match: Match) -> Response:
    """Redirect a browser that was given the address alone to the page."""
    return Response(302, (("Location", f"{PREFIX}/"), ("Cache-Control", "no-store")), b"")
