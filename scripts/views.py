"""What the templates ask about the generator's parsed endpoints and properties.

In Python, where it can be typed and read, rather than in Jinja. `FUNCTIONS` become globals of the templates.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from openapi_python_client.parser.openapi import Endpoint, EndpointCollection
from openapi_python_client.parser.properties import (
    ListProperty,
    LiteralEnumProperty,
    ModelProperty,
    UnionProperty,
)
from openapi_python_client.parser.properties.protocol import PropertyProtocol as Property
from openapi_python_client.parser.responses import JSON_SOURCE, Response
from openapi_python_client.strings import snake_case

ERRORS = {
    "400": "BadRequestError",
    "401": "AuthenticationError",
    "403": "PermissionDeniedError",
    "404": "NotFoundError",
    "413": "PayloadTooLargeError",
    "422": "UnprocessableEntityError",
    "429": "RateLimitError",
}
"""The class of `kit_client` for each error status that has one of its own."""

UNREACHABLE = "415"
"""The status that the client can't bring about: it sends each body with the media type that is documented."""

READS_BACK = "x-reads-back-as"
"""The document's key for the schema that an answer has where a request has this one."""


def name(prop: Property) -> str:
    """Return the name in the document, where the generator's own would be `type_` for `type`."""
    return prop.name.get_untrusted_value()


def is_alias(prop: Property) -> bool:
    """Tell whether a model is only a map, with no fields of its own: then it is a name for a dict."""
    return isinstance(prop, ModelProperty) and not prop.data.properties and prop.data.additionalProperties is not None


def type_of(prop: Property) -> str:
    """Return the type of a value that is there."""
    return prop.get_type_string(no_optional=True).as_unembedded_code()


def dict_type(model: ModelProperty) -> str:
    """Return the name of the TypedDict in whose form a model may be given."""
    return f"{model.class_info.name}Dict"


def argument_type(prop: Property) -> str:
    """Return the type of an argument: a model may be given as a dict, and a list as any sequence."""
    if isinstance(prop, UnionProperty):
        return " | ".join(dict.fromkeys(argument_type(inner) for inner in prop.inner_properties))
    if isinstance(prop, ListProperty):
        return f"abc.Sequence[{argument_type(prop.inner_property)}]"
    if isinstance(prop, ModelProperty) and not is_alias(prop):
        return " | ".join([type_of(prop), dict_type(prop), *read_models(prop)])
    if is_alias(prop) and isinstance(prop, ModelProperty) and prop.additional_properties:
        return f"abc.Mapping[str, {type_of(prop.additional_properties)}]"
    return re.sub(r"\bfloat\b", "float | Decimal", type_of(prop))


def read_models(prop: ModelProperty) -> list[str]:
    """Return the model that answers have in the place of this one, if there is another: it can be sent back."""
    found = (prop.data.model_extra or {}).get(READS_BACK)
    return [found] if found else []


def argument(prop: Property) -> str:
    """Return a parameter of a function; never with the schema's default, which is the service's to apply."""
    return f"{name(prop)}: {argument_type(prop)}" + ("" if prop.required else " | Unset = UNSET")


def query_argument(prop: Property) -> str:
    """Return a parameter of a function for the query, where None is as good as nothing."""
    return argument(prop) if prop.required else f"{name(prop)}: {argument_type(prop)} | None | Unset = UNSET"


def query_value(prop: Property) -> str:
    """Return the value of a query parameter in its function: a list is sent as one text with commas."""
    return f'comma_list("{name(prop)}", {name(prop)})' if isinstance(prop, ListProperty) else name(prop)


def secrets(model: ModelProperty) -> tuple[str, ...]:
    """Return the names of the fields that the document calls passwords: a repr doesn't show them."""
    schemas = model.data.properties or {}
    return tuple(
        name(prop) for prop in fields(model) if getattr(schemas.get(prop.name), "schema_format", None) == "password"
    )


def within(prop: Property) -> Iterator[Property]:
    """Yield a property and those that its lists, unions and maps are made of, but not the fields of models."""
    yield prop
    if isinstance(prop, UnionProperty):
        for inner in prop.inner_properties:
            yield from within(inner)
    elif isinstance(prop, ListProperty):
        yield from within(prop.inner_property)
    elif isinstance(prop, ModelProperty) and prop.additional_properties:
        yield from within(prop.additional_properties)


def models_in(prop: Property, found: set[str]) -> set[str]:
    """Add to `found` the names of the models that occur in a property, at any depth."""
    for part in within(prop):
        if isinstance(part, ModelProperty) and part.class_info.name not in found:
            found.add(part.class_info.name)
            for inner in fields(part):
                models_in(inner, found)
    return found


def sent_models(collections: Iterable[EndpointCollection]) -> list[ModelProperty]:
    """Return the models that occur in request bodies, each before those that have it in a field."""
    found: dict[str, ModelProperty] = {}

    def add(prop: Property) -> None:
        for part in within(prop):
            if isinstance(part, ModelProperty) and not is_alias(part) and part.class_info.name not in found:
                for inner in fields(part):
                    add(inner)
                found[part.class_info.name] = part

    for endpoint in (endpoint for collection in collections for endpoint in collection.endpoints):
        for body in endpoint.bodies:
            add(body.prop)
    return list(found.values())


def request_only(collections: Iterable[EndpointCollection]) -> set[str]:
    """Return the names of the models that occur in request bodies and in no response."""
    sent: set[str] = set()
    received: set[str] = set()
    for endpoint in (endpoint for collection in collections for endpoint in collection.endpoints):
        for body in endpoint.bodies:
            models_in(body.prop, sent)
        for response in endpoint.responses.patterns:
            models_in(response.prop, received)
    return sent - received


def field_type(model: ModelProperty, prop: Property, request_only: set[str], parameter: str | None) -> str:
    """Return the type of a model's field, in the aliases of types.py; enumerations are open where they are received.

    What only a `parameter` makes absent has the type that it has otherwise, for all callers who don't use that.
    """
    text = str(prop.get_type_string(no_optional=parameter is not None).as_unembedded_code())
    sent = model.class_info.name in request_only
    names = {"datetime.datetime": "DateTime", "datetime.date": "Date", "float": "Number" if sent else "int | float"}
    if not sent:
        enums = (part.class_info.name for part in within(prop) if isinstance(part, LiteralEnumProperty))
        names |= {name: f"Open{name}" for name in enums}
    return re.sub(r"\b(?:datetime\.)?\w+", lambda found: names.get(found[0], found[0]), text)


def field_imports(properties: Iterable[Property], prefix: str) -> list[str]:
    """Return the import lines for the types of fields, with the open form of each enumeration."""
    lines = imports(properties, prefix)
    parts = (part for prop in properties for part in within(prop))
    enums = (part.class_info for part in parts if isinstance(part, LiteralEnumProperty))
    return sorted({*lines, *(f"from {prefix}models.{enum.module_name} import Open{enum.name}" for enum in enums)})


def fields(model: Property) -> list[Property]:
    """Return a model's properties, the required ones first."""
    if not isinstance(model, ModelProperty):
        return []
    return [*(model.required_properties or []), *(model.optional_properties or [])]


def successes(endpoint: Endpoint) -> dict[int, str]:
    """Return the type of each success; the redirect of a page for browsers counts as one."""
    return {
        code[0]: type_of(response.prop) if response.source == JSON_SOURCE else "None"
        for response in endpoint.responses.patterns
        if (code := response.status_code.range) and code[1] < 400
    }


def is_browser_page(endpoint: Endpoint) -> bool:
    """Tell whether the operation is a page that a person opens in a browser: each of its successes is a redirect."""
    return all(status >= 300 for status in successes(endpoint))


def returns(endpoint: Endpoint) -> str:
    """Return the type that a call returns."""
    return " | ".join(dict.fromkeys(successes(endpoint).values()))


def answer(endpoint: Endpoint) -> Response | None:
    """Return the response whose model every success carries, if there is one such model."""
    if len(set(successes(endpoint).values())) != 1:
        return None
    return next(r for r in endpoint.responses.patterns if r.status_code.range and r.status_code.range[1] < 400)


def page_items(endpoint: Endpoint) -> ListProperty | None:
    """Return the array that stands beside `pagination`, if this is a list operation."""
    response = answer(endpoint)
    properties = fields(response.prop) if response else []
    if not any(name(prop) == "pagination" for prop in properties):
        return None
    return next(prop for prop in properties if isinstance(prop, ListProperty))


def envelope(endpoint: Endpoint) -> Property | None:
    """Return the one required property of an answer, if it has just one: what a resource method returns."""
    response = answer(endpoint)
    required = [prop for prop in fields(response.prop) if prop.required] if response else []
    return required[0] if len(required) == 1 else None


def has_warnings(endpoint: Endpoint) -> bool:
    response = answer(endpoint)
    return any(name(prop) == "warnings" for prop in (fields(response.prop) if response else []))


def raises(operation: dict[str, Any]) -> dict[str, str]:
    """Return what each error of an operation means, in a sentence, by the name of its class."""
    said: dict[str, str] = {}
    for status, text in operation["errors"].items():
        if status != UNREACHABLE:
            error = ERRORS.get(status, "ServerError" if status[0] == "5" else "APIStatusError")
            sentence = text.partition(". ")[0].rstrip(".")
            said[error] = f"{said[error]}; or: {sentence}" if error in said else sentence
    if operation["security"] == ["oauth2"]:
        said["OAuthRequiredError"] = "The client has an API key. Nothing was sent"
    return {**said, "APIConnectionError": "There was no response, or an incomplete one"}


def method_name(endpoint: Endpoint, tag: str) -> str:
    """Return an operation's name less its tag's noun: `list_tags` is `tags.list`; but the verb in `bulk_tag_…` stays."""
    singular = tag.removesuffix("s")
    if endpoint.name.startswith(f"bulk_{singular}_"):
        return str(endpoint.name)
    return re.sub(rf"_({tag}|{singular})(?=_|$)", "", endpoint.name)


def imports(properties: Iterable[Property], prefix: str) -> list[str]:
    """Return the import lines that the types of these need."""
    lines = {
        line
        for prop in properties
        for line in prop.get_imports(prefix=prefix) | prop.get_lazy_imports(prefix=prefix)
        # Only stock templates check enumerations and cast.
        if " check_" not in line and " cast" not in line
    }
    return sorted(lines)


def dict_imports(properties: Iterable[Property], prefix: str) -> list[str]:
    """Return the import lines of the TypedDicts that arguments of these types can be."""
    parts = (part for prop in properties for part in within(prop) if isinstance(part, ModelProperty))
    found = {dict_type(part) for part in parts if not is_alias(part)}
    return sorted(f"from {prefix}models.dicts import {name}" for name in found)


def read_imports(properties: Iterable[Property], prefix: str) -> list[str]:
    """Return the import lines of the models in whose form answers have what arguments of these types can be."""
    named = (part for prop in properties for part in within(prop) if isinstance(part, ModelProperty))
    found = {model for part in named for model in read_models(part)}
    return sorted(f"from {prefix}models.{snake_case(model)} import {model}" for model in found)


def needed(lines: Iterable[str], code: str) -> list[str]:
    """Return the import lines whose name the code has. For `__init__.py`, where ruff takes any import for an export."""
    code = re.sub(r'""".*?"""', "", code, flags=re.DOTALL)
    return [line for line in lines if re.search(rf"\b{line.split()[-1]}\b", code)]


def body_envelope(endpoint: Endpoint) -> ModelProperty | None:
    """Return the one property of a request body that is nothing but an envelope: it is required, and an object."""
    properties = fields(endpoint.bodies[0].prop) if endpoint.bodies else []
    if len(properties) != 1 or not properties[0].required or is_alias(properties[0]):
        return None
    return properties[0] if isinstance(properties[0], ModelProperty) else None


def body_fields(endpoint: Endpoint) -> list[Property]:
    """Return the fields of a request body, out of its envelope: the arguments of a resource method."""
    if not endpoint.bodies:
        return []
    return fields(body_envelope(endpoint) or endpoint.bodies[0].prop)


def nullable_fields(endpoint: Endpoint) -> list[str]:
    """Return the names of the texts in a body that may be null, of an operation that changes what is there."""
    if endpoint.method != "put" and endpoint.name != "create_subscriber":
        return []
    return [f"`{name(prop)}`" for prop in body_fields(endpoint) if type_of(prop) in ("None | str", "str | None")]


def used_by(endpoint: Endpoint) -> Iterator[Property]:
    """Yield everything whose type the endpoint's functions and resource methods name."""
    yield from endpoint.path_parameters
    yield from endpoint.query_parameters
    for body in endpoint.bodies:
        yield from (body.prop, *fields(body.prop))
    yield from body_fields(endpoint)
    for response in endpoint.responses.patterns:
        if response.status_code.range and response.status_code.range[0] < 400:
            yield from (response.prop, *fields(response.prop))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        argument,
        argument_type,
        body_envelope,
        body_fields,
        dict_imports,
        dict_type,
        envelope,
        field_imports,
        field_type,
        fields,
        has_warnings,
        imports,
        is_alias,
        is_browser_page,
        method_name,
        name,
        needed,
        nullable_fields,
        page_items,
        query_argument,
        query_value,
        raises,
        read_imports,
        returns,
        secrets,
        successes,
        type_of,
        used_by,
    )
}
