"""Rows → the one expression that is the body."""

# ruff: noqa: S608 -- the compiler itself: names come through postgres.quoting, values through Parameters

from __future__ import annotations

from rowgate.postgres.quoting import qualified
from rowgate.rest.call_plan import Call
from rowgate.rest.call_sql import SCALAR
from rowgate.rest.negotiation import Body, Format
from rowgate.rest.select_sql import ROW

ROWS = "pgrst_rows"  # the WITH query that holds the rows where the body has to read them twice
BINARY, TEXT = "b", "t"  # what a body of a media type's own begins with
GUCS = "current_setting('response.headers', true), current_setting('response.status', true)"


def answer_sql(
    rows: str,
    format_: Format,
    page: str,
    total: str,
    call: Call | None = None,
    more: str = "",
    most: int | None = None,
) -> str:
    """The outermost SELECT over `rows`, a FROM item without its alias. `more` are further columns; a JSON or CSV body
    of more than `most` bytes is null, which costs nothing: equal aggregates are computed once, and know their size.

    Aggregates make it one row, and let the settings be read after every row, and with it every function, was.
    """
    columns = f"{page}, {total}, {_body(rows, format_, call, most)}, {GUCS}{more}"
    return f"select {columns} from {rows} {ROW}"


def value_sql(value: str, source: str) -> str:
    """The outermost SELECT of one value in JSON, without an aggregate over its one row (33 µs in place of 47).

    A list of columns is evaluated from left to right: the settings are read behind the value.
    """
    return f"select 1, null, coalesce(to_json({value}), 'null'), {GUCS}{source}"


def wrapped(select: str, format_: Format) -> tuple[str, str]:
    """A SELECT as (WITH query, FROM item) for `answer_sql`: CSV names its columns after the first row, read apart."""
    if format_.body is Body.CSV:
        return f"{ROWS} as ({select})", ROWS
    return "", f"({select})"


def _body(rows: str, format_: Format, call: Call | None, most: int | None) -> str:
    if format_.body is Body.NONE:
        return "null"
    if format_.body is Body.CSV:
        return _csv(rows, most)
    if format_.body is Body.RAW:
        return f"string_agg({_told(f'{ROW}.{SCALAR}')}, '')"
    if format_.aggregate is not None:
        row = ROW if format_.row_type is None else f"{ROW}::{qualified(*format_.row_type)}"
        if call is not None and call.scalar and call.single:
            row = f"{ROW}.{SCALAR}"
        return _told(f"({qualified(*format_.aggregate)}({row}))")
    if format_.body is Body.GEOJSON:
        features = f"coalesce(json_agg(ST_AsGeoJSON({ROW})::json), '[]')"
        return f"json_build_object('type', 'FeatureCollection', 'features', {features})"
    value = f"{ROW}.{SCALAR}" if call is not None and call.scalar else ROW
    array = aggregate = f"json_agg({value})"
    if format_.strip:
        array = f"json_strip_nulls({array})"
    if format_.body is Body.OBJECT or (call is not None and call.single):
        return f"coalesce({array}->0, 'null')"
    return _at_most(most, aggregate, f"coalesce({array}, '[]')")


def _told(value: str) -> str:
    """A value's text behind a letter that says what it is: any text may begin as bytea's does.

    CASE with a null sees through domains, however many lie over each other (PostgreSQL, section 10.5, step 2), and the
    planner answers it for good, without the value.
    """
    binary = f"pg_typeof(case when true then null else {value} end) = 'pg_catalog.bytea'::regtype"
    return f"case when {binary} then '{BINARY}' else '{TEXT}' end || {value}::text"


def _at_most(most: int | None, aggregate: str, body: str) -> str:
    return body if most is None else f"case when pg_column_size({aggregate}) > {most:d} then null else {body} end"


def _csv(rows: str, most: int | None) -> str:
    keys = f"select json_object_keys(row_to_json({ROW})) as key from (select * from {rows} limit 1) {ROW}"
    head = f"(select coalesce(string_agg(key, ','), '') from ({keys}) pgrst_keys)"
    lines = f"string_agg(substring({ROW}::text, 2, length({ROW}::text) - 2), E'\\n')"
    return _at_most(most, lines, f"{head} || E'\\n' || coalesce({lines}, '')")
