"""The query of the page: which of the requests and deliveries it shows."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qs, urlencode

import attrs

from kit_mock.protocol.control_paths import PREFIX


def fields(text: str) -> dict[str, str]:
    """Parse a query or a form. If a name is given twice, the first value counts."""
    return {name: values[0] for name, values in parse_qs(text).items()}


@attrs.frozen
class View:
    """The searches, and the ids that the lists begin after. All are empty for the newest of everything."""

    q: str = ""
    before: str = ""
    deliveries: str = ""
    deliveries_before: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> View:
        """Return the view that a query asks for."""
        return cls(**{name: query.get(name, "").strip() for name in attrs.fields_dict(cls)})

    def url(self, **more: str | None) -> str:
        """Return the path and query of the page with this view. `more` adds to the query, or overrides the view."""
        query = {name: value for name, value in {**attrs.asdict(self), **more}.items() if value}
        return f"{PREFIX}/{'?' if query else ''}{urlencode(query)}"

    def others(self, *names: str) -> dict[str, str]:
        """Return the view without these parts, for the hidden fields of a form that sets them."""
        return {name: value for name, value in attrs.asdict(self).items() if value and name not in names}
