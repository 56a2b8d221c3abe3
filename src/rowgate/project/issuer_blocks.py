"""Adding and removing `[[rowgate.issuers]]` in the text of config.toml: every other byte stays as it was.

Text in, text out. The result is always parsed again and compared with what was meant, so a file laid out in a way this
does not foresee is reported instead of being damaged.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

import tomlkit

from rowgate.errors import ConfigurationError
from rowgate.project.document import parse_document

_HEADER = re.compile(r"^[ \t]*\[")
_BLOCK = re.compile(r"^[ \t]*\[\[[ \t]*rowgate[ \t]*\.[ \t]*issuers[ \t]*\]\]")
_BELOW_BLOCK = re.compile(r"^[ \t]*\[{1,2}[ \t]*rowgate[ \t]*\.[ \t]*issuers[ \t]*\.")


def add_block(text: str, values: Mapping[str, object], file: str) -> str:
    """The text with one more entry at its end. Raises ConfigurationError."""
    block = tomlkit.table()
    for key, value in values.items():
        block.add(key, value)
    separator = "" if not text else ("\n" if text.endswith("\n") else "\n\n")
    edited = f"{text}{separator}[[rowgate.issuers]]\n{tomlkit.dumps(block)}"
    expected = copy.deepcopy(parse_document(text, file))
    try:
        _entries(expected, make=True).append(dict(values))
        done = parse_document(edited, file) == expected
    except ConfigurationError:
        done = False
    if not done:
        raise ConfigurationError(
            f"{file} is laid out in a way that an entry cannot be added to.",
            "Write the entries of rowgate.issuers as [[rowgate.issuers]] blocks, or add it by hand.",
        )
    return edited


def remove_block(text: str, name: str, file: str) -> str:
    """The text without the entry of that name. Raises ConfigurationError, also when there is none."""
    document = parse_document(text, file)
    entries = _entries(document, make=False)
    index = next((i for i, entry in enumerate(entries) if isinstance(entry, dict) and entry.get("name") == name), None)
    if index is None:
        raise ConfigurationError(f'{file} has no [[rowgate.issuers]] entry "{name}".', "See `rowgate issuer list`.")
    edited = _without_nth_block(text, index)
    expected = copy.deepcopy(document)
    remaining = _entries(expected, make=False)
    del remaining[index]
    if edited is None or _normal(parse_document(edited, file)) != _normal(expected):
        raise ConfigurationError(
            f'The entry "{name}" cannot be taken out of {file} without touching something else.', "Remove it by hand."
        )
    return edited


def disable_third_party(text: str, section: str, file: str) -> str:
    """The text with `enabled = false` in [auth.third_party.<section>]; its other lines stay."""
    parse_document(text, file)
    document: Any = tomlkit.parse(text)
    document["auth"]["third_party"][section]["enabled"] = False
    return tomlkit.dumps(document)


def _entries(document: dict[str, Any], make: bool) -> list[Any]:
    rowgate = document.setdefault("rowgate", {}) if make else document.get("rowgate", {})
    entries = rowgate.setdefault("issuers", []) if isinstance(rowgate, dict) else None
    if not isinstance(entries, list):
        raise ConfigurationError("rowgate.issuers is not a list of tables.", "Write [[rowgate.issuers]] blocks.")
    return entries


def _without_nth_block(text: str, index: int) -> str | None:
    lines = text.splitlines(keepends=True)
    starts = [number for number, line in enumerate(lines) if _BLOCK.match(line)]
    if index >= len(starts):
        return None
    start = starts[index]
    end = start + 1
    while end < len(lines) and (not _HEADER.match(lines[end]) or _BELOW_BLOCK.match(lines[end])):
        end += 1
    if end < len(lines):  # comments just above the next header speak about that one
        while end > start + 1 and lines[end - 1].lstrip().startswith("#"):
            end -= 1
    elif start > 0 and not lines[start - 1].strip():
        start -= 1  # the last block: its empty line goes with it
    return "".join(lines[:start] + lines[end:])


def _normal(document: dict[str, Any]) -> dict[str, Any]:
    """An empty list of issuers, an empty [rowgate] and none at all mean the same."""
    rowgate = {key: value for key, value in document.get("rowgate", {}).items() if value != []}
    return {
        **{key: value for key, value in document.items() if key != "rowgate"},
        **({"rowgate": rowgate} if rowgate else {}),
    }
