"""Clusters of their own for tests that change roles or stop servers."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.stack import Stack, start

from .cluster import BIN, Cluster, copied, initialise


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short folder any account may pass to, outside pytest's own (which only root may enter when root runs it)."""
    made = Path(tempfile.mkdtemp(prefix="rowgate-modes-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="session")
def initialised() -> Iterator[Path]:
    """Data of PostgreSQL 15 that no server uses, to be copied."""
    if not (BIN / "pg_ctl").exists():
        pytest.skip("PostgreSQL 15 of Debian is not installed")
    made = Path(tempfile.mkdtemp(prefix="rowgate-modes-"))
    made.chmod(0o755)
    initialise(made)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def cluster(initialised: Path, folder: Path) -> Iterator[Cluster]:
    """A running PostgreSQL 15 that nobody else uses."""
    made = copied(initialised, folder)
    made.start()
    yield made
    if made.running():
        made.stop("immediate")


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Stack]]:
    """Starts servers of the test's own: `serve(database_url, *arguments, name=…, environ=…, migrations=…)`."""
    stacks: list[Stack] = []

    def begin(
        database_url: str,
        *arguments: str,
        name: str = "project",
        environ: dict[str, str] | None = None,
        config: str = "",
        migrations: dict[str, str] | None = None,
    ) -> Stack:
        supabase = tmp_path / name / "supabase"
        if not supabase.exists():
            (supabase / "migrations").mkdir(parents=True)
            (supabase / "config.toml").write_text(f'project_id = "{name}"\n{config}')
        for file, sql in (migrations or {}).items():
            (supabase / "migrations" / file).write_text(sql)
        stack = start(tmp_path / name, *arguments, environ={"DATABASE_URL": database_url, **(environ or {})})
        stacks.append(stack)
        return stack

    yield begin
    for stack in stacks:
        stack.stop()
