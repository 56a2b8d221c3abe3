"""CPU seconds and memory of process trees, read from /proc (Linux)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds of a tree so far, reaped children included, and its resident bytes by process id."""

    cpu: float
    resident: dict[int, int]


def children() -> dict[int, list[int]]:
    """All processes by their parent's id."""
    tree: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = stat(int(entry.name))
            if fields:
                tree.setdefault(int(fields[1]), []).append(int(entry.name))
    return tree


def stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from `state` on, or [] when the process is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return text.rpartition(")")[2].split()


def usage(root: int) -> Usage:
    """What the tree under `root` has used."""
    tree, todo = children(), [root]
    cpu, resident = 0.0, {}
    while todo:
        pid = todo.pop()
        todo += tree.get(pid, [])
        fields = stat(pid)
        if fields:
            # utime, stime of every process; cutime, cstime hold what reaped children had used.
            cpu += sum(int(fields[n]) for n in (11, 12, 13, 14)) / TICK
            resident[pid] = int(fields[21]) * PAGE
    return Usage(cpu, resident)
