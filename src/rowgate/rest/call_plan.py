"""Which function a call means, and how its arguments reach it.

Rules: https://docs.postgrest.org/en/v14/references/api/functions.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from rowgate.postgres.catalog.records import Catalog, Function, Parameter
from rowgate.postgrest.errors import RestError
from rowgate.rest.hints import TABLE_SCORE, nearest
from rowgate.rest.syntax import Payload, RestRequest

UNNAMED_TYPES = {
    "application/json": ("json", "jsonb"),
    "text/plain": ("text",),
    "text/xml": ("xml",),
    "application/octet-stream": ("bytea",),
}


class DirectArguments(msgspec.Struct, frozen=True):
    """Arguments out of a query string or a form: text each, or the texts of a variadic parameter."""

    values: tuple[tuple[Parameter, str | tuple[str, ...]], ...]


class JsonArguments(msgspec.Struct, frozen=True):
    """Arguments out of a JSON body: the members named after `parameters`."""

    parameters: tuple[Parameter, ...]
    is_array: bool = False


class WholeBody(msgspec.Struct, frozen=True):
    """The body itself is the one, unnamed argument."""

    type: str


Arguments: TypeAlias = DirectArguments | JsonArguments | WholeBody


class Call(msgspec.Struct, frozen=True):
    """A function with its arguments."""

    function: Function
    arguments: Arguments

    @property
    def scalar(self) -> bool:
        """Whether the function gives values instead of rows."""
        return not self.function.returns.composite

    @property
    def single(self) -> bool:
        """Whether the function gives one value or row, not a set."""
        return not self.function.returns.set_of


def call_of(request: RestRequest, catalog: Catalog) -> Call:
    """Resolve the function of a call by its name and the names of its arguments.

    Raises RestError PGRST202 when none fits, PGRST203 when several do.
    """
    posted = request.method == "POST"
    payload = request.payload if posted and request.payload is not None else Payload(b"{}", is_object=True)
    form = posted and request.content_type.name == "application/x-www-form-urlencoded"
    pairs = payload.pairs if form else request.query.arguments
    names = frozenset(payload.columns) if posted else frozenset(name for name, _ in pairs)
    function = _choose(request, catalog, names, posted)
    parameters = tuple(each for each in function.parameters if each.name in names)
    if posted and len(function.parameters) == 1 and not function.parameters[0].name:
        return Call(function, WholeBody(function.parameters[0].type))
    if posted and not form:
        return Call(function, JsonArguments(parameters, payload.is_array))
    return Call(function, DirectArguments(tuple((each, _value(each, pairs)) for each in parameters)))


def _value(parameter: Parameter, pairs: Sequence[tuple[str, str]]) -> str | tuple[str, ...]:
    given = [value for name, value in pairs if name == parameter.name]
    return tuple(given) if parameter.variadic else given[-1]  # repeated: the last one counts


def _choose(request: RestRequest, catalog: Catalog, names: frozenset[str], posted: bool) -> Function:
    overloads = catalog.functions.get((request.schema, request.target), ())
    content = request.content_type.name if posted else ""
    named = [each for each in overloads if _takes(each, names, content)]
    if len(named) == 1:
        return named[0]
    found = named or [each for each in overloads if _takes_body(each, content)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise _none_found(request, catalog, overloads, names, content)
    candidates = ", ".join(
        f"{each.schema}.{each.name}({', '.join(f'{p.name} => {p.type}' for p in each.parameters)})" for each in found
    )
    raise RestError(
        300,
        "PGRST203",
        f"Could not choose the best candidate function between: {candidates}",
        None,
        "Try renaming the parameters or the function itself in the database so function overloading can be resolved",
    )


def _takes(function: Function, names: frozenset[str], content: str) -> bool:
    if not function.parameters:
        return not names and content not in ("application/octet-stream", "text/plain", "text/xml")
    required = {each.name for each in function.parameters if each.required}
    optional = {each.name for each in function.parameters if not each.required}
    return names - optional == required


def _takes_body(function: Function, content: str) -> bool:
    if len(function.parameters) != 1 or function.parameters[0].name:
        return False
    return function.parameters[0].type in UNNAMED_TYPES.get(content, ())


def _none_found(
    request: RestRequest, catalog: Catalog, overloads: tuple[Function, ...], names: frozenset[str], content: str
) -> RestError:
    function = f"{request.schema}.{request.target}"
    given = sorted(names)
    whole_body = content in ("text/plain", "text/xml", "application/octet-stream")
    listed = f"({', '.join(given)})" if given else " without parameters"
    plural = "s" if len(given) > 1 else ""
    searched = f" with parameter{plural} {', '.join(given)}" if given else " without parameters"
    if whole_body:
        searched = f" with a single unnamed {UNNAMED_TYPES[content][0]} parameter"
    elif content == "application/json":
        searched += " or with a single unnamed json/jsonb parameter"
    hint: str | None = None
    if not whole_body:
        if overloads:
            shapes = [f"({', '.join(sorted(p.name for p in each.parameters))})" for each in overloads]
            meant = nearest(f"({', '.join(given)})", shapes)
            hint = f"Perhaps you meant to call the function {function}{meant}" if meant else None
        else:
            known = [name for schema, name in catalog.functions if schema == request.schema]
            meant = nearest(request.target, known, TABLE_SCORE)
            hint = f"Perhaps you meant to call the function {request.schema}.{meant}" if meant else None
    return RestError(
        404,
        "PGRST202",
        f"Could not find the function {function}{'' if whole_body else listed} in the schema cache",
        f"Searched for the function {function}{searched}, but no matches were found in the schema cache.",
        hint,
    )
