"""What a write does to which rows, resolved against the catalog.

Rules: https://docs.postgrest.org/en/v14/references/api/tables_views.html (insert, update, upsert, delete)
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from rowgate.postgres.catalog.records import Catalog, Column, ComputedRelationship, Relation, Relationship
from rowgate.postgrest.errors import RestError
from rowgate.rest.read_plan import conditions_of
from rowgate.rest.syntax import Filter, Payload, Resolution, RestRequest, Return
from rowgate.rest.tree import Node, NodeCondition


class Insert(msgspec.Struct, frozen=True):
    """INSERT of the payload's rows. `conflict` is the target of ON CONFLICT; `conditions` are those of PUT.

    `readers` are the functions (quoted, qualified) that read a column's domain from its own wire form, by column.
    """

    relation: Relation
    columns: tuple[Column, ...]
    payload: Payload
    defaults: bool  # Prefer: missing=default
    resolution: Resolution | None = None
    conflict: tuple[str, ...] = ()
    conditions: tuple[NodeCondition, ...] = ()
    returning: tuple[str, ...] = ()
    readers: tuple[tuple[str, str], ...] = ()


class Update(msgspec.Struct, frozen=True):
    """UPDATE of the rows that meet `conditions`, from the payload's one object."""

    relation: Relation
    columns: tuple[Column, ...]
    payload: Payload
    defaults: bool
    conditions: tuple[NodeCondition, ...] = ()
    returning: tuple[str, ...] = ()
    readers: tuple[tuple[str, str], ...] = ()


class Delete(msgspec.Struct, frozen=True):
    """DELETE of the rows that meet `conditions`."""

    relation: Relation
    conditions: tuple[NodeCondition, ...] = ()
    returning: tuple[str, ...] = ()


Mutation: TypeAlias = Insert | Update | Delete


def insert_of(request: RestRequest, catalog: Catalog, relation: Relation, node: Node) -> Insert:
    """Plan a POST. Raises RestError PGRST204 for a column the relation does not have."""
    payload = _payload(request)
    target = request.query.on_conflict if request.query.on_conflict is not None else relation.primary_key
    resolution = request.preferences.resolution if target else None
    return Insert(
        relation,
        _columns(relation, payload),
        payload,
        request.preferences.missing == "default",
        resolution,
        target if resolution else (),
        (),
        _returning(request, relation, node),
        _readers(catalog, relation, payload),
    )


def put_of(request: RestRequest, catalog: Catalog, relation: Relation, node: Node) -> Insert:
    """Plan a PUT: an upsert of the one row that the filters name by its whole primary key.

    Raises RestError PGRST105 for any other filters, PGRST204.
    """
    filters = [each for path, each in request.query.filters if not path]
    by_key = all(
        isinstance(each, Filter) and each.operator == "eq" and not (each.negated or each.quantifier or each.field.steps)
        for each in filters
    )
    named = {each.field.name for each in filters if isinstance(each, Filter)}
    if not by_key or not relation.primary_key or named != set(relation.primary_key):
        raise RestError(405, "PGRST105", "Filters must include all and only primary key columns with 'eq' operators")
    payload = _payload(request)
    return Insert(
        relation,
        _columns(relation, payload),
        payload,
        False,
        Resolution.MERGE_DUPLICATES,
        relation.primary_key,
        conditions_of(catalog, relation, request.query),
        _returning(request, relation, node),
        _readers(catalog, relation, payload),
    )


def update_of(request: RestRequest, catalog: Catalog, relation: Relation, node: Node) -> Update:
    """Plan a PATCH. Raises RestError PGRST204."""
    payload = _payload(request)
    return Update(
        relation,
        _columns(relation, payload),
        payload,
        request.preferences.missing == "default",
        conditions_of(catalog, relation, request.query),
        _returning(request, relation, node),
        _readers(catalog, relation, payload),
    )


def delete_of(request: RestRequest, catalog: Catalog, relation: Relation, node: Node) -> Delete:
    """Plan a DELETE."""
    return Delete(relation, conditions_of(catalog, relation, request.query), _returning(request, relation, node))


def _payload(request: RestRequest) -> Payload:
    if request.payload is None:
        raise RestError(400, "PGRST102", "Empty or invalid json")
    return request.payload


def _columns(relation: Relation, payload: Payload) -> tuple[Column, ...]:
    return tuple(_column(relation, name) for name in dict.fromkeys(payload.columns))


def _readers(catalog: Catalog, relation: Relation, payload: Payload) -> tuple[tuple[str, str], ...]:
    if not catalog.representations:
        return ()
    known = ((each.name, catalog.representations.get(each.type)) for each in _columns(relation, payload))
    return tuple((name, form.from_json) for name, form in known if form is not None and form.from_json is not None)


def _column(relation: Relation, name: str) -> Column:
    column = relation.columns.get(name)
    if column is None:
        raise RestError(400, "PGRST204", f"Could not find the '{name}' column of '{relation.name}' in the schema cache")
    return column


def _returning(request: RestRequest, relation: Relation, node: Node) -> tuple[str, ...]:
    """The columns RETURNING must give: those of the answer, of its order, and of the keys its embeds hang on.

    No column at all where nothing is represented: a role that may insert but not read can do so (RLS asks for the
    SELECT policies as soon as one column is returned).
    """
    if request.preferences.returns is Return.HEADERS_ONLY:
        return relation.primary_key
    if request.preferences.returns is not Return.REPRESENTATION:
        return ()
    return needed_columns(node)


def needed_columns(node: Node) -> tuple[str, ...]:
    """The names a root node reads from its source, in the order of its answer; `*` where it needs whole rows."""
    names: dict[str, None] = {}
    for output in node.outputs:
        if output.field is not None:
            names[output.field.name] = None
    for order in node.order:
        if order.embed is None:
            names[order.field.name] = None
    for embed in node.embeds:
        columns = _source_columns(embed.relationship)
        if columns is None:
            return ("*",)
        names.update(dict.fromkeys(columns))
    return ("*",) if "*" in names or not names else tuple(names)


def _source_columns(relationship: Relationship | ComputedRelationship) -> tuple[str, ...] | None:
    """The source's key columns; None for a computed relationship, whose function takes the whole row."""
    if isinstance(relationship, ComputedRelationship):
        return None
    if relationship.junction is not None:
        return tuple(column for _, column in relationship.junction.source_columns)
    return tuple(column for column, _ in relationship.columns)
