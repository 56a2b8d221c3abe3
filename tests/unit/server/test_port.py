"""The one listening socket, and the words when it cannot be had."""

from __future__ import annotations

import socket
import stat
from pathlib import Path

import pytest

from rowgate.server.port import PortUnavailable, listen, listen_at_path, url_of


def test_a_taken_port_names_itself_and_the_ways_out() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(PortUnavailable, match=f"Port {port} on 127.0.0.1 is taken") as told:
            listen("127.0.0.1", port)
    assert "--port" in (told.value.hint or "")


def test_a_port_left_in_time_wait_can_be_taken_again_at_once() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        first.setblocking(True)
        with socket.create_connection(("127.0.0.1", port)):
            first.accept()[0].close()
    listen("127.0.0.1", port).close()


@pytest.mark.parametrize("host", ["no such host", "192.0.2.1"])  # the second is documentation space (RFC 5737)
def test_a_foreign_host_is_refused_in_words(host: str) -> None:
    with pytest.raises(PortUnavailable) as told:
        listen(host, 0)
    assert host in told.value.message
    assert "--host" in (told.value.hint or "")


def test_the_url_of_a_socket_on_all_interfaces_is_one_that_works_here() -> None:
    class Bound:
        def __init__(self, host: str) -> None:
            self.host = host

        def getsockname(self) -> tuple[str, int]:
            return self.host, 54321

    urls = [url_of(Bound(host)) for host in ("0.0.0.0", "::", "::1", "10.0.0.1")]  # type: ignore[arg-type]
    assert urls == [
        "http://127.0.0.1:54321",
        "http://[::1]:54321",
        "http://[::1]:54321",
        "http://10.0.0.1:54321",
    ]


def test_a_unix_socket_is_made_with_its_mode_and_a_dead_one_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    with listen_at_path(path, "640") as listener:
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        assert url_of(listener) == f"unix:{path}"
        with pytest.raises(PortUnavailable, match="Cannot listen"):
            listen_at_path(path, "660")
    listen_at_path(path, "660").close()


def test_what_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("kept")
    with pytest.raises(PortUnavailable):
        listen_at_path(path, "660")
    assert path.read_text() == "kept"


@pytest.mark.parametrize("mode", ["", "abc", "777777", "400", "666x"])
def test_a_mode_that_is_none_is_refused(tmp_path: Path, mode: str) -> None:
    with pytest.raises(PortUnavailable, match="server_unix_socket_mode"):
        listen_at_path(tmp_path / "s", mode)
