"""The catalog as JSON, for an operator who wants to see what the server knows."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from enum import Enum
from typing import Any

import msgspec

from rowgate.postgres.catalog.records import Catalog, Function, RoleSettings

MASK = "***"


def catalog_json(catalog: Catalog) -> bytes:
    """The whole catalog; keys of two names are joined by a dot. `path.relations` has those that `relations` has not.

    Values of settings (of functions and roles) are masked: `ALTER ROLE … SET` is where people put secrets.
    """
    further = {name: one for name, one in catalog.path.relations.items() if name not in catalog.relations}
    path = dataclasses.replace(catalog.path, relations=further)
    return msgspec.json.encode(_plain(dataclasses.replace(catalog, path=path)))


def _plain(value: Any) -> Any:
    if isinstance(value, Function | RoleSettings):
        masked = tuple((name, MASK) for name, _ in value.settings)
        return _fields(dataclasses.replace(value, settings=masked))
    if isinstance(value, Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _fields(value)
    if isinstance(value, Mapping):
        return {_key(key): _plain(item) for key, item in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(_plain(item) for item in value)
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value


def _fields(record: Any) -> dict[str, Any]:
    return {field.name: _plain(getattr(record, field.name)) for field in dataclasses.fields(record)}


def _key(key: Any) -> str:
    if isinstance(key, tuple):
        return ".".join(_key(part) for part in key if part is not None)
    return str(key)
