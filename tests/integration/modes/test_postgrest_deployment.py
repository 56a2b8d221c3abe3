"""A deployment of PostgREST's with another command: the guide's database, PGRST_ variables and nothing else."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from tests.integration.server.asking import until
from tests.support.stack import READY, Stack, free_port, wait_for_line

from .cluster import Cluster

GUIDE = (Path(__file__).parents[3] / "docs" / "guides" / "postgrest.md").read_text(encoding="utf-8")
GROUND = re.findall(r"```sql\n(.*?)```", GUIDE, re.DOTALL)[0]
EXPORTS = dict(re.findall(r'^export (PGRST_\w+)="([^"]*)"', GUIDE, re.MULTILINE))
SECRET = EXPORTS["PGRST_JWT_SECRET"]

Begin = Callable[..., Stack]


@pytest.fixture
def prepared(cluster: Cluster) -> Cluster:
    cluster.execute(GROUND)
    return cluster


@pytest.fixture
def begin(prepared: Cluster, tmp_path: Path) -> Iterator[Begin]:
    """Starts servers with the guide's variables and more of them."""
    stacks: list[Stack] = []

    def begin(*arguments: str, ready: str = READY, **variables: str) -> Stack:
        port = str(free_port())
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ROWGATE_", "PG"))}
        environ = {
            **kept,
            **EXPORTS,
            "PGRST_DB_URI": prepared.url("authenticator", "mysecretpassword"),
            "PGRST_SERVER_PORT": port,
            "PGRST_SERVER_HOST": "127.0.0.1",
            **variables,
        }
        environ = {name: value for name, value in environ.items() if value}
        process = subprocess.Popen(
            [sys.executable, "-m", "rowgate", "start", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environ,
            cwd=tmp_path,
        )
        stack = Stack(tmp_path, f"http://127.0.0.1:{port}", {}, process, ("--database-url",), environ)
        wait_for_line(stack, ready, 40)  # what does not get there is ended by it
        stacks.append(stack)
        return stack

    yield begin
    for stack in stacks:
        stack.stop()


def bearer(claims: dict[str, object], secret: str = SECRET) -> dict[str, str]:
    return {"authorization": "Bearer " + jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(secret))}


ANA = {"role": "web_user", "sub": "ana"}


def titles(stack: Stack, headers: dict[str, str] | None = None, path: str = "/tasks") -> object:
    answer = httpx.get(f"{stack.url}{path}?select=title&order=id", headers=headers or {})
    return [row["title"] for row in answer.json()] if answer.status_code == 200 else answer.status_code


def test_a_deployment_is_served_as_it_is_and_nothing_in_the_database_changes(prepared: Cluster, begin: Begin) -> None:
    before = prepared.dump()
    stack = begin()

    assert titles(stack) == ["write", "read"]
    assert titles(stack, path="/rest/v1/tasks") == ["write", "read"]
    assert titles(stack, bearer(ANA)) == ["write"]
    made = httpx.post(
        f"{stack.url}/tasks",
        json={"id": 3, "owner": "ana", "title": "new"},
        headers={**bearer(ANA), "prefer": "return=headers-only"},
    )
    assert (made.status_code, made.headers["location"]) == (201, "/tasks?id=eq.3")
    foreign = httpx.post(f"{stack.url}/tasks", json={"id": 4, "owner": "ben", "title": "x"}, headers=bearer(ANA))
    assert (foreign.status_code, foreign.json()["code"]) == (403, "42501")
    assert httpx.post(f"{stack.url}/tasks", json={"id": 5}).status_code == 401
    assert httpx.get(stack.url).json()["swagger"] == "2.0"
    assert httpx.get(f"{stack.url}/health").json()["code"] == "PGRST205"
    printed = "".join(stack.output)
    assert "is a key set without an issuer" in printed
    assert "Nothing was changed in the database" in printed
    assert SECRET not in printed
    assert "mysecretpassword" not in printed
    assert stack.stop() == 0
    assert prepared.dump() == before


def test_refused_tokens_are_refused_in_postgrests_words(begin: Begin) -> None:
    stack = begin(PGRST_JWT_AUD="api")

    for claims, secret, code, message in [
        ({**ANA, "exp": 1}, SECRET, "PGRST303", "JWT expired"),
        ({**ANA, "aud": "other"}, SECRET, "PGRST303", "JWT not in audience"),
        (ANA, "another secret of more than 32 characters", "PGRST301", "No suitable key or wrong key type"),
        ({"role": "nobody"}, SECRET, "22023", 'role "nobody" does not exist'),
    ]:
        refused = httpx.get(f"{stack.url}/tasks", headers=bearer(claims, secret))
        assert (refused.status_code, refused.json()["code"], refused.json()["message"]) == (401, code, message)
    assert titles(stack, bearer({**ANA, "aud": ["x", "api"]})) == ["write"]
    assert titles(stack, bearer({"sub": "nobody"})) == ["write", "read"]


def test_without_an_anonymous_role_a_token_is_needed(begin: Begin) -> None:
    stack = begin(PGRST_DB_ANON_ROLE="")

    refused = httpx.get(f"{stack.url}/tasks")
    assert (refused.status_code, refused.json()["code"]) == (401, "PGRST302")
    assert refused.json()["message"] == "Anonymous access is disabled"
    assert titles(stack, bearer(ANA)) == ["write"]
    assert httpx.get(f"{stack.url}/tasks", headers=bearer({"sub": "ana"})).json()["code"] == "PGRST302"


def test_a_privileged_role_is_taken_only_where_the_operator_allows_it(prepared: Cluster, begin: Begin) -> None:
    prepared.execute(
        "create role boss bypassrls; grant usage on schema api to boss; grant select on api.tasks to boss;"
        "grant boss to authenticator"
    )
    token = bearer({"role": "boss"})

    stack = begin()
    refused = httpx.get(f"{stack.url}/tasks", headers=token)
    assert (refused.status_code, refused.headers["x-rowgate-refusal"]) == (403, "role_privileged")
    assert "boss (has BYPASSRLS)" in "".join(stack.output)
    stack.stop()
    stack = begin(ROWGATE_REST__ALLOW_PRIVILEGED_ROLES="true")
    assert titles(stack, token) == ["write", "read"]
    assert titles(stack, bearer(ANA)) == ["write"]
    assert "bypass row-level security" in "".join(stack.output)


def test_the_login_itself_is_nobodys_role_and_the_start_says_so(prepared: Cluster, begin: Begin) -> None:
    stack = begin(PGRST_DB_URI=prepared.superuser, PGRST_DB_ANON_ROLE="postgres")
    printed = "".join(stack.output)
    assert "Requests as postgres are refused: it is a superuser and could bypass row-level security." in printed
    assert "GRANT postgres" not in printed
    refused = httpx.get(f"{stack.url}/tasks")
    assert (refused.status_code, refused.headers["x-rowgate-refusal"]) == (403, "role_privileged")
    assert refused.json()["hint"] == "Set db_anon_role to a role without such powers."
    assert titles(stack, bearer(ANA)) == ["write"]
    stack.stop()
    assert titles(begin(PGRST_DB_URI=prepared.superuser)) == ["write", "read"]


def test_postgrests_file_and_a_key_set_of_public_keys(prepared: Cluster, begin: Begin, tmp_path: Path) -> None:
    key = RSAKey.generate_key(2048, {"kid": "one"})
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    (tmp_path / "uri").write_text(prepared.url("authenticator", "mysecretpassword") + "\n")
    (tmp_path / "postgrest.conf").write_text(
        f'db-uri = "@{tmp_path}/uri"\ndb-schemas = "api"\ndb-anon-role = "web_anon"\n'
        'jwt-secret = "@keys.json"\njwt-role-claim-key = ".app.roles[?(@ ^== \\"web_u\\")]"\n'
    )
    unset = dict.fromkeys(("PGRST_DB_URI", "PGRST_DB_SCHEMAS", "PGRST_DB_ANON_ROLE", "PGRST_JWT_SECRET"), "")
    stack = begin("--postgrest-config", "postgrest.conf", **unset)

    token = jwt.encode({"alg": "RS256", "kid": "one"}, {"sub": "ben", "app": {"roles": ["x", "web_user"]}}, key)
    assert titles(stack, {"authorization": f"Bearer {token}"}) == ["read"]
    assert titles(stack) == ["write", "read"]


def test_libpqs_variables_say_where_the_database_is(prepared: Cluster, begin: Begin) -> None:
    stack = begin(
        PGRST_DB_URI="postgresql://",
        PGHOST="127.0.0.1",
        PGPORT=str(prepared.port),
        PGUSER="authenticator",
        PGPASSWORD="mysecretpassword",
        PGDATABASE="postgres",
    )

    assert titles(stack) == ["write", "read"]


def test_configuration_in_the_database_is_taken_up_at_the_start_and_when_asked(prepared: Cluster, begin: Begin) -> None:
    prepared.execute("alter role authenticator set pgrst.db_max_rows = '1'")
    stack = begin("--workers", "2")
    assert titles(stack) == ["write"]

    prepared.execute(
        "alter role authenticator set pgrst.db_max_rows = '5';"
        "alter role authenticator in database postgres set pgrst.db_aggregates_enabled = 'true';"
        "notify pgrst, 'reload config'"
    )
    until(lambda: titles(stack) == ["write", "read"], 5)
    until(lambda: httpx.get(f"{stack.url}/tasks?select=count()").status_code == 200, 5)

    prepared.execute("alter role authenticator set pgrst.db_max_rows = '1'")
    stack.process.send_signal(signal.SIGUSR2)
    until(lambda: titles(stack) == ["write"], 5)

    prepared.execute("alter role authenticator set pgrst.db_max_rows = 'many'; notify pgrst, 'reload config'")
    wait_until_printed(stack, "configuration in the database not taken up")
    assert titles(stack) == ["write"]
    assert stack.process.poll() is None


def test_a_project_of_ours_hears_postgrests_login_but_no_keys(cluster: Cluster, serve: Callable[..., Stack]) -> None:
    migration = (
        "create schema api; create table api.things (id int primary key); grant usage on schema api to anon;"
        "grant select on api.things to anon; insert into api.things values (1), (2);"
        "alter role authenticator set pgrst.db_schemas = 'api'; alter role authenticator set pgrst.db_max_rows = '1';"
        f"alter role authenticator set pgrst.jwt_secret = '{SECRET}'"
    )
    stack = serve(cluster.superuser, migrations={"20260101000000_api.sql": migration})

    assert httpx.get(f"{stack.rest}/things").json() == [{"id": 1}]
    refused = httpx.get(f"{stack.rest}/things", headers=bearer({"role": "anon"}))
    assert refused.headers["x-rowgate-refusal"] == "signature_invalid"
    cluster.execute("alter role rowgate_public set pgrst.db_max_rows = '2'; notify pgrst, 'reload config'")
    until(lambda: httpx.get(f"{stack.rest}/things").json() == [{"id": 1}, {"id": 2}], 5)


def test_a_function_configures_and_the_logins_own_settings_win(prepared: Cluster, begin: Begin) -> None:
    prepared.execute(
        "create function api.configure() returns void language sql as $$"
        " select set_config('pgrst.db_max_rows', '1', true), set_config('pgrst.db_anon_role', 'nobody', true) $$;"
        "grant usage on schema api to authenticator;"
        "alter role authenticator set pgrst.db_anon_role = 'web_anon'"
    )
    stack = begin(PGRST_DB_PRE_CONFIG="api.configure", PGRST_DB_MAX_ROWS="7")
    assert titles(stack) == ["write"]
    stack.stop()
    stack = begin(PGRST_DB_PRE_CONFIG="api.configure", ROWGATE_REST__DB_MAX_ROWS="7")
    assert titles(stack) == ["write", "read"]
    stack.stop()
    assert titles(begin(PGRST_DB_PRE_CONFIG="api.configure", PGRST_DB_CONFIG="false")) == ["write", "read"]


def test_a_function_that_fails_ends_the_start_with_its_words(prepared: Cluster, begin: Begin) -> None:
    with pytest.raises(AssertionError, match="The configuration in the database cannot be read"):
        begin(PGRST_DB_PRE_CONFIG="api.nothing_there")


def test_no_request_is_refused_while_everything_is_reloaded(prepared: Cluster, begin: Begin) -> None:
    """Catalog and configuration change under load, by notification and by signal; schemas come and go meanwhile."""
    prepared.execute(
        "create schema more; create table more.things (id int primary key); grant usage on schema more to web_anon;"
        "grant select on more.things to web_anon"
    )
    stack = begin("--workers", "2")
    statuses: dict[int, int] = {}
    stop = threading.Event()

    def hammer() -> None:
        with httpx.Client() as client:
            while not stop.is_set():
                status = client.get(f"{stack.url}/tasks?select=id,title&limit=1").status_code
                statuses[status] = statuses.get(status, 0) + 1

    threads = [threading.Thread(target=hammer) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for turn in range(6):
            schemas = "api, more" if turn % 2 == 0 else "api"
            prepared.execute(f"alter role authenticator set pgrst.db_schemas = '{schemas}'")
            prepared.execute(f"create table api.extra_{turn} (id int); grant select on api.extra_{turn} to web_anon")
            if turn < 3:
                prepared.execute("notify pgrst, 'reload config'")
                prepared.execute("notify pgrst, 'reload schema'")
            else:
                stack.process.send_signal(signal.SIGUSR2)
                stack.process.send_signal(signal.SIGUSR1)
            expected = 200 if turn % 2 == 0 else 406
            until(lambda path=f"/extra_{turn}": httpx.get(stack.url + path).status_code == 200, 8)  # type: ignore[misc]
            until(
                lambda expected=expected: (
                    httpx.get(  # type: ignore[misc]
                        f"{stack.url}/things", headers={"accept-profile": "more"}
                    ).status_code
                    == expected
                ),
                8,
            )
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert set(statuses) == {200}
    assert statuses[200] > 100


def test_a_newly_exposed_schemas_owner_is_privileged_before_it_is_served(prepared: Cluster, begin: Begin) -> None:
    prepared.execute(
        "create role keeper nologin; create schema vault authorization keeper; grant keeper to authenticator;"
        "set role keeper; create table vault.gold (id int); alter table vault.gold enable row level security;"
        "insert into vault.gold values (1)"
    )
    stack = begin()
    token = bearer({"role": "keeper"})
    assert httpx.get(f"{stack.url}/tasks", headers=token).status_code == 403  # no privilege on the schema api
    prepared.execute("alter role authenticator set pgrst.db_schemas = 'api, vault'; notify pgrst, 'reload config'")
    asked = {**token, "accept-profile": "vault"}
    seen: list[int] = []

    def refused() -> bool:
        answer = httpx.get(f"{stack.url}/gold", headers=asked)
        seen.append(answer.status_code)
        return answer.headers.get("x-rowgate-refusal") == "role_privileged"

    until(refused, 8)
    assert 200 not in seen


def test_the_admin_server_speaks_for_all_workers(prepared: Cluster, begin: Begin) -> None:
    admin = free_port()
    stack = begin("--workers", "2", PGRST_ADMIN_SERVER_PORT=str(admin), PGRST_APP_SETTINGS_KEY="hidden")
    at = f"http://127.0.0.1:{admin}"
    for _ in range(20):
        titles(stack, bearer(ANA))

    assert (httpx.get(f"{at}/live").status_code, httpx.get(f"{at}/ready").status_code) == (200, 200)
    metrics = httpx.get(f"{at}/metrics").text
    assert 'worker="0"' in metrics and 'worker="1"' in metrics  # noqa: PT018
    assert "\npgrst_db_pool_max 20" in metrics
    assert re.search(r"\npgrst_jwt_cache_requests_total 2[0-9]", metrics)
    assert re.search(r'\npgrst_schema_cache_loads_total\{status="SUCCESS"\} [2-9]', metrics)
    catalog = httpx.get(f"{at}/schema_cache").json()
    assert list(catalog["relations"]) == ["api.tasks"]
    config = httpx.get(f"{at}/config").text
    assert 'db-anon-role = "web_anon"' in config
    for secret in (SECRET, "mysecretpassword", "hidden"):
        assert secret not in config + metrics + json.dumps(catalog)
    assert httpx.get(f"{at}/tasks").status_code == 404
    assert f"The admin server listens at {at}" in "".join(stack.output)
    assert httpx.get(f"{stack.url}/live").json()["code"] == "PGRST205"

    prepared.stop("immediate")
    until(lambda: httpx.get(f"{at}/ready").status_code == 503, 10)
    assert httpx.get(f"{at}/live").status_code == 200


def test_without_a_port_there_is_no_admin_server_and_a_taken_one_stops_the_start(begin: Begin) -> None:
    stack = begin()
    assert "admin server" not in "".join(stack.output)
    taken = stack.environ["PGRST_SERVER_PORT"]
    stack.stop()
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        with pytest.raises(AssertionError, match="The admin server: Port"):
            begin(PGRST_ADMIN_SERVER_PORT=port)
    with pytest.raises(AssertionError, match="port of the API"):
        begin(PGRST_ADMIN_SERVER_PORT=taken, PGRST_SERVER_PORT=taken)


def test_a_unix_socket_takes_the_ports_place(begin: Begin, tmp_path: Path) -> None:
    path = tmp_path / "api.sock"
    stack = begin(PGRST_SERVER_UNIX_SOCKET=str(path), PGRST_SERVER_UNIX_SOCKET_MODE="600")

    with httpx.Client(transport=httpx.HTTPTransport(uds=str(path))) as client:
        assert [row["id"] for row in client.get("http://api/tasks?select=id").json()] == [1, 2]
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(httpx.ConnectError):
        httpx.get(stack.url)


def wait_until_printed(stack: Stack, text: str, seconds: float = 8) -> None:
    deadline = time.monotonic() + seconds
    while text not in "".join(stack.output):
        assert time.monotonic() < deadline, "".join(stack.output)
        time.sleep(0.05)
