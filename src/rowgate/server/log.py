"""Log lines of the processes: one structured line each on standard error, as JSON or for eyes."""

from __future__ import annotations

import contextlib
import logging
import sys
from typing import Any

import msgspec
import structlog

from rowgate.project.settings import ServerSettings

Log = structlog.typing.FilteringBoundLogger


def configure(settings: ServerSettings, process: str) -> Log:
    """The logger of this process; `process` ("parent", "worker 0") stands in every line. Called once per process.

    Lines of libraries (uvicorn, asyncio) go through it too, without the text of exceptions: those quote values.
    """
    level: int = getattr(logging, settings.log_level.upper())
    eyes = settings.log_format == "console" or (settings.log_format == "auto" and sys.stderr.isatty())
    renderer: Any = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()) if eyes else _json
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: _Lines(),
        cache_logger_on_first_use=True,
    )
    log: Log = structlog.get_logger(process=process)
    root = logging.getLogger()
    root.handlers[:] = [_Forward(log)]
    root.setLevel(max(level, logging.WARNING))
    # "Invalid HTTP request received" at warning is a line per stranger; the count is in the metrics instead.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    return log


def _json(_logger: Any, _method: str, fields: Any) -> str:

    return msgspec.json.encode(fields, enc_hook=str).decode()


class _Lines:
    """Writes whole lines to standard error. A reader that has gone away must not take the server with it."""

    def msg(self, line: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(line + "\n")
            sys.stderr.flush()

    log = debug = info = warn = warning = msg
    fatal = failure = err = error = critical = exception = msg


class _Forward(logging.Handler):
    """Passes records of the standard library's logging on, exceptions by type alone."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        fields: dict[str, object] = {"logger": record.name}
        if record.exc_info and record.exc_info[0] is not None:
            fields["error"] = record.exc_info[0].__name__
        self._log.log(record.levelno, str(record.msg).partition("\n")[0], **fields)
