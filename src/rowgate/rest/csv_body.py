"""CSV (RFC 4180) with a header line.

Not the standard library's reader: that one refuses fields above a size which is a setting of the whole process.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_FIELD = re.compile(r'("[^"]*(?:""[^"]*)*"|[^",]*)(,|\Z)')


class CsvError(Exception):
    """The text is no CSV; the message says where."""


def read_records(text: str, line: int = 1, *, quoted: bool) -> list[list[str]]:
    """The records of a piece of CSV that begins in `line` and ends with a line; blank lines are skipped.

    `quoted` says whether there are quotes anywhere in the whole: without any, a lone CR ends a line too. Raises
    CsvError.
    """
    rows: list[list[str]] = []
    for number, record in _records(text, line, quoted=quoted):
        if '"' in record:
            rows.append(_fields(record, number))
        elif record:
            rows.append(record.split(","))
    return rows


def _records(text: str, line: int, *, quoted: bool) -> Iterator[tuple[int, str]]:
    """Records without their line ends, each with its first line's number. A quoted field may hold line ends."""
    if not quoted:
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        yield from enumerate(text.split("\n"), line)
        return
    open_record: list[str] = []
    in_quotes = False
    first = line
    for number, part in enumerate(text.split("\n"), line):
        if not in_quotes:
            first = number
        if part.count('"') % 2:
            in_quotes = not in_quotes
        if in_quotes:
            open_record.append(part)
            continue
        if open_record:
            part = "\n".join([*open_record, part])
            open_record.clear()
        yield first, part.removesuffix("\r")
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
