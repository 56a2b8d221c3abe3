"""Arguments → `Input`: literals and variables brought to the type that the schema wants, or refused.

The rules, their order and the texts are those of pg_graphql's parser_util.rs (`to_gson`, `validate_arg_from_type`).
What is decided by a variable's structure (which values there are, of what JSON type) is part of its shape, and a plan
depends on it anyway; what is decided by a value is pinned here. Only of rows to insert is less in the shape, and less
decided.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from typing import TypeAlias

import msgspec
from graphql.language import (
    BooleanValueNode,
    EnumValueNode,
    FloatValueNode,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    StringValueNode,
    ValueNode,
    VariableNode,
)
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from rowgate.graphql.allowance import OBJECT, extent
from rowgate.graphql.entities import Scalar
from rowgate.graphql.errors import GraphQLError
from rowgate.graphql.given import Given, Input, Json, Path, Read, Trace, itself
from rowgate.graphql.rendering import INT64
from rowgate.graphql.rust_debug import quoted_list
from rowgate.graphql.schema import (
    EnumType,
    Field,
    InputField,
    InputRole,
    InputType,
    ListOf,
    NamedType,
    NonNull,
    ScalarType,
    Schema,
    TypeRef,
    named,
)
from rowgate.graphql.scope import Scope, Selected
from rowgate.graphql.shape import kind_of_rows, magnitude, structure

NESTED = 64  # levels of lists and objects in an argument: a filter's `and` takes two
_DIGITS = 20  # of a 64-bit integer with its sign
_NON_NULL = "Invalid input for NonNull type"
_ABSENT = (  # pg_graphql's spelling
    "Encounterd `Absent` value while transforming between GraphQL intermediate object notation and JSON"
)
Source: TypeAlias = "ValueNode | Json | UnsetType"
"""What an argument is read from: a piece of the query, a piece of a variable, or nothing."""


def argument(selected: Selected, field: Field, name: str, schema: Schema, scope: Scope) -> Input:
    """The argument `name` of a selected field as its type wants it. Raises GraphQLError."""
    wanted = field.arguments[name]
    return _Coercion(schema, scope).coerced(wanted.type, selected.arguments.get(name, UNSET), None, wanted, 0)


def only_arguments(selected: Selected, allowed: Collection[str]) -> None:
    """Raises GraphQLError where a selected field has other arguments than the `allowed` ones."""
    extra = [each for each in selected.arguments if each not in allowed]
    if extra:
        raise GraphQLError(f"Input contains extra keys {quoted_list(extra)}")


class Among(msgspec.Struct, frozen=True, gc=False):
    """Whether a value is one of a set, or, of a list, all of them are (nulls apart)."""

    names: frozenset[str]

    def __call__(self, value: Json) -> bool:
        """The answer, for any JSON."""
        if type(value) is str:
            return value in self.names
        return all(each is None or (type(each) is str and each in self.names) for each in _elements(value))


class Within(msgspec.Struct, frozen=True, gc=False):
    """Whether a text, or each of a list, has at most so many characters."""

    length: int

    def __call__(self, value: Json) -> bool:
        """The answer, for any JSON."""
        if type(value) is str:
            return len(value) <= self.length
        return all(type(each) is not str or len(each) <= self.length for each in _elements(value))


class Each(msgspec.Struct, frozen=True):
    """What was read of one member of all rows."""

    name: str
    read: Read

    def __call__(self, rows: Json) -> Hashable:
        """All that was read, whatever the row."""
        return frozenset([self.read(row[self.name]) for row in rows])


def count(value: Json) -> Hashable:
    """How many elements a list has; a pin."""
    return len(_elements(value))


def _elements(value: Json) -> Sequence[Json]:
    return value if type(value) is list else (value,)


class _Coercion:
    def __init__(self, schema: Schema, scope: Scope) -> None:
        self._schema = schema
        self._types = schema.types
        self._scope = scope

    def coerced(self, wanted: TypeRef, source: Source, path: Path | None, of: InputField, nested: int) -> Input:
        """`path` is where the value stands in the variables; `of` is the argument or input field it is for."""
        source, path = self._resolved(source, path)
        if isinstance(wanted, NonNull):
            found = self.coerced(wanted.of, source, path, of, nested)
            if found is UNSET or (isinstance(found, Given) and found.value is None):
                raise GraphQLError(_NON_NULL)
            return found
        if source is UNSET:
            return UNSET
        if source is None or isinstance(source, NullValueNode):
            return Given(None, path)
        if nested > NESTED:
            raise GraphQLError(f"Input is nested more than {NESTED} levels deep")
        if isinstance(wanted, ListOf):
            return self._list(wanted.of, source, path, of, nested)
        type_ = self._types[wanted.name]
        if isinstance(type_, InputType):
            return self._object(type_, source, path, of, nested)
        given = Given(self._plain(source), path)
        self._spend(given.value)
        self._pin(type_, given, of)
        _check(type_, given.value, of)
        return given

    def _resolved(self, source: Source, path: Path | None) -> tuple[Source, Path | None]:
        """A variable as its value, or its default, or absent; declared or not."""
        if not isinstance(source, VariableNode):
            return source, path
        name = source.name.value
        if name in self._scope.variables:
            return self._scope.variables[name], (name,)
        return self._scope.defaults.get(name, UNSET), None

    def _list(self, item: TypeRef, source: Source, path: Path | None, of: InputField, nested: int) -> Input:
        """A value that is no list is a list of one. Scalars together are one leaf, objects are not."""
        elements = _elements_of(source)
        type_ = self._types[named(item)]
        if not isinstance(type_, InputType):
            given = Given([self._plain(each) for each in elements], path)
            self._spend(given.value)
            self._pin(type_, given, of)
            for each in given.value:
                _check_element(item, type_, each, of)
            return given
        if type_.role is not InputRole.INSERT:
            self._scope.allowance.read(OBJECT * len(elements), self._scope.variables)
        if path is None or not isinstance(source, list):
            return [self.coerced(item, each, path, of, nested + 1) for each in elements]
        if not any(type(each) is dict for each in source):
            self._scope.trace.pin(
                Given(source, path), count
            )  # lists that hold no object are of one shape at any length
        elif kind_of_rows(source) is not None:
            if type_.role is InputRole.INSERT:
                return self._rows(item, type_, source, path, of, nested)
            self._scope.trace.pin(Given(source, path), structure)
        return [self.coerced(item, each, (*path, index), of, nested + 1) for index, each in enumerate(elements)]

    def _rows(
        self, item: TypeRef, type_: InputType, rows: list[Json], path: Path, of: InputField, nested: int
    ) -> list[Input]:
        """Rows to insert, of one shape: a plan depends on about how many there are, and not on which have nulls.

        What would be pinned of each value is pinned of all of a member's, and all of them where one is refused.
        """
        trace, all_of_them = self._scope.trace, Given(rows, path)
        trace.pin(all_of_them, magnitude)
        for name in rows[0]:
            member = type_.fields.get(name)
            read = self._reading(self._types[named(member.type)], member) if member is not None else None
            if read is not None:
                trace.pin(all_of_them, Each(name, read))
        each = _Coercion(self._schema, replace(self._scope, trace=Trace()))
        try:
            return [each.coerced(item, row, (*path, index), of, nested + 1) for index, row in enumerate(rows)]
        except GraphQLError:
            trace.pin(all_of_them, itself)
            raise

    def _object(self, type_: InputType, source: Source, path: Path | None, of: InputField, nested: int) -> Input:
        """Keys keep the order in which they were given; the first error is that of the type's first field.

        What a column is compared with may be no longer than the column (upstream has a StringFilter per length).
        """
        if isinstance(source, ObjectValueNode):
            values: dict[str, Source] = {each.name.value: each.value for each in source.fields}
        elif isinstance(source, dict):
            values = source
        else:
            raise GraphQLError(f"Invalid input for {type_.name} type")
        self._scope.allowance.read(1 + len(values), self._scope.variables)
        extra = [each for each in values if each not in type_.fields]
        if extra:
            raise GraphQLError(f"Input for type {type_.name} contains extra keys {quoted_list(extra)}")
        coerced: dict[str, Input] = {}
        for name, wanted in type_.fields.items():
            if name in values:
                place = None if path is None else (*path, name)
                if type_.role is InputRole.COMPARISON and of.max_length is not None:
                    wanted = replace(wanted, max_length=of.max_length)
                coerced[name] = self.coerced(wanted.type, values[name], place, wanted, nested + 1)
            elif isinstance(wanted.type, NonNull):
                raise GraphQLError(_NON_NULL)
        return {name: coerced[name] for name in values}

    def _plain(self, source: Source) -> Json | UnsetType:
        """A piece of a query as JSON. The variables within it are pinned: a list of them has no place of its own."""
        if isinstance(source, VariableNode):
            value, path = self._resolved(source, None)
            return self._scope.trace.value(Given(value, path)) if path is not None else self._plain(value)
        if isinstance(source, ListValueNode):
            return [self._plain(each) for each in source.values]
        if isinstance(source, ObjectValueNode):
            return {each.name.value: self._plain(each.value) for each in source.fields}
        return _scalar(source) if isinstance(source, ValueNode) else source

    def _spend(self, value: Json | UnsetType) -> None:
        self._scope.allowance.read(extent(value), self._scope.variables)

    def _pin(self, type_: NamedType, given: Given, of: InputField) -> None:
        read = self._reading(type_, of)
        if read is not None:
            self._scope.trace.pin(given, read)

    def _reading(self, type_: NamedType, of: InputField) -> Read | None:
        """What of a value, beside its JSON type, decides whether it will do."""
        if isinstance(type_, EnumType):
            return Among(_names(type_))
        if of.max_length is not None and isinstance(type_, ScalarType) and type_.name == Scalar.STRING:
            return Within(of.max_length)
        return None


def _elements_of(source: Source) -> Sequence[Source]:
    if isinstance(source, ListValueNode):
        return source.values
    return source if isinstance(source, list) else [source]


def _scalar(node: ValueNode) -> Json:
    """A literal's value; that of an enum is a string. Raises GraphQLError for an integer beyond 64 bits."""
    if isinstance(node, IntValueNode):
        value = int(node.value) if len(node.value) <= _DIGITS else None
        if value is None or value not in INT64:
            raise GraphQLError("Invalid Int input")
        return value
    if isinstance(node, FloatValueNode):
        return float(node.value)
    if isinstance(node, StringValueNode | EnumValueNode | BooleanValueNode):
        return node.value
    return None


def _check_element(item: TypeRef, type_: NamedType, value: Json | UnsetType, of: InputField) -> None:
    if value is None or value is UNSET:
        if isinstance(item, NonNull):
            raise GraphQLError(_NON_NULL)
        if value is UNSET:
            raise GraphQLError(_ABSENT)
        return
    _check(type_, value, of)


def _check(type_: NamedType, value: Json, of: InputField) -> None:
    if isinstance(type_, EnumType):
        if type(value) is not str or value not in _names(type_):
            raise GraphQLError(f"Invalid input for {type_.name} type")
        return
    if type_.name == Scalar.OPAQUE:
        return  # Postgres alone knows
    if type_.name == Scalar.STRING:
        _check_string(value, of.max_length)
    elif type_.name == Scalar.BIG_FLOAT:
        if type(value) is not str:
            raise GraphQLError("Invalid input for BigFloat type. String required")
    elif not _JSON_TYPES.get(type_.name, _is_string)(value):
        raise GraphQLError(f"Invalid input for {type_.name} type")


def _check_string(value: Json, max_length: int | None) -> None:
    """Upstream shows the type as Rust does, with its length. It counts bytes; Postgres, and so we, characters."""
    if type(value) is not str:
        shown = "None" if max_length is None else f"Some({max_length})"
        raise GraphQLError(f"Invalid input for String({shown}) type")
    if max_length is not None and len(value) > max_length:
        raise GraphQLError(f"Invalid input for String type. Maximum character length {max_length}")


def _names(type_: EnumType) -> frozenset[str]:
    return frozenset(each.name for each in type_.values)


def _is_string(value: Json) -> bool:
    return type(value) is str


def _is_integer(value: Json) -> bool:
    return type(value) is int and value in INT64


def _is_number(value: Json) -> bool:
    return type(value) is int or type(value) is float


_JSON_TYPES: Mapping[str, Callable[[Json], bool]] = {  # those of all other scalars are strings
    Scalar.INT: _is_integer,
    Scalar.FLOAT: _is_number,
    Scalar.BOOLEAN: lambda value: type(value) is bool,
    Scalar.BIG_INT: lambda value: type(value) is str or _is_number(value),
}
