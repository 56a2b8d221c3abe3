"""The example project, running, with a Clerk-shaped and a WorkOS-shaped issuer whose people use the real clients."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.issuers import IssuerFarm, shared_secret_token
from tests.support.stack import Stack, free_port, start

ROOT = Path(__file__).parents[2]
JS = Path(__file__).parent / "js"
CLIENT = "client_01HZX3N5Q8R7T6V5W4Y3Z2A1B0"

CONFIG = """
project_id = "clients"
[api]
schemas = ["public"]
[rowgate.graphql]
introspection = "on"
[[rowgate.issuers]]
name = "clerk"
provider = "clerk"
issuer = "{clerk}"
[[rowgate.issuers]]
name = "workos"
provider = "workos"
issuer = "{workos}"
[[rowgate.issuers]]
name = "emulator"
provider = "workos"
issuer = "http://localhost:{emulator}"
jwks_url = "http://127.0.0.1:{emulator}/sso/jwks/client_test"
default_role = "authenticated"
role_claim = "rowgate_role"
"""

CINEMA = ROOT / "tests" / "integration" / "rest" / "cinema.sql"
CINEMA_SETTINGS = """
[rowgate.rest]
db_aggregates_enabled = true
db_plan_enabled = true
db_tx_end = "commit-allow-override"
"""
OTHER_SCHEMA = """
create schema other;
create table other.things (id int primary key, name text);
insert into other.things values (1, 'elsewhere');
grant usage on schema other to authenticated;
grant select on other.things to authenticated;
"""


@pytest.fixture(scope="session")
def emulator_port() -> int:
    return free_port()


@pytest.fixture(scope="session")
def people() -> Iterator[IssuerFarm]:
    """Alice (admin) and Alan (member) of Acme at Clerk; Wanda (admin) and Walt (member) of Globex at WorkOS."""
    farm = IssuerFarm()
    farm.add("clerk", kid="ins_2abc", header={"cat": "cl_B7d4PD111AAA"}, claims={
        "azp": "http://localhost:3000", "sid": "sess_1", "role": "authenticated", "v": 2, "fva": [1, -1],
        "sts": "active",
    })  # fmt: skip
    farm.add("workos", f"{farm.base}/workos/user_management/{CLIENT}", kid="sso_oidc_key_pair_01", claims={
        "sid": "session_1", "jti": "01J", "role": "authenticated",
    })  # fmt: skip
    yield farm
    farm.stop()


@pytest.fixture(scope="session")
def todos(people: IssuerFarm, emulator_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("todos")
    shutil.copytree(ROOT / "examples" / "todos" / "supabase", folder / "supabase")
    issuers = {name: issuer.issuer for name, issuer in people.issuers.items()}
    (folder / "supabase" / "config.toml").write_text(CONFIG.format(**issuers, emulator=emulator_port))
    stack = start(folder)
    yield stack
    assert stack.stop() == 0, "".join(stack.output)


@pytest.fixture(scope="session")
def cinema(people: IssuerFarm, emulator_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A project with the world of the documented-behaviour tests, two schemas, plans and aggregates switched on."""
    folder = tmp_path_factory.mktemp("cinema")
    (folder / "supabase" / "migrations").mkdir(parents=True)
    issuers = {name: issuer.issuer for name, issuer in people.issuers.items()}
    config = CONFIG.format(**issuers, emulator=emulator_port).replace('["public"]', '["public", "other"]')
    (folder / "supabase" / "config.toml").write_text(config + CINEMA_SETTINGS)
    migration = CINEMA.read_text() + OTHER_SCHEMA
    (folder / "supabase" / "migrations" / "20260101000000_cinema.sql").write_text(migration)
    stack = start(folder)
    yield stack
    assert stack.stop() == 0, "".join(stack.output)


@pytest.fixture(scope="session")
def tokens(people: IssuerFarm, todos: Stack) -> dict[str, str]:
    """One token for each person and state of mind."""
    clerk, workos = people.issuers["clerk"], people.issuers["workos"]
    flat = {"v": ..., "fva": ..., "sts": ...}
    hour = 3600
    return {
        "alice": clerk.token(lifetime=hour, sub="user_alice", o={"id": "org_acme", "rol": "admin", "slg": "acme"}),
        "alice_v1": clerk.token(lifetime=hour, sub="user_alice", org_id="org_acme", org_role="org:admin", **flat),
        "alice_second_factor": clerk.token(lifetime=hour, sub="user_alice", fva=[1, 0]),
        "alan": clerk.token(lifetime=hour, sub="user_alan", o={"id": "org_acme", "rol": "member", "slg": "acme"}),
        "alan_v1": clerk.token(lifetime=hour, sub="user_alan", org_id="org_acme", org_role="org:member", **flat),
        "wanda": workos.token(lifetime=hour, sub="user_wanda", org_id="org_globex", user_role="admin"),
        "walt": workos.token(lifetime=hour, sub="user_walt", org_id="org_globex", user_role="member"),
        "no_template": workos.token(lifetime=hour, sub="user_wanda", org_id="org_globex", role="admin"),
        "expired": clerk.token(sub="user_alice", exp=1_700_000_000),
        "old_way": shared_secret_token(
            todos.keys["JWT_SECRET"], exp=4_000_000_000, sub="user_olga", role="authenticated",
            iss=clerk.issuer, azp="http://localhost:3000", aud="authenticated",
        ),
        "old_way_service": shared_secret_token(todos.keys["JWT_SECRET"], sub="user_olga", role="service_role"),
    }  # fmt: skip


@pytest.fixture(scope="session")
def node() -> str:
    """Node with the clients installed from their lock file (`make clients`)."""
    found = shutil.which("node")
    if not found or not (JS / "node_modules").is_dir():
        pytest.skip("Node.js or tests/clients/js/node_modules is missing: install nodejs and npm, then `make clients`")
    return found


@pytest.fixture
def run_node(node: str, todos: Stack, tokens: dict[str, str], tmp_path: Path):
    """Run one of the JavaScript test files with a stack's address and tokens; its report is the failure's text."""

    def run(name: str, stack: Stack = todos, **extra: str) -> None:
        world = tmp_path / "world.json"
        world.write_text(json.dumps({"url": stack.url, "keys": stack.keys, "tokens": tokens, **extra}))
        done = subprocess.run(
            [node, "--test", "--test-reporter=spec", str(JS / name)],
            env={**os.environ, "WORLD": str(world), "NODE_NO_WARNINGS": "1"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "# pass" in done.stdout or "ℹ pass" in done.stdout
        assert "ℹ pass 0" not in done.stdout

    return run
