"""A document's text → the operation to run, or the reason why there is none.

graphql-core parses and does nothing else: its validation refuses what the dialect answers (undeclared variables,
duplicate keys), and its messages are not the dialect's. The order of the checks is that of pg_graphql's resolve.rs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from graphql.error import GraphQLSyntaxError
from graphql.language import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    ValueNode,
    parse,
)

from rowgate.graphql.errors import GraphQLError
from rowgate.graphql.limits import Limits

LEVELS = 50  # of fragments within fragments: pg_graphql's STACK_DEPTH_LIMIT
CHARACTERS = 200_000  # of a document: the lexer reads 3 to 10 million a second, and nothing else runs meanwhile
QUOTED = 200  # characters of a parser's message at most: it may quote a token as long as the document


class Operation(msgspec.Struct, frozen=True):
    """An operation, its document's fragments by name, and the defaults of those of its variables that have one."""

    kind: OperationType
    selections: tuple[SelectionNode, ...]
    fragments: Mapping[str, FragmentDefinitionNode]
    defaults: Mapping[str, ValueNode]


def read_operation(query: str, name: str | None, limits: Limits) -> Operation:
    """The operation called `name`, or the only one there is. Raises GraphQLError with `nothing_ran`."""
    document = _parsed(query, limits)
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    fragments: dict[str, FragmentDefinitionNode] = {}
    for each in document.definitions:
        if isinstance(each, FragmentDefinitionNode):
            fragments.setdefault(each.name.value, each)
    chosen = _chosen(operations, name)
    extents = _Extents(fragments)
    for fragment in fragments:
        extents.of_fragment(fragment, 1)
    if chosen is None:
        raise _refused("Operation not found")
    selections = chosen.selection_set.selections
    if chosen.operation is OperationType.SUBSCRIPTION:
        raise _refused("Subscriptions are not supported")
    extent = extents.of(selections)
    if 1 + extent.depth > limits.depth:
        raise _refused(f"Query selection depth exceeds the maximum allowed depth of {limits.depth}")
    if extent.selections > limits.tokens:
        raise _refused(f"Query selects more than {limits.tokens} fields once its fragments are spread")
    defaults = {
        each.variable.name.value: each.default_value
        for each in chosen.variable_definitions or ()
        if each.default_value is not None
    }
    return Operation(chosen.operation, selections, fragments, defaults)


def _refused(message: str) -> GraphQLError:
    return GraphQLError(message, nothing_ran=True)


def _parsed(query: str, limits: Limits) -> DocumentNode:
    try:
        document = parse(
            query,
            no_location=True,
            max_lexical_tokens=limits.tokens,
            max_comments=limits.tokens,
            max_source_length=CHARACTERS,
        )
    except GraphQLSyntaxError as error:
        raise _refused(_explained(error)) from None
    for each in document.definitions:
        if not isinstance(each, OperationDefinitionNode | FragmentDefinitionNode):
            raise _refused("query parse error: Type system definitions are not executable")
    return document


def _explained(error: GraphQLSyntaxError) -> str:
    """The parser's own words and the place, without the excerpt of the source."""
    message = error.message.removeprefix("Syntax Error: ").removesuffix(".")
    said = message if len(message) <= QUOTED else message[: QUOTED - 1] + "…"
    at = "".join(f" at line {each.line}, column {each.column}" for each in error.locations or ())
    return f"query parse error: {said}{at}".encode(errors="replace").decode()


def _chosen(operations: list[OperationDefinitionNode], name: str | None) -> OperationDefinitionNode | None:
    names = [_name(each) for each in operations]
    if len(names) > 1 and None in names:
        raise _refused("Anonymous operations must be the only defined operation")
    if len(set(names)) != len(names):
        raise _refused("Operation names must be unique")
    if name is None and len(operations) == 1:
        return operations[0]
    return next((each for each, its in zip(operations, names, strict=True) if its == name), None)


def _name(operation: OperationDefinitionNode) -> str | None:
    """A subscription has no name as far as pg_graphql is concerned."""
    if operation.name is None or operation.operation is OperationType.SUBSCRIPTION:
        return None
    return operation.name.value


class _Extent(msgspec.Struct, frozen=True):
    """How much a selection set holds: fields and pieces of syntax in one another, selections with fragments spread."""

    depth: int = 0
    levels: int = 1
    selections: int = 0


class _Extents:
    """Extents with fragments measured once each: a document of fragments that spread others twice is exponential."""

    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self._known: dict[str, _Extent] = {}
        self._open: set[str] = set()

    def of_fragment(self, name: str, level: int) -> _Extent:
        """The extent of a fragment that stands on a level of others; raises for a cycle and for too many levels."""
        if name in self._open:
            raise _refused("Found a cycle between fragments")
        extent = self._known.get(name)
        if extent is None:
            if level > LEVELS:
                raise _too_many_levels()
            self._open.add(name)
            extent = self.of(self._fragments[name].selection_set.selections, level + 1)
            self._open.remove(name)
            self._known[name] = extent
        if level + extent.levels > LEVELS:
            raise _too_many_levels()
        return extent

    def of(self, selections: Sequence[SelectionNode], level: int | None = None) -> _Extent:
        """The extent of a selection set, on a level within a fragment or, where that is None, of an operation."""
        if not selections:
            raise _refused("query parse error: Expected a selection, found '}'")
        depth, levels, count = 0, 0, len(selections)
        for each in selections:
            if isinstance(each, FragmentSpreadNode):
                if each.name.value not in self._fragments:
                    continue
                inner = self.of_fragment(each.name.value, 1 if level is None else level + 1)
                inner = _Extent(inner.depth, inner.levels + 1, inner.selections)
            else:
                assert isinstance(each, FieldNode | InlineFragmentNode), "there is no fourth kind of selection"
                inner = _LEAF
                if each.selection_set is not None:
                    inner = self.of(each.selection_set.selections, None if level is None else level + 1)
                if isinstance(each, FieldNode):
                    inner = _Extent(inner.depth + 1, inner.levels, inner.selections)
            depth, levels = max(depth, inner.depth), max(levels, inner.levels)
            count += inner.selections
        return _Extent(depth, levels + 1, count)


_LEAF = _Extent()


def _too_many_levels() -> GraphQLError:
    return _refused(f"Fragment cycle depth is greater than {LEVELS}")
