"""supabase/config.toml as plain values."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from rowgate.errors import ConfigurationError

FILE_LIMIT = 1024 * 1024  # bytes; upstream's own template has 16 KiB
DEPTH_LIMIT = 32  # upstream's deepest key has six names

_POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def read_document(path: Path) -> dict[str, object] | None:
    """The file's tables, or None when there is no file. Raises ConfigurationError with file, line and column."""
    try:
        with path.open("rb") as file:
            content = file.read(FILE_LIMIT + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ConfigurationError(
            f"Cannot read {path}: {error.strerror}.", "Fix the file's permissions, or name another folder by --workdir."
        ) from None
    if len(content) > FILE_LIMIT:
        raise ConfigurationError(f"{path} is larger than {FILE_LIMIT} bytes.", "Is it really a config.toml?")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(f"{path}, line {line}: not UTF-8 text.", "Save the file as UTF-8.") from None
    return parse_document(text, str(path))


def parse_document(text: str, file: str) -> dict[str, object]:
    """TOML text as plain values. `file` is named in errors. Raises ConfigurationError with line and column."""
    text = text.replace("\r\n", "\n")
    try:
        document = tomllib.loads(text)
    except RecursionError:
        raise _too_deep(file) from None
    except ValueError as error:  # TOMLDecodeError, and int()'s own error for a number of thousands of digits
        message = str(error)
        match = _POSITION.search(message)
        what = message[: match.start()] if match else "a value cannot be read"
        if match and match.group(1):
            line, column = int(match.group(1)), int(match.group(2))
        else:
            line = text.count("\n") + 1
            column = len(text) - (text.rfind("\n") + 1) + 1
        raise ConfigurationError(
            f"{file}, line {line}, column {column}: {_sentence(what)}",
            "The file is not valid TOML at this place; see https://toml.io for the syntax.",
        ) from None
    check_depth(document, file)
    return document


def check_depth(value: object, where: str) -> None:
    """Raise ConfigurationError for values nested deeper than DEPTH_LIMIT: everything after this may recurse."""
    level = [value]
    for _ in range(DEPTH_LIMIT):
        level = [
            inner
            for item in level
            if isinstance(item, dict | list)
            for inner in (item.values() if isinstance(item, dict) else item)
        ]
    if level:
        raise _too_deep(where)


def lookup(document: Mapping[str, object], path: Sequence[str], file: str) -> object | None:
    """The value at a path of table names, None when absent. Raises ConfigurationError where a table is none."""
    value: object = document
    for index, key in enumerate(path):
        if not isinstance(value, Mapping):
            dotted = ".".join(path[:index])
            raise ConfigurationError(
                f"{dotted} in {file} is {shown(value)}; expected a table.", f"Write [{dotted}] on a line of its own."
            )
        if key not in value:
            return None
        value = value[key]
    return value


def shown(value: object) -> str:
    """A value as an error may quote it: TOML-like and at most 80 characters."""
    if isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, str):
        text = '"' + "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in value[:100]) + '"'
    elif isinstance(value, Mapping):
        text = "a table"
    elif isinstance(value, list):
        text = "[" + ", ".join(shown(item) for item in value[:8]) + (", …]" if len(value) > 8 else "]")
    elif isinstance(value, int) and abs(value) > 10**20:
        text = "a number of more than 20 digits"
    else:
        text = str(value)
    return text if len(text) <= 80 else text[:79] + "…"


def _too_deep(where: str) -> ConfigurationError:
    return ConfigurationError(
        f"{where} nests its values deeper than {DEPTH_LIMIT} levels.", "Remove the brackets or dots that nest them."
    )


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else text + "."
