"""What a request tells SQL about itself: settings such as request.headers, which policies and functions may read.

https://docs.postgrest.org/en/v14/references/transactions.html#transaction-scoped-settings
"""

from __future__ import annotations

import msgspec

from rowgate.http.exchange import Request
from rowgate.postgres.statement import RequestContext
from rowgate.principal import Principal
from rowgate.project.settings import RestSettings

CREDENTIALS = frozenset({b"authorization", b"apikey", b"proxy-authorization"})
SECRET_KEY = b"sb_secret_"
MASK = "***"


def request_context(
    request: Request,
    principal: Principal,
    settings: RestSettings,
    search_path: str,
    own_settings: tuple[tuple[str, str], ...],
    role_settings: tuple[tuple[str, str], ...],
    time_limit: int = 0,
) -> RequestContext:
    """The context of a request. `own_settings` are those of its shape; `role_settings` are the catalog's; `time_limit`
    is as in RequestContext."""
    return RequestContext(
        method=request.method,
        path=request.raw_path.decode("latin-1"),  # as upstream gives it: not decoded
        search_path=search_path,
        headers=headers_json(request, principal, settings),
        cookies=cookies_json(request, settings),
        settings=own_settings,
        role_settings=role_settings,
        time_limit=time_limit,
    )


def headers_json(request: Request, principal: Principal, settings: RestSettings) -> bytes:
    """All headers but cookies, as one object; a repeated header's last value counts.

    A secret key never reaches SQL, where a function could store it: every value that is or holds one is masked, and so
    are all credentials of a privileged principal, whose legacy key is a token like any other.
    """
    hidden = settings.request_headers == "no-credentials"
    guarded = CREDENTIALS if hidden or principal.privileged else frozenset[bytes]()
    headers: dict[str, str] = {}
    for name, value in request.headers:
        masked = value.find(SECRET_KEY) >= 0  # `in` is several times slower on bytes, see http.credentials
        if name in guarded:
            if hidden:
                continue
            masked = True
        elif name == b"cookie":
            continue
        headers[name.decode("latin-1")] = MASK if masked else _text(value)
    return msgspec.json.encode(headers)


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
                    cookies[_text(name)] = MASK if SECRET_KEY in content else _text(content)
    return msgspec.json.encode(cookies) if cookies else b"{}"


def _text(value: bytes) -> str:
    """Header bytes as text that json can hold: UTF-8 where they are, without NUL."""
    text = value.decode("utf-8", "replace")
    return text.replace("\x00", "") if 0 in value else text
