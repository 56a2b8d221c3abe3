"""The statements themselves: how values travel, and which plan mode each class asks for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from rowgate.postgres.catalog.records import Catalog
from rowgate.postgres.statement import Access, End, PlanMode, Result, Transaction
from rowgate.principal import Principal
from tests.integration.rest.shop import Client

pytestmark = pytest.mark.anyio


@dataclass
class Recorder:
    """A runner that writes down what it is asked and answers one empty page."""

    seen: list[Transaction] = field(default_factory=list)

    async def run(self, principal: Principal, transaction: Transaction) -> Result:
        self.seen.append(transaction)
        return Result((), ((b"1", None, b"[]", None, None, None, None),), "SELECT 1")


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def recorded(recorder: Recorder, catalog: Catalog) -> Client:
    return Client(recorder, catalog)


@pytest.mark.parametrize(
    ("method", "target", "mode"),
    [
        ("GET", "/projects?limit=10", PlanMode.AUTO),
        ("GET", "/projects?id=eq.1", PlanMode.GENERIC),
        ("GET", "/projects?id=eq.1&name=eq.x", PlanMode.GENERIC),
        ("GET", "/projects?id=eq.1&select=id,tasks(id)", PlanMode.GENERIC),
        ("GET", "/projects?id=eq.1&select=id,tasks(id)&tasks.name=eq.x", PlanMode.CUSTOM),
        ("GET", "/people_tasks?person_id=eq.1", PlanMode.CUSTOM),
        ("GET", "/people_tasks?person_id=eq.1&task_id=eq.1", PlanMode.GENERIC),
        ("GET", "/projects?id=not.eq.1", PlanMode.CUSTOM),
        ("GET", "/projects?or=(id.eq.1,id.eq.2)", PlanMode.CUSTOM),
        ("GET", "/projects?status=eq.open&limit=10", PlanMode.CUSTOM),
        ("GET", "/open_projects?id=eq.1", PlanMode.CUSTOM),
        ("POST", "/clients", PlanMode.GENERIC),
        ("PATCH", "/clients?id=eq.1", PlanMode.GENERIC),
        ("PATCH", "/clients?name=eq.x", PlanMode.CUSTOM),
        ("DELETE", "/clients?id=eq.1", PlanMode.GENERIC),
        ("GET", "/rpc/add?a=1", PlanMode.GENERIC),
        ("GET", "/rpc/projects_of?client=1", PlanMode.CUSTOM),
        ("POST", "/rpc/rename_all", PlanMode.GENERIC),
    ],
)
async def test_a_generic_plan_is_asked_for_only_where_no_value_can_make_another_better(
    recorded: Client, recorder: Recorder, method: str, target: str, mode: PlanMode
) -> None:
    body = {"name": "x"} if method in ("POST", "PATCH") else None
    answer = await recorded(method, target, body)
    assert answer.status < 300, answer.body
    assert recorder.seen[0].statement.plan is mode, recorder.seen[0].statement.sql


async def test_values_and_json_keys_travel_as_parameters(recorded: Client, recorder: Recorder) -> None:
    filters = "data->>needle2=eq.needle3&name=in.(needle4,needle5)&name=fts(needle6).needle7"
    await recorded("GET", f"/projects?select=data->needle1&{filters}")
    statement = recorder.seen[0].statement
    assert "needle" not in statement.sql.replace('as "needle1"', "")  # the key names the answer's column
    sent = b"|".join(value or b"" for value in statement.parameters)
    assert all(f"needle{number}".encode() in sent for number in range(1, 8))


async def test_a_plain_write_is_one_implicit_transaction(recorded: Client, recorder: Recorder) -> None:
    await recorded("POST", "/clients", {"id": 1, "name": "x"}, prefer="return=representation")
    await recorded("PATCH", "/clients?id=eq.1", {"name": "x"}, accept="application/vnd.pgrst.object+json")
    plain, singular = recorder.seen
    assert (plain.check, plain.end, plain.isolation) == (None, End.COMMIT, None)
    assert singular.check is not None
    assert {each.statement.access for each in recorder.seen} == {Access.READ_WRITE}


async def test_a_request_without_a_body_is_planned_once(recorded: Client, recorder: Recorder) -> None:
    for _ in range(2):
        await recorded("GET", "/projects?id=eq.1")
    await recorded("GET", "/projects?id=eq.2")
    first, again, other = (each.statement for each in recorder.seen)
    assert first is again
    assert first.sql == other.sql
    assert first is not other


async def test_a_new_catalog_is_planned_for_anew(recorder: Recorder, catalog: Catalog) -> None:
    client = Client(recorder, catalog)
    assert (await client("GET", "/clients")).status == 200
    relations = {name: each for name, each in catalog.relations.items() if name != ("public", "clients")}
    client.catalog = replace(catalog, version=catalog.version + 1, relations=relations)
    assert (await client("GET", "/clients")).status == 404


async def test_a_profile_is_answered_with_content_profile(recorded: Client) -> None:
    named = await recorded("GET", "/clients", accept_profile="public")
    assert named.headers["content-profile"] == "public"
    assert "content-profile" not in (await recorded("GET", "/clients")).headers
