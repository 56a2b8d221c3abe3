"""Clusters of these tests' own, made by the embedded server under test: the wheel's PostgreSQL and, where it is
installed, Debian's PostgreSQL 15, the oldest one served."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from rowgate.postgres.embedded import EmbeddedServer
from rowgate.project.settings import Secrets
from tests.support.stack import free_port

OLDEST = Path("/usr/lib/postgresql/15/bin")
VERSIONS: dict[str, Path | None] = {"wheel": None} | ({"15": OLDEST} if OLDEST.is_dir() else {})


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave a rule of PostgreSQL 16 and later out where the cluster is older: there is nothing to test there."""
    older = {id(item) for item in items if item.get_closest_marker("since_16") and "15" in item.name.partition("[")[2]}
    config.hook.pytest_deselected(items=[item for item in items if id(item) in older])
    items[:] = [item for item in items if id(item) not in older]


@pytest.fixture
def port() -> int:
    """A port that was free a moment ago."""
    return free_port()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short folder any account may pass to, outside pytest's own (which only root may enter when root runs it)."""
    made = Path(tempfile.mkdtemp(prefix="rowgate-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="session", params=sorted(VERSIONS))
def cluster_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A superuser's URL of a cluster nobody else uses, once per version: these tests change the login roles."""
    state = Path(tempfile.mkdtemp(prefix="rowgate-"))
    state.chmod(0o755)
    server = EmbeddedServer(state, free_port(), "127.0.0.1", "super'user", VERSIONS[request.param], root_folder=state)
    with server:
        with psycopg.connect(server.owner_url, autocommit=True) as connection:
            connection.execute("alter system set fsync = off")
            connection.execute("select pg_reload_conf()")
        yield server.owner_url
    shutil.rmtree(state, ignore_errors=True)


@pytest.fixture
def database_url(cluster_url: str) -> Iterator[str]:
    """An empty database of the test's own, as superuser."""
    name = f"server_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(cluster_url, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    yield make_conninfo(cluster_url, dbname=name)
    with psycopg.connect(cluster_url, autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)")


@pytest.fixture
def admin(database_url: str) -> Iterator[psycopg.Connection]:
    """The superuser in the test's database."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def role(database_url: str) -> Iterator[Callable[..., str]]:
    """Make roles of unique names that are dropped afterwards: `role("owner", "login createrole")`.

    Roles are the whole cluster's, so no test may meet another's.
    """
    made: list[str] = []

    def make(prefix: str, attributes: str = "") -> str:
        name = f"{prefix}_{uuid.uuid4().hex[:8]}"
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(f"create role {name} {attributes}")
        made.append(name)
        return name

    yield make
    with psycopg.connect(database_url, autocommit=True) as connection:
        for name in reversed(made):
            connection.execute(f"reassign owned by {name} to current_user")
            connection.execute(f"drop owned by {name} cascade")
            connection.execute(f"drop role {name}")


@pytest.fixture(scope="session")
def secrets() -> Secrets:
    """Secrets with every character a URL, a conninfo string or SQL would trip over."""
    return Secrets(
        jwt_secret="jwt",
        anon_key="anon",
        service_role_key="service",
        publishable_key="publishable",
        secret_key="secret",
        database_password="super'user",
        public_login_password="pub'lic \\ p@ss:word/%41",
        service_login_password="serv'ice \\ p@ss:word/%41",
    )
