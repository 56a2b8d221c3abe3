"""The arguments and selections of a function that is a root field → a plan."""

from __future__ import annotations

import msgspec
from msgspec import UNSET

from rowgate.graphql.connection_plan import connection_plan
from rowgate.graphql.entities import Function, FunctionParameter
from rowgate.graphql.given import Input
from rowgate.graphql.inputs import argument, only_arguments
from rowgate.graphql.row_plan import row_plan
from rowgate.graphql.schema import ArgumentOf, Call, Field, ObjectType, Schema, named
from rowgate.graphql.scope import Scope, Selected
from rowgate.graphql.tree import ConnectionPlan, RowPlan
from rowgate.postgres.catalog.records import Volatility


class CallPlan(msgspec.Struct, frozen=True):
    """A call. `arguments` are those that were given, the others have their defaults; `returned` is what is read of the
    rows of a table, None for a value or an array."""

    function: Function
    arguments: tuple[tuple[FunctionParameter, Input], ...]
    returned: RowPlan | ConnectionPlan | None

    @property
    def cost(self) -> int:
        """How many rows it can reach at most."""
        return 1 if self.returned is None else self.returned.cost

    @property
    def indifferent(self) -> int:
        """How many of its values no plan depends on: all, unless it may become a part of the query around it, which
        only a function that returns a set and writes nothing can (inline_set_returning_function of Postgres)."""
        part = self.function.returns.set_of and self.function.volatility is not Volatility.VOLATILE
        return 0 if part else len(self.arguments)


def call_plan(selected: Selected, field: Field, schema: Schema, scope: Scope) -> CallPlan:
    """A function as a root field. Raises GraphQLError."""
    assert isinstance(field.meaning, Call)
    only_arguments(selected, field.arguments)
    arguments = []
    for name, each in field.arguments.items():
        if isinstance(each.meaning, ArgumentOf):
            given = argument(selected, field, name, schema, scope)
            if given is not UNSET:
                arguments.append((each.meaning.parameter, given))
    returned = _returned(selected, field, schema, scope)
    return CallPlan(field.meaning.function, tuple(arguments), returned)


def _returned(selected: Selected, field: Field, schema: Schema, scope: Scope) -> RowPlan | ConnectionPlan | None:
    of = schema.types[named(field.type)]
    if not isinstance(of, ObjectType):
        return None
    if of.table is not None:
        return row_plan(selected, of, schema, scope, tuple(field.arguments))
    return connection_plan(selected, field, schema, scope, tuple(field.arguments))
