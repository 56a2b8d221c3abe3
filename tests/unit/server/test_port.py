"""The one listening socket, and the words when it cannot be had."""

from __future__ import annotations

import socket

import pytest

from rowgate.server.port import PortUnavailable, listen, url_of


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
