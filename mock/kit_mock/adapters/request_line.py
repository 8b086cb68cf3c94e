"""Logs a line for each request that comes by a server, to the logger `kit_mock.requests` at the level INFO."""

from __future__ import annotations

import logging
from urllib.parse import quote

from kit_mock.protocol.messages import Request
from kit_mock.protocol.operation import Operation
from kit_mock.protocol.url_passwords import masked
from kit_mock.service import redaction

_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
LOGGER = logging.getLogger("kit_mock.requests")


def log(request: Request, operation: Operation | None, outcome: str, seconds: float) -> None:
    """Write the line: method, path and query, status, milliseconds, and the id of the operation.

    Values of the query that may be secret are masked, and passwords of URLs. The line is printable ASCII, so that no request can forge another.
    """
    query = redaction.masked_query(request.query, is_oauth=redaction.is_oauth(request.path))
    target = quote(masked(request.path), safe="/*") + (f"?{quote(query, safe=_PRINTABLE)}" if query else "")
    id_ = f" {operation.id}" if operation else ""
    LOGGER.info("%s %s %s %.1f ms%s", request.method, target, outcome, seconds * 1000, id_)
