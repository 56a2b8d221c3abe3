"""uvicorn as both processes serve with it: with limits of ours, and without its signal handling."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from typing import Any

import uvicorn

from rowgate.http.protocol import protocol_class
from rowgate.project.settings import ServerSettings


class LimitedServer(uvicorn.Server):
    """Serves an ASGI application on the running event loop. Connections cut by a limit are counted in `turned_away`.

    The process's signals are somebody else's: uvicorn would end a drained process by the signal instead of with
    status 0.
    """

    def __init__(self, application: Any, limits: ServerSettings, turned_away: Counter[str]) -> None:
        super().__init__(
            uvicorn.Config(
                application,
                http=protocol_class(limits, turned_away),
                loop="none",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,  # nothing here believes X-Forwarded-*; the middleware costs every request
                timeout_keep_alive=round(limits.keep_alive_timeout),
                timeout_graceful_shutdown=round(limits.drain_timeout),
            )
        )

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
