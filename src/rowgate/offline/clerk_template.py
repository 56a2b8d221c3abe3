"""Claims with shortcodes, rendered the way Clerk renders JWT templates and custom session claims.

The rules (Clerk's page on JWT templates, and tokens seen in production):

1. a string that is exactly one shortcode becomes the value with its type;
2. shortcodes inside a longer string give text, and null gives the text `null`;
3. a dot path goes into metadata; an attribute nobody knows under a known root is null;
4. a root nobody knows leaves the shortcode standing as it is;
5. `||` takes the first operand that is neither null nor false, and the last one when all are;
6. everything else passes unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

ROOTS = frozenset({"user", "org", "org_membership", "session"})

# Set by the service on every template token; a template cannot replace them.
AUTOMATIC_CLAIMS = frozenset({"azp", "exp", "iat", "iss", "jti", "nbf", "sub"})

# The same for a session token, v1 and v2 together.
SESSION_CLAIMS = AUTOMATIC_CLAIMS | frozenset(
    {"sid", "v", "fva", "pla", "fea", "sts", "o", "act", "org_id", "org_slug", "org_role", "org_permissions"}
)

_SHORTCODE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_OPERAND = re.compile(r"'(?P<text>[^']*)'|(?P<number>-?\d+(?:\.\d+)?)|(?P<word>[A-Za-z_][\w-]*(?:\.[\w-]+)*)")


class _Unrenderable(Exception):
    """The shortcode is no expression, or starts at an unknown root: it stays as it was written."""


def render(claims: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, Any]:
    """Render every value of `claims`; names stay as they are. `context` holds one mapping (or None) per root."""
    return {name: _value(value, context) for name, value in claims.items()}


def _value(value: Any, context: Mapping[str, Any]) -> Any:
    if isinstance(value, str):
        return _string(value, context)
    if isinstance(value, Mapping):
        return render(value, context)
    if isinstance(value, list | tuple):
        return [_value(item, context) for item in value]
    return value


def _string(text: str, context: Mapping[str, Any]) -> Any:
    whole = _SHORTCODE.fullmatch(text)
    # `{{a}} {{b}}` also matches from the first brace to the last; only a lone shortcode keeps its type.
    if whole is not None and "{{" not in whole[1] and "}}" not in whole[1]:
        try:
            return _evaluate(whole[1], context)
        except _Unrenderable:
            return text

    def replace(found: re.Match[str]) -> str:
        try:
            return _as_text(_evaluate(found[1], context))
        except _Unrenderable:
            return found[0]

    return _SHORTCODE.sub(replace, text)


def _evaluate(expression: str, context: Mapping[str, Any]) -> Any:
    value: Any = None
    for operand in _operands(expression):
        value = _operand(operand, context)
        if value is not None and value is not False:
            return value
    return value


def _operands(expression: str) -> list[re.Match[str]]:
    """Split at `||` outside quotes. Raises _Unrenderable when an operand is missing or malformed."""
    found: list[re.Match[str]] = []
    position = 0
    while True:
        position += len(expression[position:]) - len(expression[position:].lstrip())
        operand = _OPERAND.match(expression, position)
        if operand is None:
            raise _Unrenderable
        found.append(operand)
        rest = expression[operand.end() :].lstrip()
        if not rest:
            return found
        if not rest.startswith("||"):
            raise _Unrenderable
        position = len(expression) - len(rest) + 2


def _operand(operand: re.Match[str], context: Mapping[str, Any]) -> Any:
    if operand["text"] is not None:
        return operand["text"]
    if operand["number"] is not None:
        try:
            return msgspec.json.decode(operand["number"])
        except msgspec.DecodeError:  # 007, or more digits than a number holds
            raise _Unrenderable from None
    word = operand["word"]
    if word in ("true", "false"):
        return word == "true"
    root, *path = word.split(".")
    if root not in ROOTS:
        raise _Unrenderable
    value: Any = context.get(root)
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
