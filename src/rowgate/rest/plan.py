"""RestRequest → Plan: everything a request names, looked up in the catalog. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec
from msgspec.structs import replace

from rowgate.postgres.catalog.records import Catalog, QualifiedName, Relation, Volatility
from rowgate.postgres.statement import Access
from rowgate.postgrest.errors import RestError
from rowgate.project.settings import RestSettings
from rowgate.rest.call_plan import Call, call_of
from rowgate.rest.hints import TABLE_SCORE, nearest
from rowgate.rest.mutation_plan import Mutation, delete_of, insert_of, put_of, update_of
from rowgate.rest.negotiation import OPENAPI, Body, Format, Resource, negotiate, not_available
from rowgate.rest.preferences import insist_on_known
from rowgate.rest.read_plan import Reading, names_one_row, read_tree
from rowgate.rest.select_syntax import EVERYTHING
from rowgate.rest.syntax import Action, Count, Range, RestRequest, Return
from rowgate.rest.tree import Field, Node, Output, Table, Written

DOCUMENT_TYPES = frozenset({OPENAPI, "application/json", "*/*"})


class ReadPlan(msgspec.Struct, frozen=True):
    """GET or HEAD of a relation."""

    relation: Relation
    node: Node
    format: Format
    count: Count | None
    max_rows: int | None
    head: bool


class MutationPlan(msgspec.Struct, frozen=True):
    """A write, and the tree that represents what it wrote. `format.body` is NONE unless a representation is asked."""

    relation: Relation
    action: Action
    mutation: Mutation
    node: Node
    format: Format
    count: Count | None
    returns: Return | None
    singular: bool


class CallPlan(msgspec.Struct, frozen=True):
    """A function call, and the tree that reads its rows."""

    call: Call
    node: Node
    format: Format
    count: Count | None
    max_rows: int | None
    access: Access
    head: bool
    singular: bool


class OptionsPlan(msgspec.Struct, frozen=True):
    """OPTIONS: the methods a resource has."""

    allow: str


class DescribePlan(msgspec.Struct, frozen=True):
    """GET or HEAD of the root: the OpenAPI document of a schema, with all of it or what the role may use."""

    schema: str
    everything: bool
    head: bool


Plan: TypeAlias = ReadPlan | MutationPlan | CallPlan | OptionsPlan | DescribePlan


def plan(request: RestRequest, catalog: Catalog, settings: RestSettings) -> Plan:
    """Resolve a request.

    Raises RestError: PGRST107, PGRST122, PGRST128, PGRST205 and what `read_plan`, `mutation_plan` and `call_plan`
    raise.
    """
    if request.action is Action.OPTIONS:
        return _options(request, catalog, settings)
    if request.action is Action.DESCRIBE:
        return _describe(request, settings)
    if request.action is Action.CALL:
        return _call(request, catalog, settings)
    relation = _relation(request, catalog)
    if request.action is Action.READ:
        return _read(request, catalog, settings, relation)
    return _mutation(request, catalog, settings, relation)


def _describe(request: RestRequest, settings: RestSettings) -> DescribePlan:
    """The document has one media type, also where `application/json` was asked for; ranges of types mean nothing."""
    if not any(media.name in DOCUMENT_TYPES for media in request.accept):
        raise not_available(request.accept)
    return DescribePlan(request.schema, settings.openapi_mode == "ignore-privileges", request.head)


def _read(request: RestRequest, catalog: Catalog, settings: RestSettings, relation: Relation) -> ReadPlan:
    reading = Reading(catalog, settings.db_max_rows, settings.db_aggregates_enabled)
    name = relation.qualified_name
    node = read_tree(reading, request.query, Table(name), name, request.range)
    if names_one_row(relation, node.conditions):
        node = _unlimited(node, settings)
    format_ = _format(request, catalog, settings, name)
    insist_on_known(request.preferences)
    return ReadPlan(relation, node, format_, request.preferences.count, settings.db_max_rows, request.head)


def _mutation(request: RestRequest, catalog: Catalog, settings: RestSettings, relation: Relation) -> MutationPlan:
    reading = Reading(catalog, None, settings.db_aggregates_enabled)
    node = read_tree(reading, request.query, Written(), relation.qualified_name, Range(), filtered=False)
    builders: dict[Action, Callable[[RestRequest, Catalog, Relation, Node], Mutation]] = {
        Action.CREATE: insert_of,
        Action.PUT: put_of,
        Action.UPDATE: update_of,
        Action.DELETE: delete_of,
    }
    mutation = builders[request.action](request, catalog, relation, node)
    insist_on_known(request.preferences)
    format_ = _format(request, catalog, settings, relation.qualified_name)
    preferences = request.preferences
    represented = preferences.returns is Return.REPRESENTATION
    written = format_ if represented else replace(format_, body=Body.NONE)
    return MutationPlan(
        relation,
        request.action,
        mutation,
        node,
        written,
        preferences.count,
        preferences.returns,
        format_.singular,
    )


def _unlimited(node: Node, settings: RestSettings) -> Node:
    """A node of one row without the limit of the settings, which would be two steps of Postgres' plan for nothing."""
    most = settings.db_max_rows
    return replace(node, range=Range()) if most and node.range == Range(0, most) else node


def _call(request: RestRequest, catalog: Catalog, settings: RestSettings) -> CallPlan:
    call = call_of(request, catalog)
    function = call.function
    returned = function.returns.relation or (function.schema, function.name)
    reading = Reading(catalog, settings.db_max_rows, settings.db_aggregates_enabled)
    node = read_tree(reading, request.query, call, returned, request.range)
    if call.scalar:  # values have one column, and nothing to select
        node = replace(node, outputs=(Output(Field("*")),))
    if call.single:
        node = _unlimited(node, settings)
    format_ = _format(request, catalog, settings, returned, call)
    preferences = request.preferences
    insist_on_known(preferences)
    if preferences.max_affected is not None and preferences.handling == "strict" and call.single:
        raise RestError(
            400,
            "PGRST128",
            "Function must return SETOF or TABLE when max-affected preference is used with handling=strict",
        )
    writes = request.method == "POST" and function.volatility is Volatility.VOLATILE
    return CallPlan(
        call,
        node,
        format_,
        preferences.count,
        settings.db_max_rows,
        Access.READ_WRITE if writes else Access.READ_ONLY,
        request.head,
        format_.singular,
    )


def _format(
    request: RestRequest, catalog: Catalog, settings: RestSettings, relation: QualifiedName, call: Call | None = None
) -> Format:
    shown = Resource(relation, request.query.select == EVERYTHING, call)
    return negotiate(request.accept, shown, catalog.media_handlers, plans=settings.db_plan_enabled)


def _options(request: RestRequest, catalog: Catalog, settings: RestSettings) -> OptionsPlan:
    """Of a function's overloads the one that a call without arguments means is described, as upstream has it."""
    if not request.target:
        return OptionsPlan("OPTIONS,GET,HEAD")
    if request.function:
        function = _call(request, catalog, settings).call.function
        reads = function.volatility is not Volatility.VOLATILE
        return OptionsPlan("OPTIONS,GET,HEAD,POST" if reads else "OPTIONS,POST")
    relation = _relation(request, catalog)
    allowed = ["OPTIONS,GET,HEAD"]
    if relation.insertable:
        allowed.append("POST")
    if relation.insertable and relation.updatable and relation.primary_key:
        allowed.append("PUT")
    if relation.updatable:
        allowed.append("PATCH")
    if relation.deletable:
        allowed.append("DELETE")
    return OptionsPlan(",".join(allowed))


def _relation(request: RestRequest, catalog: Catalog) -> Relation:
    """A partition is reached through its parent alone, as upstream has it."""
    relation = catalog.relations.get((request.schema, request.target))
    if relation is not None and not relation.is_partition:
        return relation
    known = [
        name for (schema, name), each in catalog.relations.items() if schema == request.schema and not each.is_partition
    ]
    meant = nearest(request.target, known, TABLE_SCORE)
    raise RestError(
        404,
        "PGRST205",
        f"Could not find the table '{request.schema}.{request.target}' in the schema cache",
        None,
        f"Perhaps you meant the table '{request.schema}.{meant}'" if meant else None,
    )
