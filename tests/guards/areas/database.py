"""One request's role and claims, and nobody else's, on connections that many requests use."""

from __future__ import annotations

from tests.guards.guard import Guard

CONTEXT = "unit/postgres/test_context.py::"
STATEMENTS = "unit/postgres/test_statements.py::"
TRANSACTION = "integration/postgres_path/test_transaction.py::"
PREPARED = "integration/postgres_path/test_prepared.py::"
POOL = "integration/postgres_path/test_pool.py::"
OUTAGE = "integration/postgres_path/test_outage.py::"
CANCEL = "integration/postgres_path/test_cancel.py::"
ROLES = "integration/postgres_server/test_roles.py::"
LOGINS = "integration/postgres_server/test_logins.py::"

GUARDS = (
    Guard(
        "two logins: tokens never run on the service login",
        "a function that becomes service_role inside a request (SET ROLE checks the session user)",
        "postgres/database.py",
        "pool = self._service if principal.privileged else self._public",
        "pool = self._service or self._public",
        (f"{TRANSACTION}test_a_function_cannot_climb",),
    ),
    Guard(
        "the public login is no member of privileged roles",
        "the same, after somebody granted the public login a role that can climb",
        "postgres/logins.py",
        '                await self._run(f"revoke {identifier(role)} from {PUBLIC_LOGIN}")',
        "                pass",
        (f"{LOGINS}test_a_membership_that_climbs_is_revoked_and_told",),
    ),
    Guard(
        "privileged roles are not granted",
        "a role with BYPASSRLS granted to the public login because an issuer names it",
        "postgres/logins.py",
        '            if role in privileged:\n                warnings.append(f"No token',
        '            if False:\n                warnings.append(f"No token',
        (f"{LOGINS}test_roles_of_issuers_are_granted_when_they_are_harmless",),
    ),
    Guard(
        "NOINHERIT",
        "user SQL that ends the request's role and goes on with the rights of every role",
        "postgres/logins.py",
        'options = " with inherit false, set true" if self.owner.version >= SET_OPTION_VERSION else ""',
        'options = " with inherit true, set true" if self.owner.version >= SET_OPTION_VERSION else ""',
        (f"{LOGINS}test_serves_under_two_logins_that_inherit_and_own_nothing",),
    ),
    Guard(
        "inheritance is checked at start",
        "a login somebody let inherit a served role",
        "postgres/logins.py",
        "            if await self._one(\"select pg_catalog.pg_has_role(%s, %s, 'USAGE')\", login, role):",
        "            if False:",
        (f"{LOGINS}test_an_inherited_role_stops_the_start",),
    ),
    Guard(
        "login passwords travel as SCRAM verifiers",
        "a password in the server's log or in pg_stat_activity",
        "postgres/logins.py",
        "verifier = literal(scram_verifier(self.connection, login, password))",
        "verifier = literal(password)",
        (f"{LOGINS}test_passwords_reach_the_server_only_as_scram_verifiers",),
    ),
    Guard(
        "roles that pass by policies are privileged",
        "tokens that become a role with BYPASSRLS, or one of its members",
        "postgres/roles.py",
        "  where rolsuper or rolbypassrls or rolcreaterole or rolreplication\n",
        "  where rolsuper\n",
        (f"{ROLES}test_a_role_that_could_bypass_policies_is_privileged_and_so_are_its_members",),
    ),
    Guard(
        "membership counts, inherited or not",
        "a member of a privileged role that becomes it inside a request",
        "postgres/roles.py",
        "left join danger d on d.oid = s.oid or (not s.rolsuper and pg_catalog.pg_has_role(s.oid, d.oid, 'MEMBER'))",
        "left join danger d on d.oid = s.oid",
        (f"{ROLES}test_a_role_that_could_bypass_policies_is_privileged_and_so_are_its_members",),
    ),
    Guard(
        "owners of tables without FORCE are privileged",
        "tokens that own the tables whose policies are to bind them",
        "postgres/roles.py",
        "and c.relkind in ('r', 'p') and c.relrowsecurity and not c.relforcerowsecurity",
        "and false",
        (f"{ROLES}test_the_owner_of_an_exposed_table_is_privileged_and_so_are_its_members",),
    ),
    Guard(
        "roles are re-read",
        "a role that gains BYPASSRLS while the server runs",
        "postgres/roles.py",
        "            await asyncio.sleep(self._interval)\n            await self.refresh()",
        "            await asyncio.sleep(self._interval)",
        (f"{ROLES}test_the_watch_picks_up_bypassrls_within_its_interval",),
    ),
    Guard(
        "read-only comes first",
        "a GET that writes",
        "postgres/context.py",
        "calls = [\"pg_catalog.set_config('transaction_read_only', 'on', true)\"] if read_only else []",
        "calls: list[str] = []",
        (
            f"{CONTEXT}test_read_only_is_the_very_first_setting_and_the_role_the_next",
            f"{TRANSACTION}test_read_only_cannot_be_switched_off_from_inside",
        ),
    ),
    Guard(
        "settings are local to the transaction",
        "the next request on the connection running as the last one's caller",
        "postgres/context.py",
        "calls.append(f\"pg_catalog.set_config('{name}', ${position}, true)\")",
        "calls.append(f\"pg_catalog.set_config('{name}', ${position}, false)\")",
        (
            f"{CONTEXT}test_every_call_is_local_to_the_transaction_and_bound_to_pg_catalog",
            f"{TRANSACTION}test_an_implicit_transaction_leaves_nothing_behind",
        ),
    ),
    Guard(
        "reserved settings",
        "a role, claims or search_path smuggled in as a setting",
        "postgres/context.py",
        "if lowered in RESERVED_SETTINGS:",
        "if False:",
        (
            f"{CONTEXT}test_what_belongs_to_the_request_cannot_be_set_from_outside",
            f"{TRANSACTION}test_set_role_cannot_be_smuggled_in_as_a_setting",
        ),
    ),
    Guard(
        "role none",
        "`set role none`, which is the login itself",
        "postgres/context.py",
        'if role == "none":',
        "if False:",
        (f"{CONTEXT}test_the_role_none_is_refused_because_it_means_the_login",),
    ),
    Guard(
        "NUL in parameters",
        "a value cut off on its way through libpq: what was checked is not what runs",
        "postgres/context.py",
        'if parameter is not None and b"\\x00" in parameter:',
        "if False:",
        (
            f"{CONTEXT}test_a_parameter_with_a_nul_byte_is_refused",
            f"{TRANSACTION}test_a_nul_byte_is_refused_and_not_cut_off",
        ),
    ),
    Guard(
        "NUL in SQL",
        "a statement that ends before its filter",
        "postgres/database.py",
        'if "\\x00" in statement.sql:',
        "if False:",
        (f"{TRANSACTION}test_a_flight_that_could_not_be_written_down_never_runs_with_the_next",),
    ),
    Guard(
        "NUL in names",
        "an identifier cut off behind its check",
        "postgres/quoting.py",
        'if "\\x00" in name:',
        "if False:",
        ("unit/postgres/test_quoting.py::test_a_name_with_a_nul_is_refused",),
    ),
    Guard(
        "quotes in names are doubled",
        "a name that ends its quotes and goes on as SQL",
        "postgres/quoting.py",
        "return '\"' + name.replace('\"', '\"\"') + '\"'",
        "return '\"' + name + '\"'",
        ("unit/postgres/test_quoting.py::test_a_quote_in_a_name_stays_in_the_name",),
    ),
    Guard(
        "a role has at most the ceiling's time",
        "a role or function that runs for hours",
        "postgres/context.py",
        "return value if 0 < wanted <= ceiling else str(ceiling)",
        "return value",
        (f"{CONTEXT}test_a_role_may_have_less_time_than_the_ceiling_and_never_more",),
    ),
    Guard(
        "statements belong to one role and search_path",
        "one caller's prepared statement, with its tables and policies, run for another",
        "postgres/database.py",
        "return Command((role, transaction.context.search_path, statement.sql), statement.sql, statement.parameters)",
        'return Command(("", "", statement.sql), statement.sql, statement.parameters)',
        (f"{PREPARED}test_each_role_and_search_path_has_a_statement_of_its_own",),
    ),
    Guard(
        "prepared only after ParseComplete",
        "every later request failing on a statement that was never prepared",
        "postgres/connection.py",
        "                    prepared = self.statements.attempt(key)\n",
        "                    prepared = self.statements.attempt(key)\n"
        "                    self.statements.add(prepared)\n",
        (f"{PREPARED}test_a_statement_whose_parse_was_skipped_is_not_taken_for_prepared",),
    ),
    Guard(
        "a shared connection is never cancelled",
        "one client's cancel ending its neighbour's request",
        "postgres/connection.py",
        "if len(self.flights) == 1 and self.flights[0].abandoned and self._cancelling is None:",
        "if self.flights and self._cancelling is None:",
        (f"{CANCEL}test_a_cancel_never_hits_a_neighbour",),
    ),
    Guard(
        "nothing is fed to a draining connection",
        "a new request hit by a cancel meant for an old one",
        "postgres/pool.py",
        "if len(connection.flights) < depth and not connection.draining and not connection.retiring:",
        "if len(connection.flights) < depth and not connection.retiring:",
        (f"{CANCEL}test_nothing_is_fed_to_a_connection_that_waits_to_cancel",),
    ),
    Guard(
        "only fast reads share",
        "one slow query holding up seven others",
        "postgres/statements.py",
        "return self._peak.get(key, FAST) < FAST",
        "return True",
        (f"{STATEMENTS}test_what_is_new_is_not_fast", f"{POOL}test_a_read_that_was_slow_once_is_not_shared"),
    ),
    Guard(
        "large results retire their connection",
        "memory that libpq never gives back, one large answer per connection",
        "postgres/connection.py",
        "        if size > LARGE_RESULT:\n",
        "        if False:\n",
        (f"{POOL}test_a_connection_that_carried_a_large_result_is_closed",),
    ),
    Guard(
        "ROLLBACK behind a Sync of its own",
        "a transaction left open on a connection that others get next",
        "postgres/connection.py",
        "                self.send(Flight((_ROLLBACK,), None))\n",
        "",
        (f"{TRANSACTION}test_an_error_in_an_explicit_transaction_leaves_a_clean_connection",),
    ),
    Guard(
        "a transaction left open is nobody else's",
        "the next request inside a transaction that somebody's SQL began",
        "postgres/connection.py",
        "            self.retiring = True  # somebody's SQL left",
        "            pass  # somebody's SQL left",
        (f"{POOL}test_sql_that_leaves_a_transaction_open_lets_nobody_else_into_it",),
    ),
    Guard(
        "nothing goes out before the Sync",
        "an answer to a write that a deferred constraint then undoes",
        "postgres/connection.py",
        "            flight.result = self._read(prepared, result)\n",
        "            flight.result = self._read(prepared, result)\n            flight.land()\n",
        (f"{OUTAGE}test_nothing_is_answered_between_the_result_and_the_sync",),
    ),
    Guard(
        "half-written flights never run",
        "the first half of one request run in the transaction of the next",
        "postgres/connection.py",
        "            # A parameter of the wrong type, say. What is queued without its Sync must never run with the next "
        "flight's.\n            self._lose()\n",
        "",
        (f"{TRANSACTION}test_a_flight_that_could_not_be_written_down_never_runs_with_the_next",),
    ),
    Guard(
        "writes are not repeated",
        "one write done twice after a lost connection",
        "postgres/database.py",
        "return reads or not flight.ended.sealed",
        "return True",
        (
            f"{OUTAGE}test_a_write_whose_backend_dies_has_an_unknown_outcome",
            f"{OUTAGE}test_a_committed_write_whose_acknowledgement_is_lost_has_an_unknown_outcome",
        ),
    ),
    Guard(
        "no proof of the owner travels with a login",
        "the owner's password or client key handed to the public login's connection",
        "postgres/serving.py",
        "key: value for key, value in parse_conninfo(owner_url).items() if key not in _OWNERS_PROOFS",
        "key: value for key, value in parse_conninfo(owner_url).items()",
        ("unit/postgres_server/test_serving.py::test_the_owners_place_is_kept_and_its_proofs_are_not",),
    ),
)
