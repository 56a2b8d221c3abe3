"""What libraries log goes through our own lines, and brings no value along."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest
import structlog

from rowgate.project.settings import ServerSettings
from rowgate.server.log import configure


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Logging belongs to the process: leave it as it was found."""
    root, uvicorn = logging.getLogger(), logging.getLogger("uvicorn.error")
    before = (root.handlers[:], root.level, uvicorn.level)
    yield
    root.handlers[:], level, uvicorn_level = before
    root.setLevel(level)
    uvicorn.setLevel(uvicorn_level)
    structlog.reset_defaults()


def test_a_librarys_exception_is_logged_by_its_type_alone(capsys: pytest.CaptureFixture[str]) -> None:
    configure(ServerSettings(log_format="json"), "worker 0")
    try:
        raise ValueError("Bearer hunter2")
    except ValueError:
        logging.getLogger("some.library").exception("it failed for %s\nBearer hunter2", "hunter2")
    logging.getLogger().handlers[0].flush()  # lines go out on a thread
    said = capsys.readouterr().err
    assert '"error":"ValueError"' in said
    assert '"logger":"some.library"' in said
    assert "hunter2" not in said


def test_a_worker_leaves_out_what_structlog_would_import() -> None:
    code = 'import rowgate.server.worker, sys; assert not {"rich", "greenlet"} & set(sys.modules); import rich.console'
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
