"""What every test may lean on: a real PostgreSQL, and the rule that a skipped test is a failed one in CI."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator

import pytest

from rowgate.postgres.embedded.server import EmbeddedServer
from tests.support.stack import free_port


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A superuser's URL of a throwaway PostgreSQL: the embedded one, or ROWGATE_TEST_DATABASE_URL."""
    given = os.environ.get("ROWGATE_TEST_DATABASE_URL")
    if given:
        yield given
        return
    folder = tmp_path_factory.mktemp("postgres")
    folder.chmod(0o700)
    with EmbeddedServer(folder, free_port(), "127.0.0.1", secrets.token_urlsafe(16), project="tests") as server:
        yield server.owner_url
    server.delete()  # as root it does not lie in pytest's temporary folder


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    if os.environ.get("CI") == "true" and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI, which counts as failed: {report.longrepr}"
    return report
