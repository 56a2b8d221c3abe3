"""GraphQL of a whole server: tokens of third parties, keys, schemas that follow the database, and what status says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest

from tests.integration.server.asking import until
from tests.support.issuers import IssuerFarm, shared_secret_token
from tests.support.stack import Stack, start
from tests.support.trust import build_farm, write_project

NOTES = "{ notesCollection { edges { node { body user_id } } } }"
WRITE = """mutation Add($rows: [notesInsertInput!]!) {
  insertIntonotesCollection(objects: $rows) { affectedCount records { body user_id } } }"""


@pytest.fixture(scope="module")
def farm() -> Iterator[IssuerFarm]:
    farm = build_farm()
    yield farm
    farm.stop()


@pytest.fixture(scope="module")
def stack(farm: IssuerFarm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = start(write_project(tmp_path_factory.mktemp("graphql"), farm))
    yield stack
    assert stack.stop() == 0, "".join(stack.output)


def post(
    stack: Stack, query: str, variables: Any = None, *, token: str | None = None, key: str | None = None, **headers: str
) -> httpx.Response:
    sent = {"apikey": key or stack.publishable_key, **headers}
    if token is not None:
        sent["authorization"] = f"Bearer {token}"
    body = {"query": query, "variables": variables}
    return httpx.post(f"{stack.url}/graphql/v1", json=body, headers=sent, timeout=20)


def bodies(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [edge["node"]["body"] for edge in answer.json()["data"]["notesCollection"]["edges"]]


@pytest.mark.parametrize("slug", ["clerk", "workos", "auth0", "firebase", "cognito", "oidc", "jwks"])
def test_a_third_partys_token_writes_and_reads_its_own_rows(stack: Stack, farm: IssuerFarm, slug: str) -> None:
    token = farm.issuers[slug].token()
    written = post(stack, WRITE, {"rows": [{"body": f"of {slug}"}]}, token=token).json()
    who = farm.issuers[slug].claims["sub"]
    assert written == {
        "data": {"insertIntonotesCollection": {"affectedCount": 1, "records": [{"body": f"of {slug}", "user_id": who}]}}
    }
    assert bodies(post(stack, NOTES, token=token)) == [f"of {slug}"]


def test_a_row_in_somebody_elses_name_is_refused_by_the_policy(stack: Stack, farm: IssuerFarm) -> None:
    answer = post(stack, WRITE, {"rows": [{"body": "x", "user_id": "other"}]}, token=farm.issuers["oidc"].token())
    assert answer.json() == {
        "data": None,
        "errors": [{"message": 'new row violates row-level security policy for table "notes"'}],
    }


def test_the_old_way_and_the_keys(stack: Stack) -> None:
    token = shared_secret_token(stack.keys["JWT_SECRET"], sub="old-timer", role="authenticated")
    assert post(stack, WRITE, {"rows": [{"body": "old"}]}, token=token).json()["data"] is not None
    assert bodies(post(stack, NOTES, token=token)) == ["old"]
    assert bodies(post(stack, NOTES)) == []  # anon: no policy is for it
    assert "old" in bodies(post(stack, NOTES, key=stack.keys["SECRET_KEY"]))
    assert "old" in bodies(post(stack, NOTES, key=stack.keys["SERVICE_ROLE_KEY"]))


def test_a_refused_token_is_refused_here_as_in_rest(stack: Stack, farm: IssuerFarm) -> None:
    token = farm.issuers["clerk"].token(lifetime=-1000)
    answer = post(stack, NOTES, token=token)
    rest = httpx.get(
        f"{stack.rest}/notes", headers={"apikey": stack.publishable_key, "authorization": f"Bearer {token}"}
    )
    assert answer.status_code == rest.status_code == 401
    assert answer.headers["x-rowgate-refusal"] == rest.headers["x-rowgate-refusal"] == "token_expired"
    assert answer.headers["www-authenticate"] == rest.headers["www-authenticate"]
    assert answer.json() == {**rest.json(), "errors": [{"message": rest.json()["message"]}]}


def test_a_page_of_any_origin_may_ask(stack: Stack) -> None:
    asked = {
        "origin": "https://app.example.com",
        "access-control-request-method": "POST",
        "access-control-request-headers": "apikey,authorization,content-type",
    }
    answer = httpx.options(f"{stack.url}/graphql/v1", headers=asked)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "*")
    assert "authorization" in answer.headers["access-control-allow-headers"].lower()
    assert post(stack, "{ __typename }", origin="https://app.example.com").headers["access-control-allow-origin"] == "*"


def test_a_browser_finds_graphiql_here_alone(stack: Stack) -> None:
    answer = httpx.get(f"{stack.url}/graphql/v1", headers={"accept": "text/html"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")


def test_the_address_is_told(stack: Stack) -> None:
    assert stack.keys["GRAPHQL_URL"] == f"{stack.url}/graphql/v1"
    assert any(f"GraphQL: {stack.url}/graphql/v1" in line for line in stack.output)
    assert "/graphql/v1" in httpx.get(stack.url).json()["services"]


def test_the_counts_have_a_service_of_their_own(stack: Stack) -> None:
    post(stack, "{ __typename }")
    text = httpx.get(f"{stack.url}/metrics", headers={"apikey": stack.keys["SECRET_KEY"]}).text
    assert 'service="/graphql/v1",status="200"' in text


def knows(stack: Stack, field: str, **who: str) -> bool:
    """Whether the asking role's schema has the field, whatever Postgres says of its rows."""
    answer = post(stack, f"{{ {field} {{ edges {{ cursor }} }} }}", **who)
    return {"message": f'Unknown field "{field}" on type Query'} not in answer.json().get("errors", [])


def test_ddl_and_grants_reach_each_roles_schema(stack: Stack, farm: IssuerFarm) -> None:
    token = farm.issuers["oidc"].token()
    with psycopg.connect(stack.keys["DB_URL"], autocommit=True) as owner:
        assert not knows(stack, "leafCollection", token=token)
        owner.execute("create table public.leaf (id int primary key)")
        until(lambda: knows(stack, "leafCollection", token=token))
        until(lambda: knows(stack, "leafCollection"))
        owner.execute("revoke select on public.leaf from anon")
        until(lambda: not knows(stack, "leafCollection"))
        assert knows(stack, "leafCollection", token=token)
        owner.execute("grant select on public.leaf to anon")
        until(lambda: knows(stack, "leafCollection"))
        owner.execute("drop table public.leaf")
        until(lambda: not knows(stack, "leafCollection", token=token))


def test_a_membership_reaches_the_schema_although_no_ddl_tells_of_it(stack: Stack, farm: IssuerFarm) -> None:
    token = farm.issuers["oidc"].token()
    with psycopg.connect(stack.keys["DB_URL"], autocommit=True) as owner:
        owner.execute("create role gardener nologin")
        owner.execute("create table public.tool (id int primary key)")
        owner.execute("revoke all on public.tool from authenticated, anon")
        owner.execute("grant select on public.tool to gardener")
        until(lambda: knows(stack, "toolCollection", key=stack.keys["SECRET_KEY"]))
        assert not knows(stack, "toolCollection", token=token)
        owner.execute("alter role anon inherit")
        owner.execute("alter role authenticated inherit")
        owner.execute("grant gardener to anon")  # from now on nothing is new about the roles that a login may take
        until(lambda: knows(stack, "toolCollection"))
        assert not knows(stack, "toolCollection", token=token)
        owner.execute("grant gardener to authenticated")
        until(lambda: knows(stack, "toolCollection", token=token))
        owner.execute("revoke gardener from authenticated")
        until(lambda: not knows(stack, "toolCollection", token=token))


def test_settings_are_taken_up_by_the_running_server(stack: Stack) -> None:
    query = "{ __schema { queryType { name } } }"
    config = stack.workdir / "supabase" / "config.toml"
    before = config.read_text()
    assert "errors" in post(stack, query).json()
    config.write_text(before + '\n[rowgate.graphql]\nintrospection = "on"\n')
    until(lambda: "errors" not in post(stack, query).json())
    config.write_text(before)
    until(lambda: "errors" in post(stack, query).json())
