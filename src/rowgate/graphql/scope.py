"""What planning one operation carries along: its variables, its fragments, the trace of what was looked at, and what
may still be spent on it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from graphql.language import FragmentDefinitionNode, SelectionNode, ValueNode

from rowgate.graphql.allowance import Allowance
from rowgate.graphql.given import Json, Trace


class Selected(msgspec.Struct, frozen=True):
    """A field that an operation selects: `name` of the type, `key` of the answer. Fields of one key are merged:
    `selections` are those of all of them, in order."""

    key: str
    name: str
    arguments: Mapping[str, ValueNode]
    selections: tuple[SelectionNode, ...]


class Scope(msgspec.Struct, frozen=True):
    """The surroundings of every selection of one operation. `defaults` are those of its variables that have one."""

    variables: Mapping[str, Json]
    defaults: Mapping[str, ValueNode]
    fragments: Mapping[str, FragmentDefinitionNode]
    trace: Trace
    allowance: Allowance = msgspec.field(default_factory=Allowance)
