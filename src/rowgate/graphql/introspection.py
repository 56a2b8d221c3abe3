"""`__schema` and `__type`: a schema described in its own terms.

A selection set says the same of every type it is asked of, so it becomes a `_View` once, which then describes one
thing after another as JSON. What it made of a type is kept: most of an introspection query's answer is `type { … }` of
the same few types, and a query that walks in circles (fields, their types, their fields …) repeats itself.

Quirks that clients see are pg_graphql's: `__typename` of a type, field, argument or enum value is its own name,
`enumValues` and `interfaces` are never null, `includeDeprecated` makes no difference since nothing is deprecated, and
a selection on what is not there is not looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, NoReturn, TypeAlias, TypeVar

import msgspec
from graphql.language import SelectionNode

from rowgate.graphql.definition.meta_types import (
    DIRECTIVES,
    META_DIRECTIVE,
    META_ENUM_VALUE,
    META_FIELD,
    META_INPUT_VALUE,
    META_SCHEMA,
    META_TYPE,
    Directive,
)
from rowgate.graphql.definition.query_root import TYPE
from rowgate.graphql.errors import GraphQLError
from rowgate.graphql.given import Given
from rowgate.graphql.inputs import argument
from rowgate.graphql.schema import (
    Call,
    EnumType,
    EnumValue,
    Field,
    InputField,
    InputType,
    InterfaceType,
    ListOf,
    Named,
    NamedType,
    NonNull,
    ObjectType,
    Root,
    ScalarType,
    Schema,
    TypeRef,
    named,
)
from rowgate.graphql.scope import Scope, Selected
from rowgate.graphql.selection import select

DESCRIPTION = "Represents the GraphQL schema of the database"
# Bytes that the root fields of an operation may make on the way to its answer, counting whatever is put together from
# parts. Clients' query makes 7.5 KB per type, 3.8 bytes for each that it answers; types in fields in types multiply
# without end.
_BUDGET = 4 * 1024 * 1024
_BUDGET_PER_TYPE = 32 * 1024
_LEAST = 64  # what making even an empty object counts as, for its time

T = TypeVar("T")
_Described: TypeAlias = NamedType | ListOf | NonNull
_Reader: TypeAlias = Callable[[T], bytes]
_encode = msgspec.json.Encoder().encode

_KINDS: dict[type, bytes] = {
    ScalarType: b'"SCALAR"',
    ObjectType: b'"OBJECT"',
    InterfaceType: b'"INTERFACE"',
    EnumType: b'"ENUM"',
    InputType: b'"INPUT_OBJECT"',
    ListOf: b'"LIST"',
    NonNull: b'"NON_NULL"',
}


def introspected(selected: Selected, schema: Schema, scope: Scope) -> bytes:
    """The JSON of a root field `__schema` or `__type` of a schema that allows introspection.

    Raises GraphQLError, and RecursionError where selections are more than about 130 levels deep.
    """
    described = _Introspection(schema, scope)
    try:
        return described.schema(selected) if selected.name == Root.SCHEMA else described.type(selected)
    finally:
        scope.allowance.described = described.spent


class _Introspection:
    def __init__(self, schema: Schema, scope: Scope) -> None:
        self._schema = schema
        self._scope = scope
        self._shown = schema.shown or frozenset()
        self._most = _BUDGET + _BUDGET_PER_TYPE * len(self._shown)
        self.spent = scope.allowance.described

    def schema(self, selected: Selected) -> bytes:
        return _View(self, META_SCHEMA, selected.selections, self._of_schema)(self._schema)

    def type(self, selected: Selected) -> bytes:
        name = self._asked_for(selected)
        return _TypeView(self, selected.selections)(Named(name)) if name in self._shown else b"null"

    def _asked_for(self, selected: Selected) -> str:
        try:
            given = argument(selected, TYPE, "name", self._schema, self._scope)
        except GraphQLError:
            raise GraphQLError("no name found for __type") from None
        name = self._scope.trace.value(given) if isinstance(given, Given) else None
        if not isinstance(name, str):
            raise GraphQLError("Internal Error: failed to parse validated name")
        return name

    def selected(self, selections: Sequence[SelectionNode], of: ObjectType) -> tuple[Selected, ...]:
        return select(selections, of, self._scope)

    def named_type(self, name: str) -> NamedType:
        return self._schema.types[name]

    def spend(self, made: bytes) -> bytes:
        self.spent += len(made) + _LEAST
        if self.spent > self._most:
            raise GraphQLError("Introspection asks for too much at once")
        return made

    def _of_schema(self, selected: Selected) -> _Reader[Schema]:
        match selected.name:
            case "description":
                return _constant(DESCRIPTION)
            case "types":
                view = _TypeView(self, selected.selections)
                shown = self._shown
                return lambda schema: _array(view(Named(name)) for name in schema.types if name in shown)
            case "queryType":
                query = _TypeView(self, selected.selections)
                return lambda _: query(Named("Query"))
            case "mutationType":
                mutation = _TypeView(self, selected.selections)
                return lambda schema: b"null" if schema.mutation is None else mutation(Named("Mutation"))
            case "subscriptionType":
                return _constant(None)
            case "directives":
                directive = _View(self, META_DIRECTIVE, selected.selections, self._of_directive)
                return lambda _: _array(map(directive, DIRECTIVES))
            case "__typename":
                return _constant("__schema")  # the root field's name
            case name:
                return _raising(f"unknown field in __Schema: {name}")

    def of_type(self, selected: Selected) -> _Reader[_Described]:
        match selected.name:
            case "kind":
                return lambda each: _KINDS[type(each)]
            case "name" | "__typename":
                return lambda each: b"null" if isinstance(each, ListOf | NonNull) else _encode(each.name)
            case "description":
                return lambda each: b"null" if isinstance(each, ListOf | NonNull) else _encode(each.description)
            case "fields":
                field = _View(self, META_FIELD, selected.selections, self._of_field)
                return lambda each: self._fields(each, field)
            case "inputFields":
                value = _View(self, META_INPUT_VALUE, selected.selections, self._of_input_value)
                return lambda each: self._input_fields(each, value)
            case "interfaces":
                interface = _TypeView(self, selected.selections)
                return lambda each: _array(
                    interface(Named(name)) for name in (each.interfaces if isinstance(each, ObjectType) else ())
                )
            case "possibleTypes":
                possible = _TypeView(self, selected.selections)
                return lambda each: (
                    _array(possible(Named(name)) for name in each.possible if name in self._shown)
                    if isinstance(each, InterfaceType)
                    else b"null"
                )
            case "enumValues":
                enum_value = _View(self, META_ENUM_VALUE, selected.selections, self._of_enum_value)
                return lambda each: _array(map(enum_value, each.values if isinstance(each, EnumType) else ()))
            case "ofType":
                inner = _TypeView(self, selected.selections)
                return lambda each: inner(each.of) if isinstance(each, ListOf | NonNull) else b"null"
            case "specifiedByURL":
                return _constant(None)  # pg_graphql has the field in its schema, and refuses to answer it
            case name:
                return _raising(f"unknown field on __Type: {name}")

    def _of_field(self, selected: Selected) -> _Reader[Field]:
        match selected.name:
            case "args":
                value = _View(self, META_INPUT_VALUE, selected.selections, self._of_input_value)
                return lambda each: _array(map(value, each.arguments.values()))
            case "type":
                view = _TypeView(self, selected.selections)
                return lambda each: view(each.type)
            case name:
                return _of_named(name) or _raising(f"unknown field in __Field {name}")

    def _of_input_value(self, selected: Selected) -> _Reader[InputField]:
        match selected.name:
            case "type":
                view = _TypeView(self, selected.selections)
                return lambda each: view(each.type)
            case "defaultValue":
                return lambda each: _encode(each.default)
            case name:
                return _of_named(name) or _raising(f"unknown field in __InputValue: {name}")

    def _of_enum_value(self, selected: Selected) -> _Reader[EnumValue]:
        return _of_named(selected.name) or _raising(f"unknown field in __EnumValue: {selected.name}")

    def _of_directive(self, selected: Selected) -> _Reader[Directive]:
        match selected.name:
            case "name":
                return lambda each: _encode(each.name)
            case "description":
                return lambda each: _encode(each.description)
            case "locations":
                return lambda each: _encode(each.locations)
            case "args":
                value = _View(self, META_INPUT_VALUE, selected.selections, self._of_input_value)
                return lambda each: _array(map(value, each.arguments))
            case "isRepeatable":
                return lambda each: _encode(each.repeatable)
            case "__typename":
                return _constant(META_DIRECTIVE.name)
            case name:
                return _raising(f"unknown field {name} in __Directive")

    def _fields(self, described: _Described, view: _View[Field]) -> bytes:
        if not isinstance(described, ObjectType | InterfaceType):
            return b"null"
        return _array(view(field) for field in described.fields.values() if self._shows(field))

    def _input_fields(self, described: _Described, view: _View[InputField]) -> bytes:
        if not isinstance(described, InputType):
            return b"null"
        return _array(view(field) for field in described.fields.values() if named(field.type) in self._shown)

    def _shows(self, field: Field) -> bool:
        """Whether a field is of a schema that opted in. pg_graphql lists some fields whose types it does not list;
        clients that build a schema from the answer refuse that."""
        meaning = field.meaning
        if meaning is Root.TYPE or meaning is Root.SCHEMA:
            return False
        if isinstance(meaning, Call) and not meaning.function.introspectable:
            return False
        return named(field.type) in self._shown


class _View(Generic[T]):
    """What a selection set says of things of one kind. It is read when the first of them is described: where there is
    none, whatever is wrong with it goes unnoticed (pg_graphql's behaviour)."""

    def __init__(
        self,
        within: _Introspection,
        of: ObjectType,
        selections: Sequence[SelectionNode],
        reader: Callable[[Selected], _Reader[T]],
    ) -> None:
        self._within = within
        self._of = of
        self._selections = selections
        self._reader = reader
        self._parts: list[tuple[bytes, _Reader[T]]] | None = None
        self._end = b"}"

    def __call__(self, described: T) -> bytes:
        parts = self._parts
        if parts is None:
            parts = self._parts = self._read()
        pieces = []
        for written, read in parts:
            pieces.append(written)
            pieces.append(read(described))
        pieces.append(self._end)
        return self._within.spend(b"".join(pieces))

    def _read(self) -> list[tuple[bytes, _Reader[T]]]:
        """What is written before each thing that depends on what is described, and sets what is written after all."""
        parts = []
        written = b"{"
        for number, each in enumerate(self._within.selected(self._selections, self._of)):
            written += (b"," if number else b"") + _encode(each.key) + b":"
            read = self._reader(each)
            if isinstance(read, _Constant):
                written += read.written
            else:
                parts.append((written, read))
                written = b""
        self._end = written + b"}"
        return parts


class _TypeView:
    """What a selection set says of types, kept by type."""

    def __init__(self, within: _Introspection, selections: Sequence[SelectionNode]) -> None:
        self._within = within
        self._view = _View(within, META_TYPE, selections, within.of_type)
        self._made: dict[TypeRef, bytes] = {}

    def __call__(self, reference: TypeRef) -> bytes:
        made = self._made.get(reference)
        if made is None:
            described = self._within.named_type(reference.name) if isinstance(reference, Named) else reference
            made = self._made[reference] = self._view(described)
        return made


def _of_named(name: str) -> _Reader[Any] | None:
    """What fields, arguments and enum values have in common."""
    match name:
        case "name" | "__typename":
            return lambda each: _encode(each.name)
        case "description":
            return lambda each: _encode(each.description)
        case "isDeprecated":
            return _constant(False)
        case "deprecationReason":
            return _constant(None)
    return None


class _Constant(msgspec.Struct, frozen=True):
    """What is said of everything."""

    written: bytes

    def __call__(self, _: object) -> bytes:
        return self.written


def _constant(value: str | bool | None) -> _Reader[object]:
    return _Constant(_encode(value))


def _raising(message: str) -> _Reader[object]:
    def read(_: object) -> NoReturn:
        raise GraphQLError(message)

    return read


def _array(described: Iterable[bytes]) -> bytes:
    return b"[" + b",".join(described) + b"]"
