"""Which part of the requests and deliveries the page shows, as its query says it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qs, urlencode

import attrs

from kit_mock.protocol.control_paths import PREFIX


def fields(text: str) -> dict[str, str]:
    """The fields of a query or a form; of one given twice the first counts."""
    return {name: values[0] for name, values in parse_qs(text).items()}


@attrs.frozen
class View:
    """What is searched for, and the ids that the lists begin after. All are empty for the newest of everything."""

    q: str = ""
    before: str = ""
    deliveries: str = ""
    deliveries_before: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> View:
        """The view that a query asks for."""
        return cls(**{name: query.get(name, "").strip() for name in attrs.fields_dict(cls)})

    def url(self, **more: str | None) -> str:
        """The path and query of the page with this view. What is given beside it is added, or put in the place of its own."""
        query = {name: value for name, value in {**attrs.asdict(self), **more}.items() if value}
        return f"{PREFIX}/{'?' if query else ''}{urlencode(query)}"

    def others(self, *names: str) -> dict[str, str]:
        """What a form must hold so that all but these parts stay."""
        return {name: value for name, value in attrs.asdict(self).items() if value and name not in names}
