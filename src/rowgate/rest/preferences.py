"""The Prefer header (RFC 7240) as PostgREST reads it.

https://docs.postgrest.org/en/v14/references/api/preferences.html
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from msgspec.structs import replace

from rowgate.postgrest.errors import RestError
from rowgate.rest.ranges import MAX_ROW, integer
from rowgate.rest.syntax import Count, Preferences, Resolution, Return

NONE = Preferences()
_READERS: dict[str, tuple[str, dict[str, object] | Callable[[str], object]]] = {
    "resolution": ("resolution", {value.value: value for value in Resolution}),
    "return": ("returns", {value.value: value for value in Return}),
    "count": ("count", {value.value: value for value in Count}),
    "tx": ("transaction", {"commit": "commit", "rollback": "rollback"}),
    "missing": ("missing", {"default": "default", "null": "null"}),
    "handling": ("handling", {"strict": "strict", "lenient": "lenient"}),
}


def parse_preferences(values: list[bytes], *, transaction_override: bool) -> Preferences:
    """Read the Prefer headers of a request, in order; the first of each name counts.

    `transaction_override` says whether `tx=` may be heeded. Timezones are checked by `with_known_timezone`, which needs
    the catalog's; what is not known is refused by `insist_on_known`, once the rest of the request is found to be right.
    """
    if not values:
        return NONE
    found: dict[str, object] = {}
    invalid: list[str] = []
    for preference in b",".join(values).decode("utf-8", "replace").split(","):
        preference = preference.strip(" \t\r\n\v\f")
        name, equals, value = preference.partition("=")
        if name == "timezone" and equals:
            found.setdefault("timezone", value)
        elif name == "max-affected" and equals:
            found.setdefault("max_affected", _max_affected(value))
        elif (reader := _READERS.get(name)) is not None and isinstance(reader[1], dict) and value in reader[1]:
            found.setdefault(reader[0], reader[1][value])
        else:
            invalid.append(preference)
    if not transaction_override:
        found.pop("transaction", None)
    return Preferences(**found, invalid=tuple(invalid))  # type: ignore[arg-type]


def with_known_timezone(preferences: Preferences, timezones: Collection[str]) -> Preferences:
    """A timezone the database does not know is one more preference that is not known."""
    if preferences.timezone is None or preferences.timezone in timezones:
        return preferences
    return replace(preferences, timezone=None, invalid=(*preferences.invalid, f"timezone={preferences.timezone}"))


def insist_on_known(preferences: Preferences) -> None:
    """Raise RestError PGRST122 where `handling=strict` and a preference is not known."""
    if preferences.invalid and preferences.handling == "strict":
        raise RestError(
            400,
            "PGRST122",
            "Invalid preferences given with handling=strict",
            f"Invalid preferences: {', '.join(preferences.invalid)}",
        )


def _max_affected(value: str) -> int | None:
    number = integer(value)
    return None if number is None or abs(number) == MAX_ROW else number
