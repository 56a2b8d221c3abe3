"""Names and constants become SQL text in one place, and cannot get out of their quotes."""

from __future__ import annotations

import pytest

from rowgate.postgres.quoting import identifier, literal, qualified


def test_a_quote_in_a_name_stays_in_the_name() -> None:
    assert identifier('a"; drop table b; --') == '"a""; drop table b; --"'
    assert qualified('s"', "t") == '"s"""."t"'


@pytest.mark.parametrize("quoted", [identifier, literal])
def test_a_name_with_a_nul_is_refused(quoted: object) -> None:
    assert callable(quoted)
    with pytest.raises(ValueError, match="NUL"):
        quoted("a\x00b")


def test_a_constant_cannot_end_its_quotes_whatever_the_server_thinks_of_backslashes() -> None:
    assert literal("it's") == "'it''s'"
    assert literal("\\' or 1=1 --") == " E'\\\\'' or 1=1 --'"
