"""Migration files: their names."""

from __future__ import annotations

from pathlib import Path

import pytest

from rowgate.errors import RowgateError
from rowgate.postgres.migrations import new_migration


def test_a_new_migration_is_named_by_time_and_words(tmp_path: Path) -> None:
    path = new_migration(tmp_path / "migrations", "Add Todos & lists!")
    assert path.name.endswith("_add_todos_lists.sql")
    assert len(path.name.split("_")[0]) == 14
    with pytest.raises(RowgateError, match="is no name"):
        new_migration(tmp_path, "…")
