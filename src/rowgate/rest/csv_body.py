"""CSV (RFC 4180) with a header line.

Not the standard library's reader: that one refuses fields above a size which is a setting of the whole process.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_FIELD = re.compile(r'("[^"]*(?:""[^"]*)*"|[^",]*)(,|\Z)')


class CsvError(Exception):
    """The text is no CSV; the message says where."""


def read_csv(text: str) -> tuple[list[str], list[list[str]]]:
    """The header's names and the rows under it; blank lines are skipped. Raises CsvError."""
    rows: list[list[str]] = []
    for line, record in _records(text):
        if '"' in record:
            rows.append(_fields(record, line))
        elif record:
            rows.append(record.split(","))
    if not rows:
        raise CsvError("parse error (not enough input): the CSV body has no header line")
    return rows[0], rows[1:]


def _records(text: str) -> Iterator[tuple[int, str]]:
    """Records without their line ends, each with its first line's number. A quoted field may hold line ends."""
    if "\r" in text and '"' not in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    open_record: list[str] = []
    in_quotes = False
    first = 1
    for number, line in enumerate(text.split("\n"), 1):
        if not in_quotes:
            first = number
        if line.count('"') % 2:
            in_quotes = not in_quotes
        if in_quotes:
            open_record.append(line)
            continue
        if open_record:
            line = "\n".join([*open_record, line])
            open_record.clear()
        yield first, line.removesuffix("\r")
    if in_quotes:
        raise CsvError(
            f"parse error (not enough input): the quote opened in line {first} of the CSV body is not closed"
        )


def _fields(record: str, line: int) -> list[str]:
    """The fields of a record that has quotes. Raises CsvError where they stand inside a field."""
    fields: list[str] = []
    at = 0
    for match in _FIELD.finditer(record):
        if match.start() != at:
            break
        field, separator = match.groups()
        fields.append(field[1:-1].replace('""', '"') if field[:1] == '"' else field)
        at = match.end()
        if not separator:
            return fields
    raise CsvError(f"parse error (a quote inside a field) in line {line} of the CSV body, column {at + 1}")
