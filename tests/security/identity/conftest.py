"""Fixtures of the identity security tests; the workshop is shared with the unit tests."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "unit" / "identity"))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
