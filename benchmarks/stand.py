"""The stand: one PostgreSQL, Rowgate and the others over it, tokens for all, and a folder for scripts."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import psycopg
from rich.console import Console
from tests.support.stack import Stack, free_port, start

from benchmarks import contenders, lite, rowgate
from benchmarks.capture import known_of
from benchmarks.contenders import OURS, PEER, Contender
from benchmarks.project import Identity, Issuer, write_rowgate
from benchmarks.server import Server, look_around, pgbench_program

SECRET = "a-benchmark-secret-of-at-least-32-characters"
FRESH = 6000  # tokens of one measurement with tokens never seen before: more than can be sent in a second
START_TIMEOUT = 180


class Stand:
    """Everything that runs while it is measured; a context manager that takes all of it down again."""

    def __init__(self, console: Console, *, peer: bool = True) -> None:
        self._console = console
        self._with_peer = peer
        self._ending = ExitStack()

    def __enter__(self) -> Stand:
        with self._ending as ending:  # taken down at once where the rest does not come up
            self._set_up(ending)
            self._ending = ending.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.close()

    def _set_up(self, ending: ExitStack) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="rowgate-bench-"))
        ending.callback(shutil.rmtree, self.folder, ignore_errors=True)
        issuer = Issuer(SECRET)
        self.people = people = issuer.people()
        self.tokens: Sequence[str] = [person.rs256 for person in people]
        self._fresh = issuer.fresh(FRESH)
        write_rowgate(self.folder / "rowgate", issuer.key)
        self._console.print("Starting Rowgate on an embedded PostgreSQL with 1,400,000 rows")
        self.rowgate: Stack = start(self.folder / "rowgate", "--workers", "1", timeout=START_TIMEOUT)
        ending.callback(lambda: self.rowgate.stop())
        self._owner = self.rowgate.keys["DB_URL"]
        self.server: Server = look_around(self._owner)
        # As root the cluster lies outside of the project's folder.
        ending.callback(shutil.rmtree, self.server.cluster, ignore_errors=True)
        self._databases = [self._owner]
        self.contenders = [self._ours(), *self._limits(people)]
        if not self._with_peer:
            pass
        elif shutil.which("node") and shutil.which("npm"):
            self.contenders.append(self._peer(ending, issuer, [person.hs256 for person in people]))
        else:
            self._console.print("[yellow]Missing:[/] Node.js with npm; @supabase/lite is left out")
        for url in self._databases:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("vacuum analyze")

    def empty(self, table: str) -> None:
        """Take out what a measurement wrote, for every contender."""
        for url in self._databases:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(f"truncate public.{table}".encode())

    def restarted(self, workers: int) -> Contender:
        """Rowgate anew on the same data, with so many workers; the other contenders have lost their server by then."""
        self.rowgate.stop(keep_database=True)
        self.rowgate = start(self.folder / "rowgate", "--workers", str(workers), timeout=START_TIMEOUT)
        self._owner = self.rowgate.keys["DB_URL"]  # on another port
        self.server = look_around(self._owner)
        return self._ours()

    def _ours(self) -> Contender:
        return contenders.over_http(
            OURS,
            self.rowgate.url,
            rowgate.workers_of(self.rowgate),
            self.server.postmaster,
            self.rowgate.publishable_key,
            self.tokens,
            self._fresh,
            self.folder,
        )

    def _limits(self, people: Sequence[Identity]) -> list[Contender]:
        program = pgbench_program()
        assert program is not None, "missing tools are named before"
        known = known_of(self._owner)
        folder = self.folder / "pgbench"
        folder.mkdir()
        made = (
            contenders.with_same_statements,
            contenders.with_statements_by_hand,
            contenders.with_joined_counts,
        )
        server = self.server
        return [each(program, server.conninfo, server.postmaster, known, people, folder) for each in made]

    def _peer(self, ending: ExitStack, issuer: Issuer, tokens: Sequence[str]) -> Contender:
        lite.install()
        port = free_port()
        process = lite.start(self.folder / "lite", self._owner, port, SECRET)
        ending.callback(process.wait, 10)
        ending.callback(process.terminate)
        self._databases.append(lite.database_url(self._owner))
        return contenders.over_http(
            PEER,
            f"http://127.0.0.1:{port}",
            [process.pid],
            self.server.postmaster,
            lite.KEY,
            tokens,
            issuer.fresh(FRESH, rs256=False),
            self.folder,
        )
