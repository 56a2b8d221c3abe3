"""A JWT template, checked and rendered the way WorkOS does it.

A template is JSON text with `{{ expression }}` holes. An expression is a chain of paths and single-quoted literals
joined by `||`; outside a string it gives JSON, inside a string it gives text. The error texts are the vendor's, because
people search for them.

`||` skips null only (Clerk's also skips false). A null at the top level removes its name; a null inside a string is
empty. Strings are trimmed at both ends.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

RESERVED = ("iss", "sub", "exp", "iat", "nbf", "jti")
SIZE_LIMIT = 3072  # bytes of the rendered object, so that it fits a cookie
DEPTH_LIMIT = 100  # ours: objects and arrays within each other, well inside Python's own recursion limit

_FREE = "free"  # anything may lie below: metadata and custom attributes
_LEAF = "leaf"

# Every path that exists. A mapping is an object, a one-element list an array of its element.
_IDENTITIES = (
    "Apple",
    "GitHub",
    "Google",
    "Grok",
    "Intuit",
    "LinkedIn",
    "Microsoft",
    "Salesforce",
    "Vercel",
    "VercelMarketplace",
)
_TIMES = {"created_at": _LEAF, "updated_at": _LEAF}
_USER = {
    "object": _LEAF,
    "id": _LEAF,
    "email": _LEAF,
    "first_name": _LEAF,
    "last_name": _LEAF,
    "name": _LEAF,
    "email_verified": _LEAF,
    "profile_picture_url": _LEAF,
    "external_id": _LEAF,
    "locale": _LEAF,
    "metadata": _FREE,
    **_TIMES,
}
_DOMAIN = {
    "object": _LEAF,
    "id": _LEAF,
    "organization_id": _LEAF,
    "domain": _LEAF,
    "state": _LEAF,
    "verification_strategy": _LEAF,
    **_TIMES,
}
PATHS: Mapping[str, Any] = {
    "user": {**_USER, "identities": {f"{name}OAuth": {"idp_id": _LEAF} for name in _IDENTITIES}},
    "organization": {
        "object": _LEAF,
        "id": _LEAF,
        "name": _LEAF,
        "allow_profiles_outside_organization": _LEAF,
        "domains": [_DOMAIN],
        "external_id": _LEAF,
        "metadata": _FREE,
        "stripe_customer_id": _LEAF,
        **_TIMES,
    },
    "organization_membership": {
        "object": _LEAF,
        "id": _LEAF,
        "role": _LEAF,
        "roles": [_LEAF],
        "custom_attributes": _FREE,
        **_TIMES,
    },
}

_PATH = re.compile(r"[A-Za-z_][\w-]*(?:\.[\w-]+)*")
_LITERAL = re.compile(r"'([^']*)'")

NO_OBJECT = "Template must render to an object with at least one explicitly defined top-level key"
OBJECT_IN_STRING = "String encapsulated expression cannot contain object reference"


class TemplateError(Exception):
    """The template breaks a rule; the text is the vendor's where the vendor documents one."""


@dataclass(frozen=True, slots=True)
class _Literal:
    text: str


@dataclass(frozen=True, slots=True)
class _Path:
    steps: tuple[str, ...]


_Operand = _Literal | _Path
_Chain = tuple[_Operand, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """A checked template: its JSON skeleton, in which `marker` and a number stand for each hole."""

    skeleton: Mapping[str, Any]
    chains: tuple[_Chain, ...]
    marker: str

    def render(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """The claims for one person. `context` holds an object or None per root.

        Raises TemplateError when an object lands inside a string, or the result passes `SIZE_LIMIT`.
        """
        claims = {name: self._value(value, context) for name, value in self.skeleton.items()}
        claims = {name: value for name, value in claims.items() if value is not None}
        size = len(msgspec.json.encode(claims))
        if size > SIZE_LIMIT:
            raise TemplateError(f"The rendered template is {size} bytes; it must be {SIZE_LIMIT} bytes or smaller")
        return claims

    def _value(self, value: Any, context: Mapping[str, Any]) -> Any:
        if isinstance(value, str):
            return self._string(value, context)
        if isinstance(value, Mapping):
            return {name: self._value(item, context) for name, item in value.items()}
        if isinstance(value, list):
            return [self._value(item, context) for item in value]
        return value

    def _string(self, text: str, context: Mapping[str, Any]) -> Any:
        pieces = text.split(self.marker)
        if len(pieces) == 3 and pieces[0] == pieces[2] == "" and pieces[1].startswith("json "):
            found = _evaluate(self.chains[int(pieces[1].removeprefix("json "))], context)
            return found.strip() if isinstance(found, str) else found
        # Odd pieces are holes, even ones the text between them.
        filled = [
            _as_text(_evaluate(self.chains[int(piece)], context)) if index % 2 else piece
            for index, piece in enumerate(pieces)
        ]
        return "".join(filled).strip()


def parse(content: str) -> Template:
    """Check a template. Raises TemplateError with the vendor's words for the first rule it breaks."""
    marker = f"<{secrets.token_hex(8)}>"  # random: no template can spell it
    text, chains, in_string = _cut_holes(content, marker)
    try:
        skeleton = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        raise TemplateError(NO_OBJECT) from None
    if not isinstance(skeleton, dict) or not skeleton or any(marker in name for name in _names(skeleton)):
        raise TemplateError(NO_OBJECT)
    if taken := [name for name in skeleton if name in RESERVED]:
        raise TemplateError(f"Keys reserved (iss, sub, exp, etc.): {', '.join(taken)}")
    for chain, encapsulated in zip(chains, in_string, strict=True):
        for operand in chain:
            if isinstance(operand, _Path) and _kind(operand) == "object" and encapsulated:
                raise TemplateError(OBJECT_IN_STRING)
    return Template(skeleton, tuple(chains), marker)


def _cut_holes(content: str, marker: str) -> tuple[str, list[_Chain], list[bool]]:
    """Replace each hole by its number between markers; outside a string it gets quotes of its own."""
    out: list[str] = []
    chains: list[_Chain] = []
    encapsulated: list[bool] = []
    position, in_string = 0, False
    while position < len(content):
        if content.startswith("{{", position):
            expression, position = _hole(content, position + 2)
            number = len(chains)
            chains.append(_chain(expression))
            encapsulated.append(in_string)
            out.append(f"{marker}{number}{marker}" if in_string else f'"{marker}json {number}{marker}"')
            continue
        character = content[position]
        if in_string and character == "\\":
            out.append(content[position : position + 2])
            position += 2
            continue
        if character == '"':
            in_string = not in_string
        out.append(character)
        position += 1
    return "".join(out), chains, encapsulated


def _hole(content: str, start: int) -> tuple[str, int]:
    """The text up to the closing braces (not those inside a literal) and the position behind them."""
    position = start
    while position < len(content):
        if content.startswith("}}", position):
            return content[start:position], position + 2
        if content[position] == "'" and (literal := _LITERAL.match(content, position)):
            position = literal.end()
        else:
            position += 1
    raise TemplateError("Template parse error: missing '}}'")


def _chain(expression: str) -> _Chain:
    rest = expression.strip()
    if not rest:
        raise TemplateError("Expression cannot be empty")
    operands: list[_Operand] = []
    while True:
        if literal := _LITERAL.match(rest):
            operands.append(_Literal(literal[1]))
            rest = rest[literal.end() :].lstrip()
        elif path := _PATH.match(rest):
            operands.append(_known(path[0]))
            rest = rest[path.end() :].lstrip()
        else:
            raise TemplateError(f'Invalid expression segment: "{expression.strip()}"')
        if not rest:
            return tuple(operands)
        if not rest.startswith("||"):
            raise TemplateError(f'Invalid expression segment: "{expression.strip()}"')
        rest = rest[2:].lstrip()


def _known(path: str) -> _Path:
    found = _Path(tuple(path.split(".")))
    if _kind(found) is None:
        raise TemplateError(f'Invalid path: "{path}"')
    return found


def _kind(path: _Path) -> str | None:
    """`leaf`, `free`, `object` (arrays too), or None for a path that does not exist."""
    place: Any = PATHS
    for index, step in enumerate(path.steps):
        if place == _FREE:
            return _FREE
        if isinstance(place, list) and step.isdecimal():
            place = place[0]
        elif isinstance(place, Mapping) and step in place:
            place = place[step]
        else:
            return None
        if place == _FREE and index == len(path.steps) - 1:
            return "object"  # metadata itself
    return str(place) if isinstance(place, str) else "object"


def _evaluate(chain: _Chain, context: Mapping[str, Any]) -> Any:
    for operand in chain:
        value = operand.text if isinstance(operand, _Literal) else _look_up(operand.steps, context)
        if value is not None:
            return value
    return None


def _look_up(steps: Sequence[str], context: Mapping[str, Any]) -> Any:
    value: Any = context
    for step in steps:
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list | tuple):
            value = value[int(step)] if step.isdecimal() and int(step) < len(value) else None
        else:
            return None
    return value


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping | list | tuple):
        raise TemplateError(OBJECT_IN_STRING)
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _names(value: Any, depth: int = 0) -> list[str]:
    """Every member name at any depth. Raises TemplateError below DEPTH_LIMIT."""
    if depth > DEPTH_LIMIT:
        raise TemplateError(NO_OBJECT)
    if isinstance(value, Mapping):
        return [*value, *(name for item in value.values() for name in _names(item, depth + 1))]
    if isinstance(value, list):
        return [name for item in value for name in _names(item, depth + 1)]
    return []
