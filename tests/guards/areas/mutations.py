"""What a GraphQL mutation may touch, and how it is undone."""

from __future__ import annotations

from tests.guards.guard import Guard

SERVICE = "integration/graphql/test_service.py::"
WRITING = "unit/graphql/test_writing.py::"

GUARDS = (
    Guard(
        "atMost",
        "a table emptied or overwritten by a filter that says less than was meant",
        "graphql/at_most.py",
        'return f"case when {count} > {limit}::bigint then',
        'return f"case when {limit}::bigint is null then',
        (f"{WRITING}test_what_is_not_asked_for_is_not_returned",),
    ),
    Guard(
        "the mark of too many rows is a parameter",
        "an error of a trigger taken for the server's own, by who reads the text of the query",
        "graphql/at_most.py",
        'mark = writer.parameter(Given(f"{_MARK} {what} "), text)',
        "mark = f\"'{_MARK} {what} '\"",
        (f"{WRITING}test_the_error_of_too_many_rows_is_recognized_by_a_mark_that_no_sql_holds",),
    ),
    Guard(
        "a write touches no row that the role may not see",
        "rows hidden by a SELECT policy changed, deleted and counted",
        "graphql/mutation_sql.py",
        'returned.append(f"{block}.{identifier(_readable(table))}")',
        'returned.append("1")',
        (f"{WRITING}test_every_write_returns_something_of_its_rows",),
    ),
    Guard(
        "a statement has as many values as Postgres can count",
        "a connection lost, and a write sent again, for rows that no statement can hold",
        "graphql/written.py",
        "if len(self.parameters) == PARAMETERS:",
        "if False:",
        (f"{WRITING}test_a_statement_has_as_many_values_as_postgres_can_count",),
    ),
    Guard(
        "a plan of rows holds for what any of them has",
        "a value too long for its column, or no value of an enum, behind a plan made for other rows",
        "graphql/inputs.py",
        "                trace.pin(all_of_them, Each(name, read))\n",
        "                pass\n",
        (f"{WRITING}test_a_value_that_will_not_do_is_found_in_any_row",),
    ),
    Guard(
        "objects that are no rows to insert are as many as they are",
        "a filter or an order with parts left out, by a plan made for a shorter list",
        "graphql/inputs.py",
        "            self._scope.trace.pin(Given(source, path), structure)\n",
        "            pass\n",
        (f"{WRITING}test_objects_that_are_no_rows_to_insert_are_as_many_as_they_are",),
    ),
    Guard(
        "a volatile function is called once",
        "what it does done again for each count and page bound that is asked of its rows",
        "graphql/call_sql.py",
        "if plan.function.volatility is not Volatility.VOLATILE:",
        "if True:",
        (f"{WRITING}test_a_stable_function_may_be_inlined_and_a_volatile_one_is_called_once",),
    ),
    Guard(
        "time of a mutation",
        "a connection held for hours by three thousand calls, each within its time",
        "postgres/database.py",
        "            if left <= 0:\n",
        "            if False:\n",
        (f"{SERVICE}test_a_mutation_takes_no_longer_than_one_statement_may",),
    ),
)
