"""The environment: .env files in upstream's order, and `env(NAME)` in config.toml."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rowgate.errors import ConfigurationError
from rowgate.project.kinds import EnvironmentText

FILE_LIMIT = 1024 * 1024  # bytes; a .env file is a page, not a data set

_ENV_CALL = re.compile(r"^env\((.*)\)$")
_ASSIGNMENT = re.compile(r"[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.]*)[ \t]*[=:][ \t]*")
_REFERENCE = re.compile(r"\\\$|\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$([A-Za-z_][A-Za-z0-9_]*)")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "$": "\\$"}


def dotenv_files(supabase: Path, workdir: Path, environ: Mapping[str, str]) -> Iterator[Path]:
    """The .env files upstream would read, strongest first: `supabase/` before the project folder.

    SUPABASE_ENV names the environment (default `development`); `.env.local` is left out in `test`, so that tests do
    not depend on one person's machine.
    """
    name = environ.get("SUPABASE_ENV") or "development"
    if "/" in name or "\0" in name:
        raise ConfigurationError(
            f"SUPABASE_ENV is {name!r}, which is not the name of an environment.",
            'Use a plain word such as "development", "test" or "production".',
        )
    local = () if name == "test" else (".env.local",)
    for folder in (supabase, workdir):
        for file in (f".env.{name}.local", *local, f".env.{name}", ".env"):
            yield folder / file


def read_dotenv(supabase: Path, workdir: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables of all .env files; the first file that sets a name wins. Raises ConfigurationError."""
    values: dict[str, str] = {}
    for path in dotenv_files(supabase, workdir, environ):
        text = _file_text(path)
        if text is not None:
            for name, value in parse_dotenv(text, str(path), {**values, **environ}).items():
                values.setdefault(name, value)
    return values


def parse_dotenv(text: str, file: str, known: Mapping[str, str]) -> dict[str, str]:
    """`NAME=value` lines: `export`, comments, single quotes (literal), double quotes (escapes, may span lines).

    `${NAME}` is expanded outside single quotes, from earlier lines and then `known`. Errors name file and line, never
    the line's text, which may hold a secret.
    """
    values: dict[str, str] = {}
    position = 0
    while position < len(text):
        end = text.find("\n", position)
        end = len(text) if end < 0 else end
        line = text[position:end]
        if not line.strip() or line.lstrip().startswith("#"):
            position = end + 1
            continue
        match = _ASSIGNMENT.match(text, position, end)
        if match is None:
            raise _malformed(file, text, position, "expected NAME=value")
        start = match.end()
        quote = text[start : start + 1]
        if quote in ("'", '"') and start < end:
            closing = _closing_quote(text, start, quote)
            if closing is None:
                raise _malformed(file, text, position, "the quote is never closed")
            raw = text[start + 1 : closing]
            value = raw if quote == "'" else _expand(_unescape(raw), {**known, **values})
            following = text.find("\n", closing)
            position = len(text) if following < 0 else following + 1
        else:
            value = _expand(re.split(r"(?:^|[ \t])#", text[start:end], maxsplit=1)[0].strip(), {**known, **values})
            position = end + 1
        values[match.group(1)] = value
    return values


@dataclass(frozen=True, slots=True)
class Substitution:
    """A document whose `env(NAME)` texts were replaced, and the names that had no value, by the key's path."""

    document: dict[str, object]
    unset: tuple[tuple[tuple[str, ...], str], ...] = field(default=())


def substitute(document: Mapping[str, object], environ: Mapping[str, str]) -> Substitution:
    """Replace every text that is `env(NAME)` as a whole. An unset name leaves the text as it is, as upstream does."""
    unset: list[tuple[tuple[str, ...], str]] = []

    def walk(value: object, path: tuple[str, ...]) -> object:
        if isinstance(value, dict):
            return {key: walk(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [walk(item, path) for item in value]
        name = unset_name(value)
        if name is None:
            return value
        if environ.get(name):  # upstream takes an empty variable for an unset one
            return EnvironmentText(environ[name])
        unset.append((path, name))
        return value

    replaced = {key: walk(value, (key,)) for key, value in document.items()}
    return Substitution(replaced, tuple(unset))


def unset_name(value: object) -> str | None:
    """The NAME of a text that (still) reads `env(NAME)`, or None."""
    if not isinstance(value, str) or isinstance(value, EnvironmentText):
        return None
    match = _ENV_CALL.match(value)
    return match.group(1) if match else None


def _file_text(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            content = file.read(FILE_LIMIT + 1)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except OSError as error:
        raise ConfigurationError(f"Cannot read {path}: {error.strerror}.", "Fix the file's permissions.") from None
    if len(content) > FILE_LIMIT:
        raise ConfigurationError(f"{path} is larger than {FILE_LIMIT} bytes.", "Is it really a .env file?")
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path} is not UTF-8 text.", "Save it as UTF-8.") from None


def _malformed(file: str, text: str, position: int, what: str) -> ConfigurationError:
    line = text.count("\n", 0, position) + 1
    return ConfigurationError(f"{file}, line {line}: {what}.", "Write one NAME=value per line; # starts a comment.")


def _closing_quote(text: str, start: int, quote: str) -> int | None:
    index = start + 1
    while index < len(text):
        if text[index] == "\\" and quote == '"':
            index += 2
            continue
        if text[index] == quote:
            return index
        index += 1
    return None


def _unescape(raw: str) -> str:
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match.group(1), match.group(0)), raw, flags=re.DOTALL)


def _expand(value: str, known: Mapping[str, str]) -> str:
    def replace(match: re.Match[str]) -> str:
        if match.group(0) == "\\$":
            return "$"
        return known.get(match.group(1) or match.group(2), "")

    return _REFERENCE.sub(replace, value)
