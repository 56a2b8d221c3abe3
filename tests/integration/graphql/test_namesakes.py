"""Somebody may create functions and operators in an exposed schema: none of them is called by anybody's request."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import psycopg
import pytest

from tests.integration.graphql.reading import Reader, reader_of
from tests.integration.rest.conftest import made_database

SCHEMA = """
create type mood as enum ('calm', 'wild');
create table song (
  id int primary key, title varchar(20) not null, plays bigint, tags text[], mood mood, length numeric);
comment on table song is '@graphql({"totalCount": {"enabled": true}, "aggregate": {"enabled": true}})';
create table verse (id int primary key, song_id int references song, words text);
insert into song values (1, 'roses', 10, '{a,b}', 'calm', 1.5), (2, 'beans', 20, '{b}', 'wild', 2.5);
insert into verse values (1, 1, 'la'), (2, 1, 'li');
"""
CAUGHT = "language plpgsql as $$ begin raise 'caught'; end $$"
# Each is a better match for what the dialect writes than Postgres' own, which takes any type.
TEXT = [", ".join(["text"] * count) for count in range(1, 12)]
TYPES = ("text", "varchar", "int", "bigint", "mood", "text[]", "numeric")
FUNCTIONS = [
    *(f"concat({each}) returns text" for each in TEXT),
    *(f"to_json({each}) returns json" for each in TYPES),
    *(f"to_jsonb({each}) returns jsonb" for each in TYPES),
    "jsonb_build_array(text, text, int) returns jsonb",
    "jsonb_build_array(jsonb) returns jsonb",
    "jsonb_build_array(jsonb, jsonb) returns jsonb",
    "max(varchar) returns varchar",
    "min(varchar) returns varchar",
    "unnest(text[]) returns setof text",
    "unnest(text[], text[]) returns setof text",
]
OPERATORS = [
    *((operator, "varchar", "varchar") for operator in ("=", "<>", "<", ">", "~~", "^@", "~")),
    *((operator, "mood", "mood") for operator in ("=", "<>")),
    *((operator, "text[]", "text[]") for operator in ("=", "@>", "<@", "&&")),
    ("||", "bigint", "bigint"),
    ("||", "text", "bigint"),
    ("||", "text", "numeric"),
]
QUERIES = [
    """{ songCollection(orderBy: [{plays: AscNullsLast}]) {
      edges { cursor node { nodeId id title plays tags mood length } } pageInfo { startCursor endCursor hasNextPage }
      totalCount aggregate { max { title } min { title } sum { plays } } } }""",
    """{ songCollection(filter: {title: {eq: "roses", neq: "x", lt: "z", gt: "a", like: "r%", startsWith: "r"}}) {
      edges { node { verseCollection { edges { node { words song { title } } } } } } } }""",
    """{ songCollection(filter: {title: {in: ["roses"], regex: "r"}, mood: {eq: calm, neq: wild},
      tags: {eq: ["a", "b"], contains: "a", containedBy: ["a", "b"], overlaps: "a"}}) { edges { node { id } } } }""",
    'mutation { insertIntosongCollection(objects: [{id: 8, title: "x"}, {id: 9, title: "y"}]) { records { title } } }',
    "mutation { insertIntoverseCollection(objects: [{id: 8}, {id: 9}]) { records { id } } }",
    "mutation { deleteFromsongCollection(filter: {id: {gt: 7}}, atMost: 9) { affectedCount records { id title } } }",
]


@pytest.fixture(scope="module")
def reader(postgres_url: str) -> Iterator[Reader]:
    with made_database(postgres_url, SCHEMA) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            for each in FUNCTIONS:
                connection.execute(f"create function public.{each} {CAUGHT}")
            for number, (operator, left, right) in enumerate(OPERATORS):
                returns = "text" if operator == "||" else "bool"
                function = f"public.op{number}"
                connection.execute(f"create function {function}({left}, {right}) returns {returns} {CAUGHT}")
                operands = f"leftarg = {left}, rightarg = {right}"
                connection.execute(f"create operator public.{operator} (function = {function}, {operands})")
        with reader_of(url) as reader:
            yield reader


@pytest.mark.parametrize("query", QUERIES)
def test_no_namesake_of_what_the_dialect_calls_is_called(reader: Reader, query: str) -> None:
    assert reader.data(query)


def test_nor_by_a_nodeid_or_a_cursor(reader: Reader) -> None:
    node = base64.b64encode(b'["public", "song", 1]').decode()
    assert reader.data(f'{{ node(nodeId: "{node}") {{ ... on song {{ nodeId title }} }} }}')["node"]["title"] == "roses"
    cursor = base64.b64encode(b'["roses", 1]').decode()
    page = f'songCollection(after: "{cursor}", orderBy: [{{title: DescNullsFirst}}]) {{ edges {{ node {{ title }} }} }}'
    assert reader.data(f"{{ {page} }}") == {"songCollection": {"edges": [{"node": {"title": "beans"}}]}}
