"""PostgREST's configuration file: `name = value` lines, comments with `#`, and `$(NAME)` inside texts.

The grammar is that of Haskell's configurator, as far as a PostgREST deployment uses it: texts in double quotes, numbers
and `true`/`false`. Groups, lists and `import` are refused, because PostgREST has no setting that needs them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from rowgate.errors import ConfigurationError

FILE_LIMIT = 1024 * 1024  # bytes

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_BARE = re.compile(r"true|false|on|off|-?\d+(?:\.\d+)?")
_BLANK = re.compile(r"(?:\s|#[^\n]*)*")
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_REFERENCE = re.compile(r"\$\$|\$\(([^)]*)\)")
_LETTERS = {"n": "\n", "r": "\r", "t": "\t"}


def read_postgrest_file(path: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Every setting of the file as text, by name; the last of two wins. Raises ConfigurationError, which names the line
    and never quotes it: a line may hold a secret."""
    try:
        with path.open("rb") as file:
            content = file.read(FILE_LIMIT + 1)
    except OSError as error:
        raise ConfigurationError(
            f"Cannot read {path}: {error.strerror}.", "Check the path given with --postgrest-config."
        ) from None
    if len(content) > FILE_LIMIT:
        raise ConfigurationError(f"{path} is larger than {FILE_LIMIT} bytes.", "Is it really PostgREST's file?")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path} is not UTF-8 text.", "Save it as UTF-8.") from None
    return parse_postgrest_file(text, str(path), environ)


def parse_postgrest_file(text: str, file: str, environ: Mapping[str, str]) -> dict[str, str]:
    """As `read_postgrest_file`, from the file's text."""
    values: dict[str, str] = {}
    position = _after_blank(text, 0)
    while position < len(text):
        name = _NAME.match(text, position)
        if name is None:
            raise _malformed(file, text, position, "expected name = value")
        equals = _after_blank(text, name.end())
        if text[equals : equals + 1] != "=":
            raise _malformed(file, text, position, "expected = behind the name")
        start = _after_blank(text, equals + 1)
        if quoted := _TEXT.match(text, start):
            values[name.group()] = _expanded(_unescaped(quoted.group(1)), values, environ, file, text, start)
            position = quoted.end()
        elif bare := _BARE.match(text, start):
            values[name.group()] = {"on": "true", "off": "false"}.get(bare.group(), bare.group())
            position = bare.end()
        else:
            raise _malformed(file, text, start, "expected a text in double quotes, a number, true or false")
        line_end = _after_blank(text, position)
        if line_end < len(text) and "\n" not in text[position:line_end]:
            raise _malformed(file, text, position, "expected the end of the line behind the value")
        position = line_end
    return values


def _after_blank(text: str, position: int) -> int:
    match = _BLANK.match(text, position)
    assert match is not None  # it matches the empty text
    return match.end()


def _unescaped(raw: str) -> str:
    def letter(match: re.Match[str]) -> str:
        code = match.group(1)
        return chr(int(code[1:], 16)) if len(code) == 5 else _LETTERS.get(code, code)

    return _ESCAPE.sub(letter, raw)


def _expanded(
    value: str, values: Mapping[str, str], environ: Mapping[str, str], file: str, text: str, position: int
) -> str:
    """`$(NAME)` is an earlier setting of the file or a variable, `$$` one dollar sign."""

    def replaced(match: re.Match[str]) -> str:
        name = match.group(1)
        if name is None:
            return "$"
        found = values.get(name, environ.get(name))
        if found is None:
            raise _malformed(file, text, position, f"$({name}) is neither a setting above nor a variable")
        return found

    if "$" in _REFERENCE.sub("", value):
        raise _malformed(file, text, position, "a $ stands alone; write $$ for one dollar sign")
    return _REFERENCE.sub(replaced, value)


def _malformed(file: str, text: str, position: int, what: str) -> ConfigurationError:
    line = text.count("\n", 0, position) + 1
    return ConfigurationError(
        f"{file}, line {line}: {what}.", 'Write one setting per line: db-uri = "postgres://…", server-port = 3000.'
    )
