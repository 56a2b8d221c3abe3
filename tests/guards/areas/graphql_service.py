"""A GraphQL request on its way: whose schema, whose limits, and what is asked before it runs."""

from __future__ import annotations

from tests.guards.guard import Guard

SERVICE = "integration/graphql/test_service.py::"
HTTP = "integration/graphql/test_over_http.py::"

GUARDS = (
    Guard(
        "a GraphQL body has a limit",
        "memory and time of the event loop, at anybody's will",
        "graphql/service.py",
        "request.read(self._settings.body_limit)",
        "request.read(2**62)",
        (f"{SERVICE}test_a_body_has_a_limit",),
    ),
    Guard(
        "a GraphQL operation has a time limit of its own",
        "a connection of the pool held as long as the database allows to anybody",
        "graphql/service.py",
        "            self._time_limit,\n",
        "",
        (f"{SERVICE}test_an_operation_has_a_time_limit_of_its_own",),
    ),
    Guard(
        "a request's own limit is below the server's",
        "the same, where the ceiling is not looked at",
        "postgres/context.py",
        "return min(ceiling, request.time_limit) if ceiling and request.time_limit else ceiling or request.time_limit",
        "return ceiling",
        ("unit/postgres/test_context.py::test_a_request_may_have_a_lower_limit_of_its_own",),
    ),
    Guard(
        "the pre-request is asked before every operation",
        "whom db_pre_request turns away, told what the schema holds",
        "graphql/service.py",
        "            if self._before is None:\n                return ()\n",
        "            return ()\n",
        (f"{SERVICE}test_it_may_refuse_with_a_status",),
    ),
    Guard(
        "GraphQL ends as REST does",
        "writes that are kept where db_tx_end undoes them",
        "graphql/service.py",
        'End.ROLLBACK if rest.db_tx_end.startswith("rollback") else End.COMMIT',
        "End.COMMIT",
        (f"{SERVICE}test_a_change_is_kept_or_undone_as_the_rest_api_would",),
    ),
    Guard(
        "a schema is of one role",
        "tables and columns of another role, by name",
        "graphql/role_schemas.py",
        "return self._kept.get(role)",
        "return next((schema for schema, _ in self._kept._kept.values()), None)",
        (f"{SERVICE}test_each_role_has_a_schema_of_its_own",),
    ),
    Guard(
        "a schema is of one catalog",
        "tables and columns that were taken from a role, still shown",
        "graphql/role_schemas.py",
        "if catalog.version != self._version:",
        "if self._version < 0:",
        (f"{SERVICE}test_another_catalog_or_other_roles_make_it_anew",),
    ),
    Guard(
        "memberships are looked at",
        "what a role lost with a membership, still in its schema",
        "postgres/roles.py",
        "memberships=row[0])",
        'memberships="")',
        (f"{HTTP}test_a_membership_reaches_the_schema_although_no_ddl_tells_of_it",),
    ),
    Guard(
        "GraphiQL is for this machine",
        "a page with an editor for tokens, on a host that anybody reaches",
        "project/graphiql.py",
        "is_loopback(settings.api.host) and not known_outside and",
        "not known_outside and",
        ("unit/project/test_graphql_settings.py::test_graphiql_is_for_this_machine_unless_the_setting_says_otherwise",),
    ),
    Guard(
        "an error of GraphQL's has a bounded length",
        "a name as long as a body, held twice over for a reader who takes his time",
        "graphql/response.py",
        '[{"message": cut(message)} for message in messages]',
        '[{"message": message} for message in messages]',
        ("unit/graphql/test_response.py::test_a_message_has_a_bounded_length",),
    ),
)
