"""Everything that is up while the demo runs: two offline issuers and Rowgate, each a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import shlex
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from .children import Child, ChildFailed, free_port, output_of
from .neighbours import Neighbours

if TYPE_CHECKING:
    from .display import Display

CLERK_PORT, WORKOS_PORT, DATABASE_PORT = 54331, 54332, 54322
ISSUER_SECONDS, START_SECONDS = 20.0, 90.0


class House:
    """The processes, their addresses and keys. Every process is tied to ours: it ends when we do, however we end."""

    def __init__(self, workdir: Path, port: int, logs: Path) -> None:
        self.workdir = workdir
        self.url = f"http://127.0.0.1:{port}"
        self.keys: dict[str, str] = {}
        self.clerk_issuer = self.workos_issuer = ""
        self.neighbours = Neighbours()
        self._port = port
        self._logs = logs
        self._children: dict[str, Child] = {}
        self._environment: dict[str, str] = {}

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, workdir: Path, port: int, display: Display) -> AsyncIterator[House]:
        """Start everything; stop it in the opposite order, whatever happens. Raises ChildFailed."""
        with tempfile.TemporaryDirectory(prefix="rowgate-demo-") as logs:
            house = cls(workdir, port, Path(logs))
            try:
                await house._start(display)
                yield house
            finally:
                for child in reversed(house._children.values()):
                    await child.stop()

    async def _start(self, display: Display) -> None:
        display.step("starting the offline Clerk and the offline WorkOS")
        self.clerk_issuer, self.workos_issuer = await asyncio.gather(
            self._issuer("clerk", free_port(CLERK_PORT)), self._issuer("workos", free_port(WORKOS_PORT))
        )
        display.done(f"Clerk-shaped issuer at {self.clerk_issuer}")
        display.done(f"WorkOS-shaped issuer at {self.workos_issuer}")
        display.step("starting PostgreSQL and Rowgate, applying migrations and seed")
        issuers = [
            {"name": "offline-clerk", "provider": "clerk", "issuer": self.clerk_issuer},
            {"name": "offline-workos", "provider": "workos", "issuer": self.workos_issuer},
        ]
        self._environment = {
            "ROWGATE_DB__PORT": str(free_port(DATABASE_PORT)),
            "ROWGATE_IDENTITY__UNKNOWN_KID_COOLDOWN": "2",  # seconds instead of 5: the audience is waiting
            "ROWGATE_ISSUERS": json.dumps(issuers + self.neighbours.configuration),
        }
        await self.start_rowgate()
        status = await output_of(["status", "-o", "json", "--workdir", str(self.workdir)], self._environment)
        self.keys = json.loads(status)
        self.as_owner("alter role authenticated nobypassrls")  # an earlier demo may have been killed in mid-scene
        display.done(f"Rowgate at {self.url}")

    @property
    def environment_prefix(self) -> str:
        """What a command about this project needs before it, where not every issuer has its usual port."""
        usual = f":{CLERK_PORT}" in self.clerk_issuer and f":{WORKOS_PORT}/" in self.workos_issuer
        return "" if usual else f"ROWGATE_ISSUERS={shlex.quote(self._environment['ROWGATE_ISSUERS'])} "

    async def start_rowgate(self) -> None:
        """Start Rowgate and wait for its ready line."""
        arguments = ["start", "--parent-pipe", "--workdir", str(self.workdir), "--port", str(self._port)]
        child = await self._child("rowgate", arguments, self._environment)
        await child.ready("Rowgate is ready", START_SECONDS)

    async def stop_rowgate(self) -> None:
        """Stop Rowgate, and the embedded PostgreSQL with it."""
        await self._children.pop("rowgate").stop()

    async def close_clerk(self) -> None:
        """End the Clerk-shaped issuer; nothing answers on its port."""
        await self._children.pop("clerk").stop()

    async def reopen_clerk(self) -> None:
        """Start it again, with the keys it had."""
        await self._issuer("clerk", int(self.clerk_issuer.rpartition(":")[2]))

    def as_owner(self, statement: str) -> None:
        """Run a statement as the database's owner."""
        with psycopg.connect(self.keys["DB_URL"], autocommit=True) as connection:
            connection.execute(statement.encode())

    async def _issuer(self, kind: str, port: int) -> str:
        keys = self._logs / f"{kind}.keys"
        arguments = ["offline", kind, "--port", str(port), "--key-file", str(keys), "--parent-pipe"]
        child = await self._child(kind, arguments, {})
        line = await child.ready("Offline", ISSUER_SECONDS)
        found = re.search(r"issuer=(\S+)", line)
        if found is None:
            raise ChildFailed(f"The offline {kind} did not name its issuer: {line}")
        return found[1]

    async def _child(self, name: str, arguments: list[str], environment: dict[str, str]) -> Child:
        title = name if name == "rowgate" else f"the offline {name}"
        child = await Child.start(title, arguments, self._logs / f"{name}.log", environment)
        self._children[name] = child
        return child
