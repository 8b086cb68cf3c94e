"""The pages of OAuth in a browser: the consent page and the redirect."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from kit_mock.endpoints.oauth_errors import NO_STORE
from kit_mock.protocol.messages import Reply
from kit_mock.protocol.undocumented_routes import DECISION_PATH

_HTML = "text/html"

# No scripts, no frames (clickjacking), and no referrer, since the URL has the state.
_HEADERS = {
    **NO_STORE,
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Give {app} access? · kit-mock</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 0; background: #f5f5f4; color: #1c1917; }}
main {{ max-width: 26rem; margin: 12vh auto; padding: 2rem; background: #fff; border-radius: .75rem;
  box-shadow: 0 1px 4px #0003; overflow-wrap: anywhere; }}
h1 {{ font-size: 1.25rem; margin: 0 0 1rem; }}
select {{ font: inherit; width: 100%; padding: .4rem; }}
.buttons {{ display: flex; gap: .75rem; margin-top: 1.5rem; }}
button {{ font: inherit; flex: 1; padding: .6rem; border-radius: .5rem; border: 1px solid #a8a29e; cursor: pointer;
  background: #fff; color: inherit; }}
button[value=approve] {{ background: #1d4ed8; border-color: #1d4ed8; color: #fff; }}
small {{ color: #57534e; }}
</style>
</head>
<body>
<main>
<h1>{app} wants access</h1>
<form method="post" action="{action}">
<input type="hidden" name="ticket" value="{ticket}">
<p>It asks for <strong>{scope}</strong> access to {account}.</p>
<div class="buttons">
<button name="decision" value="deny">Deny</button>
<button name="decision" value="approve">Approve</button>
</div>
</form>
<p><small>You will go on to {redirect_uri}. This is kit-mock, not Kit.</small></p>
</main>
</body>
</html>
"""


def consent(*, app: str, scope: str, redirect_uri: str, ticket: str, accounts: Mapping[int, str]) -> Reply:
    """Return the page that asks whether an app may have access, and to which of the accounts (names by id)."""
    return Reply(
        200,
        _PAGE.format(
            app=escape(app),
            action=DECISION_PATH,
            ticket=escape(ticket),
            scope=escape(scope),
            redirect_uri=escape(redirect_uri),
            account=_choice(accounts),
        ),
        _HEADERS,
        _HTML,
    )


def _choice(accounts: Mapping[int, str]) -> str:
    if len(accounts) == 1:
        ((id_, name),) = accounts.items()
        return f'<strong>{escape(name)}</strong><input type="hidden" name="account_id" value="{id_}">'
    options = "".join(f'<option value="{id_}">{escape(name)}</option>' for id_, name in accounts.items())
    return f'<select name="account_id" aria-label="Account">{options}</select>'


def redirect(location: str) -> Reply:
    """Return a 302 with a page that links to the location."""
    page = f'<html><body>You are being <a href="{escape(location)}">redirected</a>.</body></html>'
    return Reply(302, page, {**_HEADERS, "Location": location}, _HTML)
