"""Media types of Accept and Content-Type."""

from __future__ import annotations

import msgspec


class MediaType(msgspec.Struct, frozen=True):
    """A media type: lower-cased `name` ("application/json") and its parameters in order, quality removed."""

    name: str
    parameters: tuple[tuple[str, str], ...] = ()


ANY = MediaType("*/*")
JSON = MediaType("application/json")
CSV = MediaType("text/csv")
FORM = MediaType("application/x-www-form-urlencoded")
_ANY_ALONE = (ANY,)
_JSON_ALONE = (JSON,)
MAX_ACCEPTED = 64  # more media types than any client names; the rest are not looked at


def parse_accept(value: bytes | None) -> tuple[MediaType, ...]:
    """The media types of an Accept header, best first: by quality, then the more specific, then in order."""
    if value is None or value == b"*/*":
        return _ANY_ALONE
    if value == b"application/json":
        return _JSON_ALONE
    weighed: list[tuple[float, int, MediaType]] = []
    for item in value.decode("latin-1").replace(" ", "").replace("\t", "").split(",")[:MAX_ACCEPTED]:
        kind, _, rest = item.partition(";q=")
        media_type = parse_media_type(kind)
        specificity = kind.count(";") - kind.count("*")
        weighed.append((-_quality(rest.partition(";")[0]), -specificity, media_type))
    weighed.sort(key=lambda entry: entry[:2])
    return tuple([media_type for _, _, media_type in weighed])


def parse_media_type(value: str) -> MediaType:
    """One media type and its parameters; an empty one is `*/*`."""
    name, *parts = value.split(";")
    parameters: list[tuple[str, str]] = []
    for part in parts:
        key, _, parameter = part.strip().partition("=")
        if key:
            parameters.append((key.strip().lower(), parameter.strip().strip('"')))
    return MediaType(name.strip().lower() or "*/*", tuple(parameters))


def parse_content_type(value: bytes | None) -> MediaType:
    """The media type of a body; JSON when nothing is said."""
    if value is None or value == b"application/json":
        return JSON
    return parse_media_type(value.decode("latin-1"))


def _quality(text: str) -> float:
    """A quality value; 1 when it is not a number, as upstream reads it."""
    try:
        quality = float(text)
    except ValueError:
        return 1.0
    return quality if 0.0 <= quality <= 1.0 else 1.0
