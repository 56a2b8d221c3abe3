"""A request's line and headers as one record. https://docs.postgrest.org/en/v14/references/errors.html"""

from __future__ import annotations

import pytest

from rowgate.http.media_types import MediaType
from rowgate.postgrest.errors import RestError
from rowgate.project.settings import RestSettings
from rowgate.rest.preferences import insist_on_known, with_known_timezone
from rowgate.rest.syntax import Action, Count, FieldPath, Filter, Range, Resolution, RestRequest, Return
from tests.unit.rest.unlifted import parse

SETTINGS = RestSettings(db_max_rows=None)
TWO_SCHEMAS = RestSettings(db_schemas=("public", "private"))


def get(path: str = "/items", query: bytes = b"", *headers: tuple[bytes, bytes], method: str = "GET") -> RestRequest:
    return parse(method, path, query, list(headers), SETTINGS)


def refusal(
    method: str = "GET",
    path: str = "/items",
    query: bytes = b"",
    *headers: tuple[bytes, bytes],
    settings: RestSettings = SETTINGS,
) -> RestError:
    with pytest.raises(RestError) as caught:
        parse(method, path, query, list(headers), settings)
    return caught.value


@pytest.mark.parametrize(
    ("method", "path", "action", "target"),
    [
        ("GET", "/items", Action.READ, "items"),
        ("HEAD", "/items", Action.READ, "items"),
        ("POST", "/items", Action.CREATE, "items"),
        ("PUT", "/items", Action.PUT, "items"),
        ("PATCH", "/items", Action.UPDATE, "items"),
        ("DELETE", "/items", Action.DELETE, "items"),
        ("OPTIONS", "/items", Action.OPTIONS, "items"),
        ("GET", "/rpc/f", Action.CALL, "f"),
        ("HEAD", "/rpc/f", Action.CALL, "f"),
        ("POST", "/rpc/f", Action.CALL, "f"),
        ("OPTIONS", "/rpc/f", Action.OPTIONS, "f"),
        ("GET", "/rpc", Action.READ, "rpc"),
        ("GET", "/", Action.DESCRIBE, ""),
        ("GET", "", Action.DESCRIBE, ""),
        ("OPTIONS", "/", Action.OPTIONS, ""),
        ("GET", "/Été x", Action.READ, "Été x"),
    ],
)
def test_method_and_path_decide_the_action(method: str, path: str, action: Action, target: str) -> None:
    request = get(path, method=method)
    assert (request.action, request.target, request.head) == (action, target, method == "HEAD")


@pytest.mark.parametrize("path", ["/a/b", "/items/", "/rpc/f/x", "/rpc/f/"])
def test_any_other_path_is_invalid(path: str) -> None:
    error = refusal(path=path)
    assert (error.status, error.code, error.message) == (404, "PGRST125", "Invalid path specified in request URL")


def test_methods_that_do_not_fit_are_refused() -> None:
    error = refusal("PATCH", "/rpc/f")
    assert (error.status, error.code, error.message) == (405, "PGRST101", "Cannot use the PATCH method on RPC")
    error = refusal("TRACE")
    assert (error.status, error.code, error.message) == (405, "PGRST117", "Unsupported HTTP method: TRACE")
    assert refusal("POST", "/").code == "PGRST117"


def test_reads_take_their_schema_from_accept_profile_and_writes_from_content_profile() -> None:
    headers = [(b"accept-profile", b"private"), (b"content-profile", b"public")]
    assert parse("GET", "/items", b"", headers, TWO_SCHEMAS).schema == "private"
    assert parse("HEAD", "/items", b"", headers, TWO_SCHEMAS).schema == "private"
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert parse(method, "/items", b"", headers, TWO_SCHEMAS).schema == "public"
    assert not get().profile_named
    assert parse("GET", "/items", b"", [], TWO_SCHEMAS).profile_named  # several schemas: the first was negotiated


def test_an_unknown_schema_is_not_acceptable() -> None:
    error = refusal("GET", "/items", b"", (b"accept-profile", b"nope"), settings=TWO_SCHEMAS)
    assert (error.status, error.code, error.message) == (406, "PGRST106", "Invalid schema: nope")
    assert error.hint == "Only the following schemas are exposed: public, private"


def test_the_query_string_is_sorted_into_its_parts() -> None:
    query = b"select=id&a=eq.1&rel.b=lt.2&or=(c.is.null)&order=id&rel.order=b.desc&limit=5&offset=2&rel.limit=3"
    parsed = get("/items", query)
    assert [path for path, _ in parsed.query.filters] == [(), ("rel",), ()]
    assert [path for path, _ in parsed.query.orders] == [(), ("rel",)]
    assert parsed.query.ranges == ((("rel",), Range(0, 3)),)
    assert parsed.range == Range(2, 5)


def test_a_query_string_is_percent_decoded() -> None:
    ((_, read),) = get("/items", b"a%20b=eq.%C3%A9+%26%3D").query.filters
    assert read == Filter(FieldPath("a b"), "eq", "é &=")


@pytest.mark.parametrize(("query", "byte"), [(b"a=eq.%FF", "0xff"), (b"a=eq.x%00y", "0x00"), (b"a=eq.x\x00y", "0x00")])
def test_text_that_postgres_cannot_hold_is_refused(query: bytes, byte: str) -> None:
    error = refusal(query=query)
    assert (error.status, error.code) == (400, "22021")
    assert error.message == f'invalid byte sequence for encoding "UTF8": {byte}'


def test_a_parameter_without_a_value_says_nothing() -> None:
    request = get("/items", b"select&a&&order")
    assert request.query == get().query


def test_the_first_select_counts() -> None:
    assert get("/items", b"select=a&select=b").query == get("/items", b"select=a").query


def test_columns_are_a_set_and_on_conflict_is_a_list() -> None:
    query = get("/items", b'columns=b,a,b,"c d"&on_conflict=z,y', method="POST").query
    assert (query.columns, query.on_conflict) == (("a", "b", "c d"), ("z", "y"))


def test_columns_apart_by_blanks_alone_are_refused() -> None:
    with pytest.raises(RestError) as caught:
        get("/items", b'columns="a" b', method="POST")
    assert caught.value.message == '"failed to parse columns parameter ("a" b)" (line 1, column 5)'
    assert caught.value.details == 'unexpected "b" expecting ","'


def test_a_call_by_get_takes_arguments_and_filters() -> None:
    query = get("/rpc/f", b"a=1&b=eq.2&c=eq&d=not%20a%20word&v=x&v=y").query
    assert query.arguments == (("a", "1"), ("c", "eq"), ("d", "not a word"), ("v", "x"), ("v", "y"))
    assert query.filters == (((), Filter(FieldPath("b"), "eq", "2")),)


def test_a_call_by_post_takes_filters_only() -> None:
    assert refusal("POST", "/rpc/f", b"a=1").code == "PGRST100"
    assert refusal("GET", "/items", b"a=1").code == "PGRST100"


@pytest.mark.parametrize(
    ("query", "header", "expected"),
    [
        (b"", b"0-9", Range(0, 10)),
        (b"", b"10-", Range(10, None)),
        (b"", b"items=0-9", Range()),
        (b"limit=3", b"0-9", Range(0, 3)),
        (b"limit=30&offset=5", b"0-9", Range(5, 5)),
        (b"limit=0", b"5-9", Range(0, 0)),
        (b"limit=abc", b"", Range()),
        (b"offset=-4&limit=5", b"", Range(0, 1)),
        (b"limit=" + b"9" * 5000, b"", Range(0, 2**63 - 1)),
        (b"limit=" + b"0" * 5000 + b"7", b"", Range(0, 7)),
        (b"", b"0-" + b"9" * 5000, Range(0, 2**63)),
    ],
)
def test_the_window_is_what_limit_and_range_have_in_common(query: bytes, header: bytes, expected: Range) -> None:
    assert get("/items", query, (b"range", header)).range == expected


def test_windows_with_nothing_in_them_are_refused() -> None:
    limits = "Limit should be greater than or equal to zero."
    bounds = "The lower boundary must be lower than or equal to the upper boundary in the Range header."
    for error, details in (
        (refusal(query=b"limit=-1"), limits),
        (refusal("GET", "/items", b"offset=10", (b"range", b"0-4")), limits),
        (refusal("GET", "/items", b"", (b"range", b"9-1")), bounds),
    ):
        assert (error.status, error.code, error.message) == (416, "PGRST103", "Requested range not satisfiable")
        assert error.details == details


def test_range_means_something_for_get_alone() -> None:
    for method in ("HEAD", "PATCH", "DELETE"):
        assert get("/items", b"", (b"range", b"9-1"), method=method).range == Range()


def test_put_takes_no_limit() -> None:
    error = refusal("PUT", query=b"limit=1")
    assert (error.status, error.code) == (400, "PGRST114")
    assert error.message == "limit/offset querystring parameters are not allowed for PUT"


def test_preferences_come_from_several_headers_and_the_first_counts() -> None:
    preferences = get(
        "/items",
        b"",
        (b"prefer", b"return=representation,  count=exact , resolution=merge-duplicates"),
        (b"prefer", b"return=minimal, missing=default, max-affected=10, handling=lenient, nonsense, timezone=UTC"),
        (b"prefer", b"tx=rollback"),
    ).preferences
    assert preferences.returns is Return.REPRESENTATION
    assert preferences.count is Count.EXACT
    assert preferences.resolution is Resolution.MERGE_DUPLICATES
    assert (preferences.missing, preferences.max_affected, preferences.timezone) == ("default", 10, "UTC")
    assert preferences.invalid == ("nonsense",)
    assert preferences.transaction is None  # not allowed by db_tx_end


def test_tx_is_heeded_where_overriding_is_allowed() -> None:
    settings = RestSettings(db_tx_end="commit-allow-override")
    request = parse("GET", "/items", b"", [(b"prefer", b"tx=rollback, tx=commit")], settings)
    assert request.preferences.transaction == "rollback"


def test_strict_handling_refuses_what_is_not_known() -> None:
    asked = get("/items", b"", (b"prefer", b"handling=strict, anything, count=exact, else=1, timezone=Mars/North"))
    preferences = with_known_timezone(asked.preferences, {"UTC"})
    with pytest.raises(RestError) as caught:
        insist_on_known(preferences)
    error = caught.value
    assert (error.status, error.code) == (400, "PGRST122")
    assert error.message == "Invalid preferences given with handling=strict"
    assert error.details == "Invalid preferences: anything, else=1, timezone=Mars/North"


def test_lenient_handling_takes_no_notice_of_what_is_not_known() -> None:
    insist_on_known(get("/items", b"", (b"prefer", b"anything, handling=lenient")).preferences)


def test_a_timezone_is_checked_once_the_catalog_is_there() -> None:
    asked = get("/items", b"", (b"prefer", b"handling=strict, timezone=Mars/North")).preferences
    assert with_known_timezone(asked, {"UTC"}).timezone is None
    assert with_known_timezone(asked, {"UTC"}).invalid == ("timezone=Mars/North",)
    assert with_known_timezone(asked, {"Mars/North"}) is asked


@pytest.mark.parametrize(
    ("accept", "names"),
    [
        (b"*/*", ["*/*"]),
        (b"text/csv;q=0.5, application/json", ["application/json", "text/csv"]),
        (b"*/*, text/csv", ["text/csv", "*/*"]),
        (b"text/*;q=0.3,text/csv;q=0.7,Application/JSON;q=0.7", ["text/csv", "application/json", "text/*"]),
        (b"a/b;q=nonsense, c/d;q=0.9", ["a/b", "c/d"]),
    ],
)
def test_accept_is_ordered_by_quality_and_specificity(accept: bytes, names: list[str]) -> None:
    assert [media_type.name for media_type in get("/items", b"", (b"accept", accept)).accept] == names


def test_media_type_parameters_are_kept() -> None:
    accept = b'application/vnd.pgrst.plan+json; for="text/csv"; options=analyze|verbose;'
    assert get("/items", b"", (b"accept", accept)).accept == (
        MediaType("application/vnd.pgrst.plan+json", (("for", "text/csv"), ("options", "analyze|verbose"))),
    )
    assert get().accept == (MediaType("*/*"),)
    assert get().content_type == MediaType("application/json")
