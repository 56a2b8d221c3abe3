"""Tables and views in the OpenAPI document: a path, a definition, and a parameter for each column."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rowgate.postgres.catalog.records import Cardinality, Catalog, Column, Relation, Relationship
from rowgate.rest.openapi_types import STRING, column_type, default_value, typed

READING = ("select", "order", "range", "rangeUnit", "offset", "limit", "preferCount")


def reference(section: str, name: str) -> dict[str, str]:
    """A JSON pointer (RFC 6901) as a URI fragment: what has a meaning there is escaped, the rest stands as upstream
    writes it."""
    return {"$ref": f"#/{section}/{name.replace('~', '~0').replace('/', '~1').replace('%', '%25')}"}


def commented(comment: str | None) -> dict[str, str]:
    """A comment's first line is the summary, what follows it the description."""
    if comment is None:
        return {}
    summary, _, rest = comment.partition("\n")
    description = rest.lstrip("\n")
    return {"summary": summary, "description": description} if description else {"summary": summary}


def relation_path(relation: Relation) -> dict[str, Any]:
    """What can be done with a relation. Writing comes whole: upstream shows it where any kind of it is possible."""
    name = relation.name
    about = {**commented(relation.comment), "tags": [name]}
    filters = [reference("parameters", f"rowFilter.{name}.{column}") for column in relation.columns]
    body = reference("parameters", f"body.{name}")
    rows = {"description": "OK", "schema": {"type": "array", "items": reference("definitions", name)}}
    path: dict[str, Any] = {
        "get": {
            **about,
            "parameters": [*filters, *(reference("parameters", each) for each in READING)],
            "responses": {"200": rows, "206": {"description": "Partial Content"}},
        }
    }
    if relation.insertable or relation.updatable or relation.deletable:
        returning = reference("parameters", "preferReturn")
        path["post"] = {
            **about,
            "parameters": [body, reference("parameters", "select"), reference("parameters", "preferPost")],
            "responses": {"201": {"description": "Created"}},
        }
        path["patch"] = {
            **about,
            "parameters": [*filters, body, returning],
            "responses": {"204": {"description": "No Content"}},
        }
        path["delete"] = {
            **about,
            "parameters": [*filters, returning],
            "responses": {"204": {"description": "No Content"}},
        }
    return path


def relation_definition(relation: Relation, catalog: Catalog) -> dict[str, Any]:
    """A row of a relation."""
    definition: dict[str, Any] = {"type": "object"}
    if relation.comment is not None:
        definition["description"] = relation.comment
    if relation.columns:
        keys = _single_keys(relation, catalog)
        definition["properties"] = {
            name: _property(column, name in relation.primary_key, keys.get(name))
            for name, column in relation.columns.items()
        }
    if required := [name for name, column in relation.columns.items() if not column.nullable]:
        definition["required"] = required
    return definition


def relation_parameters(relation: Relation) -> Iterator[tuple[str, dict[str, Any]]]:
    """A relation's body, and a filter for each of its columns."""
    name = relation.name
    yield (
        f"body.{name}",
        {
            "name": name,
            "description": name,
            "required": False,
            "in": "body",
            "schema": reference("definitions", name),
        },
    )
    for column in relation.columns.values():
        filter_: dict[str, Any] = {"name": column.name, "required": False, "in": "query", "type": STRING}
        if column.comment is not None:
            filter_["description"] = column.comment
        yield f"rowFilter.{name}.{column.name}", filter_


def _single_keys(relation: Relation, catalog: Catalog) -> dict[str, tuple[str, str]]:
    """Where a column's own foreign key leads to, as (relation, column): to a table rather than to a view of it."""
    known = [
        each
        for each in catalog.relationships.get(relation.qualified_name, ())
        if each.target[0] == relation.schema and _refers(each)
    ]
    found: dict[str, tuple[str, str]] = {}
    for each in sorted(known, key=lambda one: one.target_is_view):
        ((column, target_column),) = each.columns
        found.setdefault(column, (each.target[1], target_column))
    return found


def _refers(relationship: Relationship) -> bool:
    """Whether this is a foreign key of one column, seen from the side that holds it."""
    held = relationship.cardinality is Cardinality.MANY_TO_ONE or (
        relationship.cardinality is Cardinality.ONE_TO_ONE and relationship.is_parent
    )
    return held and len(relationship.columns) == 1


def _property(column: Column, primary: bool, key: tuple[str, str] | None) -> dict[str, Any]:
    kind = column_type(column)
    schema = typed(kind)
    if (description := _description(column, primary, key)) is not None:
        schema["description"] = description
    if column.default is not None and (value := default_value(kind, column.default)) is not None:
        schema["default"] = value[0]
    if column.enum:
        schema["enum"] = column.enum
    if column.max_length is not None:
        schema["maxLength"] = column.max_length
    return schema


def _description(column: Column, primary: bool, key: tuple[str, str] | None) -> str | None:
    """The comment, and the notes on keys that code generators look for."""
    notes = ["Note:"]
    if primary:
        notes.append("This is a Primary Key.<pk/>")
    if key is not None:
        table, name = key
        notes.append(f"This is a Foreign Key to `{table}.{name}`.<fk table='{table}' column='{name}'/>")
    if len(notes) == 1:
        return column.comment
    return "\n\n".join([*([] if column.comment is None else [column.comment]), "\n".join(notes)])
