from collections.abc import Iterator

import pytest

from .issuer_process import IssuerProcess


@pytest.fixture(scope="session")
def clerk_process() -> Iterator[IssuerProcess]:
    issuer = IssuerProcess("clerk", "--port", "0")
    yield issuer
    issuer.stop()


@pytest.fixture(scope="session")
def workos_process() -> Iterator[IssuerProcess]:
    issuer = IssuerProcess("workos", "--port", "0")
    yield issuer
    issuer.stop()


@pytest.fixture
def clerk(clerk_process: IssuerProcess) -> Iterator[IssuerProcess]:
    yield clerk_process
    clerk_process.call("DELETE", "/__offline__/faults")
    clerk_process.control("clock", {"offset": 0})
    clerk_process.control(
        "settings",
        {"token_version": 2, "category": "by_class", "session_claims": {}, "connected_with_supabase": True},
    )


@pytest.fixture
def workos(workos_process: IssuerProcess) -> Iterator[IssuerProcess]:
    yield workos_process
    workos_process.call("DELETE", "/__offline__/faults")
    workos_process.control("clock", {"offset": 0})
    workos_process.control("template", {"content": None})
