"""Writes: insert, upsert, update, delete, and what is answered."""

from __future__ import annotations

import pytest

from tests.integration.rest.shop import ANN, ANON, BOB, Client

pytestmark = pytest.mark.anyio
FULL = "return=representation"


async def ids(rest: Client, table: str) -> list[int]:
    return [row["id"] for row in (await rest("GET", f"/{table}?select=id&order=id")).json]


async def test_an_insert_answers_nothing_unless_asked(undoing: Client) -> None:
    answer = await undoing("POST", "/clients", {"id": 10, "name": "Dan"})
    assert (answer.status, answer.body) == (201, b"")
    assert answer.headers == {"content-range": "*/*", "content-length": "0", "vary": "Accept, Prefer, Range"}
    minimal = await undoing("POST", "/clients", {"id": 10, "name": "Dan"}, prefer="return=minimal")
    assert minimal.headers["preference-applied"] == "return=minimal"


async def test_an_insert_can_answer_its_rows_with_embeds(undoing: Client) -> None:
    answer = await undoing(
        "POST", "/tasks?select=name,projects(name)", {"id": 10, "name": "saw", "project_id": 2}, prefer=FULL
    )
    assert (answer.status, answer.json) == (201, [{"name": "saw", "projects": {"name": "wall"}}])
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    all_columns = await undoing("POST", "/clients", {"id": 10, "name": "Dan"}, prefer=f"{FULL}, count=exact")
    assert all_columns.json == [{"id": 10, "name": "Dan"}]
    assert all_columns.headers["content-range"] == "*/1"
    assert all_columns.headers["preference-applied"] == "return=representation, count=exact"
    computed = await undoing(
        "POST", "/clients?select=up:upper_name,latest_project(id)", {"id": 10, "name": "Dan"}, prefer=FULL
    )
    assert computed.json == [{"up": "DAN", "latest_project": None}]


async def test_headers_only_answers_the_location(undoing: Client) -> None:
    answer = await undoing("POST", "/clients", {"id": 10, "name": "Dan"}, prefer="return=headers-only")
    assert (answer.status, answer.headers["location"]) == (201, "/clients?id=eq.10")
    pair = await undoing("POST", "/people_tasks", {"person_id": 3, "task_id": 3}, prefer="return=headers-only")
    assert pair.headers["location"] == "/people_tasks?person_id=eq.3&task_id=eq.3"
    two = await undoing(
        "POST", "/clients", [{"id": 10, "name": "x"}, {"id": 11, "name": "y"}], prefer="return=headers-only"
    )
    assert "location" not in two.headers


async def test_many_rows_are_inserted_at_once(undoing: Client) -> None:
    rows = [{"id": 10, "name": "Dan"}, {"id": 11, "name": "Eve"}]
    answer = await undoing("POST", "/clients?select=id", rows, prefer=FULL)
    assert answer.json == [{"id": 10}, {"id": 11}]
    lines = await undoing("POST", "/clients", b"id,name\n10,Dan\n11,Eve", content_type="text/csv", prefer=FULL)
    assert lines.json == rows
    empty = await undoing("POST", "/clients", [], prefer=FULL)
    assert (empty.status, empty.json) == (201, [])


async def test_columns_choose_what_is_inserted(undoing: Client) -> None:
    answer = await undoing(
        "POST",
        "/projects?columns=id,name&select=id,name,status",
        [{"id": 10, "name": "x", "status": "no", "other": 1}],
        prefer=FULL,
    )
    assert answer.json == [{"id": 10, "name": "x", "status": "open"}]
    unknown = await undoing("POST", "/projects?columns=nam", [{"id": 10}])
    assert (unknown.status, unknown.json["code"]) == (400, "PGRST204")
    assert unknown.json["message"] == "Could not find the 'nam' column of 'projects' in the schema cache"


async def test_a_missing_member_is_null_or_the_default(undoing: Client) -> None:
    rows = [{"id": 10, "status": "x"}, {"id": 11}]
    query = "/projects?columns=id,status&select=id,status"
    null = await undoing("POST", query, rows, prefer=FULL)
    assert [row["status"] for row in null.json] == ["x", None]
    default = await undoing("POST", query, rows, prefer=f"{FULL}, missing=default")
    assert [row["status"] for row in default.json] == ["x", "open"]
    assert default.headers["preference-applied"] == "missing=default, return=representation"
    one = await undoing("POST", query, {"id": 10, "status": None}, prefer=f"{FULL}, missing=default")
    assert [row["status"] for row in one.json] == [None]


async def test_a_duplicate_is_409_and_can_be_merged_or_ignored(undoing: Client) -> None:
    row = {"id": 1, "name": "Anna"}
    clash = await undoing("POST", "/clients", row)
    assert (clash.status, clash.json["code"]) == (409, "23505")
    merged = await undoing("POST", "/clients", row, prefer=f"{FULL}, resolution=merge-duplicates")
    assert (merged.status, merged.json) == (200, [row])
    assert merged.headers["preference-applied"] == "resolution=merge-duplicates, return=representation"
    mixed = await undoing(
        "POST", "/clients", [row, {"id": 10, "name": "Dan"}], prefer=f"{FULL}, resolution=merge-duplicates"
    )
    assert (mixed.status, len(mixed.json)) == (201, 2)
    ignored = await undoing("POST", "/clients", row, prefer=f"{FULL}, resolution=ignore-duplicates")
    assert (ignored.status, ignored.json) == (201, [])
    by_title = await undoing(
        "POST",
        "/notes?on_conflict=title&select=title,project_id",
        {"title": "mine", "project_id": 3},
        prefer=f"{FULL}, resolution=merge-duplicates",
    )
    assert by_title.json == [{"title": "mine", "project_id": 3}]


async def test_put_is_an_upsert_of_the_row_its_url_names(undoing: Client) -> None:
    new = await undoing("PUT", "/clients?id=eq.10", {"id": 10, "name": "Dan"}, prefer=FULL)
    assert (new.status, new.json) == (201, [{"id": 10, "name": "Dan"}])
    old = await undoing("PUT", "/clients?id=eq.1", {"id": 1, "name": "Anna"}, prefer=FULL)
    assert (old.status, old.json) == (200, [{"id": 1, "name": "Anna"}])
    quiet = await undoing("PUT", "/clients?id=eq.1", {"id": 1, "name": "Anna"})
    assert (quiet.status, quiet.body) == (204, b"")
    for target in ("/clients?name=eq.Ann", "/clients", "/clients?id=gt.1", "/clients?id=eq.1&name=eq.Ann"):
        wrong = await undoing("PUT", target, {"id": 1, "name": "x"})
        assert (wrong.status, wrong.json["code"]) == (405, "PGRST105"), target


async def test_put_of_another_row_changes_nothing(rest: Client) -> None:
    answer = await rest("PUT", "/clients?id=eq.1", {"id": 77, "name": "x"})
    assert (answer.status, answer.json["code"]) == (400, "PGRST115")
    assert await ids(rest, "clients") == [1, 2, 3]


async def test_an_update_changes_the_rows_that_match(undoing: Client) -> None:
    answer = await undoing("PATCH", "/projects?status=eq.open&select=id,status", {"status": "late"}, prefer=FULL)
    assert (answer.status, len(answer.json)) == (200, 3)
    assert answer.headers["content-range"] == "0-2/*"
    quiet = await undoing("PATCH", "/projects?id=eq.1", {"status": "late"}, prefer="count=exact")
    assert (quiet.status, quiet.body, quiet.headers["content-range"]) == (204, b"", "0-0/1")
    none = await undoing("PATCH", "/projects?id=eq.99", {"status": "late"}, prefer=FULL)
    assert (none.status, none.json, none.headers["content-range"]) == (200, [], "*/*")
    nothing = await undoing("PATCH", "/projects?id=eq.1&select=id", {}, prefer=FULL)
    assert (nothing.status, nothing.json) == (200, [])


async def test_a_delete_answers_what_it_removed(undoing: Client) -> None:
    answer = await undoing("DELETE", "/people_tasks?task_id=eq.1&select=person_id&order=person_id.desc", prefer=FULL)
    assert (answer.status, answer.json) == (200, [{"person_id": 2}, {"person_id": 1}])
    quiet = await undoing("DELETE", "/people_tasks?task_id=eq.1", prefer="count=exact")
    assert (quiet.status, quiet.headers["content-range"]) == (204, "*/2")
    held = await undoing("DELETE", "/clients?id=eq.1")
    assert (held.status, held.json["code"]) == (409, "23503")


async def test_a_singular_write_of_other_than_one_row_is_undone(rest: Client) -> None:
    accept = "application/vnd.pgrst.object+json"
    many = await rest("PATCH", "/projects?id=in.(1,2)", {"price": 99}, accept=accept, prefer=FULL)
    assert (many.status, many.json["code"], many.json["details"]) == (406, "PGRST116", "The result contains 2 rows")
    gone = await rest("DELETE", "/people_tasks?person_id=eq.1", accept=accept)
    assert (gone.status, gone.json["code"]) == (406, "PGRST116")
    two = await rest("POST", "/clients", [{"id": 80, "name": "x"}, {"id": 81, "name": "y"}], accept=accept)
    assert two.status == 406
    assert (await rest("GET", "/projects?price=eq.99")).json == []
    assert len((await rest("GET", "/people_tasks?person_id=eq.1")).json) == 2
    assert await ids(rest, "clients") == [1, 2, 3]


async def test_max_affected_is_a_limit_only_when_strict(rest: Client) -> None:
    strict = "handling=strict, max-affected=1"
    refused = await rest("PATCH", "/projects?id=in.(1,2)", {"price": 98}, prefer=strict)
    assert (refused.status, refused.json["code"]) == (400, "PGRST124")
    assert refused.json["details"] == "The query affects 2 rows"
    assert (await rest("GET", "/projects?price=eq.98")).json == []
    kept = rest.under(db_tx_end="rollback")
    lenient = await kept("DELETE", "/people_tasks?person_id=eq.1", prefer="max-affected=1")
    assert lenient.status == 204
    allowed = await kept("DELETE", "/people_tasks?person_id=eq.2", prefer=strict)
    assert allowed.headers["preference-applied"] == "handling=strict, max-affected=1"


async def test_tx_is_heard_where_the_setting_allows_it(rest: Client) -> None:
    row = {"id": 50, "name": "Tim"}
    override = rest.under(db_tx_end="commit-allow-override")
    undone = await override("POST", "/clients", row, prefer="tx=rollback")
    assert (undone.status, undone.headers["preference-applied"]) == (201, "tx=rollback")
    assert 50 not in await ids(rest, "clients")
    held = rest.under(db_tx_end="rollback-allow-override")
    await held("POST", "/clients", row)
    assert 50 not in await ids(rest, "clients")
    await held("POST", "/clients", row, prefer="tx=commit")
    assert 50 in await ids(rest, "clients")
    ignored = await rest("DELETE", "/clients?id=eq.50", prefer="tx=rollback")
    assert "preference-applied" not in ignored.headers
    assert 50 not in await ids(rest, "clients")


async def test_row_level_security_holds_for_every_write(undoing: Client) -> None:
    mine = await undoing("POST", "/notes?select=owner", {"title": "new"}, who=BOB, prefer=f"{FULL}")
    assert mine.json == [{"owner": "bob"}]
    forged = await undoing("POST", "/notes", {"title": "new", "owner": "ann"}, who=BOB)
    assert (forged.status, forged.json["code"]) == (403, "42501")
    for method, body in (("PATCH", {"title": "taken"}), ("DELETE", None)):
        hers = await undoing(method, "/notes?owner=eq.ann", body, who=BOB, prefer=f"{FULL}, count=exact")
        assert hers.json == []
    merged = await undoing(
        "POST",
        "/notes?on_conflict=title",
        {"title": "mine", "project_id": 3},
        who=BOB,
        prefer="resolution=merge-duplicates",
    )
    assert (merged.status, merged.json["code"]) == (403, "42501")
    embedded = await undoing("PATCH", "/projects?id=eq.1&select=notes(owner)", {"price": 1}, who=BOB, prefer=FULL)
    assert embedded.json == [{"notes": [{"owner": "bob"}]}]
    both = await undoing("PATCH", "/notes?title=neq.x&select=owner", {"project_id": None}, who=ANN, prefer=FULL)
    assert both.json == [{"owner": "ann"}, {"owner": "ann"}]


async def test_who_may_insert_but_not_read_can_insert(undoing: Client) -> None:
    row = {"id": 1, "words": "hello"}
    posted = await undoing("POST", "/inbox", row, who=ANON)
    assert posted.status == 201, posted.body
    read = await undoing("POST", "/inbox", row, who=ANON, prefer=FULL)
    assert (read.status, read.json["code"]) == (401, "42501")


async def test_an_invalid_body_is_a_400(rest: Client) -> None:
    for body in (b"{", b"", b'{"id": 1} x', b"\xff"):
        answer = await rest("POST", "/clients", body)
        assert (answer.status, answer.json["code"]) == (400, "PGRST102"), body
    await_type = await rest("POST", "/clients", {"id": "x", "name": "n"})
    assert (await_type.status, await_type.json["code"]) == (400, "22P02")
    big = rest.under(body_limit=10)
    large = await big("POST", "/clients", {"id": 1, "name": "long enough"})
    assert (large.status, large.json["code"]) == (413, "body_too_large")
