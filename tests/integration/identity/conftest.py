"""Fixtures of the identity tests that need Postgres."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(scope="session")
def postgres_url() -> str:
    url = os.environ.get("ROWGATE_TEST_DATABASE_URL")
    if not url:
        pytest.skip("ROWGATE_TEST_DATABASE_URL is not set")
    return url
