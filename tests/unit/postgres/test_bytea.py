"""bytea as Postgres spells it."""

from __future__ import annotations

import pytest

from rowgate.postgres.bytea import unescaped


@pytest.mark.parametrize(
    ("spelled", "meant"), [(b"\\x00615cff", b"\x00a\\\xff"), (b"\\000a\\\\\\377", b"\x00a\\\xff"), (b"\\x", b"")]
)
def test_both_spellings_are_read(spelled: bytes, meant: bytes) -> None:
    assert unescaped(spelled) == meant
