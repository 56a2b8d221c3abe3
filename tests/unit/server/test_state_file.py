"""Who may claim to be the running server of a project."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from rowgate.server.state_file import AlreadyRunning, ServerState, StateFile

STATE = ServerState(pid=7, url="http://127.0.0.1:1", started=1.0, workers={"0": 8}, issuers=({"name": "clerk"},))


def test_the_state_of_the_running_server_is_read_by_others(tmp_path: Path) -> None:
    server = StateFile(tmp_path / "state")
    server.claim()
    server.write(STATE)
    assert StateFile(tmp_path / "state").running() == STATE


def test_the_state_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    server = StateFile(tmp_path / "state")
    server.claim()
    server.write(STATE)
    assert stat.S_IMODE((tmp_path / "state" / "server.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


def test_a_second_server_is_told_about_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rowgate.server.state_file.CLAIM_SECONDS", 0.1)
    first = StateFile(tmp_path)
    first.claim()
    first.write(STATE)
    with pytest.raises(AlreadyRunning, match=r"process 7, http://127\.0\.0\.1:1") as told:
        StateFile(tmp_path).claim()
    assert "rowgate stop" in (told.value.hint or "")


@pytest.mark.parametrize("name", ["server.draft", "server.lock"])
def test_a_link_in_the_state_folder_leads_nowhere(tmp_path: Path, name: str) -> None:
    precious = tmp_path / "precious"
    precious.write_text("content")
    folder = tmp_path / "state"
    folder.mkdir()
    (folder / name).symlink_to(precious if name == "server.draft" else tmp_path / "made")
    server = StateFile(folder)
    if name == "server.lock":
        with pytest.raises(OSError):
            server.claim()
        assert not (tmp_path / "made").exists()
    else:
        server.claim()
        server.write(STATE)
        assert server._read() == STATE
    assert precious.read_text() == "content"


@pytest.mark.parametrize("pid", [0, -1, -7])
def test_a_process_id_that_means_many_processes_is_not_believed(tmp_path: Path, pid: int) -> None:
    server = StateFile(tmp_path)
    server.claim()
    server.write(ServerState(pid=pid, url="http://x", started=1.0))
    assert StateFile(tmp_path).running() is None


def test_nothing_runs_after_a_release(tmp_path: Path) -> None:
    server = StateFile(tmp_path)
    server.claim()
    server.write(STATE)
    server.release()
    assert StateFile(tmp_path).running() is None
    StateFile(tmp_path).claim()


def test_what_a_killed_server_left_deceives_nobody(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from rowgate.server.state_file import *;"
        "f = StateFile(Path(sys.argv[1])); f.claim(); f.write(ServerState(1, 'http://x', 1.0));"
        "print('claimed', flush=True); time.sleep(60)"
    )
    killed = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, env={**os.environ}, text=True
    )
    assert killed.stdout is not None
    killed.stdout.readline()
    assert StateFile(tmp_path).running() is not None
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert (tmp_path / "server.json").exists()
    assert StateFile(tmp_path).running() is None
    StateFile(tmp_path).claim()


def test_looking_for_a_server_never_keeps_one_from_starting(tmp_path: Path) -> None:
    looker = StateFile(tmp_path)
    looker.claim()
    looker.release()
    assert looker.running() is None
    assert not looker.locked()
    StateFile(tmp_path).claim()
