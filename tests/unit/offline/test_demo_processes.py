"""The demo's own behaviour around its processes."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[3] / "examples" / "todos"
sys.path.insert(0, str(EXAMPLE))

from stage import children  # noqa: E402 - the example is no package of ours

pytestmark = pytest.mark.anyio

STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('Ready', flush=True); time.sleep(60)"
)


async def start(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> children.Child:
    monkeypatch.setattr(children, "ROWGATE", (sys.executable, "-c", script))
    return await children.Child.start("the child", [], folder / "log", {})


async def test_a_child_that_ignores_sigterm_is_killed_and_reaped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(children, "STOP_SECONDS", 0.2)
    child = await start(monkeypatch, tmp_path, STUBBORN)
    await child.ready("Ready", 10)
    await child.stop()
    assert child.process.returncode == -9
    with pytest.raises(ProcessLookupError):
        os.kill(child.process.pid, 0)


async def test_a_child_that_ends_early_is_quoted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    child = await start(monkeypatch, tmp_path, "import sys; print('one'); sys.exit('no such file')")
    with pytest.raises(children.ChildFailed, match=r"(?s)the child ended with status 1\..*one.*no such file"):
        await child.ready("Ready", 10)
    await child.stop()


async def test_a_child_that_is_never_ready_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    child = await start(monkeypatch, tmp_path, "import time; time.sleep(60)")
    with pytest.raises(children.ChildFailed, match="the child was not ready within 0 s"):
        await child.ready("Ready", 0.1)
    await child.stop()


def test_a_taken_port_is_never_taken_for_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert not children.is_free(port)
        assert children.free_port(port) not in (0, port)


def test_the_demo_says_which_port_is_taken_and_starts_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run = subprocess.run(
            [sys.executable, EXAMPLE / "demo.py", "--once", "--port", str(port)],
            capture_output=True,
            text=True,
            timeout=30,
            env={**os.environ, "PYTHONPATH": str(EXAMPLE.parents[1] / "src")},
        )
    assert run.returncode == 1
    assert f"Port {port} is taken" in run.stderr
    assert "Traceback" not in run.stderr
    assert run.stdout == ""
