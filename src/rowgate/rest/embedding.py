"""Which relationship an embed means: PostgREST's rules of choice and the errors where there is none, or more than one.

Rules: https://docs.postgrest.org/en/v14/references/api/resource_embedding.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rowgate.postgres.catalog.records import Cardinality, Catalog, ComputedRelationship, QualifiedName, Relationship
from rowgate.postgrest.errors import RestError
from rowgate.rest.hints import nearest


def find_relationship(
    catalog: Catalog, origin: QualifiedName, target: str, hint: str | None
) -> Relationship | ComputedRelationship:
    """The one relationship from `origin` that `target!hint` names.

    A computed relationship of that name overrides the detected ones. Raises RestError PGRST200 when none fits,
    PGRST201 when several do.
    """
    for computed in catalog.computed_relationships.get(origin, ()):
        if computed.function[1] == target:
            return computed
    known = [each for each in catalog.relationships.get(origin, ()) if each.target[0] == origin[0]]
    found = [each for each in known if _fits(each, target, hint)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise _none_found(catalog, origin, target, hint)
    raise _several_found(origin, target, found)


def _fits(relationship: Relationship, target: str, hint: str | None) -> bool:
    named = target == relationship.target[1]
    many_to_many = relationship.junction is not None
    single = relationship.columns[0] if len(relationship.columns) == 1 and not many_to_many else None
    if relationship.is_self:
        return _fits_self(relationship, target, hint, named, single)
    if hint is None:
        if named:
            return True
        if many_to_many or relationship.target_is_view:
            return False
        return target == relationship.constraint or (single is not None and target == single[0])
    if not named:
        return False
    if relationship.junction is not None:
        return hint == relationship.junction.name
    return hint == relationship.constraint or (single is not None and hint in single)


def _fits_self(
    relationship: Relationship, target: str, hint: str | None, named: bool, single: tuple[str, str] | None
) -> bool:
    """A self-reference is one key seen from two sides: the table's name means its children, the column its parent."""
    to_many = relationship.cardinality is Cardinality.ONE_TO_MANY
    if hint is None:
        if named and to_many:
            return True
        return relationship.cardinality is Cardinality.MANY_TO_ONE and single is not None and target == single[0]
    return named and to_many and single is not None and hint == single[1]


def _none_found(catalog: Catalog, origin: QualifiedName, target: str, hint: str | None) -> RestError:
    schema, name = origin
    using = f"' using the hint '{hint}" if hint is not None else ""
    suggestion: str | None = None
    if origin in catalog.relationships or origin in catalog.computed_relationships:
        related = [each.target for each in catalog.relationships.get(origin, ())]
        related += [each.target for each in catalog.computed_relationships.get(origin, ())]
        targets = [name for within, name in related if within == schema]
        if target not in targets and (meant := nearest(target, targets, exact=False)):
            suggestion = f"Perhaps you meant '{meant}' instead of '{target}'."
    else:
        known = {*catalog.relationships, *catalog.computed_relationships}
        origins = [each[1] for each in known if each[0] == schema]
        if meant := nearest(name, origins):
            suggestion = f"Perhaps you meant '{meant}' instead of '{name}'."
    return RestError(
        400,
        "PGRST200",
        f"Could not find a relationship between '{name}' and '{target}' in the schema cache",
        f"Searched for a foreign key relationship between '{name}' and '{target}{using}' in the schema '{schema}', "
        "but no matches were found.",
        suggestion,
    )


def _several_found(origin: QualifiedName, target: str, found: list[Relationship]) -> RestError:
    ways = ", ".join(f"'{each.target[1]}!{each.junction.name if each.junction else each.constraint}'" for each in found)
    return RestError(
        300,
        "PGRST201",
        f"Could not embed because more than one relationship was found for '{origin[1]}' and '{target}'",
        tuple(_described(each) for each in found),
        f"Try changing '{target}' to one of the following: {ways}. Find the desired relationship in the 'details' key.",
    )


def _described(relationship: Relationship) -> Mapping[str, str]:
    source, target = relationship.source[1], relationship.target[1]
    if relationship.junction is not None:
        junction = relationship.junction
        near = _columns(column for column, _ in junction.source_columns)
        far = _columns(column for column, _ in junction.target_columns)
        how = f"{junction.name} using {junction.source_constraint}{near} and {junction.target_constraint}{far}"
    else:
        near = _columns(column for column, _ in relationship.columns)
        far = _columns(column for _, column in relationship.columns)
        how = f"{relationship.constraint} using {source}{near} and {target}{far}"
    return {
        "cardinality": str(relationship.cardinality),
        "embedding": f"{source} with {target}",
        "relationship": how,
    }


def _columns(names: Iterable[str]) -> str:
    return "(" + ", ".join(names) + ")"
