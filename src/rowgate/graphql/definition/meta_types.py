"""The types that describe a schema, `__Schema` and its parts, and the two directives, in pg_graphql's words.

Two of the descriptions hold a backslash and an n where upstream meant a line break; clients get them as upstream's do.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from rowgate.graphql.definition.references import BOOLEAN, SOME_BOOLEAN, SOME_STRING, STRING, items, some_items
from rowgate.graphql.schema import EnumType, EnumValue, Field, InputField, Named, NonNull, ObjectType

_WITH_DEPRECATED = {"includeDeprecated": InputField("includeDeprecated", BOOLEAN, default="false")}


def _object(name: str, description: str, fields: Iterable[Field]) -> ObjectType:
    return ObjectType(name, {field.name: field for field in sorted(fields, key=lambda each: each.name)}, description)


META_SCHEMA = _object(
    "__Schema",
    "A GraphQL Schema defines the capabilities of a GraphQL server. It exposes all available types and directives on "
    "the server, as well as the entry points for query, mutation, and subscription operations.",
    (
        Field("types", some_items("__Type"), description="A list of all types supported by this server."),
        Field(
            "queryType",
            NonNull(Named("__Type")),
            description="The type that query operations will be rooted at.",
        ),
        Field(
            "mutationType",
            Named("__Type"),
            description="If this server supports mutation, the type that mutation operations will be rooted at.",
        ),
        Field(
            "subscriptionType",
            Named("__Type"),
            description="If this server support subscription, the type that subscription operations will be rooted at.",
        ),
        Field(
            "directives",
            some_items("__Directive"),
            _WITH_DEPRECATED,
            "A list of all directives supported by this server.",
        ),
        Field("description", STRING),
    ),
)

META_TYPE = _object(
    "__Type",
    "The fundamental unit of any GraphQL Schema is the type. There are many kinds of types in GraphQL as represented "
    "by the `__TypeKind` enum.\\n\\nDepending on the kind of a type, certain fields describe information about that "
    "type. Scalar types provide no information beyond a name, description and optional `specifiedByURL`, while Enum "
    "types provide their values. Object and Interface types provide the fields they describe. Abstract types, Union "
    "and Interface, provide the Object types possible at runtime. List and NonNull types compose other types ",
    (
        Field("name", STRING),
        Field("description", STRING),
        Field("kind", NonNull(Named("__TypeKind"))),
        Field("inputFields", items("__InputValue"), _WITH_DEPRECATED),
        Field("interfaces", items("__Type")),
        Field("possibleTypes", items("__Type")),
        Field("enumValues", items("__EnumValue"), _WITH_DEPRECATED),
        Field("fields", items("__Field"), _WITH_DEPRECATED),
        Field("ofType", Named("__Type")),
        Field("specifiedByURL", STRING),
    ),
)

META_FIELD = _object(
    "__Field",
    "Object and Interface types are described by a list of Fields, each of which has a name, potentially a list of "
    "arguments, and a return type.",
    (
        Field("name", SOME_STRING),
        Field("description", STRING),
        Field("args", some_items("__InputValue"), _WITH_DEPRECATED),
        Field("type", NonNull(Named("__Type"))),
        Field("isDeprecated", SOME_BOOLEAN),
        Field("deprecationReason", STRING),
    ),
)

META_INPUT_VALUE = _object(
    "__InputValue",
    "Arguments provided to Fields or Directives and the input fields of an InputObject are represented as Input Values "
    "which describe their type and optionally a default value.",
    (
        Field("name", SOME_STRING),
        Field("description", STRING),
        Field("type", NonNull(Named("__Type"))),
        Field(
            "defaultValue",
            STRING,
            description="A GraphQL-formatted string representing the default value for this input value.",
        ),
        Field("isDeprecated", SOME_BOOLEAN),
        Field("deprecationReason", STRING),
    ),
)

META_ENUM_VALUE = _object(
    "__EnumValue",
    "One possible value for a given Enum. Enum values are unique values, not a placeholder for a string or numeric "
    "value. However an Enum value is returned in a JSON response as a string.",
    (
        Field("name", SOME_STRING),
        Field("description", STRING),
        Field("isDeprecated", SOME_BOOLEAN),
        Field("deprecationReason", STRING),
    ),
)

META_DIRECTIVE = _object(
    "__Directive",
    "A Directive provides a way to describe alternate runtime execution and type validation behavior in a GraphQL "
    "document.\\n\\nIn some cases, you need to provide options to alter GraphQL execution behavior in ways field "
    "arguments will not suffice, such as conditionally including or skipping a field. Directives provide this by "
    "describing additional information to the executor.",
    (
        Field("name", SOME_STRING),
        Field("description", STRING),
        Field("isRepeatable", SOME_BOOLEAN),
        Field("locations", some_items("__DirectiveLocation")),
        Field("args", some_items("__InputValue"), _WITH_DEPRECATED),
    ),
)

_TYPE_KIND = EnumType(
    "__TypeKind",
    tuple(
        map(EnumValue, ("SCALAR", "OBJECT", "INTERFACE", "UNION", "ENUM", "INPUT_OBJECT", "LIST", "NON_NULL")),
    ),
    "An enum describing what kind of type a given `__Type` is.",
)

_DIRECTIVE_LOCATION = EnumType(
    "__DirectiveLocation",
    tuple(
        EnumValue(name, f"Location adjacent to {what}.")
        for name, what in (
            ("QUERY", "a query operation"),
            ("MUTATION", "a mutation operation"),
            ("SUBSCRIPTION", "a subscription operation"),
            ("FIELD", "a field"),
            ("FRAGMENT_DEFINITION", "a fragment definition"),
            ("FRAGMENT_SPREAD", "a fragment spread"),
            ("INLINE_FRAGMENT", "an inline fragment"),
            ("VARIABLE_DEFINITION", "a variable definition"),
            ("SCHEMA", "a schema definition"),
            ("SCALAR", "a scalar definition"),
            ("OBJECT", "an object type definition"),
            ("FIELD_DEFINITION", "a field definition"),
            ("ARGUMENT_DEFINITION", "an argument definition"),
            ("INTERFACE", "an interface definition"),
            ("UNION", "a union definition"),
            ("ENUM", "an enum definition"),
            ("ENUM_VALUE", "an enum value definition"),
            ("INPUT_OBJECT", "an input object type definition"),
            ("INPUT_FIELD_DEFINITION", "an input object field definition"),
        )
    ),
    "A Directive can be adjacent to many parts of the GraphQL language, a __DirectiveLocation describes one such "
    "possible adjacencies.",
)

META_TYPES = (
    META_SCHEMA,
    META_TYPE,
    META_FIELD,
    META_INPUT_VALUE,
    META_ENUM_VALUE,
    META_DIRECTIVE,
    _TYPE_KIND,
    _DIRECTIVE_LOCATION,
)


class Directive(msgspec.Struct, frozen=True):
    """A directive that an operation may carry, on a field, a fragment spread or an inline fragment."""

    name: str
    description: str
    arguments: tuple[InputField, ...]
    locations: tuple[str, ...] = ("FIELD", "FRAGMENT_SPREAD", "INLINE_FRAGMENT")
    repeatable: bool = False


DIRECTIVES = (
    Directive(
        "include",
        "This field or fragment will be included only when the `if` argument is true.",
        (InputField("if", SOME_BOOLEAN, "Included when true"),),
    ),
    Directive(
        "skip",
        "This field or fragment will be skipped when the `if` argument is true.",
        (InputField("if", SOME_BOOLEAN, "Skipped when true"),),
    ),
)
