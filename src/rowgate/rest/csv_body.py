"""CSV (RFC 4180) with a header line.

Not the standard library's reader: that one refuses fields above a size which is a setting of the whole process.
"""

from __future__ import annotations

import re

_FIELD = re.compile(r'(?:"([^"]*(?:""[^"]*)*)"|([^",\r\n]*))(,|\r\n|\n|\r|\Z)')


class CsvError(Exception):
    """The text is no CSV; the message says where."""


def read_csv(text: str) -> tuple[list[str], list[list[str]]]:
    """The header's names and the rows under it; blank lines are skipped. Raises CsvError."""
    rows: list[list[str]] = []
    row: list[str] = []
    at = 0
    while at < len(text) or row:
        match = _FIELD.match(text, at)
        if match is None:
            line = text.count("\n", 0, at) + 1
            raise CsvError(f"parse error (unbalanced quotes or stray characters) in line {line} of the CSV body")
        in_quotes, plain, separator = match.groups()
        row.append(plain if in_quotes is None else in_quotes.replace('""', '"'))
        at = match.end()
        if separator != ",":
            if row != [""] or in_quotes is not None:
                rows.append(row)
            row = []
    if not rows:
        raise CsvError("parse error (not enough input): the CSV body has no header line")
    return rows[0], rows[1:]
