"""Log lines of the processes: one structured line each on standard error, as JSON or for eyes."""

from __future__ import annotations

import logging
import sys
from typing import Any

import msgspec

from rowgate.lean_structlog import structlog
from rowgate.project.settings import ServerSettings
from rowgate.server.log_writer import LogWriter

Log = structlog.typing.FilteringBoundLogger


def configure(settings: ServerSettings, process: str) -> Log:
    """The logger of this process; `process` ("parent", "worker 0") stands in every line. Called once per process.

    Lines go out on a thread (`LogWriter`). Lines of libraries (uvicorn, asyncio) go through it too, without the text of
    exceptions: those quote values.
    """
    writer = LogWriter()
    level: int = getattr(logging, settings.log_level.upper())
    eyes = settings.log_format == "console" or (settings.log_format == "auto" and sys.stderr.isatty())
    renderer: Any = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()) if eyes else _json
    structlog.configure(
        processors=[
            _Dropped(writer),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: _Lines(writer),
        cache_logger_on_first_use=True,
    )
    log: Log = structlog.get_logger(process=process)
    root = logging.getLogger()
    root.handlers[:] = [_Forward(log, writer)]
    root.setLevel(max(level, logging.WARNING))
    # "Invalid HTTP request received" at warning is a line per stranger; the count is in the metrics instead.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    return log


def _json(_logger: Any, _method: str, fields: Any) -> str:

    return msgspec.json.encode(fields, enc_hook=str).decode()


class _Dropped:
    """Puts into the first line after a stall how many lines nobody took."""

    def __init__(self, writer: LogWriter) -> None:
        self._writer = writer

    def __call__(self, _logger: Any, _method: str, fields: structlog.typing.EventDict) -> structlog.typing.EventDict:
        dropped = self._writer.take_dropped()
        if dropped:
            fields["lines_dropped"] = dropped
        return fields


class _Lines:
    """What structlog calls with each rendered line."""

    def __init__(self, writer: LogWriter) -> None:
        self._writer = writer

    def msg(self, line: str) -> None:
        self._writer.put(line)

    log = debug = info = warn = warning = msg
    fatal = failure = err = error = critical = exception = msg


class _Forward(logging.Handler):
    """Passes records of the standard library's logging on, exceptions by type alone."""

    def __init__(self, log: Log, writer: LogWriter) -> None:
        super().__init__()
        self._log = log
        self._writer = writer

    def flush(self) -> None:
        """Called by `logging.shutdown`, which Python calls at its end."""
        self._writer.flush()

    def emit(self, record: logging.LogRecord) -> None:
        fields: dict[str, object] = {"logger": record.name}
        if record.exc_info and record.exc_info[0] is not None:
            fields["error"] = record.exc_info[0].__name__
        self._log.log(record.levelno, str(record.msg).partition("\n")[0], **fields)
