"""Connection strings: names are resolved before libpq would block on them."""

from __future__ import annotations

import pytest

from rowgate.postgres import connecting
from rowgate.postgres.connecting import ConnectFailed, connect

pytestmark = pytest.mark.anyio


async def test_a_host_name_is_resolved_and_kept_for_certificates() -> None:
    resolved = await connecting._resolved({"host": "localhost", "port": "5432"})
    assert "127.0.0.1" in resolved["hostaddr"].split(",")
    assert set(resolved["host"].split(",")) == {"localhost"}
    assert len(resolved["host"].split(",")) == len(resolved["hostaddr"].split(",")) == len(resolved["port"].split(","))


async def test_addresses_and_socket_folders_are_left_alone() -> None:
    for host in ("127.0.0.1", "::1", "/run/postgresql", "@abstract", ""):
        assert "hostaddr" not in await connecting._resolved({"host": host})


async def test_several_hosts_keep_their_order_and_ports() -> None:
    resolved = await connecting._resolved({"host": "/run/a,localhost,10.0.0.1", "port": "1,2,3"})
    pairs = list(zip(*(resolved[name].split(",") for name in ("host", "hostaddr", "port")), strict=True))
    assert pairs[0] == ("/run/a", "", "1")
    assert ("localhost", "127.0.0.1", "2") in pairs
    assert pairs[-1] == ("10.0.0.1", "10.0.0.1", "3")


async def test_what_the_operator_wrote_comes_before_our_defaults() -> None:
    resolved = await connecting._resolved({"host": "127.0.0.1", "application_name": "mine", "keepalives_idle": "5"})
    assert (resolved["application_name"], resolved["keepalives_idle"]) == ("mine", "5")
    assert resolved["client_encoding"] == "utf8"


@pytest.mark.parametrize(
    "conninfo",
    [
        "postgresql://who:hunter2@127.0.0.1:1/nowhere",
        "postgresql://who:hunter2@no-such-host.invalid/nowhere",
        "host=127.0.0.1 port=nonsense password=hunter2",
        "postgresql://who:hunter2@127.0.0.1:1/nowhere?no_such_option=1",
        "host=127.0.0.1,127.0.0.2 port=1,2,3 password=hunter2",
        "postgresql://who:hunter2%zz@127.0.0.1:1/nowhere",
        "host='unfinished password=hunter2",
    ],
)
async def test_a_failure_is_one_error_without_the_password(conninfo: str) -> None:
    with pytest.raises(ConnectFailed) as caught:
        await connect(conninfo)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


async def test_a_server_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    silent = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    monkeypatch.setattr(connecting, "CONNECT_TIMEOUT", 0.05)
    with pytest.raises(ConnectFailed, match="in time"):
        await connect(f"postgresql://who@127.0.0.1:{port}/db")
    silent.close()
