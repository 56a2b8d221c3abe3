"""Functions in the OpenAPI document: POST for all of them, GET for those that cannot write."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from rowgate.postgres.catalog.records import Function, Volatility
from rowgate.rest.openapi_relations import commented, reference
from rowgate.rest.openapi_types import ARRAY, STRING, element, swagger_format, swagger_type, typed

PRODUCED = ["application/json", "application/vnd.pgrst.object+json;nulls=stripped", "application/vnd.pgrst.object+json"]

Shown: TypeAlias = tuple[Function, Sequence[str]]
"""A function, and the types of its parameters as they are to be shown."""


def shown_overload(overloads: Iterable[Shown]) -> Shown:
    """The overload that stands for all of them, since a path has room for one: the last in upstream's order, which is
    the one with most parameters."""
    return max(overloads, key=_rank)


def function_path(function: Function, types: Sequence[str]) -> dict[str, Any]:
    """How a function is called."""
    about: dict[str, Any] = {
        **commented(function.comment),
        "tags": [f"(rpc) {function.name}"],
        "produces": PRODUCED,
        "responses": {"200": {"description": "OK"}},
    }
    arguments = {"name": "args", "required": True, "in": "body", "schema": _body(function, types)}
    path: dict[str, Any] = {"post": {**about, "parameters": [arguments, reference("parameters", "preferParams")]}}
    if function.volatility is not Volatility.VOLATILE:
        path["get"] = dict(about)
        if queried := [
            _queried(parameter.name, kind, parameter.required, parameter.variadic)
            for parameter, kind in zip(function.parameters, types, strict=True)
        ]:
            path["get"]["parameters"] = queried
    return path


def _rank(shown: Shown) -> tuple[int, bool, str, list[tuple[str, str]]]:
    function, types = shown
    parameters = [(each.name, kind) for each, kind in zip(function.parameters, types, strict=True)]
    return len(parameters), function.comment is not None, function.comment or "", parameters


def _body(function: Function, types: Sequence[str]) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object"}
    if function.comment is not None:
        schema["description"] = function.comment
    if function.parameters:
        schema["properties"] = {
            parameter.name: typed(kind) for parameter, kind in zip(function.parameters, types, strict=True)
        }
    if required := [parameter.name for parameter in function.parameters if parameter.required]:
        schema["required"] = required
    return schema


def _queried(name: str, kind: str, required: bool, variadic: bool) -> dict[str, Any]:
    """A parameter in a query string, where an array is a text such as `{1,2}`; a variadic one is repeated instead."""
    parameter: dict[str, Any] = {"name": name, "required": required, "in": "query"}
    if variadic:
        items = {"format": swagger_format(element(kind))}
        if (inner := swagger_type(element(kind))) is not None:
            items["type"] = inner
        return {**parameter, "type": swagger_type(kind) or STRING, "items": items, "collectionFormat": "multi"}
    shown = swagger_type(kind)
    return {**parameter, "format": swagger_format(kind), "type": STRING if shown in (None, ARRAY) else shown}
