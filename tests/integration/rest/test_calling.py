"""Function calls by GET and POST."""

from __future__ import annotations

import pytest

from tests.integration.rest.shop import BOB, Client

pytestmark = pytest.mark.anyio


async def test_arguments_are_passed_by_name(rest: Client) -> None:
    assert (await rest("GET", "/rpc/add?a=1&b=2")).body == b"3"
    assert (await rest("GET", "/rpc/add?a=1")).body == b"11"
    posted = await rest("POST", "/rpc/add", {"b": 5, "a": 1})
    assert (posted.status, posted.body) == (200, b"6")
    assert posted.headers["content-type"] == "application/json; charset=utf-8"
    form = await rest("POST", "/rpc/add", b"a=4&b=4", content_type="application/x-www-form-urlencoded")
    assert form.body == b"8"


async def test_an_unknown_function_gets_a_suggestion(rest: Client) -> None:
    answer = await rest("GET", "/rpc/addd?a=1")
    assert answer.status == 404
    assert answer.json == {
        "code": "PGRST202",
        "details": "Searched for the function public.addd with parameter a, but no matches were found in the schema "
        "cache.",
        "hint": "Perhaps you meant to call the function public.add",
        "message": "Could not find the function public.addd(a) in the schema cache",
    }
    names = await rest("POST", "/rpc/add", {"a": 1, "c": 2})
    assert names.json["hint"] == "Perhaps you meant to call the function public.add(a, b)"
    assert names.json["details"].endswith(
        "with parameters a, c or with a single unnamed json/jsonb parameter, but no matches were found in the schema "
        "cache."
    )


async def test_an_ambiguous_overload_is_pgrst203(rest: Client) -> None:
    answer = await rest("GET", "/rpc/over?a=1")
    assert (answer.status, answer.json["code"]) == (300, "PGRST203")
    assert answer.json["message"] == (
        "Could not choose the best candidate function between: public.over(a => integer), public.over(a => text)"
    )


async def test_rows_of_a_function_are_filtered_ordered_and_embedded_into(rest: Client) -> None:
    answer = await rest("GET", "/rpc/projects_of?client=1&select=id,tasks(name)&name=eq.roof&tasks.order=id")
    assert answer.json == [{"id": 1, "tasks": [{"name": "cut"}, {"name": "nail"}]}]
    page = await rest("POST", "/rpc/projects_of?select=id&order=id.desc&limit=1", {"client": 1}, prefer="count=exact")
    assert (page.status, page.json, page.headers["content-range"]) == (206, [{"id": 2}], "0-0/2")
    one = await rest("GET", "/rpc/projects_of?client=2&select=id", accept="application/vnd.pgrst.object+json")
    assert one.json == {"id": 3}


async def test_a_function_of_one_row_gives_an_object(rest: Client) -> None:
    answer = await rest("GET", "/rpc/one_project?id=1&select=name,clients!client_id(name)")
    assert answer.json == {"name": "roof", "clients": {"name": "Ann"}}
    assert (await rest("GET", "/rpc/pair")).json == {"a": 1, "b": "two"}


async def test_columns_of_returns_table_and_computed_columns_are_columns(rest: Client) -> None:
    table = await rest("GET", "/rpc/named?above=1&select=name,no:id::text&id=lt.4&order=id.desc")
    assert table.json == [{"name": "door", "no": "3"}, {"name": "wall", "no": "2"}]
    computed = await rest("GET", "/rpc/projects_of?client=1&select=label&label=like.r*")
    assert computed.json == [{"label": "roof!"}]


async def test_a_set_of_values_is_an_array(rest: Client) -> None:
    assert (await rest("GET", "/rpc/ids")).json == [1, 2, 3, 4, 5]
    page = await rest("GET", "/rpc/ids?limit=2&offset=1", prefer="count=exact")
    assert (page.json, page.headers["content-range"]) == ([2, 3], "1-2/5")


async def test_void_is_204(rest: Client) -> None:
    answer = await rest("POST", "/rpc/nothing", {})
    assert (answer.status, answer.body) == (204, b"")
    assert "content-type" not in answer.headers


async def test_a_variadic_parameter_takes_repeated_arguments(rest: Client) -> None:
    assert (await rest("GET", "/rpc/joined?words=a&words=b,c")).json == "a-b,c"
    assert (await rest("POST", "/rpc/joined", {"words": ["x", "y"]})).json == "x-y"


async def test_one_unnamed_parameter_takes_the_whole_body(rest: Client) -> None:
    assert (await rest("POST", "/rpc/doc", {"x": "deep"})).json == "deep"
    blob = await rest("POST", "/rpc/blob", b"\x00\xff\\", content_type="application/octet-stream")
    assert blob.body == b"3"


async def test_a_domain_named_like_a_media_type_is_answered_as_such(rest: Client) -> None:
    answer = await rest("GET", "/rpc/plain", accept="text/plain")
    assert (answer.body, answer.headers["content-type"]) == (b"plain words", "text/plain; charset=utf-8")
    for accept in ("application/json", "*/*", "text/html, */*;q=0.1"):
        assert (await rest("GET", "/rpc/plain", accept=accept)).json == "plain words"
    assert (await rest("GET", "/rpc/plain", accept="text/html")).status == 406
    image = await rest("GET", "/rpc/image", accept="image/*")
    assert (image.body, image.headers["content-type"]) == (b"\x00\xff\\", "image/png")


async def test_get_never_writes(rest: Client) -> None:
    answer = await rest("GET", "/rpc/rename_all?name=x")
    assert (answer.status, answer.json["code"]) == (405, "25006")
    undone = rest.under(db_tx_end="rollback")
    written = await undone("POST", "/rpc/rename_all?select=name&id=eq.1", {"name": "x"})
    assert written.json == [{"name": "x"}]


async def test_a_strict_call_of_too_many_rows_is_undone(rest: Client) -> None:
    refused = await rest("POST", "/rpc/rename_all", {"name": "x"}, prefer="handling=strict, max-affected=1")
    assert (refused.status, refused.json["code"]) == (400, "PGRST124")
    assert (await rest("GET", "/projects?name=eq.x")).json == []
    scalar = await rest("POST", "/rpc/add", {"a": 1}, prefer="handling=strict, max-affected=1")
    assert (scalar.status, scalar.json["code"]) == (400, "PGRST128")


async def test_head_calls_the_function_and_sends_headers_alone(rest: Client) -> None:
    answer = await rest("HEAD", "/rpc/projects_of?client=1", prefer="count=exact")
    assert (answer.status, answer.body, answer.headers["content-range"]) == (200, b"", "0-1/2")
    failing = await rest("HEAD", "/rpc/fail?state=P0001&message=no")
    assert failing.status == 400


async def test_sql_has_the_last_word_on_status_and_headers(rest: Client) -> None:
    said = {"headers": '[{"X-Word": "yes"}, {"content-type": "text/x"}]', "status": "418"}
    answer = await rest("POST", "/rpc/speak", said)
    assert (answer.status, answer.headers["x-word"], answer.headers["content-type"]) == (418, "yes", "text/x")
    silent = await rest("POST", "/rpc/speak", {"headers": "", "status": ""})
    assert (silent.status, silent.headers["vary"]) == (200, "Accept, Prefer, Range")
    varied = await rest("POST", "/rpc/speak", {"headers": '[{"Vary": "X-Word"}]', "status": ""})
    assert varied.headers["vary"] == "X-Word"
    for headers in ("x", "{}", '[{"a": "1", "b": "2"}]', '[{"a": 1}]', '[{"a": "1\\r\\nb: 2"}]', '[{"a b": "1"}]'):
        bad = await rest("POST", "/rpc/speak", {"headers": headers, "status": ""})
        assert (bad.status, bad.json["code"]) == (500, "PGRST111"), headers
    for status in ("x", "99", "600", "99999"):
        bad = await rest("POST", "/rpc/speak", {"headers": "", "status": status})
        assert (bad.status, bad.json["code"]) == (500, "PGRST112"), status


async def test_what_sql_says_of_an_answer_for_the_session_is_said_of_no_other(rest: Client) -> None:
    said = await rest("POST", "/rpc/speak_on", {"headers": '[{"set-cookie": "session=ann"}]', "status": "202"})
    assert (said.status, said.headers["set-cookie"]) == (202, "session=ann")
    for method in ("GET", "HEAD", "GET"):
        next_one = await rest(method, "/clients", who=BOB)
        assert next_one.status == 200
        assert "set-cookie" not in next_one.headers


async def test_settings_tell_sql_about_the_request(rest: Client) -> None:
    seen = await rest("GET", "/rpc/told?name=request.headers", x_word="w", cookie="a=b; c=d")
    assert '"x-word":"w"' in seen.json
    assert "cookie" not in seen.json
    assert (await rest("GET", "/rpc/told?name=request.cookies", cookie="a=b; c=d")).json == '{"a":"b","c":"d"}'
    assert (await rest("GET", "/rpc/told?name=request.path")).json == "/rpc/told"
    assert (await rest("GET", "/rpc/told?name=request.method")).json == "GET"
    assert (await rest("GET", "/rpc/told?name=search_path")).json == '"public", "public", "extensions"'
    named = rest.under(app_settings=(("app.settings.word", "w"),))
    assert (await named("GET", "/rpc/told?name=app.settings.word")).json == "w"


async def test_the_time_zone_can_be_preferred(rest: Client) -> None:
    answer = await rest("GET", "/rpc/told?name=timezone", prefer="timezone=Asia/Tokyo")
    assert (answer.json, answer.headers["preference-applied"]) == ("Asia/Tokyo", "timezone=Asia/Tokyo")
    unknown = await rest("GET", "/rpc/told?name=timezone", prefer="timezone=Mars/Base")
    assert "preference-applied" not in unknown.headers
    strict = await rest("GET", "/rpc/told?name=timezone", prefer="timezone=Mars/Base, handling=strict")
    assert (strict.status, strict.json["code"]) == (400, "PGRST122")


async def test_a_pre_request_function_runs_before_in_the_same_transaction(rest: Client) -> None:
    checked = rest.under(db_pre_request="public.nothing")
    assert (await checked("GET", "/clients?select=id&id=eq.1")).json == [{"id": 1}]
    missing = rest.under(db_pre_request="public.absent")
    assert (await missing("GET", "/clients")).json["code"] == "42883"
