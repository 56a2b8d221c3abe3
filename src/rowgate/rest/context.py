"""What a request tells SQL about itself: settings such as request.headers, which policies and functions may read.

https://docs.postgrest.org/en/v14/references/transactions.html#transaction-scoped-settings
"""

from __future__ import annotations

import msgspec

from rowgate.http.exchange import Request
from rowgate.postgres.catalog.records import Function
from rowgate.postgres.quoting import identifier
from rowgate.postgres.statement import RequestContext
from rowgate.principal import Principal
from rowgate.project.settings import RestSettings

CREDENTIALS = frozenset({b"authorization", b"apikey", b"proxy-authorization"})
SECRET_KEY = b"sb_secret_"
MASK = b"***"
_CONTROLS = bytes(range(0x20))  # JSON escapes these, `"` and `\\` (RFC 8259 section 7)
# Settings of a function that must hold before it is called; Postgres applies the others itself, on entry.
HOISTED = frozenset({"statement_timeout", "plan_filter.statement_cost_limit"})


def request_context(
    request: Request,
    principal: Principal,
    settings: RestSettings,
    search_path: str,
    timezone: str | None = None,
    function: Function | None = None,
) -> RequestContext:
    """The context of a request. `timezone` has been checked against the catalog."""
    applied = list(settings.app_settings)
    if function is not None:
        applied += [(name, value) for name, value in function.settings if name in HOISTED]
    if timezone is not None:
        applied.append(("timezone", timezone))
    return RequestContext(
        method=request.method,
        path=request.path,
        search_path=search_path,
        headers=headers_json(request, principal, settings),
        cookies=cookies_json(request, settings),
        settings=tuple(applied),
    )


def search_path(schema: str, settings: RestSettings) -> str:
    """The request's schema, then the extra ones, each once."""
    return ", ".join(identifier(name) for name in dict.fromkeys((schema, *settings.db_extra_search_path)))


def headers_json(request: Request, principal: Principal, settings: RestSettings) -> bytes:
    """All headers but cookies, as one object; a repeated header's last value counts.

    A secret key never reaches SQL, where a function could store it: every value that is or holds one is masked, and so
    are all credentials of a privileged principal, whose legacy key is a token like any other.
    """
    hidden = settings.request_headers == "no-credentials"
    headers = dict(request.headers)
    headers.pop(b"cookie", None)
    if hidden or principal.privileged:
        for name in CREDENTIALS & headers.keys():
            if hidden:
                del headers[name]
            else:
                headers[name] = MASK
    for name, value in headers.items():
        if value.find(SECRET_KEY) >= 0:
            headers[name] = MASK
    return _object(headers)


def cookies_json(request: Request, settings: RestSettings) -> bytes:
    """The cookies as one object; none where credentials are to stay out of SQL."""
    if settings.request_headers == "no-credentials":
        return b"{}"
    cookies: dict[str, str] = {}
    for header, value in request.headers:
        if header == b"cookie":
            for pair in value.split(b";"):
                name, equals, content = pair.strip().partition(b"=")
                if equals:
                    cookies[_text(name)] = _text(MASK if content.find(SECRET_KEY) >= 0 else content)
    return msgspec.json.encode(cookies) if cookies else b"{}"


def _object(fields: dict[bytes, bytes]) -> bytes:
    """Header fields as a JSON object. Nearly all are plain ASCII, which is its own JSON but for two characters: written
    so, a dozen fields cost a third of what decoding and encoding them does."""
    flat = b"".join((*fields, *fields.values()))
    if not flat.isascii() or len(flat.translate(None, _CONTROLS)) != len(flat):
        return msgspec.json.encode({name.decode("latin-1"): _text(value) for name, value in fields.items()})
    if flat.find(b'"') >= 0 or flat.find(b"\\") >= 0:
        fields = {_escaped(name): _escaped(value) for name, value in fields.items()}
    return b'{"%b"}' % b'","'.join([b'%b":"%b' % field for field in fields.items()]) if fields else b"{}"


def _escaped(value: bytes) -> bytes:
    return value.replace(b"\\", b"\\\\").replace(b'"', b'\\"')


def _text(value: bytes) -> str:
    """Header bytes as text that json can hold: UTF-8 where they are, without NUL."""
    return value.decode("utf-8", "replace").replace("\x00", "")
