"""What a GraphQL schema tells of itself, and to whom."""

from __future__ import annotations

from tests.guards.guard import Guard

_DEFINITION = "unit/graphql/test_definition.py::"
_INTROSPECTION = "unit/graphql/test_introspection.py::"

GUARDS = (
    Guard(
        "introspection is opted into",
        "a database described to everybody who asks, though nobody said that it may be",
        "graphql/definition/query_root.py",
        "    if introspection:\n",
        "    if True:\n",
        (f"{_DEFINITION}test_introspection_can_be_for_all_or_off",),
    ),
    Guard(
        "types of schemas that did not opt in",
        "tables found out by guessing names",
        "graphql/introspection.py",
        ' if name in self._shown else b"null"\n',
        ' if name in self._schema.types else b"null"\n',
        (f"{_INTROSPECTION}test_a_type_that_is_hidden_looks_like_one_that_is_not_there",),
    ),
    Guard(
        "fields of types that are not shown",
        "the same tables, read off their collections",
        "graphql/introspection.py",
        "        return named(field.type) in self._shown\n",
        "        return True\n",
        (f"{_INTROSPECTION}test_fields_of_hidden_types_and_of_hidden_functions_are_left_out",),
    ),
    Guard(
        "size of an introspection",
        "gigabytes of types in fields in types, asked for in ten lines",
        "graphql/introspection.py",
        "        if self.spent > self._most:\n",
        "        if False:\n",
        (f"{_INTROSPECTION}test_walking_in_circles_ends_at_the_budget",),
    ),
    Guard(
        "aggregates of readable columns",
        "the sum of a column that the role may not read",
        "graphql/definition/table_inputs.py",
        "if column.selectable and column.named",
        "if column.named",
        (f"{_DEFINITION}test_a_column_that_may_not_be_read_is_not_aggregated",),
    ),
    Guard(
        "names of the dialect's own types",
        "a table that takes the place of String for everybody",
        "graphql/definition/define.py",
        "    return not (_ROOTS.isdisjoint(names) and makers.keys().isdisjoint(names))",
        "    return not _ROOTS.isdisjoint(names)",
        (f"{_DEFINITION}test_no_table_takes_the_name_of_the_dialects_own_types",),
    ),
)
