"""Cutting SQL: a semicolon separates only where Postgres' scanner says so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rowgate.postgres.sql_text import line_of, split_statements, statement_offsets


@pytest.mark.parametrize(
    ("sql", "statements"),
    [
        ("", ()),
        (" ;; -- nothing; at all\n /* ; */ ;", ()),
        ("select 1; select 2", ("select 1", "select 2")),
        ("select ';'; select 'it''s;'; select 1", ("select ';'", "select 'it''s;'", "select 1")),
        (r"select E'a\';b'; select '\'; select 1", (r"select E'a\';b'", r"select '\'", "select 1")),
        ('select ";" from "a"";b"; select 1', ('select ";" from "a"";b"', "select 1")),
        ("do $$ begin; end $$; select 1", ("do $$ begin; end $$", "select 1")),
        ("do $a$ ; $$ ; $a$; select 1", ("do $a$ ; $$ ; $a$", "select 1")),
        ("select $1; select a$b$c; select 2", ("select $1", "select a$b$c", "select 2")),
        ("select 1 /* ; /* ; */ ; */; select 2", ("select 1 /* ; /* ; */ ; */", "select 2")),
        ("-- a; b\nselect 1;\n-- c\nselect 2;", ("-- a; b\nselect 1", "-- c\nselect 2")),
        (
            "create rule r as on insert to t do (insert into a values (1); insert into b values (2)); select 1",
            ("create rule r as on insert to t do (insert into a values (1); insert into b values (2))", "select 1"),
        ),
        (
            "create function f() returns int begin atomic select 1; select case when true then 2 end; end; select 3",
            (
                "create function f() returns int begin atomic select 1; select case when true then 2 end; end",
                "select 3",
            ),
        ),
        ("begin; select 1; end; select 2", ("begin", "select 1", "end", "select 2")),
        ("select 'unfinished; ", ("select 'unfinished;",)),
        ("do $$ unfinished; ", ("do $$ unfinished;",)),
    ],
)
def test_splits_where_postgres_does(sql: str, statements: tuple[str, ...]) -> None:
    assert split_statements(sql) == statements


def test_offsets_point_behind_comments() -> None:
    sql = "-- one\nselect 1;\n/* two\n*/ select 2; 3"
    assert [sql[offset:].split()[0] for offset in statement_offsets(sql)] == ["select", "select", "3"]
    assert [line_of(sql, offset + 1) for offset in statement_offsets(sql)] == [2, 4, 4]


@given(st.text(alphabet="ab$'\"\\;-/*() \nE", max_size=60))
def test_nothing_but_semicolons_and_space_is_lost(sql: str) -> None:
    kept = "".join("".join(split_statements(sql)).split())
    remaining = iter("".join(sql.split()))
    assert all(character in remaining for character in kept)  # a subsequence of the text, in order
    assert len(split_statements(sql)) == len(statement_offsets(sql))


@given(
    st.lists(st.sampled_from(["select 1", "select ';'", "do $$ ; $$", "select /* ; */ 2", 'select ";"']), max_size=6)
)
def test_joined_statements_come_apart_again(statements: list[str]) -> None:
    assert split_statements(";\n".join(statements)) == tuple(statements)
