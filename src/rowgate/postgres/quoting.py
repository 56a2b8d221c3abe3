"""The one place where names become SQL text."""

from __future__ import annotations


def identifier(name: str) -> str:
    """Quote one identifier. Names come from the catalog or from configuration, never from a value.

    Raises ValueError for a NUL character, which no Postgres name can hold.
    """
    if "\x00" in name:
        raise ValueError("a Postgres identifier cannot contain a NUL character")
    return '"' + name.replace('"', '""') + '"'


def qualified(schema: str, name: str) -> str:
    """Quote a schema-qualified name."""
    return f"{identifier(schema)}.{identifier(name)}"


def dotted(name: str) -> str:
    """Quote a name from configuration part by part: `auth.check` is the function `check` of the schema `auth`."""
    return ".".join(identifier(part) for part in name.split("."))


def literal(text: str) -> str:
    """Quote a text constant of our own making (a catalog name, a setting); client values travel as parameters.

    Uses the E'' form when a backslash is present, so the result does not depend on standard_conforming_strings.
    """
    if "\x00" in text:
        raise ValueError("a Postgres text cannot contain a NUL character")
    quoted = text.replace("'", "''")
    if "\\" in quoted:
        return " E'" + quoted.replace("\\", "\\\\") + "'"
    return "'" + quoted + "'"
