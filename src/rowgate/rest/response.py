"""Result → Response: status, headers and body as PostgREST 14 gives them. Pure.

https://docs.postgrest.org/en/v14/references/api.html
"""

from __future__ import annotations

from rowgate.http.exchange import RawHeaders, Response
from rowgate.http.spool import Spool
from rowgate.postgres.bytea import unescaped
from rowgate.postgres.statement import Result
from rowgate.postgrest.error_response import VARY, framed
from rowgate.postgrest.errors import RestError
from rowgate.postgrest.said import said_headers, said_status
from rowgate.rest.body_sql import BINARY
from rowgate.rest.location import key_location
from rowgate.rest.mutation_plan import Insert
from rowgate.rest.negotiation import CHARSET, OPENAPI, Body, Format
from rowgate.rest.plan import CallPlan, MutationPlan, ReadPlan
from rowgate.rest.sql import Column
from rowgate.rest.syntax import Action, Count, Resolution, RestRequest, Return

Row = tuple[bytes | None, ...]

NO_ROW: Row = (b"0", None, None, None, None, None, None)
DOCUMENT_TYPE = OPENAPI.encode() + CHARSET


def read_response(
    request: RestRequest,
    plan: ReadPlan,
    result: Result,
    offset: int,
    location: bytes,
    applied: RawHeaders,
    planned: int | None,
    spool: Spool | None = None,
) -> Response:
    """The answer of a read from row `offset` on. `location` is its Content-Location; `planned` the planner's count
    where one was asked for; `spool` its body where that is large.

    Raises RestError PGRST116 for a singular answer of other than one row, PGRST103 (416) for an offset past the end,
    PGRST111, PGRST112.
    """
    row = _row(result)
    page = _page(row)
    if plan.format.singular and page != 1:
        raise not_singular(page)
    total = _total(row, planned)
    beside: RawHeaders = [(b"content-location", location), *applied]
    status = _range_status(request, offset, page, total, beside)
    headers: RawHeaders = [(b"content-range", content_range(offset, offset + page - 1, total))]
    headers.append((b"content-location", location))
    body = b"" if plan.head else spool if spool is not None else _body(row, plan.format)
    headers += _represented(request, plan.format.content_type, None if plan.head else body)
    headers += applied
    return _overridden(row, status, headers, body)


def mutation_response(request: RestRequest, plan: MutationPlan, result: Result, applied: RawHeaders) -> Response:
    """The answer of a write. Raises RestError PGRST111, PGRST112."""
    row = _row(result)
    page = _page(row)
    represented = plan.returns is Return.REPRESENTATION
    body = _body(row, plan.format) if represented else b""
    headers: RawHeaders = []
    total = page if plan.count in (Count.EXACT, Count.ESTIMATED) else None
    if plan.action is Action.CREATE:
        status = _created(plan, row)
        if key := row[Column.LOCATION]:
            headers.append((b"location", key_location(plan.relation.name, plan.mutation.returning, key)))
        headers.append((b"content-range", content_range(1, 0, total)))
    elif plan.action is Action.PUT:
        new = int(row[Column.INSERTED] or 0) > 0
        status = (201 if new else 200) if represented else 204
    elif plan.action is Action.UPDATE:
        status = 200 if represented else 204
        headers.append((b"content-range", content_range(0, page - 1, total)))
    else:
        status = 200 if represented else 204
        headers.append((b"content-range", content_range(1, 0, total)))
    if represented:
        headers += _represented(request, plan.format.content_type, body)
    elif status != 204:
        headers.append((b"content-length", b"0"))
    headers += applied
    return _overridden(row, status, headers, body)


def call_response(
    request: RestRequest,
    plan: CallPlan,
    result: Result,
    offset: int,
    applied: RawHeaders,
    spool: Spool | None = None,
) -> Response:
    """The answer of a call from row `offset` on; `spool` is its body where that is large.

    Raises RestError PGRST103, PGRST111, PGRST112, PGRST116.
    """
    row = _row(result)
    page = _page(row)
    if plan.singular and page != 1:
        raise not_singular(page)
    total = _total(row, None)
    status = _range_status(request, offset, page, total, applied)
    headers: RawHeaders = [(b"content-range", content_range(offset, offset + page - 1, total))]
    body = _body(row, plan.format) if spool is None else spool
    if plan.call.function.returns.void:
        status, body = 204, b""
    else:
        body = b"" if plan.head else body
        headers += _represented(request, plan.format.content_type, None if plan.head else body)
    headers += applied
    return _overridden(row, status, headers, body)


def plan_response(request: RestRequest, content_type: bytes, result: Result) -> Response:
    """EXPLAIN's lines, in place of an answer."""
    body = b"".join((row[0] or b"") + b"\n" for row in result.rows)
    return Response(200, [*_represented(request, content_type, body), VARY], body)


def options_response(allow: str) -> Response:
    """The methods a resource has."""
    return Response(200, [(b"allow", allow.encode()), (b"content-length", b"0"), VARY])


def document_response(request: RestRequest, document: bytes | None) -> Response:
    """The OpenAPI document; None for HEAD."""
    return Response(200, [*_represented(request, DOCUMENT_TYPE, document), VARY], document or b"")


def not_singular(rows: int) -> RestError:
    """PGRST116: one object was asked for."""
    return RestError(
        406, "PGRST116", "Cannot coerce the result to a single JSON object", f"The result contains {rows} rows"
    )


def content_range(first: int, last: int, total: int | None) -> bytes:
    """Content-Range without its unit, which PostgREST leaves out: `0-9/*`, `*/0`."""
    rows = f"{first}-{last}" if total != 0 and first <= last else "*"
    return f"{rows}/{'*' if total is None else total}".encode()


def page_of(result: Result) -> int:
    """How many rows an answer has."""
    return _page(_row(result))


def _row(result: Result) -> Row:
    return result.rows[0] if result.rows else NO_ROW


def _page(row: Row) -> int:
    return int(row[Column.PAGE] or 0)


def _total(row: Row, planned: int | None) -> int | None:
    if planned is not None:
        return planned
    counted = row[Column.TOTAL]
    return None if counted is None else int(counted)


def _range_status(request: RestRequest, offset: int, page: int, total: int | None, beside: RawHeaders) -> int:
    """200, 206, or a RestError 416, which carries the headers that the answer would have had `beside` its range."""
    if total is None:
        return 200
    if offset > total:
        raise RestError(
            416,
            "PGRST103",
            "Requested range not satisfiable",
            f"An offset of {offset} was requested, but there are only {total} rows.",
            None,
            ((b"content-range", content_range(1, 0, total)), *beside, *_profile(request)),
        )
    return 206 if page < total else 200


def _represented(request: RestRequest, content_type: bytes, body: bytes | Spool | None) -> RawHeaders:
    headers: RawHeaders = [(b"content-type", content_type)]
    if body is not None:
        headers.append((b"content-length", str(len(body)).encode()))
    return headers + _profile(request)


def _profile(request: RestRequest) -> RawHeaders:
    return [(b"content-profile", request.schema.encode())] if request.profile_named else []


def _created(plan: MutationPlan, row: Row) -> int:
    """201, unless an upsert found every row there already, or was given none."""
    merges = isinstance(plan.mutation, Insert) and plan.mutation.resolution is Resolution.MERGE_DUPLICATES
    return 200 if merges and int(row[Column.INSERTED] or 0) <= 0 else 201


def _body(row: Row, format_: Format) -> bytes:
    """A body of a media type's own: bytea comes as Postgres spells it, a text is sent as it is."""
    body = row[Column.BODY] or b""
    if format_.body not in (Body.RAW, Body.AGGREGATE):
        return body
    return unescaped(body[1:]) if body[:1] == BINARY.encode() else body[1:]


def _overridden(row: Row, status: int, headers: RawHeaders, body: bytes | Spool) -> Response:
    """Apply the settings response.status and response.headers, through which SQL has the last word."""
    headers.append(VARY)
    if said := row[Column.STATUS]:
        status = said_status(said)
    if said := row[Column.HEADERS]:
        extra = said_headers(said)
        named = {name for name, _ in extra}
        headers = [each for each in headers if each[0] not in named] + extra
    return framed(status, headers, body)
