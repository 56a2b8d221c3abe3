"""An orderBy argument → what rows are sorted by."""

from __future__ import annotations

from rowgate.graphql.entities import Table
from rowgate.graphql.given import Given, Input
from rowgate.graphql.schema import InputType, Value
from rowgate.graphql.scope import Scope
from rowgate.graphql.tree import Ordering


def order_plan(given: Input, of: InputType, table: Table, scope: Scope) -> tuple[Ordering, ...]:
    """The columns that are asked for, then the key, so that rows have one order. Directions are pinned."""
    asked: list[Ordering] = []
    for entry in given if isinstance(given, list) else ():
        for name, direction in entry.items() if isinstance(entry, dict) else ():
            meaning = of.fields[name].meaning
            if isinstance(direction, Given) and (word := scope.trace.value(direction)) is not None:
                assert isinstance(meaning, Value)
                asked.append(Ordering(meaning.column, word.startswith("Desc"), word.endswith("NullsFirst")))
    return (*asked, *(Ordering(column) for column in table.key))
