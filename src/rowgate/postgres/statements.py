"""What is known about statements: which a connection has prepared, and how long each one took lately."""

from __future__ import annotations

import os
from collections import OrderedDict

from rowgate.postgres.context import StatementKey

PREPARED_PER_CONNECTION = 200  # a cached plan costs a backend some 20 to 100 kB
KNOWN_STATEMENTS = 4096  # per pool; an entry is two hundred bytes
FAST = 0.005  # seconds: what may share a connection with others
_FORGIVENESS = 0.95  # how much of an old slow run is remembered at each later one
_FALL, _RISE = 0.2, 0.05  # how far the usual time follows a quicker and a slower run: about the quickest fifth


class Prepared:
    """A statement on its way to being prepared, or prepared, under `name` on one connection.

    The columns of a prepared statement cannot change (Postgres refuses with 0A000), so they are read once.
    """

    __slots__ = ("columns", "key", "name")

    def __init__(self, key: StatementKey, name: bytes) -> None:
        self.key = key
        self.name = name
        self.columns: tuple[str, ...] | None = None


class PreparedStatements:
    """The statements one connection has prepared: bounded, the least recently used one goes first.

    Each attempt has a name of its own. A Parse in a request that fails is skipped by Postgres, so a statement counts
    as prepared only once its ParseComplete is in (`add`); until then a neighbour on the same connection prepares it
    again under its own name, and whichever comes second is closed.

    No two connections share a name: behind a transaction pooler a request meets backends that other connections
    prepared statements on, and a name in common would run the other one's SQL, where an unknown name is an error.
    """

    __slots__ = ("_by_key", "_capacity", "_number", "_prefix", "superseded")

    def __init__(self, capacity: int = PREPARED_PER_CONNECTION) -> None:
        self._by_key: OrderedDict[StatementKey, Prepared] = OrderedDict()
        self._capacity = capacity
        self._number = 0
        self._prefix = b"rg%s_" % os.urandom(6).hex().encode()
        self.superseded: list[bytes] = []  # names to close at the head of the next flush

    def __len__(self) -> int:
        return len(self._by_key)

    def __contains__(self, key: StatementKey) -> bool:
        return key in self._by_key

    def get(self, key: StatementKey) -> Prepared | None:
        prepared = self._by_key.get(key)
        if prepared is not None:
            self._by_key.move_to_end(key)
        return prepared

    def attempt(self, key: StatementKey) -> Prepared:
        """A fresh name for a Parse that is about to be sent."""
        self._number += 1
        return Prepared(key, self._prefix + b"%d" % self._number)

    def add(self, prepared: Prepared) -> None:
        """ParseComplete arrived for this attempt."""
        if self._by_key.setdefault(prepared.key, prepared) is not prepared:
            self.superseded.append(prepared.name)
        if len(self._by_key) > self._capacity:
            _, oldest = self._by_key.popitem(last=False)
            self.superseded.append(oldest.name)

    def forget(self, prepared: Prepared) -> None:
        """Postgres said this statement is gone or no longer fits; the next use prepares it again."""
        if self._by_key.get(prepared.key) is prepared:
            del self._by_key[prepared.key]
            self.superseded.append(prepared.name)

    def forget_all(self) -> None:
        self.superseded.extend(prepared.name for prepared in self._by_key.values())
        self._by_key.clear()


class Times:
    """How long one statement took, in seconds: a maximum that fades, so one slow run is remembered for a while, and the
    usual time, which tells how long a line of such statements is. A mean would not do for that: on a busy machine it
    is the time a process waits for its turn, and waking more backends then makes it longer still."""

    __slots__ = ("peak", "usual")

    def __init__(self, seconds: float) -> None:
        self.peak = seconds
        self.usual = seconds

    @property
    def fast(self) -> bool:
        """Whether none of the late runs took long."""
        return self.peak < FAST


class History:
    """The times of a pool's statements. The oldest are forgotten first."""

    __slots__ = ("_capacity", "_times")

    def __init__(self, capacity: int = KNOWN_STATEMENTS) -> None:
        self._times: OrderedDict[StatementKey, Times] = OrderedDict()
        self._capacity = capacity

    def __len__(self) -> int:
        return len(self._times)

    def of(self, key: StatementKey) -> Times | None:
        """The times of a statement; None for one that is new, which is nothing to count on."""
        return self._times.get(key)

    def record(self, key: StatementKey, seconds: float) -> None:
        times = self._times.get(key)
        if times is None:
            if len(self._times) >= self._capacity:
                self._times.popitem(last=False)
            self._times[key] = Times(seconds)
            return
        faded = times.peak * _FORGIVENESS
        times.peak = max(faded, seconds)
        times.usual += (seconds - times.usual) * (_RISE if seconds > times.usual else _FALL)
