"""What a value can be compared with: `<Scalar>Filter`, `<Scalar>ListFilter`, `<Enum>Filter`, and `FilterIs`."""

from __future__ import annotations

from collections.abc import Iterable

from rowgate.graphql.definition.references import items, reference
from rowgate.graphql.entities import EnumKind, Kind, ListKind, Scalar
from rowgate.graphql.schema import EnumType, EnumValue, InputField, InputRole, InputType, Named, TypeRef

FILTER_IS = EnumType("FilterIs", (EnumValue("NULL"), EnumValue("NOT_NULL")))

_ORDERED = ("eq", "neq", "lt", "lte", "gt", "gte", "in", "is")
_OPERATORS = {
    Scalar.ID: ("eq",),
    Scalar.INT: _ORDERED,
    Scalar.FLOAT: _ORDERED,
    Scalar.STRING: (*_ORDERED, "startsWith", "like", "ilike", "regex", "iregex"),
    Scalar.BOOLEAN: ("eq", "is"),
    Scalar.DATE: _ORDERED,
    Scalar.TIME: _ORDERED,
    Scalar.DATETIME: _ORDERED,
    Scalar.BIG_INT: _ORDERED,
    Scalar.UUID: ("eq", "neq", "in", "is"),
    Scalar.BIG_FLOAT: _ORDERED,
    Scalar.OPAQUE: ("eq", "is"),
}
_ENUM_OPERATORS = ("eq", "neq", "in", "is")
_LIST_OPERATORS = ("contains", "containedBy", "overlaps", "eq", "is")
_LISTED = tuple(scalar for scalar in _OPERATORS if scalar not in (Scalar.ID, Scalar.OPAQUE))


def comparison(kind: Kind) -> str | None:
    """The name of the type that compares values of a kind; None where there is none: JSON, and lists of JSON, of
    Opaque and of enums."""
    if isinstance(kind, ListKind):
        return f"{kind.item.value}ListFilter" if isinstance(kind.item, Scalar) and kind.item in _LISTED else None
    if isinstance(kind, EnumKind):
        return f"{kind.base}Filter"
    return f"{kind.value}Filter" if kind in _OPERATORS else None


def enum_comparison(kind: EnumKind) -> InputType:
    """`<Enum>Filter`."""
    return _comparison_type(f"{kind.base}Filter", kind.base, _ENUM_OPERATORS, kind)


def _comparison_type(name: str, compared: str, operators: Iterable[str], kind: Kind) -> InputType:
    fields = {operator: InputField(operator, _operand(operator, kind)) for operator in sorted(operators)}
    description = f'Boolean expression comparing fields on type "{compared}"'
    return InputType(name, fields, InputRole.COMPARISON, description, kind)


def _operand(operator: str, kind: Kind) -> TypeRef:
    if operator == "is":
        return Named(FILTER_IS.name)
    if isinstance(kind, ListKind):
        return items(kind.item.value if isinstance(kind.item, Scalar) else kind.item.base)
    if operator == "in":
        return items(kind.value if isinstance(kind, Scalar) else kind.base)
    return reference(kind)


COMPARISON_TYPES = (
    *(_comparison_type(f"{scalar.value}Filter", scalar.value, _OPERATORS[scalar], scalar) for scalar in _OPERATORS),
    *(
        _comparison_type(f"{scalar.value}ListFilter", f"{scalar.value}List", _LIST_OPERATORS, ListKind(scalar))
        for scalar in _LISTED
    ),
)
