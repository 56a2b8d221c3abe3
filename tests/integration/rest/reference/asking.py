"""Hypothesis strategies: any question the grammar allows about the world."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from hypothesis import strategies as st

from tests.integration.rest.reference.questions import (
    Comparison,
    Condition,
    Embed,
    Field,
    Order,
    Output,
    Presence,
    Question,
    Tree,
)
from tests.integration.rest.reference.world import (
    BOOL,
    DATE,
    DOCUMENT,
    INT,
    MARK,
    NUMERIC,
    SEARCHED,
    SPAN,
    TEXT,
    WORDS,
    WORLD,
    Kind,
    array_literal,
    span_literal,
)

DEPTH = 2  # embeds within embeds
ORDERED = ("eq", "neq", "gt", "gte", "lt", "lte")
PATTERNS = (f"{MARK}*", "*e*", f"{MARK}__x", "*%*", "*", "", f"{MARK}REX", f"{MARK}a_b", "*ö*")
REGEXES = (f"^{MARK}", "e", "[a-c]", "x$", f"{MARK}(rex|ann)", "^$", "b.l")
PATHS: tuple[tuple[str | int, ...], ...] = (("kind",), ("n", 0), ("n", -1), ("nothing", "below"))
_SPANS = ((1, 5), (5, 9), (0, 2), (2, 3), (-4, 0), (9, 12), (0, 30))
_WORDS = ("red", "blue", "dog", "cat", "bird")
_OPERATORS: Mapping[Kind, tuple[str, ...]] = {
    INT: (*ORDERED, "in", "isdistinct"),
    NUMERIC: (*ORDERED, "in", "isdistinct"),
    DATE: (*ORDERED, "in", "isdistinct"),
    BOOL: ("eq", "neq", "isdistinct"),
    TEXT: (*ORDERED, "in", "isdistinct", "like", "ilike", "match", "imatch"),
    WORDS: ("eq", "neq", "cs", "cd", "ov"),
    SPAN: ("eq", "neq", "cs", "cd", "ov", "sl", "sr", "nxl", "nxr", "adj"),
    SEARCHED: ("fts", "plfts", "phfts", "wfts"),
}
_QUANTIFIED = ("eq", "gt", "gte", "lt", "lte", "like", "ilike", "match", "imatch")


def questions(tables: tuple[str, ...] = ("owners", "pets", "toys", "vets")) -> st.SearchStrategy[Question]:
    """A whole request about one of the tables."""
    return st.sampled_from(tables).flatmap(lambda table: _question(table, DEPTH))


@st.composite
def plain_questions(draw: st.DrawFn, table: str) -> Question:
    """What a write can be asked: columns, and filters on columns."""
    outputs = draw(_outputs(table, ""))
    conditions = draw(st.lists(_condition(table, ()), min_size=1, max_size=3))
    return Question(table, outputs, (), tuple(conditions))


@st.composite
def _question(draw: st.DrawFn, table: str, depth: int, *, prefix: str = "", to_one: bool = False) -> Question:
    links = draw(st.lists(st.sampled_from(sorted(WORLD[table].links)), unique=True, max_size=2)) if depth else []
    embeds = [draw(_embed(table, link, depth - 1, prefix)) for link in links]
    spread = bool(prefix) or any(embed.spread for embed in embeds)
    columns = _outputs(table, prefix, nested=depth < DEPTH)
    outputs = draw(columns if spread else st.just(()) | columns)
    asked = tuple(embed.name for embed in embeds if not embed.spread and not embed.question.offset)
    conditions = draw(st.lists(_condition(table, asked), max_size=2))
    if to_one:
        return Question(table, outputs, tuple(embeds), tuple(conditions))
    order = draw(_order(table, embeds))
    limit = draw(st.none() | st.integers(1, 4)) if order else None
    offset = draw(st.integers(0, 2)) if order else 0
    return Question(table, outputs, tuple(embeds), tuple(conditions), order, limit, offset)


@st.composite
def _embed(draw: st.DrawFn, table: str, link: str, depth: int, prefix: str) -> Embed:
    """`prefix` is not empty below a spread, whose names must meet nobody else's."""
    end = WORLD[table].links[link]
    spread = end.to_one and draw(st.booleans())
    below = f"{prefix}{link}_" if spread else ""
    question = draw(_question(end.table, depth, prefix=below, to_one=end.to_one))
    inner = not question.offset and draw(st.booleans())
    alias = None if spread else f"{prefix}{link}" if prefix else draw(st.none() | st.just(f"{link}_too"))
    return Embed(link, question, alias, inner, spread)


@st.composite
def _outputs(draw: st.DrawFn, table: str, prefix: str, *, nested: bool = False) -> tuple[Output, ...]:
    """`nested` leaves out paths that end in an index: in front of `)` upstream reads digits as a key."""
    kinds = WORLD[table].kinds
    columns = draw(st.lists(st.sampled_from(sorted(kinds)), unique=True, min_size=1, max_size=4))
    outputs: list[Output] = []
    for at, column in enumerate(columns):
        kind = kinds[column]
        alias = f"{prefix}{at}" if prefix else draw(st.none() | st.just(f"alias_{at}"))
        path: tuple[str | int, ...] = ()
        if kind is DOCUMENT:
            alias, path = f"{prefix}doc_{at}", draw(st.sampled_from(PATHS))
            if nested and isinstance(path[-1], int):
                path = path[:-1]
        cast = kind in (INT, NUMERIC, BOOL, DATE) and draw(st.booleans())
        outputs.append(Output(Field(column, kind, path), alias, cast))
    return tuple(outputs)


@st.composite
def _order(draw: st.DrawFn, table: str, embeds: list[Embed]) -> tuple[Order, ...]:
    """Nothing, or an order that ends with the key, so that one answer alone is right."""
    if draw(st.booleans()):
        return ()
    sortable = [name for name, kind in WORLD[table].kinds.items() if kind in (INT, TEXT, NUMERIC, BOOL, DATE)]
    ways = st.none() | st.booleans()
    terms = [
        Order(column, None, draw(ways), draw(ways))
        for column in draw(st.lists(st.sampled_from(sortable), unique=True, max_size=2))
    ]
    for embed in embeds:
        link = WORLD[table].links[embed.link]
        if link.to_one and not embed.spread and draw(st.booleans()):
            terms.append(Order("name", embed.name, draw(ways), draw(ways)))
    return (*terms, Order("id"))


def _condition(table: str, embeds: tuple[str, ...]) -> st.SearchStrategy[Condition]:
    leaf: st.SearchStrategy[Condition] = _comparison(table, simple=True)
    if embeds:
        leaf = leaf | st.builds(Presence, st.sampled_from(embeds), st.booleans())
    trees = st.recursive(
        leaf,
        lambda inner: st.builds(
            Tree, st.sampled_from(["and", "or"]), st.lists(inner, min_size=1, max_size=3).map(tuple), st.booleans()
        ),
        max_leaves=4,
    )
    return _comparison(table, simple=False) | trees


@st.composite
def _comparison(draw: st.DrawFn, table: str, *, simple: bool) -> Comparison:
    """`simple` leaves out array literals with quotes, which in a logic tree would need quoting twice."""
    column = draw(st.sampled_from(sorted(WORLD[table].kinds)))
    kind = WORLD[table].kinds[column]
    negated = draw(st.booleans())
    if draw(st.integers(0, 5)) == 0:
        words = ("null", "not_null", "true", "false", "unknown") if kind is BOOL else ("null", "not_null")
        return Comparison(Field(column, kind), "is", draw(st.sampled_from(words)), negated)
    if kind is DOCUMENT:
        field = Field(column, TEXT, draw(st.sampled_from(PATHS)))
        operator = draw(st.sampled_from(["eq", "neq", "in", "like", "ilike"]))
        return _valued(draw, field, operator, negated, simple)
    return _valued(draw, Field(column, kind), draw(st.sampled_from(_OPERATORS[kind])), negated, simple)


def _valued(draw: st.DrawFn, field: Field, operator: str, negated: bool, simple: bool) -> Comparison:
    values = _values(field, operator)
    if operator == "in":
        listed = draw(st.lists(values, min_size=1, max_size=3).filter(lambda each: each != [""]))
        return Comparison(field, operator, tuple(listed), negated)
    if field.kind is SEARCHED:
        return Comparison(field, operator, draw(values), negated, language="simple")
    if (
        operator in _QUANTIFIED
        and field.kind in (INT, NUMERIC, DATE, TEXT)
        and draw(st.integers(0, 3)) == 0
        and not simple
    ):
        several = tuple(draw(st.lists(values, max_size=3)))
        return Comparison(field, operator, several, negated, draw(st.sampled_from(["any", "all"])))
    return Comparison(field, operator, draw(values), negated)


def _values(field: Field, operator: str) -> st.SearchStrategy[str]:
    """Texts of a column's kind: those that are there, their neighbours, and others."""
    kind = field.kind
    if operator in ("like", "ilike"):
        return st.sampled_from(PATTERNS)
    if operator in ("match", "imatch"):
        return st.sampled_from(REGEXES)
    if kind is SEARCHED:
        joint = {"fts": " & ", "plfts": " ", "wfts": " or ", "phfts": ""}[operator]
        most = 1 if operator == "phfts" else 2
        return st.lists(st.sampled_from(_WORDS), min_size=1, max_size=most, unique=True).map(joint.join)
    if kind is BOOL:
        return st.sampled_from(["true", "false"])
    if kind is WORDS:
        words = st.sampled_from([f"{MARK}a", f"{MARK}b", f'{MARK}"c"', f"{MARK}x y", MARK, f"{MARK}other"])
        return st.lists(words, max_size=2).map(array_literal)
    if kind is SPAN:
        return st.sampled_from(_SPANS).map(span_literal)
    there = [row[field.column] for table in WORLD.values() for row in table.rows if row.get(field.column) is not None]
    if field.path:
        return st.sampled_from([f"{MARK}big", f"{MARK}small", "", "1", "2"])
    known = st.sampled_from(there)
    if kind is INT:
        return (known | st.integers(-5, 15)).map(str)
    if kind is DATE:
        return st.builds(lambda day, by: (day + timedelta(by)).isoformat(), known, st.integers(-1, 1))
    if kind is NUMERIC:
        return known.map(str) | st.sampled_from(["0", "2.0", "1e3", "-3.25"])
    return known | st.text("abR ,.:()\"'☃%*_\n", max_size=4).map(lambda text: MARK + text)
