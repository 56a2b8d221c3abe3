"""Where a claim lies: `role`, `app_metadata.role`, `"https://example.com/role"`, `cognito:groups[0]`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rowgate.errors import ConfigurationError

# One step of a path: a quoted name, a bare name (anything but the three signs that structure a path), or an index.
_STEP = re.compile(r'\.?"(?P<quoted>(?:[^"\\]|\\.)+)"|\.?(?P<bare>[^."\[\]]+)|\[(?P<index>\d{1,6})\]')


@dataclass(frozen=True, slots=True)
class ClaimPath:
    """A parsed path; `text` is as configured."""

    text: str
    steps: tuple[str | int, ...]

    def find(self, claims: Mapping[str, Any]) -> object:
        """The value there, or None where any step is absent (JSON null counts as absent)."""
        value: object = claims
        for step in self.steps:
            if isinstance(step, str):
                if not isinstance(value, Mapping) or step not in value:
                    return None
                value = value[step]
            else:
                if not isinstance(value, list) or step >= len(value):
                    return None
                value = value[step]
        return value


def parse_claim_path(text: str, where: str = "role_claim") -> ClaimPath:
    """Parse a `role_claim` setting, which errors name by `where`; a leading `$` or `.` (JSONPath) is allowed.

    Raises ConfigurationError.
    """
    rest = text.strip().removeprefix("$")
    steps: list[str | int] = []
    position = 0
    while position < len(rest):
        match = _STEP.match(rest, position)
        if match is None:
            break
        if match["quoted"] is not None:
            steps.append(re.sub(r"\\(.)", r"\1", match["quoted"]))
        elif match["bare"] is not None:
            steps.append(match["bare"])
        else:
            steps.append(int(match["index"]))
        position = match.end()
    if position != len(rest) or not steps or isinstance(steps[0], int):
        raise ConfigurationError(
            f'{where} = "{text}" is not a claim path.',
            "Write names joined by dots, quotes around a name that holds a dot, an index in brackets: "
            '`role`, `app_metadata.role`, `"https://example.com/role"`, `roles[0]`.',
        )
    return ClaimPath(text, tuple(steps))
