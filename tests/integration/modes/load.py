"""Clients that read and write through HTTP while something breaks, and what must be true of their answers."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.support.stack import Stack

from .asking import Answer, ask, token
from .cluster import Cluster

ROWS = 5  # of one insert: all of them or none
PAUSE = 0.01


@dataclass
class Load:
    """What the clients saw. `batches` maps each written batch to how its insert was answered."""

    batches: dict[str, str] = field(default_factory=dict)
    codes: Counter[str] = field(default_factory=Counter)
    wrong: list[Answer] = field(default_factory=list)
    reads: int = 0

    def judge(self, answer: Answer) -> str:
        """Account for an answer: `ok`, its code, and in `wrong` what no client may see."""
        if answer.status in (200, 201):
            return "ok"
        code: str = answer.body["code"]
        self.codes[code] += 1
        told_to_retry = "retry-after" in answer.headers
        if answer.status == 503:
            good = told_to_retry
        elif code == "outcome_unknown":
            good = answer.status == 500 and not told_to_retry
        else:
            good = answer.status == 504 or code in ("57P01", "57P02", "57P03")
        if not good:
            self.wrong.append(answer)
        return code

    def check(self, cluster: Cluster) -> None:
        """No wrong answer, no half insert, nothing acknowledged that is not there, nothing refused that is."""
        assert self.wrong == []
        found = dict(cluster.execute("select batch, count(*) from public.notes where batch is not null group by 1"))
        assert set(found.values()) <= {ROWS}, "an insert of several rows was written by half"
        missing = [batch for batch, answer in self.batches.items() if answer == "ok" and batch not in found]
        assert missing == [], "acknowledged and not there"
        unsafe = [
            batch
            for batch, answer in self.batches.items()
            if answer not in ("ok", "outcome_unknown", "cut") and batch in found
        ]
        assert unsafe == [], "answered that nothing happened, and it did"


@contextmanager
def loaded(stack: Stack, writers: int = 3, readers: int = 3) -> Iterator[Load]:
    """Clients at work for as long as the block lasts."""
    load, stop = Load(), threading.Event()
    ana, ben = token(stack, "ana"), token(stack, "ben")

    def write(number: int) -> None:
        count = 0
        while not stop.is_set():
            count += 1
            batch = f"w{number}-{count}"
            rows = [{"batch": batch, "body": str(row)} for row in range(ROWS)]
            try:
                load.batches[batch] = load.judge(ask(stack, "POST", "/notes", rows, bearer=ana))
            except OSError:  # the connection itself was cut: a killed worker
                load.batches[batch] = "cut"
            time.sleep(PAUSE)

    def read() -> None:
        while not stop.is_set():
            try:
                answer = ask(stack, "GET", "/notes?select=owner,body&order=id&limit=20", bearer=ben)
            except OSError:
                load.codes["cut"] += 1
            else:
                if load.judge(answer) == "ok":
                    load.reads += 1
                    if answer.body != [{"owner": "ben", "body": "ben's"}]:
                        load.wrong.append(answer)
            time.sleep(PAUSE)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    threads += [threading.Thread(target=read) for _ in range(readers)]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def progress(load: Load) -> tuple[int, int]:
    """How many reads and writes succeeded so far."""
    return load.reads, sum(1 for answer in tuple(load.batches.values()) if answer == "ok")


def goes_on(load: Load, since: tuple[int, int], more: int = 10) -> bool:
    """Whether both kinds succeeded `more` times after `since`."""
    return all(now >= before + more for now, before in zip(progress(load), since, strict=True))
