"""The admin server: how the whole server is, on a port of its own, answered by the parent.

https://docs.postgrest.org/en/v14/references/admin_server.html

It asks nobody for a credential, as PostgREST's does not, so it listens on loopback unless it is told otherwise, and
tells no secret. It serves no data, and nothing of the API's port leads here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from rowgate.project.postgrest_dump import dump
from rowgate.project.settings import ServerSettings, Settings
from rowgate.server.exposition import WorkerFigures, exposition
from rowgate.server.limited_server import LimitedServer

_TEXT = b"text/plain; charset=utf-8"
_JSON = b"application/json; charset=utf-8"
_METRICS = b"text/plain; version=0.0.4; charset=utf-8"

CONNECTIONS = 64  # at a time: the parent has to keep descriptors for its workers
KEEP_ALIVE_SECONDS = 5.0
DRAIN_SECONDS = 1.0

Answer = tuple[int, bytes, bytes]  # status, content type, body


class Admin:
    """An ASGI application over what the parent knows.

    `live` and `ready` speak for all workers; `catalog` gives the newest catalog as JSON, None where there is none;
    `figures` what each worker has counted.
    """

    def __init__(
        self,
        *,
        live: Callable[[], bool],
        ready: Callable[[], bool],
        settings: Callable[[], Settings],
        catalog: Callable[[], Awaitable[bytes | None]],
        figures: Callable[[], Awaitable[list[WorkerFigures]]],
    ) -> None:
        self._live = live
        self._ready = ready
        self._settings = settings
        self._catalog = catalog
        self._figures = figures
        self._pages: Mapping[str, Callable[[], Awaitable[Answer]]] = {
            "/live": self._live_page,
            "/ready": self._ready_page,
            "/config": self._config_page,
            "/schema_cache": self._schema_cache_page,
            "/metrics": self._metrics_page,
        }

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one HTTP request (ASGI 3, without lifespan or websockets)."""
        del receive
        if scope["type"] != "http":
            return
        page = self._pages.get(scope["path"])
        head = scope["method"] == "HEAD"
        if page is None:
            status, kind, body = 404, _TEXT, b""
        elif scope["method"] not in ("GET", "HEAD"):
            status, kind, body = 405, _TEXT, b""
        else:
            status, kind, body = await page()
        headers = [
            (b"content-type", kind),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            *([(b"allow", b"GET, HEAD")] if status == 405 else []),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if head else body})

    async def _live_page(self) -> Answer:
        return (200 if self._live() else 500), _TEXT, b""

    async def _ready_page(self) -> Answer:
        """500 where nothing is served at all, 503 where something is still missing, as PostgREST has it."""
        status = 500 if not self._live() else 200 if self._ready() else 503
        return status, _TEXT, b""

    async def _config_page(self) -> Answer:
        return 200, _TEXT, dump(self._settings()).encode("utf-8", "replace")

    async def _schema_cache_page(self) -> Answer:
        found = await self._catalog()
        return (503, _JSON, b"null") if found is None else (200, _JSON, found)

    async def _metrics_page(self) -> Answer:
        return 200, _METRICS, exposition(await self._figures()).encode()


def admin_server(admin: Admin, limits: ServerSettings) -> LimitedServer:
    """A server of it. `limits` are those of the API's port; without any, a stranger's megabytes would be the parent's,
    and every worker's end."""
    bounded = replace(
        limits,
        connection_limit=min(limits.connection_limit, CONNECTIONS),
        keep_alive_timeout=KEEP_ALIVE_SECONDS,
        drain_timeout=DRAIN_SECONDS,
    )
    return LimitedServer(admin, bounded, Counter())
