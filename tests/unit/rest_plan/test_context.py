"""What SQL is told about a request, and what it must never be told."""

from __future__ import annotations

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from rowgate.http.exchange import Request
from rowgate.postgres.catalog.records import Function, ReturnType, Volatility
from rowgate.postgres.context import RESERVED_SETTINGS
from rowgate.postgrest.request_context import MASK, SECRET_KEY, cookies_json, headers_json
from rowgate.principal import Principal, TokenClass
from rowgate.project.settings import RestSettings
from rowgate.rest.context import hoisted, search_path

PERSON = Principal("authenticated", b"{}", TokenClass.SESSION)
SERVICE = Principal("service_role", b"{}", TokenClass.API_KEY, privileged=True)


async def no_body(limit: int) -> bytes:
    return b""


def request(*headers: tuple[bytes, bytes]) -> Request:
    return Request("GET", "/todos", b"/todos", b"", list(headers), no_body)


def seen(made: Request, who: Principal = PERSON, settings: RestSettings | None = None) -> dict[str, str]:
    decoded: dict[str, str] = msgspec.json.decode(headers_json(made, who, settings or RestSettings()))
    return decoded


def test_all_headers_but_cookies_are_told() -> None:
    made = request((b"x-word", b"w"), (b"cookie", b"a=b"), (b"authorization", b"Bearer t"), (b"x-word", b"last"))
    assert seen(made) == {"x-word": "last", "authorization": "Bearer t"}


def test_a_secret_key_is_never_told_wherever_it_stands() -> None:
    made = request(
        (b"apikey", b"sb_secret_abc"), (b"authorization", b"Bearer sb_secret_abc"), (b"x-copy", b"k=sb_secret_abc")
    )
    assert set(seen(made).values()) == {MASK}
    assert b"abc" not in cookies_json(request((b"cookie", b"key=sb_secret_abc")), RestSettings())


def test_a_privileged_principals_legacy_key_is_never_told() -> None:
    made = request((b"apikey", b"eyJ.service.x"), (b"authorization", b"Bearer eyJ.service.x"))
    assert seen(made, SERVICE) == {"apikey": MASK, "authorization": MASK}


def test_credentials_can_be_kept_from_sql() -> None:
    made = request((b"apikey", b"k"), (b"authorization", b"Bearer t"), (b"cookie", b"a=b"), (b"x-word", b"w"))
    settings = RestSettings(request_headers="no-credentials")
    assert seen(made, settings=settings) == {"x-word": "w"}
    assert cookies_json(made, settings) == b"{}"


def declared(*settings: tuple[str, str]) -> Function:
    returns = ReturnType("integer", "pg_catalog", False, False, False)
    return Function("public", "f", (), returns, Volatility.VOLATILE, settings=settings)


def test_only_listed_settings_of_a_function_are_hoisted() -> None:
    function = declared(("work_mem", "8MB"), ("statement_timeout", "1s"), ("default_transaction_isolation", "x"))
    assert hoisted(function, RestSettings()) == [("statement_timeout", "1s")]
    assert hoisted(function, RestSettings(db_hoisted_tx_settings=("work_mem",))) == [("work_mem", "8MB")]


def test_what_belongs_to_the_request_is_never_hoisted() -> None:
    function = declared(("search_path", "elsewhere"), ("row_security", "off"), ("role", "postgres"))
    assert hoisted(function, RestSettings(db_hoisted_tx_settings=tuple(RESERVED_SETTINGS))) == []


def test_bytes_that_json_cannot_hold_are_replaced() -> None:
    assert seen(request((b"x-word", b"a\xff\x00b"))) == {"x-word": "a\ufffdb"}


@given(
    st.dictionaries(
        st.binary(min_size=1, max_size=8).filter(lambda name: name != b"cookie"),
        st.binary(max_size=20).filter(lambda value: SECRET_KEY not in value),
        max_size=6,
    )
)
@example({b"sec-ch-ua": b'"Chromium";v="131"'})
@example({b"x-path": b"C:\\new\t"})
@example({b"x-del": b"\x7f", b"x-empty": b""})
def test_any_header_is_told_as_json_that_says_the_same(fields: dict[bytes, bytes]) -> None:
    told = seen(request(*fields.items()))
    assert told == {
        name.decode("latin-1"): value.decode("utf-8", "replace").replace("\x00", "") for name, value in fields.items()
    }


def test_no_header_is_an_empty_object() -> None:
    assert seen(request()) == {}


def test_the_search_path_names_each_schema_quoted_as_often_as_it_is_configured() -> None:
    settings = RestSettings(db_extra_search_path=("public", "extensions"))
    assert search_path("public", settings) == '"public", "public", "extensions"'
    assert search_path('a"b', settings) == '"a""b", "public", "extensions"'
