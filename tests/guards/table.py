"""Every guard, by area. A guard that is added to the source is added here, with the test that needs it."""

from __future__ import annotations

from collections.abc import Mapping

from tests.guards.areas import (
    database,
    dialect,
    door,
    graphql,
    graphql_service,
    identity,
    introspection,
    keys,
    mutations,
    outgoing,
    project,
)
from tests.guards.guard import Guard

AREAS: Mapping[str, tuple[Guard, ...]] = {
    "Tokens": identity.GUARDS,
    "Keys": keys.GUARDS,
    "Outgoing fetch": outgoing.GUARDS,
    "The door": door.GUARDS,
    "Postgres": database.GUARDS,
    "REST": dialect.GUARDS,
    "GraphQL": graphql.GUARDS,
    "GraphQL's service": graphql_service.GUARDS,
    "GraphQL's introspection": introspection.GUARDS,
    "GraphQL's mutations": mutations.GUARDS,
    "Project, embedded server, logs": project.GUARDS,
}
GUARDS = tuple(guard for guards in AREAS.values() for guard in guards)
