"""What a role sees of a real database: catalog, rights and comments come together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
import psycopg
import pytest

from rowgate.graphql.entities import EnumKind, Graph, ListKind, Scalar
from rowgate.graphql.errors import GraphQLError
from rowgate.graphql.reflection.reflect import reflect
from rowgate.postgres.catalog.records import Catalog
from rowgate.postgres.catalog.rights import Rights, read_rights, rights_statement
from rowgate.postgres.statement import Result
from tests.integration.rest.conftest import loaded_catalog, made_database

PATH = ("public", "annex", "closed", "absent")

WORLD = """
create schema annex;
create schema closed;
create schema off_path;
comment on schema public is 'The library. @graphql({"inflect_names": true, "max_rows": 50, "introspection": true})';

create type shelf_mark as enum ('top-left', 'bottom');
comment on type shelf_mark is '@graphql({"mappings": {"top-left": "TOP_LEFT"}})';
create type secret_mark as enum ('a');
revoke usage on type secret_mark from public;
create type off_path.mood as enum ('fine');
create type size as (width int, height int);
create domain title as text not null;

create table branch (id int primary key, name text not null);
create table book (
  id serial primary key,
  branch_id int not null references branch,
  "weird name" int,
  isbn varchar(13),
  title title,
  mark shelf_mark,
  marks shelf_mark[],
  hidden secret_mark,
  mood off_path.mood,
  measures size,
  tags text[],
  price numeric(8, 2) default 1,
  doubled numeric generated always as (price * 2) stored,
  page_count int
);
comment on column book.page_count is '@graphql({"name": "pages", "description": "How many leaves twice"})';
comment on table book is e'@graphql({"totalCount": {"enabled": true},\n "aggregate": {"enabled": true},
  "max_rows": 7})';
create table catalogue_card (
  id int generated always as identity primary key, book_id int not null unique references book);
alter table branch enable row level security;
create table loan (id int primary key, book_id int not null, reader text not null, returned bool,
  constraint borrowed foreign key (book_id) references book);
create unique index on loan (book_id) where returned is null;
create unique index on loan (lower(reader));
comment on constraint borrowed on loan is '@graphql({"local_name": "lendings", "foreign_name": "lent"})';
create table placed (zone int, book_id int, area int, primary key (zone, area, book_id));
create table keyless (id int, note text);
create table parted (id int primary key) partition by range (id);
create table parted_low partition of parted for values from (0) to (10);
create view shelf as select id, branch_id, title from book;
comment on view shelf is '@graphql({"name": "Shelf", "primary_key_columns": ["id"], "foreign_keys": [
  {"local_columns": ["branch_id"], "foreign_schema": "public", "foreign_table": "branch",
   "foreign_columns": ["id"]}]})';
create view keyless_view as select * from book;
create table annex."Desk" ("deskId" int primary key, "branchId" int references branch);
create table closed.vault (id int primary key);

create function _shout(b book) returns text immutable language sql as $$ select upper(b.title) $$;
create function neighbours(b book) returns setof book stable language sql as $$ select * from book $$;
create function home(b book) returns setof branch rows 1 stable language sql as $$ select * from branch $$;
create function marked(b book) returns shelf_mark stable language sql as $$ select b.mark $$;
create function add_up(a int, "b_c" int default 2, d text default 'x', e int default random()::int, f text default null)
  returns int immutable language sql as $$ select 1 $$;
comment on function add_up is '@graphql({"description": "Adds"})';
create function books() returns setof book stable language sql as $$ select * from book $$;
create function one_book() returns book language sql as $$ select * from book $$;
create function clashing(first int) returns setof book stable language sql as $$ select * from book $$;
create function twice(a int) returns int language sql as $$ select 1 $$;
create function annex.twice(a text) returns int language sql as $$ select 1 $$;
create function nameless(int) returns int language sql as $$ select 1 $$;
create function nothing() returns void language sql as $$ select $$;
create function a_record() returns record language sql as $$ select 1, 2 $$;
create function a_table() returns table (x int) language sql as $$ select 1 $$;
create function a_size() returns size language sql as $$ select null::size $$;
create function sizes() returns size[] language sql as $$ select null::size[] $$;
create function a_mark() returns shelf_mark language sql as $$ select null::shelf_mark $$;
create function takes_mark(m shelf_mark) returns int language sql as $$ select 1 $$;
create function takes_many(variadic a int[]) returns int[] language sql as $$ select a $$;
create function barred() returns int language sql as $$ select 1 $$;
create function trigger_only() returns trigger language plpgsql as $$ begin return new; end $$;
create procedure a_procedure() language sql as $$ select $$;
revoke execute on function barred from public;

create role reflect_clerk nologin;
create role reflect_reader nologin;
create role reflect_stranger nologin;
grant usage on schema public, annex, off_path to reflect_clerk, reflect_reader;
grant all on all tables in schema public, annex, closed to reflect_clerk;
grant select (id, branch_id, page_count), update (page_count) on book to reflect_reader;
grant select on branch, annex."Desk" to reflect_reader;
grant insert on loan to reflect_reader;
"""
ROLES = ("reflect_clerk", "reflect_reader", "reflect_stranger")


@pytest.fixture(scope="module")
def url(postgres_url: str) -> Iterator[str]:
    with made_database(postgres_url, WORLD) as made:
        yield made
        with psycopg.connect(made, autocommit=True) as owner:
            for role in ROLES:
                owner.execute(f"drop owned by {role}; drop role {role}".encode())


@pytest.fixture(scope="module")
def catalog(url: str) -> Catalog:
    return loaded_catalog(url, ["closed"], PATH)


def asked(url: str, role: str, schemas: Sequence[str] = PATH) -> Rights:
    """The role's rights, asked as the server asks: under the role, with a parameter."""
    statement = rights_statement(tuple(schemas))
    with psycopg.connect(url, cursor_factory=psycopg.RawCursor) as connection:
        connection.execute(f"set role {role}".encode())
        row = connection.execute(statement.sql.encode(), [(statement.parameters[0] or b"").decode()]).fetchone()
    assert row is not None
    return read_rights(Result(("json",), ((msgspec.json.encode(row[0]),),), "SELECT 1"))


@pytest.fixture
def clerk(catalog: Catalog, url: str) -> Graph:
    return reflect(catalog, asked(url, "reflect_clerk"))


@pytest.fixture
def reader(catalog: Catalog, url: str) -> Graph:
    return reflect(catalog, asked(url, "reflect_reader"))


def names(graph: Graph) -> set[str]:
    return {table.base for table in graph.tables.values()}


def test_tables_with_a_key_in_usable_schemas_of_the_path_are_seen(clerk: Graph) -> None:
    assert names(clerk) == {"Branch", "Book", "CatalogueCard", "Loan", "PartedLow", "Placed", "Shelf", "Desk"}
    assert clerk.introspection
    assert clerk.tables["public", "book"].introspectable
    assert not clerk.tables["annex", "Desk"].introspectable


def test_a_key_has_its_own_order(clerk: Graph) -> None:
    assert [column.name for column in clerk.tables["public", "placed"].key] == ["zone", "area", "book_id"]


def test_a_stranger_sees_nothing(catalog: Catalog, url: str) -> None:
    graph = reflect(catalog, asked(url, "reflect_stranger"))
    assert set(graph.tables) == set()  # USAGE on schema public is everybody's, SELECT is nobody's
    assert not any(graph.computed.values())


def test_columns_have_names_types_and_lengths(clerk: Graph) -> None:
    book = clerk.tables["public", "book"]
    columns = {column.name: column for column in book.columns}
    assert {name: column.field for name, column in columns.items() if column.field != name} == {
        "branch_id": "branchId",
        "page_count": "pages",
        "weird name": "weird Name",
    }
    assert not columns["weird name"].named
    assert columns["isbn"].max_length == 13
    assert columns["isbn"].sql_type == "character varying(13)"
    mark = EnumKind("public", "shelf_mark", "ShelfMark", (("top-left", "TOP_LEFT"), ("bottom", "bottom")), True, True)
    assert columns["mark"].kind == mark
    assert columns["marks"].kind == ListKind(mark)
    assert columns["tags"].kind == ListKind(Scalar.STRING)
    assert columns["mood"].kind is Scalar.OPAQUE  # its enum is off the path
    assert columns["hidden"].kind is Scalar.OPAQUE  # nobody may use its type
    assert columns["title"].kind is Scalar.OPAQUE  # a domain
    assert not columns["title"].not_null  # only its domain says so
    assert columns["measures"].composite
    assert columns["page_count"].description == "How many leaves twice"
    assert clerk.enums == (mark,)


def test_what_postgres_gives_is_no_input(clerk: Graph) -> None:
    book = clerk.tables["public", "book"]
    assert {column.name for column in book.columns if not column.insertable} == {"id", "doubled"}
    assert {column.name for column in book.columns if not column.updatable} == {"id", "doubled"}
    card = clerk.tables["public", "catalogue_card"]
    assert [column.name for column in card.columns if column.insertable] == ["book_id"]
    assert card.insertable
    assert (book.total_count, book.aggregate, book.max_rows) == (True, True, 7)
    assert clerk.tables["public", "branch"].max_rows == 50
    assert clerk.tables["annex", "Desk"].max_rows == 30


def test_privileges_on_columns_decide(reader: Graph) -> None:
    assert names(reader) == {"Book", "Branch", "Desk"}
    book = reader.tables["public", "book"]
    assert [column.name for column in book.columns if column.selectable] == ["id", "branch_id", "page_count"]
    assert [column.name for column in book.columns if column.updatable] == ["page_count"]
    assert (book.insertable, book.updatable, book.deletable, book.readable) == (False, True, False, False)
    assert ("public", "book") not in reader.computed  # a computed field reads the whole row
    assert [relation.field for relation in reader.relations["public", "book"]] == ["branch"]


def test_relations_are_named_and_ordered_as_keys_are_made(clerk: Graph) -> None:
    assert [(each.field, each.to_one, each.not_null) for each in clerk.relations["public", "book"]] == [
        ("branch", True, False),  # the column is not null, but row-level security may hide the branch
        ("catalogueCard", True, False),
        ("lendings", False, False),
    ]
    assert [(each.field, each.join) for each in clerk.relations["public", "branch"]] == [
        ("bookCollection", (("id", "branch_id"),)),
        ("deskCollection", (("id", "branchId"),)),
        ("shelfCollection", (("id", "branch_id"),)),
    ]
    assert [(each.field, each.not_null) for each in clerk.relations["public", "loan"]] == [("lent", True)]
    assert [(each.field, each.not_null) for each in clerk.relations["public", "catalogue_card"]] == [("book", True)]
    assert [each.field for each in clerk.relations["annex", "Desk"]] == ["branch"]
    assert [each.field for each in clerk.relations["public", "shelf"]] == ["branch"]


def test_functions_become_fields(clerk: Graph) -> None:
    assert [function.field for function in clerk.functions] == ["addUp", "books", "oneBook", "takesMany"]
    add = clerk.functions[0]
    assert add.description == "Adds"
    assert [(each.field, each.required, each.default) for each in add.parameters] == [
        ("a", True, None),
        ("bC", False, "2"),
        ("d", False, '"x"'),
        ("e", False, None),
        ("f", False, None),
    ]
    assert clerk.functions[1].returns.table == ("public", "book")
    computed = {function.field: function.returns for function in clerk.computed["public", "book"]}
    assert list(computed) == ["shout", "neighbours", "home", "marked"]
    assert (computed["neighbours"].set_of, computed["neighbours"].one_row) == (True, False)
    assert (computed["home"].set_of, computed["home"].one_row) == (True, True)
    assert isinstance(computed["marked"].kind, EnumKind)


def test_the_exposed_schemas_of_rest_are_another_matter(catalog: Catalog) -> None:
    assert set(catalog.relations) == {("closed", "vault")}
    assert ("public", "book") in catalog.path.relations


def test_postgres_own_schemas_are_never_exposed(url: str) -> None:
    path = ("pg_catalog", "information_schema", "public")
    catalog = loaded_catalog(url, ["closed"], path)
    graph = reflect(catalog, asked(url, "reflect_clerk", path))
    assert {schema for schema, _ in graph.tables} == {function.schema for function in graph.functions} == {"public"}
    assert catalog.path.schemas == ("public",)


def test_a_directive_of_another_shape_is_everybodys_error(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("""comment on table branch is '@graphql({"primary_key_columns": "id"})'""")
        try:
            catalog = loaded_catalog(url, ["closed"], PATH)
        finally:
            owner.execute("comment on table branch is null")
    with pytest.raises(GraphQLError) as error:
        reflect(catalog, asked(url, "reflect_reader"))
    assert error.value.message == (
        'Error while loading schema, check comment directives. invalid type: string "id", expected a sequence'
    )
