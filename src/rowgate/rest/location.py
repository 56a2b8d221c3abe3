"""Where an answer's rows are found: Content-Location of a read, Location of a new row. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from string import ascii_letters, digits
from urllib.parse import unquote_to_bytes

import msgspec

_UNRESERVED = (ascii_letters + digits + "-._~").encode()  # RFC 3986 section 2.3
_RESERVED = re.compile(b"[^%b]" % re.escape(_UNRESERVED))
_ENCODED = re.compile(rb"[%+]")


def content_location(target: str, query: bytes) -> bytes:
    """The path and the query string in its canonical form: sorted by name, percent-encoded anew.

    A name that comes several times is written once, with its values joined by commas, as upstream writes it.
    """
    path = b"/" + _spelled(target.encode())
    encoded = _ENCODED.search(query) is not None
    given: dict[bytes, bytes] = {}
    for pair in query.split(b"&"):
        if pair:
            name, _, value = pair.partition(b"=")
            if encoded:
                name, value = _decoded(name), _decoded(value)
            value = _spelled(value)
            given[name] = value if name not in given else b"%b,%b" % (given[name], value)
    if not given:
        return path
    return b"%b?%b" % (path, b"&".join([b"%b=%b" % (_spelled(name), given[name]) for name in sorted(given)]))


def key_location(relation: str, names: Sequence[str], key: bytes) -> bytes:
    """The path and the filters that find one row by its key, whose values are a JSON array of texts and nulls."""
    values = msgspec.json.decode(key, type=list[str | None])
    terms = [
        b"%b=%b" % (_spelled(name.encode()), b"is.null" if value is None else b"eq." + _spelled(value.encode()))
        for name, value in zip(names, values, strict=True)
    ]
    return b"/%b?%b" % (_spelled(relation.encode()), b"&".join(terms))


def _decoded(raw: bytes) -> bytes:
    return unquote_to_bytes(raw.replace(b"+", b" "))


def _spelled(raw: bytes) -> bytes:
    """Percent-encoded; by hand, since `urllib.parse.quote` looks at every byte and this is done for every read."""
    reserved = raw.translate(None, _UNRESERVED)
    if not reserved:
        return raw
    if not reserved.strip(b","):  # a list of columns
        return raw.replace(b",", b"%2C")
    return _RESERVED.sub(_percent, raw)


def _percent(found: re.Match[bytes]) -> bytes:
    return b"%%%02X" % ord(found[0])
