"""Which representation an answer takes: the first accepted media type that the resource can be written in."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeAlias

import msgspec
from msgspec.structs import replace

from rowgate.http.media_types import MediaType
from rowgate.postgres.catalog.records import QualifiedName
from rowgate.postgrest.errors import RestError
from rowgate.rest.call_plan import Call

Handlers: TypeAlias = Mapping[tuple[QualifiedName | None, str], QualifiedName]


class Body(StrEnum):
    """How rows become a body."""

    ARRAY = "array"
    OBJECT = "object"
    CSV = "csv"
    GEOJSON = "geojson"
    AGGREGATE = "aggregate"  # what a media type's aggregate makes of the rows
    RAW = "raw"  # the one value itself, of a function that returns a media type's domain
    NONE = "none"


class Format(msgspec.Struct, frozen=True):
    """A body's form and the Content-Type that says so. `strip`: null members are left out.

    `aggregate` writes the rows where the form is its own; `row_type` is the relation whose rows it takes, None any.
    """

    body: Body
    content_type: bytes
    strip: bool = False
    aggregate: QualifiedName | None = None
    row_type: QualifiedName | None = None
    explain: str = ""  # `explain (…) ` where the statement's plan is asked for in place of its rows

    @property
    def of_text(self) -> bool:
        """Whether rows are written as Postgres' text of them, in which a json value stands as it is spelled."""
        return self.body in (Body.CSV, Body.AGGREGATE)

    @property
    def singular(self) -> bool:
        return self.body is Body.OBJECT and not self.explain


JSON = Format(Body.ARRAY, b"application/json; charset=utf-8")
STRIPPED = Format(Body.ARRAY, b"application/vnd.pgrst.array+json;nulls=stripped; charset=utf-8", strip=True)
OBJECT = Format(Body.OBJECT, b"application/vnd.pgrst.object+json; charset=utf-8")
STRIPPED_OBJECT = Format(Body.OBJECT, b"application/vnd.pgrst.object+json;nulls=stripped; charset=utf-8", strip=True)
CSV = Format(Body.CSV, b"text/csv; charset=utf-8")
GEOJSON = Format(Body.GEOJSON, b"application/geo+json; charset=utf-8")

PLAIN = {
    "*/*": JSON,
    "application/json": JSON,
    "application/*": JSON,
    "text/csv": CSV,
    "application/geo+json": GEOJSON,
}

OPENAPI = "application/openapi+json"
CHARSET = b"; charset=utf-8"
# The types upstream knows by name: these are sent with their character set, and without.
TEXTUAL = frozenset(
    [
        "text/plain",
        "text/xml",
        "text/csv",
        "application/json",
        "application/geo+json",
        OPENAPI,
        "application/x-www-form-urlencoded",
    ]
)
BARE = frozenset(["application/octet-stream", "*/*"])

PLANS = {
    "application/vnd.pgrst.plan": "text",
    "application/vnd.pgrst.plan+text": "text",
    "application/vnd.pgrst.plan+json": "json",
}
VENDORED = "application/vnd.pgrst."  # these no function and no aggregate replaces
PLAN_OPTIONS = ("analyze", "verbose", "settings", "buffers", "wal")  # EXPLAIN's own names


class Resource(msgspec.Struct, frozen=True):
    """What an answer shows: rows of a relation, whole (`select=*`) or chosen from, and the call that gave them."""

    relation: QualifiedName
    whole: bool
    call: Call | None = None


def negotiate(accept: tuple[MediaType, ...], shown: Resource, handlers: Handlers, *, plans: bool = False) -> Format:
    """Choose the format of an answer.

    An aggregate over a domain named like a media type (`create domain "image/png" as bytea`) writes rows in that type,
    and goes before the built-in form of it; one for a relation takes its rows only as they are. A function whose result
    is one value of such a domain can answer in that type beside the built-in ones; `*/*` alone means JSON there too, as
    upstream reads it. A domain named `*/*` takes every type but the vendored ones. `plans` says whether a statement's
    plan may be shown (db_plan_enabled). Raises RestError PGRST107 when nothing accepted can be produced.
    """
    own = _own_media_type(shown.call)

    def written(media: MediaType) -> Format | None:
        return _own_format(own, media) or _handled(shown, handlers, media) or _format(media)

    for media in accept:
        if media.name not in PLANS:
            chosen = written(media)
        else:
            chosen = _explained(written(_planned(media)), media) if plans else None
        if chosen is not None:
            return chosen
    raise not_available(accept)


def not_available(accept: tuple[MediaType, ...]) -> RestError:
    """PGRST107: nothing that was accepted can be produced."""
    names = ", ".join(_spelled(media) for media in accept)
    return RestError(406, "PGRST107", f"None of these media types are available: {names}")


def _format(media: MediaType) -> Format | None:
    if media.name in ("application/vnd.pgrst.object+json", "application/vnd.pgrst.object"):
        return STRIPPED_OBJECT if _stripped(media) else OBJECT
    if media.name in ("application/vnd.pgrst.array+json", "application/vnd.pgrst.array"):
        return STRIPPED if _stripped(media) else JSON
    return PLAIN.get(media.name)


def _planned(media: MediaType) -> MediaType:
    """What the plan is for: `application/vnd.pgrst.plan+json; for="text/csv"; options=analyze|buffers`."""
    own = tuple([each for each in media.parameters if each[0] not in ("for", "options")])
    return MediaType(dict(media.parameters).get("for", "application/json").lower(), own)


def _explained(planned: Format | None, media: MediaType) -> Format | None:
    if planned is None:
        return None
    explain = f"explain ({', '.join([f'format {PLANS[media.name]}', *_options(media)])}) "
    return replace(planned, content_type=f"{_spelled(media)}; charset=utf-8".encode(), explain=explain)


def _options(media: MediaType) -> list[str]:
    asked = dict(media.parameters).get("options", "").split("|")
    return [name for name in PLAN_OPTIONS if name in asked]


def _stripped(media: MediaType) -> bool:
    return ("nulls", "stripped") in media.parameters


def _own_media_type(call: Call | None) -> str | None:
    if call is None or not (call.scalar and call.single):
        return None
    # The catalog writes types as SQL does: a name with a slash in it stands in quotes, behind its schema.
    _, quote, name = call.function.returns.type.rstrip('"').rpartition('"')
    return name if quote and "/" in name else None


def _own_format(own: str | None, media: MediaType) -> Format | None:
    if own is None or media.name.startswith(VENDORED):
        return None
    if own == "*/*":  # the function says the type itself, through response.headers
        return Format(Body.RAW, b"application/octet-stream")
    if media.name == own or (media.name not in PLAIN and _covers(media.name, own)):
        return Format(Body.RAW, _declared(own))
    return None


def _handled(shown: Resource, handlers: Handlers, media: MediaType) -> Format | None:
    """Of a relation's own aggregates that for `*/*` goes first; those for anything come last, for values too."""
    if not handlers or media.name.startswith(VENDORED):
        return None
    if shown.whole and not (shown.call is not None and shown.call.scalar):
        for name in ("*/*", media.name):
            if aggregate := handlers.get((shown.relation, name)):
                declared = b"application/octet-stream" if name == "*/*" else _declared(name)
                return Format(Body.AGGREGATE, declared, aggregate=aggregate, row_type=shown.relation)
    aggregate = handlers.get((None, media.name))
    return Format(Body.AGGREGATE, _declared(media.name), aggregate=aggregate) if aggregate else None


def _covers(wanted: str, name: str) -> bool:
    """Whether a range such as `image/*` holds a type."""
    return wanted.endswith("/*") and name.startswith(wanted[:-1])


def _declared(name: str) -> bytes:
    return name.encode() + (CHARSET if name in TEXTUAL else b"")


def _spelled(media: MediaType) -> str:
    """The name of a type that is known, without what means nothing; one that is not keeps its parameters."""
    if media.name in PLANS:
        options = "|".join(_options(media))
        planned = f'application/vnd.pgrst.plan+{PLANS[media.name]}; for="{_spelled(_planned(media))}"'
        return f"{planned}; options={options}" if options else planned
    if media.name.startswith(VENDORED) and (known := _format(media)) is not None:
        return known.content_type.removesuffix(CHARSET).decode()
    if media.name in TEXTUAL or media.name in BARE:
        return media.name
    return media.name + "".join(f";{name}={value}" for name, value in media.parameters)
