"""What a client may ask of the world, as records, and how each of them is spelled in a query string."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import quote

from tests.integration.rest.reference.world import Kind, array_literal


@dataclass(frozen=True)
class Field:
    """A column, or a path into a JSON one. `kind` is what comparisons see."""

    column: str
    kind: Kind
    path: tuple[str | int, ...] = ()

    def __str__(self) -> str:
        steps = [("->>" if last else "->") + str(step) for step, last in _with_last(self.path)]
        return self.column + "".join(steps)


@dataclass(frozen=True)
class Comparison:
    """`field.not.operator(quantifier).value`; `value` is a text, or a tuple of texts for `in` and any/all."""

    field: Field
    operator: str
    value: str | tuple[str, ...]
    negated: bool = False
    quantifier: str | None = None
    language: str | None = None


@dataclass(frozen=True)
class Presence:
    """`embed=is.null`, `embed=not.is.null`: whether the embed has rows."""

    embed: str
    present: bool


@dataclass(frozen=True)
class Tree:
    """`and(…)`, `or(…)`."""

    operator: str
    children: tuple[Condition, ...]
    negated: bool = False


Condition: TypeAlias = Comparison | Presence | Tree


@dataclass(frozen=True)
class Order:
    field: str
    relation: str | None = None  # a to-one embed whose column it is
    descending: bool | None = None
    nulls_first: bool | None = None

    def __str__(self) -> str:
        name = f"{self.relation}({self.field})" if self.relation else self.field
        direction = {None: "", True: ".desc", False: ".asc"}[self.descending]
        return name + direction + {None: "", True: ".nullsfirst", False: ".nullslast"}[self.nulls_first]


@dataclass(frozen=True)
class Output:
    """A selected column under an alias; `cast` to text."""

    field: Field
    alias: str | None = None
    cast: bool = False

    @property
    def name(self) -> str:
        if self.alias is not None:
            return self.alias
        keys = [step for step in self.field.path if isinstance(step, str)]
        return keys[-1] if keys else self.field.column

    def __str__(self) -> str:
        return (f"{self.alias}:" if self.alias else "") + str(self.field) + ("::text" if self.cast else "")


@dataclass(frozen=True)
class Embed:
    link: str
    question: Question
    alias: str | None = None
    inner: bool = False
    spread: bool = False

    @property
    def name(self) -> str:
        return self.alias or self.link

    def __str__(self) -> str:
        shown = f"{self.link}{'!inner' if self.inner else ''}({self.question.select})"
        return f"...{shown}" if self.spread else f"{self.alias}:{shown}" if self.alias else shown


@dataclass(frozen=True)
class Question:
    """A relation's select, filters, order and window. An empty `order` is none: any order will do."""

    table: str
    outputs: tuple[Output, ...]  # () is `*`
    embeds: tuple[Embed, ...] = ()
    conditions: tuple[Condition, ...] = ()
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0

    @property
    def select(self) -> str:
        return ",".join([*(map(str, self.outputs) if self.outputs else ("*",)), *map(str, self.embeds)])

    def terms(self, path: str = "") -> list[tuple[str, str]]:
        """Every parameter but select, those of embeds with their path."""
        found = [_parameter(path, condition) for condition in self.conditions]
        if self.order:
            found.append((path + "order", ",".join(map(str, self.order))))
        if self.limit is not None:
            found.append((path + "limit", str(self.limit)))
        if self.offset:
            found.append((path + "offset", str(self.offset)))
        for embed in self.embeds:
            found += embed.question.terms(f"{path}{embed.name}.")
        return found

    def query(self) -> str:
        """The query string, percent-encoded."""
        pairs = [("select", self.select), *self.terms()]
        return "&".join(f"{quote(name)}={quote(value)}" for name, value in pairs)


def _with_last(path: tuple[str | int, ...]) -> list[tuple[str | int, bool]]:
    return [(step, at == len(path) - 1) for at, step in enumerate(path)]


def _parameter(path: str, condition: Condition) -> tuple[str, str]:
    if isinstance(condition, Tree):
        negation = "not." if condition.negated else ""
        return f"{path}{negation}{condition.operator}", f"({_members(condition)})"
    if isinstance(condition, Presence):
        return path + condition.embed, "not.is.null" if condition.present else "is.null"
    return path + str(condition.field), _operation(condition, nested=False)


def _members(tree: Tree) -> str:
    return ",".join(map(_member, tree.children))


def _member(condition: Condition) -> str:
    if isinstance(condition, Tree):
        return f"{'not.' if condition.negated else ''}{condition.operator}({_members(condition)})"
    if isinstance(condition, Presence):
        return condition.embed + (".not.is.null" if condition.present else ".is.null")
    return f"{condition.field}.{_operation(condition, nested=True)}"


def _operation(comparison: Comparison, *, nested: bool) -> str:
    head = ("not." if comparison.negated else "") + comparison.operator
    if comparison.quantifier or comparison.language:
        head += f"({comparison.quantifier or comparison.language})"
    value = comparison.value
    if comparison.operator == "in":
        return f"{head}.({','.join(_in_quotes(each) for each in value)})"
    if isinstance(value, tuple):
        value = array_literal(value)
    return f"{head}.{_in_quotes(value) if nested and comparison.operator != 'is' else value}"


def _in_quotes(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
