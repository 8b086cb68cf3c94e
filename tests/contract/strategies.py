"""Hypothesis strategies for arguments in Python and answers in JSON that the document allows."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from tests.contract.document import Document, Operation, Schema

Strategy = st.SearchStrategy[Any]

_MOST_MORE = 2
"""How many items a list or a map has beyond its least."""
_INT64 = 2**63
_TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")

_name = "[a-z0-9]{1,8}"
_emails = st.from_regex(rf"{_name}([.+_-]{_name})?@{_name}(-{_name})?\.example", fullmatch=True) | st.sampled_from(
    ["Ada.Lovelace+news@Example.com", "o'hara@example.com", "a@b.co", "zoë@exämple.com"]
)
_uris = st.from_regex(rf"https?://{_name}\.example(:8080)?(/{_name}){{0,2}}(\?{_name}=%C3%A9&b=)?", fullmatch=True)

# Minutes alone, as in all texts of RFC 3339; zones of the tz database have had offsets with seconds until about 1970.
_offsets = st.integers(-23 * 60, 23 * 60).map(lambda minutes: datetime.timezone(datetime.timedelta(minutes=minutes)))
_zones = st.just(datetime.UTC) | _offsets | st.timezones()
# A day from either end, so that each has a moment in UTC.
_FIRST, _LAST = datetime.datetime(1, 1, 2), datetime.datetime(9999, 12, 30)
_moments = st.datetimes(_FIRST, _LAST, timezones=_zones)


@st.composite
def _moment_texts(draw: st.DrawFn) -> str:
    """Draw an RFC 3339 text to the microsecond, mostly in the form of the service."""
    moment = draw(st.datetimes(_FIRST, _LAST, timezones=st.just(datetime.UTC) | _offsets))
    moment = moment.replace(microsecond=draw(st.sampled_from([0, 0, 125_000, moment.microsecond])))
    text = moment.isoformat(timespec="milliseconds" if moment.microsecond % 1000 == 0 < moment.microsecond else "auto")
    text = text if moment.utcoffset() else f"{text.removesuffix('+00:00')}Z"
    return draw(st.sampled_from([text, text, text.replace("00Z", "00+00:00"), text.replace("125Z", "1250Z")]))


class Strategies:
    """What schemas allow.

    Args:
        document: What the schemas are part of.
        python: Whether date-times are `datetime` and numbers may be `Decimal`, as the client takes them; else all is
            JSON.
    """

    def __init__(self, document: Document, *, python: bool) -> None:
        self._document = document
        self._python = python
        self._made: dict[int, tuple[Schema, Strategy]] = {}

    def of(self, schema: Schema) -> Strategy:
        """Return the values that a schema allows, with each subset of what an object may have."""
        # The schema is kept with its strategy, so that its id stays its own.
        if id(schema) not in self._made:
            self._made[id(schema)] = (schema, self._of(self._document.resolve(schema)))
        return self._made[id(schema)][1]

    def query(self, operation: Operation) -> Strategy:
        """Return arguments for the query: what is optional is given, None, or left out."""
        given = {name: self._parameter(each.schema) for name, each in operation.query.items()}
        required = {name: made for name, made in given.items() if operation.query[name].required}
        optional = {name: st.none() | made for name, made in given.items() if name not in required}
        return st.fixed_dictionaries(required, optional=optional).map(_with_one_cursor)

    def path(self, operation: Operation) -> Strategy:
        """Return arguments for the path."""
        return st.fixed_dictionaries({name: self.of(each.schema) for name, each in operation.in_path.items()})

    def _parameter(self, schema: Schema) -> Strategy:
        # A parameter with nothing in it is one that is absent.
        return self.of(schema).filter(lambda value: value not in ("", []))

    def _of(self, schema: Schema) -> Strategy:
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema:
                return st.one_of(*map(self.of, schema[keyword]))
        if "allOf" in schema:
            return self._object(schema)
        given = schema.get("type", _TYPES)
        types = (given,) if isinstance(given, str) else given
        makers: dict[str, Callable[[Schema], Strategy]] = {
            "null": lambda _: st.none(),
            "boolean": lambda _: st.booleans(),
            "integer": _integers,
            "number": self._numbers,
            "string": self._strings,
            "array": self._arrays,
            "object": self._object,
        }
        return st.one_of(*(makers[name](schema) for name in types))

    def _numbers(self, schema: Schema) -> Strategy:
        least, most = schema.get("minimum"), schema.get("maximum")
        floats = st.floats(least, most, allow_nan=False, allow_infinity=False)
        decimals = st.decimals(
            -(10**9) if least is None else least, 10**9 if most is None else most, places=4, allow_nan=False
        )
        return floats | _integers(schema) | (decimals if self._python else st.nothing())

    def _strings(self, schema: Schema) -> Strategy:
        match schema.get("format"):
            case "date-time":
                return _moments if self._python else _moment_texts()
            case "date":
                days = st.dates()
                return days if self._python else days.map(datetime.date.isoformat)
            case "email":
                return _emails
            case "uri":
                return _uris
        least, most = schema.get("minLength", 0), schema.get("maxLength")
        pattern: str | None = schema.get("pattern")
        if pattern is None:
            return st.text(min_size=least, max_size=most)
        fits = re.compile(pattern, re.ASCII)
        if not pattern.startswith("^"):
            return st.text(min_size=max(least, 1), max_size=most).filter(fits.search)
        texts = st.from_regex(fits, fullmatch=pattern.endswith("$"))
        return texts if least < 2 else texts.map(lambda text: (text * least)[: most or least]).filter(fits.search)

    def _arrays(self, schema: Schema) -> Strategy:
        least = schema.get("minItems", 0)
        return st.lists(
            self.of(schema["items"]),
            min_size=least,
            max_size=schema.get("maxItems", least + _MOST_MORE),
            unique_by=repr if schema.get("uniqueItems") or "enum" in self._document.resolve(schema["items"]) else None,
        )

    def _object(self, schema: Schema) -> Strategy:
        properties, required = self._document.properties(schema), self._document.required(schema)
        values = schema.get("additionalProperties")
        if not properties and isinstance(values, dict):
            return st.dictionaries(st.text(), self.of(values), max_size=_MOST_MORE)
        made = {name: self.of(each) for name, each in properties.items()}
        return st.fixed_dictionaries(
            {name: each for name, each in made.items() if name in required},
            optional={name: each for name, each in made.items() if name not in required},
        )


def _integers(schema: Schema) -> Strategy:
    least, most = schema.get("minimum", -_INT64), schema.get("maximum", _INT64 - 1)
    return st.integers(least, most) | st.sampled_from([least, most])


def _with_one_cursor(query: dict[str, Any]) -> dict[str, Any]:
    """Leave out `before` beside `after`: the client refuses both."""
    return {name: value for name, value in query.items() if name != "before" or query.get("after") is None}
