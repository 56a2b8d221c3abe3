"""A body laid down before it is sent: in memory, then in a file, and never beyond its space."""

from __future__ import annotations

import os
import random
import tempfile
import time
from pathlib import Path
from typing import IO

import anyio
import pytest

from rowgate.http import heap
from rowgate.http import spool as spool_module
from rowgate.http.spool import PIECE_BYTES, Spool, SpoolFailed, SpoolFull, SpoolSpace

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


async def read(spool: Spool) -> bytes:
    return b"".join([piece async for piece in spool])


async def test_a_small_body_stays_in_memory() -> None:
    space = SpoolSpace(0)
    spool = Spool(10, space)
    for piece in (b"12345", b"", b"67890"):
        await spool.write(piece)
    assert (spool.whole, len(spool), space.used) == (b"1234567890", 10, 0)
    assert await read(spool) == b"1234567890"


async def test_a_large_body_lies_in_a_file_without_a_name_and_leaves_in_pieces(folder: Path) -> None:
    dice, space = random.Random(3), SpoolSpace(10**7)
    pieces = [dice.randbytes(dice.randrange(200_000)) for _ in range(20)]
    spool = Spool(1000, space)
    for piece in pieces:
        await spool.write(piece)
    assert spool.whole is None
    assert len(spool) == space.used == sum(map(len, pieces))
    assert list(folder.iterdir()) == []
    given = [piece async for piece in spool]
    assert b"".join(given) == b"".join(pieces)
    assert max(map(len, given)) <= PIECE_BYTES
    assert space.used == 0


async def test_what_passes_the_space_is_refused_and_the_space_comes_back() -> None:
    space = SpoolSpace(100)
    first, second = Spool(10, space), Spool(10, space)
    await first.write(b"x" * 60)
    await second.write(b"y" * 10)
    with pytest.raises(SpoolFull):
        await second.write(b"y" * 40)
    first.close()
    first.close()
    assert space.used == 0
    await second.write(b"y" * 40)
    del second
    assert space.used == 0


async def test_a_disk_that_is_full_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    space = SpoolSpace(1000)

    def full(*_: object, **__: object) -> object:
        raise OSError(28, "No space left on device", "/a/secret/path")

    monkeypatch.setattr(spool_module.tempfile, "TemporaryFile", full)
    spool = Spool(1, space)
    with pytest.raises(SpoolFailed, match=r"^No space left on device$"):
        await spool.write(b"abc")
    spool.close()
    assert space.used == 0


async def test_a_file_is_closed_once_the_write_that_was_given_up_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(0, SpoolSpace(10**7))
    await spool.write(b"first")
    files: list[IO[bytes]] = []
    stored = spool_module._stored

    def slow(file: IO[bytes], pieces: list[bytes]) -> IO[bytes]:
        time.sleep(0.2)
        files.append(stored(file, pieces))
        return file

    monkeypatch.setattr(spool_module, "_stored", slow)
    with anyio.move_on_after(0.05):
        await spool.write(b"second")
    spool.close()
    assert files == []
    await anyio.sleep(0.3)
    (file,) = files
    assert file.closed


async def test_a_reader_that_leaves_gives_the_space_back() -> None:
    space = SpoolSpace(10**7)
    spool = Spool(0, space)
    await spool.write(os.urandom(3 * PIECE_BYTES))
    async for _ in spool:
        break
    await spool.aclose()
    assert space.used == 0


async def test_memory_goes_back_once_after_the_last_large_body(monkeypatch: pytest.MonkeyPatch) -> None:
    trims: list[None] = []
    monkeypatch.setattr(spool_module, "TRIM_AFTER", 0.05)
    monkeypatch.setattr(spool_module, "trim", lambda: trims.append(None))
    space = SpoolSpace(10**7)
    spools = [Spool(0, space) for _ in range(3)]
    for spool in spools:
        await spool.write(b"large")
    small = Spool(100, space)
    await small.write(b"small")
    small.close()
    spools.pop().close()
    await anyio.sleep(0.1)
    assert trims == []
    for spool in spools:
        spool.close()
    await anyio.sleep(0.15)
    assert trims == [None]


def test_trimming_works_here_and_is_nothing_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    heap.trim()
    heap._malloc_trim.cache_clear()
    monkeypatch.setattr(heap.ctypes, "CDLL", lambda _: object())
    heap.trim()
    heap._malloc_trim.cache_clear()


@pytest.mark.parametrize(("limit", "cut"), [(8 * PIECE_BYTES, False), (5 * PIECE_BYTES, True)])
async def test_a_reader_that_dawdles_is_left_where_others_want_the_space(
    monkeypatch: pytest.MonkeyPatch, limit: int, cut: bool
) -> None:
    monkeypatch.setattr(spool_module, "GRACE_SECONDS", 0.02)
    monkeypatch.setattr(spool_module, "PACE_BYTES", 100 * PIECE_BYTES)
    space = SpoolSpace(limit)
    spool = Spool(0, space)
    await spool.write(b"x" * (3 * PIECE_BYTES))
    got = 0
    try:
        async for piece in spool:
            got += len(piece)
            await anyio.sleep(0.05)
    except SpoolFailed:
        assert cut
    assert (got < 3 * PIECE_BYTES) is cut
    assert space.used == 0


async def test_a_reader_that_keeps_pace_is_never_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool_module, "GRACE_SECONDS", 0.02)
    spool = Spool(0, SpoolSpace(3 * PIECE_BYTES))
    await spool.write(b"x" * (3 * PIECE_BYTES))
    got = 0
    async for piece in spool:
        got += len(piece)
        await anyio.sleep(0.05)
    assert got == 3 * PIECE_BYTES
