"""Random operations over a schema, right for the most part, with variables in random places."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping

import msgspec
from hypothesis import strategies as st

from rowgate.graphql.given import Json
from rowgate.graphql.schema import (
    EnumType,
    Field,
    InputField,
    InputType,
    InterfaceType,
    ListOf,
    NonNull,
    ObjectType,
    Schema,
    TypeRef,
    named,
)

DEPTH = 7  # levels of a selection: an edge's node is on the third
CURSORS = [b64encode(text).decode() for text in (b"[1]", b'["a", 1]', b"[null, 1]", b"{}", b"[", b"\xff")]
NODE_IDS = [
    b64encode(text).decode()
    for text in (
        b'["public", "artist", 1]',
        b'["public", "album", "b"]',
        b'["public", "sleeve", 1, "a"]',
        b'["public"]',
    )
]
DIRECTIONS = ["AscNullsFirst", "AscNullsLast", "DescNullsFirst", "DescNullsLast"]
LENGTHS = ["", "a", "x" * 40, "x" * 41, "é" * 40]
FAMILIES = [CURSORS, NODE_IDS, DIRECTIONS, ["NULL", "NOT_NULL"], ["ROCK", "FOLK", "rock"], LENGTHS]
TEXTS = [
    *(text for family in FAMILIES for text in family),
    *("1", "2020-01-01", "0a000000-0000-4000-8000-000000000000", '{"a": 1}', "\0", "\ud800", '"\\{},', "$1", "Album"),
]
NUMBERS: list[Json] = [-1, 0, 1, 2, 31, 2**31, 2**63 - 1, 2**63, 1.5, -0.0, 1e300]
LEAVES: st.SearchStrategy[Json] = st.sampled_from([None, True, False, *NUMBERS, *TEXTS])


@st.composite
def operations(draw: st.DrawFn, schema: Schema) -> tuple[str, dict[str, Json]]:
    """A document with one operation, and variables for it."""
    return _Drawn(draw, schema).operation()


class _Drawn:
    def __init__(self, draw: st.DrawFn, schema: Schema) -> None:
        self._draw = draw
        self._schema = schema
        self._variables: dict[str, Json] = {}
        self._fragments: list[str] = []

    def operation(self) -> tuple[str, dict[str, Json]]:
        """The text and the variables."""
        mutation = self._schema.mutation
        root = mutation if mutation is not None and self._one_in(4) else self._schema.query
        selections = self._selections(root, 0)
        text = f"{'mutation' if root is mutation else 'query'} {selections} {' '.join(self._fragments)}"
        return text, self._variables

    def _one_in(self, number: int) -> bool:
        """Hypothesis likes the ends of a range best, so it is one from the middle."""
        return self._draw(st.integers(0, number)) == number // 2 + 1

    def _selections(self, of: ObjectType | InterfaceType, depth: int) -> str:
        fields = [name for name, field in of.fields.items() if depth < DEPTH or self._object_of(field) is None]
        names = self._draw(st.lists(st.sampled_from([*fields, "__typename"]), min_size=1, max_size=3))
        text = " ".join(self._field(of, name, depth) for name in names)
        if isinstance(of, InterfaceType):
            for each in of.possible:
                type_ = self._schema.types[each]
                assert isinstance(type_, ObjectType)
                text += f" ... on {each} {self._selections(type_, depth + 1)}"
        if self._one_in(12):
            name = f"f{len(self._fragments)}"
            self._fragments.append(f"fragment {name} on {of.name} {{ {text} }}")
            text = f"...{name}"
        return f"{{ {text}{' nonsense' if self._one_in(150) else ''} }}"

    def _field(self, of: ObjectType | InterfaceType, name: str, depth: int) -> str:
        if name == "__typename":
            return name
        field = of.fields[name]
        alias = f"{self._draw(st.sampled_from('abc'))}{depth}{name[:3]}: " if self._draw(st.booleans()) else ""
        arguments = " ".join(
            f"{each.name}: {self._argument(each)}"
            for each in field.arguments.values()
            if isinstance(each.type, NonNull) or self._one_in(4)
        )
        below = self._object_of(field)
        directive = f" @skip(if: {self._variable(self._draw(st.booleans()))})" if self._one_in(15) else ""
        selections = "" if below is None or self._one_in(25) else self._selections(below, depth + 1)
        return f"{alias}{name}{f'({arguments})' if arguments else ''}{directive} {selections}"

    def _object_of(self, field: Field) -> ObjectType | InterfaceType | None:
        found = self._schema.types[named(field.type)]
        return found if isinstance(found, ObjectType | InterfaceType) else None

    def _argument(self, argument: InputField) -> str:
        return self._written(self._value(argument.type, 0))

    def _value(self, wanted: TypeRef, depth: int) -> Json:
        if isinstance(wanted, NonNull):
            return self._value(wanted.of, depth)
        if self._one_in(25):
            return None
        if isinstance(wanted, ListOf):
            return [self._value(wanted.of, depth + 1) for _ in range(self._draw(st.integers(0, 2)))]
        type_ = self._schema.types[wanted.name]
        if isinstance(type_, EnumType):
            return self._draw(st.sampled_from([each.name for each in type_.values] + ["nonsense"] * self._one_in(50)))
        if isinstance(type_, InputType):
            least = [name for name, field in type_.fields.items() if isinstance(field.type, NonNull)]
            chosen = self._draw(st.lists(st.sampled_from(list(type_.fields)), max_size=2 if depth < 5 else 0))
            return {name: self._value(type_.fields[name].type, depth + 1) for name in [*least, *chosen]}
        return self._draw(st.sampled_from(OF_SCALARS.get(wanted.name, TEXTS)) if not self._one_in(30) else LEAVES)

    def _written(self, value: Json) -> str:
        """A value as a literal, with a variable here and there."""
        if self._draw(st.booleans()):
            return self._variable(value)
        if isinstance(value, dict):
            return "{" + " ".join(f"{name}: {self._written(each)}" for name, each in value.items()) + "}"
        if isinstance(value, list):
            return "[" + " ".join(map(self._written, value)) + "]"
        if isinstance(value, str):
            if value.isidentifier() and value.isascii() and self._draw(st.booleans()):
                return value
            return msgspec.json.encode(value.replace("\ud800", "")).decode()
        return msgspec.json.encode(value).decode()

    def _variable(self, value: Json) -> str:
        name = f"v{len(self._variables)}"
        if not self._one_in(60):
            self._variables[name] = value
        return f"${name}"


OF_SCALARS: Mapping[str, list[Json]] = {
    "Int": [0, 1, 2, 31, 2**31],
    "Cursor": [*CURSORS],
    "ID": [*NODE_IDS],
    "Float": NUMBERS,
    "BigInt": [*NUMBERS, "1"],
    "Boolean": [True, False],
}


@st.composite
def alike(draw: st.DrawFn, value: Json) -> Json:
    """Another value of the same shape."""
    if isinstance(value, dict):
        return {name: draw(alike(each)) for name, each in value.items()}
    if isinstance(value, list):
        return [draw(alike(each)) for each in value]
    if isinstance(value, bool) or value is None:
        return value if value is None else draw(st.booleans())
    if isinstance(value, str):
        family = next((each for each in FAMILIES if value in each), TEXTS)
        return draw(st.sampled_from([*family, "nonsense"]))
    whole = isinstance(value, int) and value < 2**63
    return draw(st.sampled_from([each for each in NUMBERS if (isinstance(each, int) and each < 2**63) is whole]))
