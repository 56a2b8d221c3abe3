"""Reads: columns, operators, order, ranges, counts and formats."""

from __future__ import annotations

import pytest

from tests.integration.rest.shop import ANON, Client

pytestmark = pytest.mark.anyio


async def test_rows_are_a_json_array_with_postgrests_headers(rest: Client) -> None:
    answer = await rest("GET", "/clients?select=id,name&order=id")
    assert answer.json == [{"id": 1, "name": "Ann"}, {"id": 2, "name": "Bob"}, {"id": 3, "name": "Cid"}]
    assert answer.status == 200
    assert answer.headers == {
        "content-type": "application/json; charset=utf-8",
        "content-length": str(len(answer.body)),
        "content-range": "0-2/*",
        "content-location": "/clients?order=id&select=id%2Cname",
        "vary": "Accept, Prefer, Range",
    }


async def test_a_column_can_be_renamed_cast_and_entered(rest: Client) -> None:
    answer = await rest("GET", "/projects?select=no:id::text,data->size->h,data->>kind,data->list->0,tags->0&id=eq.1")
    assert answer.json == [{"no": "1", "h": 3, "kind": "big", "list": 10, "tags": "a"}]


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        ("id=eq.1", [1]),
        ("id=neq.1", [2, 3, 4]),
        ("id=gt.1&id=lte.3", [2, 3]),
        ("id=gte.3", [3, 4]),
        ("id=lt.2", [1]),
        ("id=not.in.(1,2)", [3, 4]),
        ('name=in.(roof,"wall")', [1, 2]),
        ("id=in.()", []),
        ("name=like.*oo*", [1, 3]),
        ("name=ilike.W*", [2]),
        ("name=match.^r", [1]),
        ("name=imatch.^R", [1]),
        ("name=like(any).{r*,d*}", [1, 3]),
        ("name=like(all).{*o*,*f}", [1]),
        ("id=eq(any).{1,4}", [1, 4]),
        ("name=is.null", [4]),
        ("name=not.is.null", [1, 2, 3]),
        ("name=is.not_null", [1, 2, 3]),
        ("client_id=isdistinct.1", [3, 4]),
        ("tags=cs.{b}", [1, 2]),
        ("tags=cd.{a,b,z}", [1, 3]),
        ("tags=ov.{c,z}", [2]),
        ("span=sl.[5,6)", [1]),
        ("span=sr.[1,2)", [2]),
        ("span=nxr.[1,5)", [1]),
        ("span=nxl.[5,6)", [2]),
        ("span=adj.[9,10)", [2]),
        ('data=cs.{"kind":"big"}', [1]),
        ("data->>kind=eq.small", [2]),
        ("data->size->>h=eq.3", [1]),
        ("data->size->h=gt.3", [2]),
        ("words=fts.red", [1, 3]),
        ("words=plfts.red roof", [1]),
        ("words=phfts.red door", [3]),
        ("words=wfts.red -roof", [3]),
        ("name=fts(english).doors", [3]),
        ("or=(id.eq.1,and(status.eq.open,id.gt.3))", [1, 4]),
        ("and=(id.gt.1,not.or(id.eq.2,id.eq.3))", [4]),
        ("not.or=(id.eq.1,id.eq.2)", [3, 4]),
    ],
)
async def test_every_operator_chooses_its_rows(rest: Client, filters: str, ids: list[int]) -> None:
    answer = await rest("GET", f"/projects?select=id&order=id&{filters}".replace(" ", "%20"))
    assert answer.status == 200, answer.body
    assert [row["id"] for row in answer.json] == ids


async def test_order_knows_directions_and_nulls(rest: Client) -> None:
    down = await rest("GET", "/projects?select=id&order=name.desc.nullslast,id")
    assert [row["id"] for row in down.json] == [2, 1, 3, 4]
    first = await rest("GET", "/projects?select=id&order=name.nullsfirst")
    assert [row["id"] for row in first.json] == [4, 3, 1, 2]


async def test_a_page_is_206_when_more_rows_were_counted(rest: Client) -> None:
    answer = await rest("GET", "/projects?select=id&order=id&limit=2&offset=1", prefer="count=exact")
    assert (answer.status, answer.headers["content-range"]) == (206, "1-2/4")
    assert answer.headers["preference-applied"] == "count=exact"
    last = await rest("GET", "/projects?select=id&order=id&limit=2&offset=3", prefer="count=exact")
    assert (last.status, last.headers["content-range"]) == (206, "3-3/4")
    whole = await rest("GET", "/projects?select=id&limit=9", prefer="count=exact")
    assert (whole.status, whole.headers["content-range"]) == (200, "0-3/4")
    none = await rest("GET", "/projects?select=id&limit=0", prefer="count=exact")
    assert (none.status, none.headers["content-range"]) == (206, "*/4")


async def test_the_range_header_chooses_rows_too(rest: Client) -> None:
    answer = await rest("GET", "/projects?select=id&order=id", range="1-2", range_unit="items")
    assert [row["id"] for row in answer.json] == [2, 3]
    assert answer.headers["content-range"] == "1-2/*"


async def test_an_offset_past_the_end_is_416(rest: Client) -> None:
    answer = await rest("GET", "/projects?offset=10&limit=5", prefer="count=exact")
    assert answer.status == 416
    assert answer.json["code"] == "PGRST103"
    assert answer.json["details"] == "An offset of 10 was requested, but there are only 4 rows."
    assert answer.headers["content-range"] == "*/4"
    uncounted = await rest("GET", "/projects?offset=10&limit=5")
    assert (uncounted.status, uncounted.headers["content-range"], uncounted.json) == (200, "*/*", [])


async def test_planned_and_estimated_counts_come_from_the_planner_where_they_may(rest: Client) -> None:
    planned = await rest("GET", "/projects?id=eq.1", prefer="count=planned")
    assert planned.headers["content-range"] == "0-0/1"
    estimated = await rest("GET", "/projects?limit=1", prefer="count=estimated")
    assert estimated.headers["content-range"] == "0-0/4"
    few = rest.under(db_max_rows=2)
    guessed = await few("GET", "/projects", prefer="count=estimated")
    assert int(guessed.headers["content-range"].split("/")[1]) > 2


async def test_max_rows_limits_rows_and_embeds(rest: Client) -> None:
    few = rest.under(db_max_rows=1)
    answer = await few("GET", "/projects?select=id,tasks(id)&order=id&limit=5")
    assert answer.json == [{"id": 1, "tasks": [{"id": 1}]}]


async def test_one_object_is_exactly_one_row(rest: Client) -> None:
    accept = "application/vnd.pgrst.object+json"
    one = await rest("GET", "/clients?select=name&id=eq.1", accept=accept)
    assert one.json == {"name": "Ann"}
    assert one.headers["content-type"] == "application/vnd.pgrst.object+json; charset=utf-8"
    none = await rest("GET", "/clients?id=eq.9", accept=accept)
    assert none.status == 406
    assert none.json == {
        "code": "PGRST116",
        "details": "The result contains 0 rows",
        "hint": None,
        "message": "Cannot coerce the result to a single JSON object",
    }
    assert none.headers["proxy-status"] == "PostgREST; error=PGRST116"


async def test_nulls_can_be_stripped(rest: Client) -> None:
    array = await rest(
        "GET", "/projects?select=id,name&id=eq.4", accept="application/vnd.pgrst.array+json;nulls=stripped"
    )
    assert array.json == [{"id": 4}]
    assert array.headers["content-type"] == "application/vnd.pgrst.array+json;nulls=stripped; charset=utf-8"
    one = await rest(
        "GET", "/projects?select=id,name&id=eq.4", accept="application/vnd.pgrst.object+json;nulls=stripped"
    )
    assert one.json == {"id": 4}


async def test_csv_has_a_header_line_and_quotes(rest: Client) -> None:
    answer = await rest("GET", "/projects?select=id,tags,name&order=id&id=in.(1,4)", accept="text/csv")
    assert answer.body.decode() == 'id,tags,name\n1,"{a,b}",roof\n4,,'
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"


async def test_an_unknown_media_type_is_406(rest: Client) -> None:
    answer = await rest("GET", "/clients", accept="image/png, text/unknown")
    assert (answer.status, answer.json["code"]) == (406, "PGRST107")
    assert answer.json["message"] == "None of these media types are available: image/png, text/unknown"


async def test_head_sends_headers_alone(rest: Client) -> None:
    answer = await rest("HEAD", "/projects?limit=1", prefer="count=exact")
    assert (answer.status, answer.body, answer.headers["content-range"]) == (206, b"", "0-0/4")
    assert "content-length" not in answer.headers


async def test_aggregates_group_by_the_other_columns(rest: Client) -> None:
    answer = await rest("GET", "/projects?select=status,count(),total:price.sum()&order=status")
    assert answer.json == [
        {"status": "done", "count": 1, "total": 20},
        {"status": "open", "count": 3, "total": 15.50},
    ]
    embedded = await rest("GET", "/projects?select=clients!client_id(name),price.max()&client_id=eq.1")
    assert embedded.json == [{"clients": {"name": "Ann"}, "max": 20}]
    refused = await rest.under(db_aggregates_enabled=False)("GET", "/projects?select=price.sum()")
    assert (refused.status, refused.json["code"]) == (400, "PGRST123")


async def test_a_computed_column_is_a_column(rest: Client) -> None:
    answer = await rest("GET", "/clients?select=upper_name&upper_name=like.A*&order=upper_name")
    assert answer.json == [{"upper_name": "ANN"}]


async def test_odd_names_are_quoted(rest: Client) -> None:
    answer = await rest("GET", '/odd "table?select=%22quo%5C%22te%22,"a b"&order="a b"')
    assert answer.json == [{'quo"te': "x", "a b": 1}]


async def test_an_unknown_column_is_postgres_own_42703(rest: Client) -> None:
    answer = await rest("GET", "/clients?select=nam")
    assert (answer.status, answer.json["code"]) == (400, "42703")
    assert answer.json["message"] == "column clients.nam does not exist"


async def test_an_unknown_relation_gets_a_suggestion(rest: Client) -> None:
    answer = await rest("GET", "/project")
    assert answer.status == 404
    assert answer.json == {
        "code": "PGRST205",
        "details": None,
        "hint": "Perhaps you meant the table 'public.projects'",
        "message": "Could not find the table 'public.project' in the schema cache",
    }


async def test_a_table_without_a_grant_is_401_for_anon_and_403_for_others(rest: Client) -> None:
    anon = await rest("GET", "/secrets", who=ANON)
    assert (anon.status, anon.json["code"], anon.headers["www-authenticate"]) == (401, "42501", "Bearer")
    known = await rest("GET", "/secrets")
    assert (known.status, known.json["code"]) == (403, "42501")


async def test_a_value_the_type_cannot_hold_is_a_400(rest: Client) -> None:
    answer = await rest("GET", "/clients?id=eq.x")
    assert (answer.status, answer.json["code"]) == (400, "22P02")


async def test_options_lists_the_methods(rest: Client) -> None:
    assert (await rest("OPTIONS", "/clients")).headers["allow"] == "OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE"
    assert (await rest("OPTIONS", "/client_names")).headers["allow"] == "OPTIONS,GET,HEAD"
    assert (await rest("OPTIONS", "/rpc/nothing")).headers["allow"] == "OPTIONS,POST"
    assert (await rest("OPTIONS", "/rpc/ids")).headers["allow"] == "OPTIONS,GET,HEAD,POST"


@pytest.mark.parametrize("cast", ["text from secrets", "int collate x", "interval year to month", "a.b.c", "1x"])
async def test_a_cast_is_a_types_name_and_nothing_else(rest: Client, cast: str) -> None:
    answer = await rest("GET", f"/clients?select=id::{cast}")
    assert answer.status == 400, answer.body
    assert answer.json["code"] in ("42704", "PGRST100")


async def test_a_cast_may_be_a_type_of_several_words(rest: Client) -> None:
    answer = await rest("GET", "/clients?select=id::double precision,name::character varying&id=eq.1")
    assert answer.json == [{"id": 1, "name": "Ann"}]


async def test_a_plan_is_shown_only_where_the_setting_allows_it(rest: Client) -> None:
    accept = 'application/vnd.pgrst.plan+json; for="application/vnd.pgrst.object+json"; options=verbose|analyze'
    hidden = await rest("GET", "/clients?id=eq.1", accept=accept)
    assert (hidden.status, hidden.json["code"]) == (406, "PGRST107")
    open_ = rest.under(db_plan_enabled=True)
    shown = await open_("GET", "/clients?id=eq.9", accept=accept)
    said = 'application/vnd.pgrst.plan+json; for="application/vnd.pgrst.object+json"; options=analyze|verbose'
    assert (shown.status, shown.headers["content-type"]) == (200, f"{said}; charset=utf-8")
    assert "Plan" in shown.json[0]
    text = await open_("GET", "/clients", accept="application/vnd.pgrst.plan+text")
    assert text.body.startswith(b"Aggregate")
    write = await open_("DELETE", "/people_tasks?person_id=eq.1", accept="application/vnd.pgrst.plan+json")
    assert write.json[0]["Plan"]
    assert len((await rest("GET", "/people_tasks")).json) == 3


async def test_a_plan_is_for_any_type_that_can_be_answered_in(cinema: Client) -> None:
    def plan_for(media: str) -> str:
        return f'application/vnd.pgrst.plan+text; for="{media}"; options=verbose'

    for path, media, shown in (
        ("/films", "application/vnd.tally", b"tally(pgrst_row.*)"),
        ("/directors", "text/tab-separated-values", b"(tabbed("),
        ("/rpc/page", "text/html", b"string_agg("),
        ("/rpc/greet", "application/vnd.tally", b"tally("),
        ("/directors", "text/csv", b"string_agg("),
        ("/directors", "application/vnd.pgrst.array+json;nulls=stripped", b"json_strip_nulls("),
    ):
        answer = await cinema("GET", path, accept=plan_for(media))
        assert answer.headers["content-type"] == f"{plan_for(media)}; charset=utf-8"
        assert shown in answer.body, answer.body
    for media in ("image/png", "application/vnd.pgrst.plan"):
        assert (await cinema("GET", "/films", accept=plan_for(media))).status == 406
