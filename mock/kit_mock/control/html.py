"""HTML responses: the templates, and the headers that keep a page from other sites."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from kit_mock.control import highlight
from kit_mock.protocol.messages import Response
from kit_mock.version import version

_CONTENT = (
    "default-src 'none'; script-src 'self'; {styles}; img-src 'self' data:; connect-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
_OWN_STYLES = "style-src 'self'"
INLINE_STYLES = "style-src 'self' 'unsafe-inline'"


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=PackageLoader("kit_mock.control"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["laid_out"] = highlight.body
    return templates


def page(template: str, *, status: int = 200, styles: str = _OWN_STYLES, **values: Any) -> Response:
    """Render a template as a response. `styles` is the part of the content security policy about style sheets."""
    text = _templates().get_template(template).render(version=version(), **values)
    headers = (
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Security-Policy", _CONTENT.format(styles=styles)),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        # With no-referrer, browsers send forms with `Origin: null`, which the control plane refuses.
        ("Referrer-Policy", "same-origin"),
    )
    return Response(status, headers, text.encode())
