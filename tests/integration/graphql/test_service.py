"""What a request comes to: the transaction around it, and the answer to whatever goes wrong."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from rowgate.graphql import service
from rowgate.graphql.graphiql_page import GraphiqlPage
from rowgate.graphql.plan import prepare
from rowgate.graphql.prepared import Prepared
from rowgate.identity.refusals import refusal
from rowgate.postgres.catalog.records import Catalog, RoleSettings, SearchPath
from rowgate.postgres.database import Database
from rowgate.postgres.errors import OutcomeUnknown, PoolTimeout, Unavailable
from rowgate.postgres.statement import Isolation, Result, Transaction
from rowgate.principal import Principal
from rowgate.project.settings import GraphQLSettings, RestSettings
from tests.integration.graphql.garden import Gardener
from tests.integration.rest.shop import ANON, BOB, answer_of, someone

pytestmark = pytest.mark.anyio

PLOTS = "{ plotCollection(orderBy: [{name: AscNullsLast}]) { edges { node { name } } } }"
RENAMED = """updateplotCollection(set: {name: "herbs"}, filter: {name: {eq: "beans"}}) { affectedCount }"""
RENAME = f"mutation {{ {RENAMED} }}"


def names(answer: Any) -> list[str]:
    return [edge["node"]["name"] for edge in answer.json["data"]["plotCollection"]["edges"]]


async def test_rows_are_those_of_the_token(ask: Gardener) -> None:
    assert names(await ask(PLOTS)) == ["beans", "roses"]
    assert names(await ask(PLOTS, who=BOB)) == ["corn"]


async def test_each_role_has_a_schema_of_its_own(ask: Gardener) -> None:
    assert names(await ask(PLOTS)) == ["beans", "roses"]
    answer = await ask(PLOTS, who=ANON)
    assert answer.status == 200
    assert answer.json["errors"] == [{"message": 'Unknown field "plotCollection" on type Query'}]
    assert (await ask("{ seedCollection { edges { node { name } } } }", who=ANON)).json["data"] is not None


async def test_sql_knows_who_asks_and_how(ask: Gardener) -> None:
    query = """query Q($w: String!) {
      who  method: told(name: "request.method")  path: told(name: "request.path")
      word: told(name: $w)  claims: told(name: "request.jwt.claims")  mode: told(name: "transaction_read_only")
    }"""
    answer = await ask(query, {"w": "request.headers"}, x_word="hello")
    data = answer.json["data"]
    assert (data["who"], data["method"], data["path"], data["mode"]) == ("authenticated", "POST", "/", "on")
    assert json.loads(data["word"])["x-word"] == "hello"
    assert json.loads(data["claims"])["sub"] == "ann"


async def test_a_mutation_writes_and_a_query_cannot(ask: Gardener) -> None:
    assert (await ask('mutation { mark(word: "is ") }')).json == {"data": {"mark": "is off"}}


async def test_secret_keys_are_masked_for_sql(ask: Gardener) -> None:
    answer = await ask('{ told(name: "request.headers") }', apikey="sb_secret_abc")
    assert json.loads(answer.json["data"]["told"])["apikey"] == "***"


async def test_a_change_is_kept_or_undone_as_the_rest_api_would(ask: Gardener) -> None:
    undoing = Gardener(ask.runner, ask.catalog, rest=RestSettings(db_tx_end="rollback"))
    answer = await undoing(RENAME)
    assert answer.json == {"data": {"updateplotCollection": {"affectedCount": 1}}}
    assert names(await ask(PLOTS)) == ["beans", "roses"]


async def test_an_error_of_postgres_is_its_message(ask: Gardener) -> None:
    answer = await ask("{ halved(by: 0) }")
    assert (answer.status, answer.json) == (200, {"data": None, "errors": [{"message": "division by zero"}]})


@pytest.mark.parametrize("field", ['updateplotCollection(set: {name: "x"})', "deleteFromplotCollection"])
async def test_more_rows_than_allowed_are_told_in_the_dialects_words(ask: Gardener, field: str) -> None:
    what = "update" if field.startswith("update") else "delete"
    answer = await ask(f"mutation {{ {field} {{ affectedCount }} }}")
    assert answer.json == {"data": None, "errors": [{"message": f"{what} impacts too many records"}]}
    assert names(await ask(PLOTS)) == ["beans", "roses"]


async def test_a_deferred_constraint_fails_the_whole_answer(ask: Gardener) -> None:
    query = 'mutation { insertIntoseedCollection(objects: [{id: 9, name: "x", rivalId: 99}]) { affectedCount } }'
    answer = await ask(query.replace("rivalId", "rival_id"))
    assert (answer.status, answer.json["data"]) == (200, None)
    assert "violates foreign key constraint" in answer.json["errors"][0]["message"]


async def test_an_operation_has_a_time_limit_of_its_own(ask: Gardener) -> None:
    hurried = Gardener(ask.runner, ask.catalog, GraphQLSettings(statement_timeout=0.1))
    answer = await hurried("{ nap(seconds: 5) }")
    assert (answer.status, answer.json) == (
        200,
        {
            "data": None,
            "errors": [
                {"message": "canceling statement due to statement timeout: the operation took longer than it may"}
            ],
        },
    )
    told = await hurried('{ told(name: "statement_timeout") }')
    assert told.json["data"]["told"] == "100ms"


async def test_a_roles_own_settings_hold_and_its_time_where_that_is_less(ask: Gardener) -> None:
    catalog = ask.catalog()
    assert catalog is not None
    own = RoleSettings((("work_mem", "1MB"), ("statement_timeout", "3s")), Isolation.SERIALIZABLE)
    gardener = Gardener(ask.runner, lambda: replace(catalog, role_settings={"authenticated": own}))
    query = """{ a: told(name: "work_mem") b: told(name: "statement_timeout")
      c: told(name: "transaction_isolation") }"""
    assert (await gardener(query)).json["data"] == {"a": "1MB", "b": "3s", "c": "serializable"}


async def test_settings_of_the_api_are_set(ask: Gardener) -> None:
    gardener = Gardener(ask.runner, ask.catalog, rest=RestSettings(app_settings=(("app.settings.word", "hello"),)))
    assert (await gardener('{ told(name: "app.settings.word") }')).json["data"]["told"] == "hello"


@pytest.fixture
def guarded(ask: Gardener) -> Gardener:
    return Gardener(ask.runner, ask.catalog, rest=RestSettings(db_pre_request="public.doorkeeper"))


async def test_what_it_sets_holds(guarded: Gardener) -> None:
    assert (await guarded('{ told(name: "garden.door") }')).json["data"]["told"] == "open on"


@pytest.mark.parametrize("query", [PLOTS, "{ __typename }", RENAME])
async def test_it_may_refuse_with_a_status(guarded: Gardener, query: str) -> None:
    answer = await guarded(query, x_badge="none")
    assert (answer.status, answer.json["message"]) == (403, "no badge")
    assert answer.json["errors"] == [{"message": "no badge"}]


async def test_it_may_refuse_with_headers(guarded: Gardener) -> None:
    answer = await guarded(PLOTS, x_badge="many")
    assert (answer.status, answer.headers["retry-after"]) == (429, "7")
    assert answer.json == {
        "code": "slow_down",
        "message": "too many",
        "details": None,
        "hint": "wait",
        "errors": [{"message": "too many"}],
    }


async def test_one_that_is_missing_is_told(ask: Gardener) -> None:
    gardener = Gardener(ask.runner, ask.catalog, rest=RestSettings(db_pre_request="public.absent"))
    answer = await gardener(PLOTS)
    assert (answer.status, answer.json["code"]) == (404, "42883")


async def test_a_role_that_does_not_exist_is_refused_as_rest_does(ask: Gardener) -> None:
    answer = await ask(PLOTS, who=someone("ann", "nobody_of_this_name"))
    assert (answer.status, answer.json["code"]) == (401, "22023")
    assert answer.json["errors"] == [{"message": 'role "nobody_of_this_name" does not exist'}]


async def test_a_role_that_the_login_may_not_take_is_refused(ask: Gardener) -> None:
    answer = await ask(PLOTS, who=someone("ann", "service_role"))
    assert (answer.status, answer.json["code"]) == (403, "42501")
    assert "errors" in answer.json


async def test_a_secret_key_without_a_login_for_it_is_refused(ask: Gardener) -> None:
    answer = await ask(PLOTS, who=replace(someone(None, "service_role"), privileged=True))
    assert (answer.status, answer.headers["x-rowgate-refusal"]) == (403, "api_key_unavailable")
    assert "errors" in answer.json


class Failing:
    """A runner that answers once to be asked for rights, and fails from then on."""

    def __init__(self, runner: Database, error: Exception) -> None:
        self.runner, self.error, self.asked = runner, error, 0

    async def run(self, principal: Principal, transaction: Transaction) -> Result:
        self.asked += 1
        if self.asked > 1:
            raise self.error
        return await self.runner.run(principal, transaction)

    async def run_all(self, *_: object) -> tuple[Result, ...]:
        raise self.error


@pytest.mark.parametrize(
    ("error", "status", "code", "retry"),
    [
        (Unavailable("away", 3), 503, "PGRST000", "3"),
        (PoolTimeout("busy"), 504, "PGRST003", None),
        (OutcomeUnknown("lost"), 500, "outcome_unknown", None),
    ],
)
async def test_a_database_that_is_away_is_told_by_the_status(
    ask: Gardener, garden_database: Database, error: Exception, status: int, code: str, retry: str | None
) -> None:
    failing = Gardener(Failing(garden_database, error), ask.catalog)  # type: ignore[arg-type]
    answer = await failing(PLOTS)
    assert (answer.status, answer.json["code"], answer.headers.get("retry-after")) == (status, code, retry)
    assert answer.json["errors"] == [{"message": answer.json["message"]}]


async def test_before_the_first_catalog_it_is_503(garden_database: Database) -> None:
    answer = await Gardener(garden_database, lambda: None)(PLOTS)
    assert (answer.status, answer.json["code"], answer.headers["retry-after"]) == (503, "PGRST002", "1")


async def test_a_change_that_is_known_is_waited_for_but_not_for_ever(
    garden_database: Database, garden_catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled, held = asyncio.Event(), [replace(garden_catalog, path=SearchPath(()))]
    gardener = Gardener(garden_database, lambda: held[0], settled=settled)
    asked = asyncio.create_task(gardener("{ plotCollection { edges { node { name } } } }"))
    await asyncio.sleep(0.05)
    assert not asked.done()
    held[0] = garden_catalog
    settled.set()
    assert (await asked).json["data"]["plotCollection"]["edges"]
    settled.clear()
    monkeypatch.setattr(service, "PATIENCE", 0.01)
    assert (await gardener("{ __typename }")).json == {"data": {"__typename": "Query"}}


async def test_plain_json_is_200_whatever_happened(ask: Gardener) -> None:
    for query in ("{", "{ nope }", "{ halved(by: 0) }", "{ __typename }", "subscription { a }"):
        answer = await ask(query)
        assert (query, answer.status) == (query, 200)
        assert answer.headers["content-type"] == "application/json; charset=utf-8"


async def test_the_newer_type_is_400_where_nothing_ran(ask: Gardener) -> None:
    accept = "application/graphql-response+json, application/json;q=0.9"
    for query, status in (("{", 400), ("{ nope }", 200), ("{ halved(by: 0) }", 200), ("{ __typename }", 200)):
        answer = await ask(query, accept=accept)
        assert (query, answer.status) == (query, status)
        assert answer.headers["content-type"] == "application/graphql-response+json; charset=utf-8"
        assert ("data" in answer.json) == (status == 200)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
async def test_operations_come_with_post(ask: Gardener, method: str) -> None:
    answer = await ask.send(method=method)
    assert (answer.status, answer.headers["allow"]) == (405, "OPTIONS, POST")
    assert answer.json["errors"] == [{"message": f"{method} is not served at this path"}]


async def test_options_names_the_methods(ask: Gardener) -> None:
    answer = await ask.send(method="OPTIONS")
    assert (answer.status, answer.headers["allow"], answer.body) == (200, "OPTIONS, POST", b"")


async def test_nothing_is_below_the_path(ask: Gardener) -> None:
    answer = await ask.send(b'{"query":"{__typename}"}', path="/other")
    assert (answer.status, answer.json["code"]) == (404, "route_unknown")


async def test_what_can_be_written_must_be_accepted(ask: Gardener) -> None:
    answer = await ask("{ __typename }", accept="text/html")
    assert (answer.status, answer.json["code"]) == (406, "PGRST107")


async def test_a_body_of_another_type_is_refused(ask: Gardener) -> None:
    answer = await ask.send(b"{ __typename }", headers={"content-type": "application/graphql"})
    assert (answer.status, answer.json["code"]) == (415, "content_type_unsupported")
    assert "errors" in answer.json


@pytest.mark.parametrize("body", [b"", b"{", b'[{"query":"{a}"}]', b'{"qeury":"{a}"}', b'{"query":1}'])
@pytest.mark.parametrize("accept", ["*/*", "application/graphql-response+json"])
async def test_what_is_no_request_is_400(ask: Gardener, body: bytes, accept: str) -> None:
    answer = await ask.send(body, headers={"accept": accept})
    assert answer.status == 400
    assert answer.json["errors"] == [{"message": answer.json["message"]}]


async def test_variables_that_are_no_object_are_the_dialects_error(ask: Gardener) -> None:
    answer = await ask("{ __typename }", [7])
    assert (answer.status, answer.json) == (200, {"errors": [{"message": "variables must be an object"}]})


async def test_a_body_has_a_limit(ask: Gardener) -> None:
    small = Gardener(ask.runner, ask.catalog, GraphQLSettings(body_limit=100))
    answer = await small("{ __typename }" + " " * 100)
    assert (answer.status, answer.json["code"]) == (413, "body_too_large")
    assert "errors" in answer.json


async def test_a_refused_credential_is_told_as_rest_tells_it(ask: Gardener) -> None:
    answer = answer_of(ask.service.refuse(refusal("token_expired", "It ended.", "Sign in again.", "clerk")))
    assert (answer.status, answer.headers["x-rowgate-refusal"]) == (401, "token_expired")
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token", error_description="JWT expired"'
    assert answer.json == {
        "code": "PGRST303",
        "message": "JWT expired",
        "details": "It ended.",
        "hint": "Sign in again.",
        "errors": [{"message": "JWT expired"}],
    }


async def test_a_nul_in_a_value_is_an_error_of_the_dialect(ask: Gardener) -> None:
    answer = await ask("query Q($n: String!) { told(name: $n) }", {"n": "a\0b"})
    assert (answer.status, answer.json["data"]) == (200, None)
    assert len(answer.json["errors"]) == 1


async def test_a_browser_is_shown_graphiql_where_it_is_on(ask: Gardener) -> None:
    shown = Gardener(ask.runner, ask.catalog, page=GraphiqlPage("/graphql/v1", "sb_publishable_x"))
    answer = await shown.send(method="GET", headers={"accept": "text/html,*/*;q=0.8"})
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert (await shown.send(method="GET", headers={"accept": "application/json"})).status == 405
    assert (await ask.send(method="GET", headers={"accept": "text/html"})).status == 405


@pytest.fixture
def counting(garden_database: Database) -> Counting:
    return Counting(garden_database)


async def test_it_is_made_once_however_many_ask(
    counting: Counting, garden_catalog: Catalog, anyio_backend: str
) -> None:
    gardener = Gardener(counting, lambda: garden_catalog)
    answers = await asyncio.gather(*(gardener(PLOTS) for _ in range(8)))
    assert {answer.status for answer in answers} == {200}
    assert counting.rights == 1
    await gardener("{ __typename }", who=ANON)
    assert counting.rights == 2


async def test_another_catalog_or_other_roles_make_it_anew(counting: Counting, garden_catalog: Catalog) -> None:
    current = [garden_catalog]
    gardener = Gardener(counting, lambda: current[0])
    await gardener(PLOTS)
    current[0] = replace(garden_catalog, version=garden_catalog.version + 1)
    await gardener(PLOTS)
    assert counting.rights == 2
    gardener.service.roles_changed()
    await gardener(PLOTS)
    assert counting.rights == 3


async def test_one_that_could_not_be_made_is_tried_again(counting: Counting, garden_catalog: Catalog) -> None:
    gardener = Gardener(counting, lambda: garden_catalog)
    counting.away = Unavailable("away")
    assert (await gardener(PLOTS)).status == 503
    counting.away = None
    assert (await gardener(PLOTS)).status == 200


@pytest.mark.parametrize("query", ["{ __schema { queryType { name } } }", '{ __type(name: "Query") { name } }'])
async def test_introspection_is_as_the_setting_says(ask: Gardener, query: str) -> None:
    for setting, shown in (("directive", False), ("on", True), ("off", False)):
        gardener = Gardener(ask.runner, ask.catalog, GraphQLSettings(introspection=setting))  # type: ignore[arg-type]
        answer = await gardener(query)
        assert (setting, "errors" not in answer.json) == (setting, shown)


class Counting:
    """A runner that counts how often it is asked for a role's rights."""

    def __init__(self, runner: Database) -> None:
        self.runner, self.rights = runner, 0
        self.away: Exception | None = None
        self.run_all: Callable[..., Any] = runner.run_all

    async def run(self, principal: Principal, transaction: Transaction) -> Result:
        if self.away is not None:
            raise self.away
        self.rights += "has_schema_privilege" in transaction.statement.sql
        return await self.runner.run(principal, transaction)


async def test_several_statements_are_planned_as_the_most_careful_of_them_wants(ask: Gardener) -> None:
    undoing = Gardener(ask.runner, ask.catalog, rest=RestSettings(db_tx_end="rollback"))
    insert = 'insertIntoplotCollection(objects: [{name: "figs"}]) { affectedCount }'
    delete = 'deleteFromplotCollection(filter: {name: {eq: "figs"}}) { affectedCount }'
    assert (await undoing(f"mutation {{ {insert} planned }}")).json["data"]["planned"] == "force_generic_plan"
    assert (await undoing(f"mutation {{ {insert} {delete} planned }}")).json["data"]["planned"] == "force_custom_plan"


@pytest.mark.parametrize("end", ["commit", "rollback"])
async def test_a_mutation_takes_no_longer_than_one_statement_may(ask: Gardener, end: Any) -> None:
    hasty = Gardener(ask.runner, ask.catalog, GraphQLSettings(statement_timeout=0.3), RestSettings(db_tx_end=end))
    dozes = " ".join(f"a{each}: doze(seconds: 0.2)" for each in range(20))
    began = time.monotonic()
    answer = await hasty(f"mutation {{ {RENAMED} {dozes} }}")
    assert time.monotonic() - began < 2
    assert answer.json["data"] is None
    assert "statement timeout" in answer.json["errors"][0]["message"]
    assert names(await ask(PLOTS)) == ["beans", "roses"]
    assert (await hasty("mutation { a: doze(seconds: 0.05) b: doze(seconds: 0.05) }")).json["data"]["b"] == "rested"


@pytest.mark.parametrize("plots", [1_000, 200])
async def test_what_takes_long_is_not_planned_on_the_event_loop(
    ask: Gardener, monkeypatch: pytest.MonkeyPatch, plots: int
) -> None:
    threads: list[int] = []

    def watched(*given: Any) -> Prepared:
        threads.append(threading.get_ident())
        return prepare(*given)

    monkeypatch.setattr("rowgate.graphql.service.prepare", watched)
    watching = Gardener(ask.runner, ask.catalog)
    query = "query Q($f: plotFilter) { plotCollection(filter: $f) { edges { node { name } } } }"
    answer = await watching(query, {"f": {"or": [{"name": {"eq": "roses"}}] * plots}})
    assert names(answer) == ["roses"]
    await watching("{ __typename }")
    assert [each == threading.get_ident() for each in threads] == [False, True]
