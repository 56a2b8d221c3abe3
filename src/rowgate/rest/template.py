"""A statement of one shape of request: all of it but the values."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from rowgate.postgres.statement import Access, PlanMode, Statement
from rowgate.rest.holes import RowHole, row_pieces
from rowgate.rest.lifting import Value
from rowgate.rest.parameters import Filling, Parameters
from rowgate.rest.syntax import Range

_LIMIT = RowHole.LIMIT.value


class Template(msgspec.Struct, frozen=True):
    """`pieces` of SQL text, every second one a row hole; `parameters`, some of which are to be filled by `fillings`."""

    pieces: tuple[str, ...]
    parameters: tuple[bytes | None, ...]
    fillings: tuple[tuple[int, Filling], ...]
    access: Access
    plan: PlanMode

    @classmethod
    def of(cls, sql: str, parameters: Parameters, access: Access, plan: PlanMode) -> Template:
        """What was compiled, as a template."""
        return cls(row_pieces(sql), tuple(parameters.values), tuple(parameters.fillings), access, plan)

    def statement(self, values: Sequence[Value], rows: Range) -> Statement:
        """The statement with a request's values, and the numbers of its rows in the SQL text."""
        parameters = self.parameters
        if self.fillings:
            filled = list(parameters)
            for index, filling in self.fillings:
                filled[index] = filling(values)
            parameters = tuple(filled)
        pieces = self.pieces
        sql = pieces[0] if len(pieces) == 1 else _numbered(pieces, rows)
        return Statement(sql, parameters, self.access, self.plan)

    @property
    def size(self) -> int:
        """The bytes of its texts."""
        return sum(map(len, self.pieces)) + sum(len(value) for value in self.parameters if value is not None)


def _numbered(pieces: tuple[str, ...], rows: Range) -> str:
    """Integers alone may stand in SQL text: the format says `d`, so anything else is an error."""
    filled = list(pieces)
    for at in range(1, len(filled), 2):
        filled[at] = f"{rows.limit if filled[at] == _LIMIT else rows.offset:d}"
    return "".join(filled)
