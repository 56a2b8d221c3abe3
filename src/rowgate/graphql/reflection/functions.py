"""Functions as fields: of the roots, and of the tables whose rows they take."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from rowgate.graphql.entities import Function, FunctionParameter, Returns, Table
from rowgate.graphql.reflection.directives import NameDirectives, SchemaDirectives, function_directives
from rowgate.graphql.reflection.kinds import Kinds
from rowgate.graphql.reflection.naming import argument_name, function_name, is_name
from rowgate.postgres.catalog.records import QualifiedName, Routine, SearchPath, TypeCategory
from rowgate.postgres.catalog.rights import Rights

# Supabase's own, whose functions are no part of an API (upstream has them written in).
_SYSTEM_SCHEMAS: Final = frozenset({"graphql", "graphql_public", "auth", "extensions"})
# A function that returns a connection has its arguments beside the connection's.
_CONNECTION_ARGUMENTS: Final = frozenset({"first", "last", "before", "after", "offset", "filter", "orderBy"})

_INTEGERS: Final = frozenset({21, 23})
_FLOATS: Final = frozenset({700, 701})
_BOOLEAN: Final = 16
_TEXT: Final = 25
_WHOLE: Final = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_FRACTION: Final = re.compile(r"[+-]?(\d{1,300}(\.\d{0,300})?|\.\d{1,300})(e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)


def reflect_functions(
    path: SearchPath,
    rights: Rights,
    schemas: Mapping[str, SchemaDirectives],
    kinds: Kinds,
    tables: Mapping[QualifiedName, Table],
) -> tuple[dict[QualifiedName, tuple[Function, ...]], tuple[Function, ...]]:
    """Computed fields by table, and fields of the roots, in the order of creation.

    `tables` are those without a key too: which of their rows can be shown, the schema says.

    Raises GraphQLError for a comment that cannot be read.
    """
    routines = [routine for routine in path.routines if routine.schema in schemas]
    overloads = Counter(routine.name for routine in routines)
    rows = {path.relations[name].row_type: table for name, table in tables.items()}
    by_oid = {path.relations[name].oid: table for name, table in tables.items()}
    computed: dict[QualifiedName, list[Function]] = {}
    roots: list[Function] = []
    for routine in routines:
        directives = function_directives(routine.comment)
        if not routine.is_function or routine.oid not in rights.routines:
            continue
        returns = _returns(routine, kinds, by_oid)
        if returns is None:
            continue
        schema = schemas[routine.schema]
        table = rows.get(routine.arguments[0].type) if len(routine.arguments) == 1 else None
        if table is not None:
            if table.readable and is_name(_field(routine, directives, schema)):
                field = _function(routine, directives, schema, (), returns)
                computed.setdefault(table.qualified_name, []).append(field)
        elif overloads[routine.name] == 1 and _is_root(routine, returns, kinds):
            parameters = _parameters(routine, schema, kinds)
            taken = _CONNECTION_ARGUMENTS if _is_connection(returns) else frozenset()
            if is_name(_field(routine, directives, schema)) and all(each.field not in taken for each in parameters):
                roots.append(_function(routine, directives, schema, parameters, returns))
    return {name: tuple(several) for name, several in computed.items()}, tuple(roots)


def _field(routine: Routine, directives: NameDirectives, schema: SchemaDirectives) -> str:
    if directives.name is not None:
        return directives.name
    return function_name(routine.name, schema.inflect_names)


def _function(
    routine: Routine,
    directives: NameDirectives,
    schema: SchemaDirectives,
    parameters: tuple[FunctionParameter, ...],
    returns: Returns,
) -> Function:
    return Function(
        routine.schema,
        routine.name,
        _field(routine, directives, schema),
        parameters,
        returns,
        routine.volatility,
        directives.description,
        schema.introspection,
    )


def _is_connection(returns: Returns) -> bool:
    return returns.table is not None and returns.set_of and not returns.one_row


def _returns(routine: Routine, kinds: Kinds, tables: Mapping[int, Table]) -> Returns | None:
    """What a call gives; None for what the dialect has no type for: composites, records, void, sets of scalars."""
    # Upstream takes ROWS 1 as a promise: one row, and not a set.
    one_row = routine.set_of and routine.rows == 1
    declared = (routine.set_of, routine.return_type, routine.returns, one_row)
    found = kinds.type(routine.returns)
    if found is None:
        return None
    if found.category is TypeCategory.ROW:
        table = tables.get(found.relation) if found.relation is not None else None
        return None if table is None else Returns(None, table.qualified_name, *declared)
    kind = kinds.kind(routine.returns)
    return None if kind is None or (routine.set_of and not one_row) else Returns(kind, None, *declared)


def _is_root(routine: Routine, returns: Returns, kinds: Kinds) -> bool:
    """Whether upstream calls it from a root: no enum goes in or out, nor a row in, nor arrays of these, and every
    argument has a name."""
    return (
        routine.schema not in _SYSTEM_SCHEMAS
        and (returns.table is not None or _is_plain(routine.returns, kinds))
        and all(argument.name and _is_plain(argument.type, kinds) for argument in routine.arguments)
    )


def _is_plain(oid: int, kinds: Kinds) -> bool:
    """A type of category OTHER, or an array of one."""
    found = kinds.type(oid)
    if found is not None and found.category is TypeCategory.ARRAY and found.element is not None:
        found = kinds.type(found.element)
    return found is not None and found.category is TypeCategory.OTHER and kinds.kind(oid) is not None


def _parameters(routine: Routine, schema: SchemaDirectives, kinds: Kinds) -> tuple[FunctionParameter, ...]:
    parameters: list[FunctionParameter] = []
    for argument, (required, default) in zip(routine.arguments, _defaults(routine), strict=True):
        kind = kinds.kind(argument.type)
        assert kind is not None
        parameters.append(
            FunctionParameter(
                argument.name,
                argument_name(argument.name, schema.inflect_names),
                kind,
                "text" if argument.type_name == "character" else argument.type_name,  # which would mean one character
                required,
                default,
            )
        )
    return tuple(parameters)


def _defaults(routine: Routine) -> list[tuple[bool, str | None]]:
    """(required, default as introspection shows it) of each argument.

    Upstream splits Postgres' text at commas; where that gives another number of defaults, it takes all as required.
    """
    count = len(routine.arguments)
    texts = [] if routine.defaults is None else routine.defaults.split(",")
    if routine.defaulted == 0 or len(texts) != routine.defaulted:
        return [(True, None)] * count
    required = count - len(texts)
    shown = [_shown(text.strip(), each.type) for text, each in zip(texts, routine.arguments[required:], strict=True)]
    return [(True, None)] * required + [(False, each) for each in shown]


def _shown(default: str, of: int) -> str | None:
    """A literal as GraphQL writes it; None for NULL and for whatever has to be computed."""
    if default.startswith("NULL::"):
        return None
    if of in _INTEGERS and _WHOLE.fullmatch(default):
        number = int(default)
        return str(number) if -(2**31) <= number < 2**31 else None
    if of == _BOOLEAN and default in ("true", "false"):
        return default
    if of in _FLOATS and _FRACTION.fullmatch(default):
        return _positional(float(default))
    if of == _TEXT and default.endswith("::text"):
        return f'"{default.removesuffix("::text").strip(",").strip(chr(39))}"'
    return None


def _positional(number: float) -> str:
    """Without an exponent, and whole numbers without a point, as Rust prints them."""
    text = format(Decimal(repr(number)), "f") if number - number == 0 else repr(number)
    return text.removesuffix(".0")
