"""Embedding: rows of related relations inside rows."""

from __future__ import annotations

import pytest

from tests.integration.rest.shop import ANN, BOB, Client

pytestmark = pytest.mark.anyio


async def test_the_many_side_embeds_one_object(rest: Client) -> None:
    answer = await rest("GET", "/tasks?select=name,projects(name)&order=id&limit=2")
    assert answer.json == [
        {"name": "cut", "projects": {"name": "roof"}},
        {"name": "nail", "projects": {"name": "roof"}},
    ]


async def test_the_one_side_embeds_an_array(rest: Client) -> None:
    answer = await rest("GET", "/projects?select=id,tasks(name)&order=id&tasks.order=id.desc")
    assert [row["tasks"] for row in answer.json] == [
        [{"name": "nail"}, {"name": "cut"}],
        [{"name": "paint"}],
        [{"name": "sand"}],
        [],
    ]


async def test_a_junction_makes_many_to_many(rest: Client) -> None:
    answer = await rest("GET", "/people?select=name,tasks(name)&order=id&tasks.order=name")
    assert answer.json[0] == {"name": "Zoe", "tasks": [{"name": "cut"}, {"name": "nail"}]}
    assert answer.json[2] == {"name": "Xi", "tasks": []}
    hinted = await rest("GET", "/tasks?select=people!people_tasks(name)&id=eq.2")
    assert hinted.json == [{"people": [{"name": "Zoe"}]}]


async def test_embeds_nest_with_aliases_filters_orders_and_limits(rest: Client) -> None:
    answer = await rest(
        "GET",
        "/clients?select=name,work:projects!client_id(id,tasks(name))&work.order=id.desc&work.limit=1"
        "&work.tasks.name=eq.paint&id=eq.1",
    )
    assert answer.json == [{"name": "Ann", "work": [{"id": 2, "tasks": [{"name": "paint"}]}]}]


async def test_two_relationships_need_a_hint(rest: Client) -> None:
    answer = await rest("GET", "/projects?select=id,clients(name)")
    assert answer.status == 300
    assert answer.json == {
        "code": "PGRST201",
        "details": [
            {
                "cardinality": "many-to-one",
                "embedding": "projects with clients",
                "relationship": "projects_client_id_fkey using projects(client_id) and clients(id)",
            },
            {
                "cardinality": "many-to-one",
                "embedding": "projects with clients",
                "relationship": "projects_manager_id_fkey using projects(manager_id) and clients(id)",
            },
        ],
        "hint": "Try changing 'clients' to one of the following: 'clients!projects_client_id_fkey', "
        "'clients!projects_manager_id_fkey'. Find the desired relationship in the 'details' key.",
        "message": "Could not embed because more than one relationship was found for 'projects' and 'clients'",
    }
    for hint in ("clients!projects_manager_id_fkey", "clients!manager_id", "clients:projects_manager_id_fkey"):
        hinted = await rest("GET", f"/projects?select={hint}(name)&id=eq.1")
        assert hinted.json == [{"clients": {"name": "Bob"}}]
    by_column = await rest("GET", "/projects?select=manager_id(name)&id=eq.1")
    assert by_column.json == [{"manager_id": {"name": "Bob"}}]


async def test_no_relationship_is_pgrst200_with_a_suggestion(rest: Client) -> None:
    answer = await rest("GET", "/tasks?select=*,project(*)")
    assert (answer.status, answer.json["code"]) == (400, "PGRST200")
    assert answer.json["hint"] == "Perhaps you meant 'projects' instead of 'project'."
    assert answer.json["details"] == (
        "Searched for a foreign key relationship between 'tasks' and 'project' in the schema 'public', "
        "but no matches were found."
    )


async def test_a_self_reference_embeds_both_ways(rest: Client) -> None:
    children = await rest("GET", "/people?select=name,reports:people(name)&id=eq.1&reports.order=name")
    assert children.json == [{"name": "Zoe", "reports": [{"name": "Xi"}, {"name": "Yan"}]}]
    parent = await rest("GET", "/people?select=name,boss:boss_id(name)&id=eq.2")
    assert parent.json == [{"name": "Yan", "boss": {"name": "Zoe"}}]


async def test_inner_drops_rows_without_a_match_and_counts_so(rest: Client) -> None:
    answer = await rest(
        "GET", "/projects?select=id,tasks!inner(name)&tasks.name=eq.cut&order=id&limit=1", prefer="count=exact"
    )
    assert answer.json == [{"id": 1, "tasks": [{"name": "cut"}]}]
    assert answer.headers["content-range"] == "0-0/1"
    nested = await rest(
        "GET", "/clients?select=name,projects!client_id!inner(tasks!inner())&projects.tasks.name=eq.sand"
    )
    assert nested.json == [{"name": "Bob"}]


async def test_a_null_filter_on_an_embed_is_a_join_or_an_anti_join(rest: Client) -> None:
    without = await rest("GET", "/projects?select=id,tasks()&tasks=is.null", prefer="count=exact")
    assert without.json == [{"id": 4}]
    assert without.headers["content-range"] == "0-0/1"
    having = await rest("GET", "/projects?select=id,tasks(name)&tasks=not.is.null&tasks.name=eq.paint")
    assert having.json == [{"id": 2, "tasks": [{"name": "paint"}]}]
    either = await rest("GET", "/projects?select=id,tasks(),notes()&or=(tasks.is.null,notes.not.is.null)&order=id")
    assert [row["id"] for row in either.json] == [1, 2, 4]
    bad = await rest("GET", "/projects?select=id,tasks()&tasks=eq.1")
    assert (bad.status, bad.json["code"]) == (400, "PGRST120")


async def test_rows_can_be_ordered_by_a_to_one_embed(rest: Client) -> None:
    answer = await rest(
        "GET", "/projects?select=id,owner:clients!client_id(name)&order=owner(name).desc.nullslast,id.desc"
    )
    assert [row["id"] for row in answer.json] == [3, 2, 1, 4]
    computed = await rest("GET", "/clients?select=id,latest_project(id)&order=latest_project(id).desc.nullslast")
    assert [row["id"] for row in computed.json] == [2, 1, 3]
    many = await rest("GET", "/projects?select=id,tasks(name)&order=tasks(name)")
    assert (many.status, many.json["code"]) == (400, "PGRST118")
    absent = await rest("GET", "/projects?select=id&order=tasks(name)")
    assert (absent.status, absent.json["code"]) == (400, "PGRST108")


async def test_a_spread_lifts_columns_into_its_parent(rest: Client) -> None:
    one = await rest("GET", "/tasks?select=id,...projects(project:name,...clients!client_id(client:name))&id=eq.1")
    assert one.json == [{"id": 1, "project": "roof", "client": "Ann"}]
    many = await rest("GET", "/projects?select=id,...tasks(tasks:name)&tasks.order=id.desc&order=id&limit=1")
    assert many.json == [{"id": 1, "tasks": ["nail", "cut"]}]
    star = await rest("GET", "/tasks?select=...people(*)&id=eq.2")
    assert star.json == [{"id": [1], "name": ["Zoe"], "boss_id": [None]}]
    one_star = await rest("GET", "/tasks?select=task:name,...projects(...clients!client_id(*))&id=eq.1")
    assert one_star.json == [{"task": "cut", "id": 1, "name": "Ann"}]
    none = await rest("GET", "/projects?select=id,...tasks(name)&id=eq.4")
    assert none.json == [{"id": 4, "name": []}]
    twice = await rest("GET", "/projects?select=id,...clients!client_id(a:name),...clients!manager_id(b:name)&id=eq.1")
    assert twice.json == [{"id": 1, "a": "Ann", "b": "Bob"}]
    nothing = await rest("GET", "/projects?select=id,...tasks()&order=id&limit=2")
    assert nothing.json == [{"id": 1}, {"id": 2}]
    tasked = await rest("GET", "/projects?select=id,...tasks!inner()&id=in.(1,4)")
    assert tasked.json == [{"id": 1}]
    inner = await rest("GET", "/projects?select=id,...tasks!inner(name)&id=in.(3,4)", prefer="count=exact")
    assert inner.json == [{"id": 3, "name": ["sand"]}]
    assert inner.headers["content-range"] == "0-0/1"


async def test_aggregates_of_a_spread_are_grouped_by_the_parent(rest: Client) -> None:
    answer = await rest("GET", "/tasks?select=count(),...projects(status,price.sum())&order=count")
    assert sorted(answer.json, key=str) == [
        {"count": 1, "status": "done", "sum": 20},
        {"count": 3, "status": "open", "sum": 21.00},
    ]
    nested = await rest("GET", "/tasks?select=...projects(price.sum(),...clients!client_id(client:name,most:id.max()))")
    assert sorted(nested.json, key=lambda row: row["client"]) == [
        {"sum": 41.00, "client": "Ann", "most": 1},
        {"sum": None, "client": "Bob", "most": 2},
    ]
    many = await rest("GET", "/projects?select=id,...tasks(id.max())")
    assert (many.status, many.json["code"]) == (400, "PGRST127")


async def test_a_computed_relationship_embeds_under_its_name(rest: Client) -> None:
    answer = await rest("GET", "/clients?select=name,latest_project(id,tasks(name))&order=id")
    assert answer.json == [
        {"name": "Ann", "latest_project": {"id": 2, "tasks": [{"name": "paint"}]}},
        {"name": "Bob", "latest_project": {"id": 3, "tasks": [{"name": "sand"}]}},
        {"name": "Cid", "latest_project": None},
    ]
    written = await rest.under(db_tx_end="rollback")(
        "PATCH",
        "/clients?id=eq.1&select=name,latest_project(id)",
        {"name": "Anna"},
        prefer="return=representation",
    )
    assert written.json == [{"name": "Anna", "latest_project": {"id": 2}}]


async def test_views_embed_through_their_keys(rest: Client) -> None:
    answer = await rest("GET", "/open_projects?select=id,clients(name)&order=id&limit=1")
    assert answer.json == [{"id": 1, "clients": {"name": "Ann"}}]


async def test_a_wish_for_something_not_embedded_is_pgrst108(rest: Client) -> None:
    answer = await rest("GET", "/projects?select=id&tasks.name=eq.x")
    assert answer.status == 400
    assert answer.json == {
        "code": "PGRST108",
        "details": None,
        "hint": "Verify that 'tasks' is included in the 'select' query parameter.",
        "message": "'tasks' is not an embedded resource in this request",
    }


async def test_a_relation_may_be_named_as_an_alias_would_be(rest: Client) -> None:
    answer = await rest("GET", "/deeds_1_?select=id,deeds!inner(id)")
    assert answer.json == [{"id": 2, "deeds": [{"id": 7}]}]
    none = await rest("GET", "/deeds_1_?select=id,deeds()&deeds=is.null")
    assert none.json == [{"id": 1}]


async def test_a_relation_whose_name_has_no_room_for_a_number_can_be_embedded_in_itself(rest: Client) -> None:
    name = "w" * 63
    answer = await rest("GET", f"/{name}?select=id,boss(id),{name}!inner(id)")
    assert answer.json == [{"id": 1, "boss": None, name: [{"id": 2}]}]


async def test_row_level_security_holds_in_every_part(rest: Client) -> None:
    """Given notes of two people, each sees only their own: as rows, embeds, counts, filters and spreads."""
    for who, titles in ((ANN, ["also mine", "mine"]), (BOB, ["his"])):
        rows = await rest("GET", "/notes?select=title&order=title", who=who, prefer="count=exact")
        assert [row["title"] for row in rows.json] == titles
        assert rows.headers["content-range"].endswith(f"/{len(titles)}")
        counted = await rest("HEAD", "/notes?limit=1", who=who, prefer="count=exact")
        assert counted.headers["content-range"] == f"0-0/{len(titles)}"
        embedded = await rest("GET", "/projects?select=notes(title)&notes.order=title", who=who)
        assert sorted(note["title"] for row in embedded.json for note in row["notes"]) == titles
        inner = await rest("GET", "/projects?select=id,notes!inner()", who=who, prefer="count=exact")
        assert len(inner.json) == len(titles)
        spread = await rest("GET", "/projects?select=...notes(title)", who=who)
        assert sorted(title for row in spread.json for title in row["title"]) == titles
        total = await rest("GET", "/notes?select=count()", who=who)
        assert total.json == [{"count": len(titles)}]


async def test_a_function_of_another_schema_relates_nothing(cinema: Client) -> None:
    answer = await cinema("GET", "/directors?select=last_name,best_film(title)")
    assert (answer.status, answer.json["code"]) == (400, "PGRST200")
