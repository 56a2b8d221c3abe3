"""What may be shown of a value that may hold a credential."""

from __future__ import annotations

import re

MASK = "********"

_URL_PASSWORD = re.compile(r"^([a-z][a-z0-9+.-]*://[^/?#@]*?:)[^@/?#]*@", re.IGNORECASE)


def masked(value: object) -> object:
    """A value that may hold a credential: a URL keeps everything but its password, a table its names."""
    if value is None or value == ():
        return None
    if isinstance(value, tuple):
        return {name: MASK for name, _ in value}
    text = str(value)
    shown, found = _URL_PASSWORD.subn(rf"\g<1>{MASK}@", text)
    if found and "password" not in shown.lower():
        return shown
    if re.match(r"^[a-z][a-z0-9+.-]*://[^@?#]*$", text, re.IGNORECASE):  # no user, no query: nothing to hide
        return text
    return MASK
