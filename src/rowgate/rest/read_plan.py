"""A select list, filters, orders and ranges → the read tree: names looked up, embeds related, limits applied."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from rowgate.postgres.catalog.records import Catalog, Column, QualifiedName, Relation, RelationKind, Relationship
from rowgate.postgrest.errors import RestError
from rowgate.rest.embedding import find_relationship
from rowgate.rest.ranges import capped
from rowgate.rest.select_syntax import EVERYTHING
from rowgate.rest.syntax import (
    Condition,
    EmbedPath,
    FieldPath,
    Filter,
    OrderTerm,
    QueryString,
    Range,
    SelectEmbed,
    SelectField,
    SelectItem,
    Window,
)
from rowgate.rest.tree import (
    Computed,
    Embed,
    Field,
    FieldFilter,
    Group,
    Node,
    NodeCondition,
    Order,
    Output,
    Presence,
    Source,
    SpreadColumn,
    Table,
)

KEYED = (RelationKind.TABLE, RelationKind.PARTITIONED_TABLE)  # a view's primary key is inherited, and not enforced
JSON_TYPES = frozenset({"json", "jsonb"})
NAME_BYTES = 63  # Postgres' NAMEDATALEN - 1

Item = TypeVar("Item")
Scoped = tuple[tuple[EmbedPath, Item], ...]


class Wishes(msgspec.Struct, frozen=True):
    """What the query string asks of a node and of the nodes below it, each wish with its path from here."""

    filters: tuple[tuple[EmbedPath, Condition], ...]
    orders: tuple[tuple[EmbedPath, tuple[OrderTerm, ...]], ...]
    ranges: tuple[tuple[EmbedPath, Range | Window], ...]


class Reading(msgspec.Struct, frozen=True):
    """What a node is planned with, beside its own wishes."""

    catalog: Catalog
    max_rows: int | None  # None for the representation of a write, which is never cut short
    aggregates: bool
    limited: bool = True  # whether max_rows bounds the node at hand


def read_tree(
    reading: Reading,
    query: QueryString,
    source: Source,
    root: QualifiedName,
    rows: Range | Window,
    *,
    filtered: bool = True,
) -> Node:
    """Plan the tree of `query` over `source`, whose rows are those of the relation `root`.

    `filtered` False leaves the top level's own filters out: those of a write choose the rows to be written. A top level
    that selects nothing at all selects everything.

    Raises RestError: PGRST108 for a wish about something not embedded, PGRST118 and PGRST120 for one an embed cannot
    fulfil, PGRST123 for an aggregate where they are switched off, PGRST127, PGRST200, PGRST201, 42712 for two embeds of
    one name.
    """
    filters = query.filters if filtered else tuple(each for each in query.filters if each[0])
    ranges = (*((path, each) for path, each in query.ranges if path), ((), rows))
    wishes = Wishes(filters, query.orders, ranges)
    relation = reading.catalog.relations.get(root)
    select = query.select or EVERYTHING
    return _node(reading, source, root, root[1], relation, select, wishes, depth=0, taken=frozenset())


def _node(
    reading: Reading,
    source: Source,
    name: QualifiedName,
    alias: str,
    relation: Relation | None,
    select: tuple[SelectItem, ...],
    wishes: Wishes,
    depth: int,
    taken: frozenset[str],
) -> Node:
    asked = tuple(item for item in select if isinstance(item, SelectEmbed))
    below = _deal(asked, wishes) if asked or _any_below(wishes) else ()
    embeds = tuple(
        _embed(reading, name, item, wishes_below, depth + 1, taken | {alias}, place)
        for place, (item, wishes_below) in enumerate(zip(asked, below, strict=True), 1)
    )
    _refuse_namesakes(name, asked, depth + 1)
    outputs = tuple(_output(reading, relation, item) for item in select if isinstance(item, SelectField))
    if relation is not None and _must_expand(reading, relation, outputs, embeds):
        outputs = tuple(_expanded(reading.catalog, relation, outputs))
    range_ = next((each for path, each in reversed(wishes.ranges) if not path), Range())
    return Node(
        source=source,
        alias=alias,
        relation=relation,
        outputs=outputs,
        embeds=embeds,
        conditions=tuple(
            _condition(reading.catalog, relation, asked, each) for path, each in wishes.filters if not path
        ),
        order=tuple(
            _order(reading.catalog, name, relation, asked, embeds, term)
            for path, terms in wishes.orders
            if not path
            for term in terms
        ),
        range=_limited(range_, reading.max_rows if reading.limited else None),
    )


def _refuse_namesakes(parent: QualifiedName, asked: tuple[SelectEmbed, ...], depth: int) -> None:
    """Two embeds of one name would be two members of one name in a JSON object, of which a reader sees one.

    Upstream's joins get their names from the embeds, so there Postgres refuses the second: these are its words.
    """
    names: set[str] = set()
    for item in asked:
        name = item.alias or item.relation
        if name in names and not item.spread:
            message = f'table name "{parent[1]}_{name}_{depth}" specified more than once'
            raise RestError(400, "42712", message)
        if not item.spread:
            names.add(name)


def _any_below(wishes: Wishes) -> bool:
    return any(path for each in (wishes.filters, wishes.orders, wishes.ranges) for path, _ in each)


def _deal(asked: tuple[SelectEmbed, ...], wishes: Wishes) -> tuple[Wishes, ...]:
    """Hand each wish with a path to the embed it names, one step of the path shorter."""

    def dealt(items: Iterable[tuple[EmbedPath, Item]]) -> list[list[tuple[EmbedPath, Item]]]:
        hands: list[list[tuple[EmbedPath, Item]]] = [[] for _ in asked]
        for path, item in items:
            if path:
                hands[_embed_named(asked, path[0])].append((path[1:], item))
        return hands

    filters, orders, ranges = dealt(wishes.filters), dealt(wishes.orders), dealt(wishes.ranges)
    return tuple(
        Wishes(tuple(filters[index]), tuple(orders[index]), tuple(ranges[index])) for index in range(len(asked))
    )


def _embed_named(asked: tuple[SelectEmbed, ...], name: str) -> int:
    for index, item in enumerate(asked):
        if name in (item.alias, item.relation):
            return index
    raise RestError(
        400,
        "PGRST108",
        f"'{name}' is not an embedded resource in this request",
        None,
        f"Verify that '{name}' is included in the 'select' query parameter.",
    )


def _embed(
    reading: Reading,
    parent: QualifiedName,
    item: SelectEmbed,
    wishes: Wishes,
    depth: int,
    taken: frozenset[str],
    place: int,
) -> Embed:
    relationship = find_relationship(reading.catalog, parent, item.relation, item.hint)
    target = relationship.target
    alias = _free(target[1], f"_{depth}", taken)
    source: Source = Table(target) if isinstance(relationship, Relationship) else Computed(relationship)
    relation = reading.catalog.relations.get(target)
    # One row needs no limit, and a limit would keep the planner from seeing a plain lookup.
    own = replace(reading, limited=not relationship.to_one)
    node = _node(own, source, target, alias, relation, item.children, wishes, depth, taken)
    columns: tuple[SpreadColumn, ...] = ()
    if item.spread:
        node, columns = _spread(reading.catalog, node, relationship.to_one)
    junction = relationship.junction if isinstance(relationship, Relationship) else None
    return Embed(
        name=item.alias or item.relation,
        node=node,
        relationship=relationship,
        inner=item.join == "inner",
        spread=item.spread,
        columns=columns,
        joined=_free(
            f"{parent[1]}_{item.alias or item.relation}",
            f"_{depth}_{place}" if item.spread else f"_{depth}",
            taken | {alias},
        ),
        junction_alias=_free(junction.name, f"_via_{depth}", taken | {alias}) if junction else "",
    )


def _free(name: str, suffix: str, taken: frozenset[str]) -> str:
    """A name no row above has: a table really called `users_1` must not hide, or be hidden by, an alias.

    Postgres cuts names at 63 bytes, suffix and all, so a long one is shortened first.
    """
    room = NAME_BYTES - len(suffix) - 1  # one for the copy of an embed that only asks whether it exists
    if len(name) > room // 4:  # a character has up to four bytes
        name = name.encode()[:room].decode(errors="ignore")
    alias = name + suffix
    while alias in taken:
        alias += "_"
    return alias


def _spread(catalog: Catalog, node: Node, to_one: bool) -> tuple[Node, tuple[SpreadColumn, ...]]:
    """The columns a spread gives its parent; a to-one spread's aggregates move up, where the rows are grouped."""
    if not to_one and node.aggregated:
        raise RestError(
            400,
            "PGRST127",
            "Feature not implemented",
            "Aggregates are not implemented for one-to-many or many-to-many spreads.",
        )
    kept: list[Output] = []
    columns: list[SpreadColumn] = []
    # Each column of a spread is named in its parent, so `*` is spelled out.
    for output in _expanded(catalog, node.relation, node.outputs):
        name = output.alias or (output.field.name if output.field else "count")
        if output.aggregate:
            own = output.alias or output.aggregate
            inner = f"{node.alias}_{own}_{len(kept)}"
            kept.append(Output(output.field, alias=inner, cast=output.cast))
            columns.append(SpreadColumn(inner, own, output.aggregate, output.aggregate_cast))
        else:
            kept.append(output)
            columns.append(SpreadColumn(name))
    embeds: list[Embed] = []
    for embed in node.embeds:
        lifted = [SpreadColumn(each.name) if each.aggregate else each for each in embed.columns]
        embeds.append(replace(embed, columns=tuple(lifted)))
        columns += [each if each.aggregate else SpreadColumn(each.alias or each.name) for each in embed.columns]
        if not embed.spread and not embed.node.answers_nothing:
            columns.append(SpreadColumn(embed.name))
    return replace(node, outputs=tuple(kept), embeds=tuple(embeds)), tuple(columns)


def names_one_row(relation: Relation, conditions: tuple[NodeCondition, ...]) -> bool:
    """Whether conditions compare a whole primary key with one value, so that no more than a row can meet them."""
    compared = {
        each.field.name
        for each in conditions
        if isinstance(each, FieldFilter)
        and each.filter.operator == "eq"
        and not (each.filter.negated or each.filter.quantifier or each.field.steps)
    }
    return bool(relation.primary_key) and relation.kind in KEYED and compared.issuperset(relation.primary_key)


def resolve_field(catalog: Catalog, relation: Relation | None, path: FieldPath) -> Field:
    """Look a column up. One the catalog does not know may be a computed column, and keeps its name."""
    column = relation.columns.get(path.name) if relation is not None else None
    if column is None:
        return Field(path.name, path.steps, to_jsonb=bool(path.steps))
    if path.steps:
        return Field(path.name, path.steps, column.base_type not in JSON_TYPES, column.base_type)
    return _column_field(catalog, column)


def _column_field(catalog: Catalog, column: Column) -> Field:
    """A whole column, with the wire form its domain may have."""
    known = catalog.representations.get(column.type) if catalog.representations else None
    if known is None:
        return Field(column.name, base_type=column.base_type)
    return Field(column.name, base_type=column.base_type, to_json=known.to_json, from_text=known.from_text)


def _output(reading: Reading, relation: Relation | None, item: SelectField) -> Output:
    if item.aggregate and not reading.aggregates:
        raise RestError(400, "PGRST123", "Use of aggregate functions is not allowed")
    field = None if item.field is None or (item.field.name == "*" and item.aggregate) else item.field
    resolved = resolve_field(reading.catalog, relation, field) if field is not None else None
    alias = item.alias or (_path_alias(field) if field is not None and field.steps and not item.aggregate else None)
    return Output(resolved, alias, item.cast, item.aggregate, item.aggregate_cast)


def _path_alias(path: FieldPath) -> str:
    """The last key of a JSON path names the column; a path of indexes alone keeps the column's own name."""
    return next((step.key for step in reversed(path.steps) if step.key is not None), path.name)


def _must_expand(reading: Reading, relation: Relation, outputs: tuple[Output, ...], embeds: tuple[Embed, ...]) -> bool:
    """`*` has to be spelled out where rows are grouped, and where a domain has a wire form of its own."""
    if not any(output.field is not None and output.field.star for output in outputs):
        return False
    grouped = any(output.aggregate for output in outputs) or any(c.aggregate for e in embeds for c in e.columns)
    return grouped or any(column.type in reading.catalog.representations for column in relation.columns.values())


def _expanded(catalog: Catalog, relation: Relation | None, outputs: tuple[Output, ...]) -> Iterable[Output]:
    for output in outputs:
        if relation is not None and output.field is not None and output.field.star and output.aggregate is None:
            yield from (Output(_column_field(catalog, column)) for column in relation.columns.values())
        else:
            yield output


def conditions_of(catalog: Catalog, relation: Relation, query: QueryString) -> tuple[NodeCondition, ...]:
    """The top level's own filters, for a write."""
    return tuple(_condition(catalog, relation, (), each) for path, each in query.filters if not path)


def _condition(
    catalog: Catalog, relation: Relation | None, asked: tuple[SelectEmbed, ...], condition: Condition
) -> NodeCondition:
    if isinstance(condition, Filter):
        embed = _presence(relation, asked, condition)
        return embed or FieldFilter(resolve_field(catalog, relation, condition.field), condition)
    children = tuple(_condition(catalog, relation, asked, child) for child in condition.children)
    return Group(condition.operator, children, condition.negated)


def _presence(relation: Relation | None, asked: tuple[SelectEmbed, ...], condition: Filter) -> Presence | None:
    if condition.field.steps or not asked:
        return None
    column = relation is not None and condition.field.name in relation.columns
    for index, item in enumerate(asked):
        if condition.field.name == (item.alias or item.relation):
            null = condition.operator == "is" and condition.value.lower() in ("null", "not_null")
            if not null and column:
                return None
            if not null:
                raise RestError(
                    400,
                    "PGRST120",
                    f"Bad operator on the '{condition.field.name}' embedded resource",
                    "Only is null or not is null filters are allowed on embedded resources",
                )
            return Presence(index, present=condition.negated != (condition.value.lower() == "not_null"))
    return None


def _order(
    catalog: Catalog,
    name: QualifiedName,
    relation: Relation | None,
    asked: tuple[SelectEmbed, ...],
    embeds: tuple[Embed, ...],
    term: OrderTerm,
) -> Order:
    if term.relation is None:
        field = resolve_field(catalog, relation, term.field)
        return Order(field, None, term.descending, term.nulls_first)
    index = _embed_named(asked, term.relation)
    embed = embeds[index]
    if not embed.to_one:
        raise RestError(
            400,
            "PGRST118",
            f"A related order on '{term.relation}' is not possible",
            f"'{name[1]}' and '{term.relation}' do not form a many-to-one or one-to-one relationship",
        )
    path = _unaliased(embed.node.relation, asked[index], term.field)
    return Order(resolve_field(catalog, embed.node.relation, path), index, term.descending, term.nulls_first)


def _unaliased(relation: Relation | None, embed: SelectEmbed, path: FieldPath) -> FieldPath:
    """A sort key may say a column's alias in the embed; a spread's is known to its parent by that name alone."""
    if embed.spread or path.steps or (relation is not None and path.name in relation.columns):
        return path
    aliased = (each for each in embed.children if isinstance(each, SelectField) and each.alias == path.name)
    return next((each.field for each in aliased if each.field is not None and not each.aggregate), path)


def _limited(rows: Range | Window, max_rows: int | None) -> Range | Window:
    """An embed's range within max_rows; the window of the top level was cut to them when it was read."""
    return rows if max_rows is None or isinstance(rows, Window) else capped(rows, max_rows)
