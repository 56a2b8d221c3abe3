"""PostgREST's path to the role: `.role`, `.realm."app-roles"[0]`, `.roles[?(@ ^== "app_")]`, `.group[1:]`.

https://docs.postgrest.org/en/v14/references/auth.html#jwt-role-extraction
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rowgate.errors import ConfigurationError

_KEY = re.compile(r'\.(?:"(?P<quoted>[^"]*)"|(?P<bare>(?:[^\W_]|[_$@])+))')
_INDEX = re.compile(r"\[(?P<index>\d{1,9})\]")
_FILTER = re.compile(r'\[\?\(@\s*(?P<operator>==\^|==|!=|\^==|\*==)\s*"(?P<operand>[^"]*)"\)\]')
_SLICE = re.compile(r"\[(?P<start>-?\d{1,9})?:(?P<stop>-?\d{1,9})?\]")

_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "==": lambda element, operand: element == operand,
    "!=": lambda element, operand: element != operand,
    "^==": lambda element, operand: element.startswith(operand),
    "==^": lambda element, operand: element.endswith(operand),
    "*==": lambda element, operand: operand in element,
}


@dataclass(frozen=True, slots=True)
class FirstMatch:
    """The first text of a list that fits."""

    operator: str
    operand: str


@dataclass(frozen=True, slots=True)
class Cut:
    """A part of a text, by Python's rule for slices."""

    start: int | None
    stop: int | None


JSPathStep = str | int | FirstMatch | Cut


@dataclass(frozen=True, slots=True)
class JSPath:
    """A parsed path; `text` is as configured."""

    text: str
    steps: tuple[JSPathStep, ...]

    def find(self, claims: Mapping[str, Any]) -> object:
        """The value there, None where any step leads nowhere; an empty text leads nowhere too, being no role's name."""
        value: object = claims
        for step in self.steps:
            value = _follow(value, step)
            if value is None:
                return None
        return value if value != "" else None


def parse_jspath(text: str, where: str = "rest.jwt_role_claim_key") -> JSPath:
    """Parse a `jwt-role-claim-key`. Raises ConfigurationError, which names the setting by `where`."""
    steps: list[JSPathStep] = []
    position = 0
    while position < len(text):
        last = bool(steps) and isinstance(steps[-1], FirstMatch | Cut)
        if match := _KEY.match(text, position):
            step: JSPathStep = match["quoted"] if match["quoted"] is not None else match["bare"]
        elif match := _INDEX.match(text, position):
            step = int(match["index"])
        elif match := _FILTER.match(text, position):
            step = FirstMatch(match["operator"], match["operand"])
        elif match := _SLICE.match(text, position):
            start, stop = match["start"], match["stop"]
            step = Cut(None if start is None else int(start), None if stop is None else int(stop))
            last = bool(steps) and isinstance(steps[-1], Cut)
        else:
            break
        if last:  # a filter ends the path, but for a slice of what it found
            break
        steps.append(step)
        position = match.end()
    if position != len(text) or not steps:
        raise ConfigurationError(
            f'{where} = "{text}" is not a path of PostgREST\'s, from character {position + 1} on.',
            'Begin with a dot: `.role`, `.app."my-role"`, `.roles[0]`, `.roles[?(@ == "author")]`, `.group[1:]`.',
        )
    return JSPath(text, tuple(steps))


def _follow(value: object, step: JSPathStep) -> object:
    if isinstance(step, str):
        return value.get(step) if isinstance(value, Mapping) else None
    if isinstance(step, int):
        return value[step] if isinstance(value, list) and step < len(value) else None
    if isinstance(step, FirstMatch):
        texts = (one for one in value if isinstance(one, str)) if isinstance(value, list) else ()
        fits = _OPERATORS[step.operator]
        return next((one for one in texts if fits(one, step.operand)), None)
    return value[step.start : step.stop] if isinstance(value, str) else None
