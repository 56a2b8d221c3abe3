"""Every idiom of postgrest-py's query builder, through supabase-py, against the world of cinema.sql."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from postgrest import AsyncPostgrestClient, SyncPostgrestClient
from postgrest.exceptions import APIError
from postgrest.types import CountMethod
from supabase import Client, ClientOptions, create_client

from tests.support.stack import Stack

Narrow = Callable[[Any], Any]


@pytest.fixture
def db(cinema: Stack, tokens: dict[str, str]) -> Client:
    options = ClientOptions(headers={"Authorization": f"Bearer {tokens['alice']}"})
    return create_client(cinema.url, cinema.publishable_key, options)


FILTERS: dict[str, tuple[Narrow, list[int]]] = {
    "eq": (lambda q: q.eq("year", 2005), [2]),
    "neq": (lambda q: q.neq("language", "en"), [2]),
    "gt": (lambda q: q.gt("year", 2005), [3, 4]),
    "gte": (lambda q: q.gte("year", 2005), [2, 3, 4]),
    "lt": (lambda q: q.lt("year", 2005), [1]),
    "lte": (lambda q: q.lte("year", 2005), [1, 2]),
    "like": (lambda q: q.like("title", "%Hour"), [2]),
    "ilike": (lambda q: q.ilike("title", "red%"), [1]),
    "like_any_of": (lambda q: q.like_any_of("title", "Red%,Orph%"), [1, 4]),
    "like_all_of": (lambda q: q.like_all_of("title", "%e%,%i%"), [1]),
    "is_": (lambda q: q.is_("rating", "null"), [3]),
    "not is_": (lambda q: q.not_.is_("rating", "null"), [1, 2, 4]),
    "in_": (lambda q: q.in_("title", ["Gold, or Nothing", "Orphan"]), [3, 4]),
    "not in_": (lambda q: q.not_.in_("id", [1, 2]), [3, 4]),
    "contains an array": (lambda q: q.contains("genres", ["drama", "sea"]), [1]),
    "contains an object": (lambda q: q.contains("facts", {"budget": {"unit": "M"}}), [1, 2]),
    "contained_by": (lambda q: q.contained_by("genres", ["drama"]), [2, 3]),
    "overlaps": (lambda q: q.overlaps("genres", ["sea", "none"]), [1]),
    "range_gt": (lambda q: q.range_gt("shown", ["2000-01-01", "2001-01-01"]), [2, 4]),
    "range_lt": (lambda q: q.range_lt("shown", ["2000-01-01", "2001-01-01"]), [1]),
    "range_gte": (lambda q: q.range_gte("shown", ["2000-01-01", "2001-01-01"]), [2, 4]),
    "range_lte": (lambda q: q.range_lte("shown", ["2000-01-01", "2001-01-01"]), [1]),
    "fts": (lambda q: q.fts("words", "cat"), [2]),
    "plfts": (lambda q: q.plfts("words", "red tide"), [1]),
    "wfts": (lambda q: q.wfts("words", "red or gold"), [1, 3]),
    "match": (lambda q: q.match({"language": "en", "director_id": 2}), [3]),
    "or_": (lambda q: q.or_("id.eq.1,and(year.gt.2000,rating.is.null)"), [1, 3]),
    "a JSON path": (lambda q: q.filter("facts->budget->amount", "gt", 10), [1]),
}


@pytest.mark.parametrize("name", FILTERS)
def test_every_filter_finds_its_rows(db: Client, name: str) -> None:
    narrow, expected = FILTERS[name]
    assert [row["id"] for row in narrow(db.table("films").select("id")).order("id").execute().data] == expected


def test_single_maybe_single_and_csv(db: Client) -> None:
    films = db.table("films")
    assert films.select("title").eq("id", 1).single().execute().data == {"title": "Red Tide"}
    assert films.select("title").eq("id", 99).maybe_single().execute() is None
    with pytest.raises(APIError) as refused:
        films.select("id").single().execute()
    assert (refused.value.code, refused.value.details) == ("PGRST116", "The result contains 4 rows")
    csv = films.select("id,title").lt("id", 3).order("id").csv().execute().data
    assert csv == 'id,title\n1,"Red Tide"\n2,"Blue Hour"'


def test_counts_order_ranges_and_embeds(db: Client) -> None:
    films = db.table("films")
    for method in CountMethod:
        assert (films.select("id", count=method).execute().count or 0) > 0
    page = films.select("id", count=CountMethod.exact).order("id").range(1, 2).execute()
    assert (page.count, page.data) == (4, [{"id": 2}, {"id": 3}])
    assert films.select("id", count=CountMethod.exact, head=True).gt("year", 2000).execute().count == 3
    rated = films.select("id").order("rating", desc=True, nullsfirst=True).limit(1).execute()
    assert rated.data == [{"id": 3}]
    cast = films.select("id, actors(last_name)").eq("id", 1).order("last_name", desc=True, foreign_table="actors")
    assert cast.limit(1, foreign_table="actors").execute().data == [{"id": 1, "actors": [{"last_name": "Cole"}]}]
    inner = films.select("id, roles!inner(part)").or_("part.eq.cook,part.eq.poet", reference_table="roles")
    assert [row["id"] for row in inner.order("id").execute().data] == [1, 2]
    spread = films.select("title, ...directors(director:last_name)").eq("id", 1).execute()
    assert spread.data == [{"title": "Red Tide", "director": "Lund"}]


def test_explain_shows_the_plan(db: Client) -> None:
    assert "Seq Scan on films" in str(db.table("films").select("id").explain().execute())


def test_a_plan_shows_an_inner_embed_under_its_own_name(db: Client) -> None:
    films = db.table("films").select("title, roles!inner(part)")
    films = films.or_("part.eq.cook,film_id.eq.1", reference_table="roles")
    shown = str(films.explain(analyze=True, verbose=True, settings=True, buffers=True, wal=True).execute())
    assert "roles_1.film_id = films.id" in shown or "films.id = roles_1.film_id" in shown
    assert "roles_1.part = 'cook'::text" in shown


def test_writes_and_upserts(db: Client) -> None:
    items = db.table("items")
    made = items.insert({"name": "py", "code": "py1"}).execute().data
    assert made[0]["stock"] == 100
    bulk = items.insert([{"name": "py", "code": "py2"}, {"code": "py3"}], default_to_null=False).execute().data
    assert [row["name"] for row in bulk] == ["py", "unnamed"]
    assert items.insert({"code": "py4"}, returning="minimal").execute().data == []  # type: ignore[arg-type]
    merged = items.upsert({"code": "py1", "name": "second"}, on_conflict="code", count=CountMethod.exact).execute()
    assert (merged.count, merged.data[0]["name"]) == (1, "second")
    assert items.upsert({"code": "py1"}, on_conflict="code", ignore_duplicates=True).execute().data == []
    with pytest.raises(APIError) as twice:
        items.insert({"code": "py1"}).execute()
    assert twice.value.code == "23505"
    assert items.update({"stock": 1}, count=CountMethod.exact).like("code", "py%").execute().count == 4
    assert len(items.delete().like("code", "py%").execute().data) == 4


def test_calls(db: Client) -> None:
    assert db.rpc("add_them", {"a": 1, "b": 2}).execute().data == 3
    assert db.rpc("add_them", {"a": 1, "b": 2}, get=True).execute().data == 3
    found = db.rpc("films_after", {"y": 2000}, count=CountMethod.exact).select("id").order("id").limit(1).execute()
    assert (found.count, found.data) == (3, [{"id": 2}])
    assert db.rpc("films_after", {"y": 2000}, head=True, count=CountMethod.exact).execute().count == 3
    with pytest.raises(APIError) as lost:
        db.rpc("add_thm", {"a": 1}).execute()
    assert lost.value.hint == "Perhaps you meant to call the function public.add_them"


def test_filters_and_windows_of_what_a_call_gives(db: Client) -> None:
    after = db.rpc("films_after", {"y": 2000}).select("id, title")
    assert after.eq("title", "Orphan").single().execute().data == {"id": 4, "title": "Orphan"}
    assert db.rpc("films_after", {}).select("id").eq("title", "Nothing").maybe_single().execute() is None
    assert db.rpc("films_after", {}).select("id").range(1, 2).execute().data == [{"id": 2}, {"id": 3}]
    given = db.rpc("films_by", {"maker": {"id": 1}}).select("id, directors(last_name)").limit(1).execute()
    assert given.data == [{"id": 1, "directors": {"last_name": "Lund"}}]


def test_ranges_that_touch_and_rows_around_a_filtered_embed(db: Client) -> None:
    films = db.table("films").select("id")
    # The client asks for the days between these two, without either.
    touching = films.range_adjacent("shown", ["1998-05-31", "2005-01-01"]).order("id").execute()
    assert touching.data == [{"id": 1}, {"id": 2}]
    made = db.table("directors").select("id, films(title)").order("title", desc=True, foreign_table="films")
    assert made.neq("id", 2).order("id").execute().data == [
        {"id": 1, "films": [{"title": "Red Tide"}, {"title": "Blue Hour"}]},
        {"id": 3, "films": []},
    ]


def test_the_rest_client_alone_sends_no_key_and_is_anonymous(cinema: Stack) -> None:
    client = SyncPostgrestClient(cinema.rest)
    red = client.from_("films").select("title", count=CountMethod.exact).lte("year", 2000).gte("year", 1990).execute()
    assert (red.count, red.data) == (1, [{"title": "Red Tide"}])
    with pytest.raises(APIError) as closed:
        client.from_("keyless").select("*").execute()
    assert (closed.value.code, closed.value.message) == ("42501", "permission denied for table keyless")


@pytest.mark.anyio
async def test_the_asynchronous_client_is_answered_alike(cinema: Stack) -> None:
    async with AsyncPostgrestClient(cinema.rest) as client:
        red = await client.from_("films").select("id").or_("year.lt.2000,title.eq.Orphan").order("id").execute()
        assert red.data == [{"id": 1}, {"id": 4}]
        counted = await client.rpc("films_after", {"y": 2000}, head=True, count=CountMethod.exact).execute()
        assert (counted.count, counted.data) == (3, [])


def test_another_schema(db: Client) -> None:
    assert db.schema("other").table("things").select("*").execute().data == [{"id": 1, "name": "elsewhere"}]
    with pytest.raises(APIError) as closed:
        db.schema("secret").table("things").select("*").execute()
    assert closed.value.code == "PGRST106"
