"""Writes a recorded request as a curl command, with a shell variable such as `$KIT_API_KEY` in place of each secret."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from urllib.parse import quote

import attrs

from kit_mock.protocol.url_passwords import MASK
from kit_mock.service import redaction
from kit_mock.service.request_log import RecordedRequest

_NOT_SENT = frozenset(
    {
        *("accept-encoding", "connection", "content-length", "host", "keep-alive", "te", "transfer-encoding"),
        *("upgrade", "user-agent"),
    }
)
"""Headers that curl writes itself, or that are of the connection."""

# Names are matched as a whole, so that a long text without a mask takes linear time.
_MASKED = re.compile(rf'(?<![\w.-])(?P<name>[\w.-]++)(?P<between>=|":")(?P<mask>{re.escape(MASK)})(?=["&]|$)', re.ASCII)
_PLAIN_NAME = re.compile(r"[A-Za-z0-9-]+")


@attrs.frozen
class CurlLine:
    """A command in one line, and a note on what it needs beside that, if anything."""

    command: str
    note: str = ""


def curl_line(request: RecordedRequest, base_url: str, api_key_header: str) -> CurlLine:
    """Return a curl command, for a POSIX shell, that sends a recorded request again."""
    body, note = _body(request)
    parts = ["curl", *_method(request, has_body=bool(body)), *_url(request, base_url)]
    for name, value in request.headers.items():
        if name not in _NOT_SENT and (name, value) != ("accept", "*/*"):
            parts += ["-H", _header(name, value, is_api_key=name == api_key_header)]
    if body and "content-type" not in request.headers:
        parts += ["-H", "'Content-Type:'"]  # Without this, curl sends the content type of a form.
    return CurlLine(" ".join([*parts, *body]), note)


def _method(request: RecordedRequest, *, has_body: bool) -> list[str]:
    if request.method == "HEAD":
        return ["--head"]
    implied = "POST" if has_body else "GET"
    return [] if request.method == implied else ["-X", shlex.quote(request.method)]


def _url(request: RecordedRequest, base_url: str) -> list[str]:
    url = base_url + quote(request.path, safe="/:@!$&'()*+,;=~")
    if request.query_string:
        # Escaped, so that curl sends what can't stand in a URL, and `#`.
        url += "?" + re.sub(r"[^!-~]|#", lambda found: quote(found[0]), request.query_string)
    options = []
    if re.search(r"[\[\]{}]", url):
        options.append("--globoff")
    if any(segment in (".", "..") for segment in request.path.split("/")):
        options.append("--path-as-is")
    return [*options, _with_variables(url)]


def _header(name: str, value: str, *, is_api_key: bool) -> str:
    title = name.title()
    if MASK not in value:
        return shlex.quote(f"{title}: {value}" if value else f"{title};")
    if is_api_key:
        before, variable = "", "KIT_API_KEY"
    elif name == "authorization" and " " in value:
        before, variable = f"{value.partition(' ')[0]} ", "KIT_ACCESS_TOKEN"
    else:
        before, variable = "", _variable(name)
    if _PLAIN_NAME.fullmatch(title):
        return f'"{title}: {before}${variable}"'
    return f'{shlex.quote(f"{title}: {before}")}"${variable}"'


def _body(request: RecordedRequest) -> tuple[list[str], str]:
    """Return curl's options for the body, and a note."""
    text = request.request_body
    if not text or request.method == "HEAD":
        return [], ""
    if text.encode() == redaction.NOT_KEPT:
        note = "The body was not kept, as it may hold secrets. Put it into the file body."
    elif request.request_body_is_cut:
        note = "Only the beginning of the body was kept. Put all of it into the file body."
    elif "\0" in text or "\ufffd" in text:
        note = "The body is binary, which no command line can hold. Put it into the file body."
    else:
        may_be_masked = redaction.is_oauth(request.path) or redaction.names_secrets(text.encode())
        return ["--data-raw", _with_variables(text) if may_be_masked else shlex.quote(text)], ""
    return ["--data-binary", "@body"], note


def _with_variables(text: str) -> str:
    """Quote a text for a shell, with a variable in place of each masked value."""
    return "".join(_pieces(text))


def _pieces(text: str) -> Iterator[str]:
    end = 0
    for found in _MASKED.finditer(text):
        yield shlex.quote(text[end : found.start("mask")])
        yield f'"${_variable(found["name"])}"'
        end = found.end("mask")
    if end < len(text) or not text:
        yield shlex.quote(text[end:])


def _variable(name: str) -> str:
    """Return the shell variable for a secret with a name, such as `CLIENT_SECRET` for `client_secret`."""
    found = re.sub(r"\W", "_", name, flags=re.ASCII).upper()
    return f"KIT_{found}" if found in ("API_KEY", "ACCESS_TOKEN") or not found[:1].isalpha() else found
