"""Function calls → SQL.

Arguments are passed by name. The call stands in FROM under the alias of its rows, so that a set-returning SQL function
can be inlined by the planner and computed columns of its row type resolve.
"""

# ruff: noqa: S608 -- the compiler itself: names come through postgres.quoting, values through Parameters

from __future__ import annotations

from rowgate.postgres.catalog.records import Parameter
from rowgate.postgres.quoting import identifier, qualified
from rowgate.rest.call_plan import Call, DirectArguments, JsonArguments
from rowgate.rest.parameters import Parameters

BODY = "pgrst_body"  # the alias of the JSON body's members
SCALAR = "pgrst_scalar"  # the column of a function that gives values


def call_source(call: Call, alias: str, parameters: Parameters) -> str:
    """The FROM item whose rows, under `alias` (quoted), are the function's."""
    before, arguments = _arguments(call, parameters)
    invoked = f"{qualified(call.function.schema, call.function.name)}({arguments})"
    if not call.scalar:
        return f"{before}{'lateral ' if before else ''}{invoked} {alias}"
    return f"{before}{'lateral ' if before else ''}(select {invoked} as {SCALAR}) {alias}"


def call_value(call: Call, parameters: Parameters) -> tuple[str, str]:
    """The value of a scalar function called once, and the FROM clause it needs, which may be empty."""
    before, arguments = _arguments(call, parameters)
    value = f"{qualified(call.function.schema, call.function.name)}({arguments})"
    return value, f" from {before.removesuffix(', ')}" if before else ""


def _arguments(call: Call, parameters: Parameters) -> tuple[str, str]:
    given = call.arguments
    if isinstance(given, DirectArguments):
        return "", ", ".join(_direct(parameter, value, parameters) for parameter, value in given.values)
    if isinstance(given, JsonArguments):
        if not given.parameters:
            return "", ""
        body = parameters.body()
        columns = ", ".join(f"{identifier(each.name)} {_type(each)}" for each in given.parameters)
        record = "json_to_recordset" if given.is_array else "json_to_record"
        source = f"{record}({body}) as {BODY}({columns})"
        if given.is_array:  # one call takes one object: the first
            source = f"(select * from {source} limit 1) {BODY}"
        named = (f"{_name(each)} := {BODY}.{identifier(each.name)}" for each in given.parameters)
        return f"{source}, ", ", ".join(named)
    if given.type == "bytea":
        return "", f"{parameters.binary_body()}::bytea"
    return "", f"{parameters.body()}::{given.type}"


def _direct(parameter: Parameter, value: str | tuple[str, ...], parameters: Parameters) -> str:
    placed = parameters.array(value) if isinstance(value, tuple) else parameters.text(value)
    return f"{_name(parameter)} := {placed}::{_type(parameter)}"


def _name(parameter: Parameter) -> str:
    return f"variadic {identifier(parameter.name)}" if parameter.variadic else identifier(parameter.name)


def _type(parameter: Parameter) -> str:
    """The catalog's own spelling of the type (format_type quotes what must be quoted)."""
    return parameter.max_length_type or parameter.type
