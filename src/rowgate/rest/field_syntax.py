"""Names, quoted names and JSON paths: the pieces that select, filters and order share.

Every parser takes the text and an index and returns what it read with the index after it, or raises Failure.
"""

from __future__ import annotations

import re

from rowgate.rest.parse_failure import FIELD_NAME, MAX_NESTING, Failure, TooDeep, mismatch
from rowgate.rest.syntax import FieldPath, JsonStep

_WORD = re.compile(r"[A-Za-z0-9_$ ]+")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)(")?', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_INDEX = re.compile(r"-?[0-9]+")
_KEY = re.compile(r"[^(\-:.,>)]+")
_BLANKS = re.compile(r"[ \t]*")
_INDEX_ENDS = ("->", "::", ".", ",")
_ARROWS = ('"->>"', '"->"')
_NO_ARROW = '">"'  # what a dash must not be followed by counts as expected behind it
JSON_KEY = "any non reserved character different from: .,>()"
MAX_INDEX = 2**31 - 1  # the operand of -> is an int4


def skip_blanks(text: str, at: int) -> int:
    """The index of the first character that is neither space nor tab."""
    if text[at : at + 1] not in (" ", "\t"):
        return at
    match = _BLANKS.match(text, at)
    return match.end() if match else at


def word(text: str, at: int) -> tuple[str, int]:
    """Letters, digits, `_`, `$` and inner spaces: a cast, a text search configuration, one part of a name."""
    end = at
    while True:
        if match := _WORD.match(text, end):
            end = match.end()
        # Letters beyond ASCII are few; str.isalpha is Unicode's L*, which is what upstream accepts.
        if text[end : end + 1] > "\x7f" and text[end].isalpha():
            end += 1
        elif match is None:
            break
    if end == at:
        raise Failure(at, ("letter", "digit"))
    return text[at:end].strip(" "), end


def quoted(text: str, at: int) -> tuple[str, int]:
    """A double-quoted text with backslash escapes, starting at its opening quote."""
    match = _QUOTED.match(text, at)
    if match is None or not match.group(2):
        # behind a lone backslash anything would have done
        open_end = match is not None and match.end() < len(text)
        raise Failure(len(text), () if open_end else ('"\\\\"', '"\\""'), consumed=True)
    inner = match.group(1)
    return (_ESCAPE.sub(r"\1", inner) if "\\" in inner else inner), match.end()


def field_name(text: str, at: int) -> tuple[str, int]:
    """A quoted name, or words joined by dashes (`->` is no dash)."""
    if text[at : at + 1] == '"':
        return quoted(text, at)
    try:
        name, end = word(text, at)
    except Failure:
        raise Failure(at, (FIELD_NAME,)) from None
    while text[end : end + 1] == "-" and text[end + 1 : end + 2] != ">":
        try:
            part, end = word(text, end + 1)
        except Failure as failure:
            raise Failure(failure.at, (_NO_ARROW, *failure.expecting), consumed=True) from None
        name = f"{name}-{part}"
    return name, end


def json_path(text: str, at: int) -> tuple[tuple[JsonStep, ...], int]:
    """Any number of `->key` and `->>key`."""
    steps: list[JsonStep] = []
    while text.startswith("->", at):
        if len(steps) == MAX_NESTING:
            raise TooDeep(at)
        as_text = text.startswith("->>", at)
        step, at = _operand(text, at + (3 if as_text else 2), as_text)
        steps.append(step)
    return tuple(steps), at


def field(text: str, at: int) -> tuple[FieldPath, int]:
    """A name and its JSON path, blanks around them ignored."""
    name, at = field_name(text, skip_blanks(text, at))
    steps: tuple[JsonStep, ...] = ()
    if text.startswith("->", at):
        steps, at = json_path(text, at)
    return FieldPath(name, steps), skip_blanks(text, at)


def after_field(raw: str) -> tuple[str, ...]:
    """What could have continued the field whose source is `raw`; for error texts only.

    Spaces belong to a plain name and to a JSON key; behind other blanks the field has ended.
    """
    bare = raw.rstrip(" \t")
    if bare.endswith('"'):
        return _ARROWS if bare == raw else ()
    if "->" in bare:
        return _ARROWS
    if "\t" in raw[len(bare) :]:
        return ()
    return ('"-"', *_ARROWS) if "-" in bare else ("letter", "digit", '"-"', *_ARROWS)


def behind_field(text: str, at: int) -> str | None:
    """The character to report behind a field, when it is not the one there: an arrow that was begun."""
    return mismatch(text, at, "->>") if text[at : at + 1] == "-" else None


def _operand(text: str, at: int, as_text: bool) -> tuple[JsonStep, int]:
    index = _INDEX.match(text, at)
    if index is not None:
        end = index.end()
        # As upstream: digits are an index only in front of these; before a parenthesis they are a key.
        if end == len(text) or text.startswith(_INDEX_ENDS, end):
            digits = index.group()
            number = int(digits) if len(digits) < 12 else MAX_INDEX
            return JsonStep(as_text, index=max(-MAX_INDEX, min(MAX_INDEX, number))), end
    if text[at : at + 1] == '"':
        key, end = quoted(text, at)
        return JsonStep(as_text, key=key), end
    if text[at : at + 1] == "-":
        if index is not None:
            expecting = ("digit", '"->"', '"::"', '"."', '","', "end of input")
            raise Failure(index.end(), expecting, consumed=True, as_character=True)
        raise Failure(at + 1, ("digit",), consumed=True)
    match = _KEY.match(text, at)
    if match is None:
        raise Failure(at, ('"-"', "digit", JSON_KEY), consumed=True)
    key, end = match.group().strip(), match.end()
    while text[end : end + 1] == "-" and text[end + 1 : end + 2] != ">":
        match = _KEY.match(text, end + 1)
        if match is None:
            raise Failure(end + 1, (_NO_ARROW,), consumed=True)
        key, end = f"{key}-{match.group().strip()}", match.end()
    return JsonStep(as_text, key=key), end
