"""The project that trusts every kind of issuer, started once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from rowgate.postgres.embedded.cluster import folder_for
from rowgate.postgres.embedded.server import ROOT_FOLDER
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
    # As root the database lies outside of pytest's folder, which pytest would clear.
    shutil.rmtree(folder_for(stack.workdir / ".rowgate", "trust", ROOT_FOLDER), ignore_errors=True)
