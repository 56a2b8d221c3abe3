"""Noticing changed files."""

from __future__ import annotations

import os
from pathlib import Path

from rowgate.server.watch import FileWatch


def test_a_change_is_seen_once(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("a")
    watch = FileWatch([file])
    assert not watch.changed()
    file.write_text("bb")
    assert watch.changed()
    assert not watch.changed()


def test_a_replaced_file_of_the_same_size_and_time_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("a")
    os.utime(file, ns=(5, 5))
    watch = FileWatch([file])
    (tmp_path / "new").write_text("b")
    os.utime(tmp_path / "new", ns=(5, 5))
    (tmp_path / "new").replace(file)
    assert watch.changed()


def test_a_touch_without_change_is_not_a_change(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("a")
    watch = FileWatch([file])
    os.utime(file, ns=(9, 9))
    assert not watch.changed()


def test_a_file_that_appears_or_goes_is_a_change(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    watch = FileWatch([file])
    file.write_text("")
    assert watch.changed()
    file.unlink()
    assert watch.changed()
