"""The project that trusts every kind of issuer, started once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.issuers import IssuerFarm
from tests.support.stack import Stack, start
from tests.support.trust import build_farm, write_project


@pytest.fixture(scope="session")
def farm() -> Iterator[IssuerFarm]:
    farm = build_farm()
    yield farm
    farm.stop()


@pytest.fixture(scope="session")
def trusting(farm: IssuerFarm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = start(write_project(tmp_path_factory.mktemp("trust"), farm))
    yield stack
    assert stack.stop() == 0, "".join(stack.output)
