"""What `select=` may say. https://docs.postgrest.org/en/v14/references/api/tables_views.html#vertical-filtering"""

from __future__ import annotations

import pytest

from rowgate.postgrest.errors import RestError
from rowgate.rest.parse_failure import MAX_NESTING
from rowgate.rest.select_syntax import EVERYTHING, parse_select
from rowgate.rest.syntax import FieldPath, JsonStep, SelectEmbed, SelectField


def column(name: str, **more: object) -> SelectField:
    return SelectField(FieldPath(name), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*", EVERYTHING),
        ("", ()),
        ("id,title", (column("id"), column("title"))),
        ("full name,année,naïve-col", (column("full name"), column("année"), column("naïve-col"))),
        ('"a,b "', (column("a,b "),)),
        (r'"a\"b\\c"', (column(r'a"b\c'),)),
        ("alias:name", (column("name", alias="alias"),)),
        ("salary::text", (column("salary", cast="text"),)),
        ("n:salary::double precision", (column("salary", alias="n", cast="double precision"),)),
        ("count()", (SelectField(None, aggregate="count"),)),
        ("n:count()::text", (SelectField(None, "n", None, "count", "text"),)),
        ("amount.sum()", (column("amount", aggregate="sum"),)),
        (
            "a:amount::int.avg()::text",
            (column("amount", alias="a", cast="int", aggregate="avg", aggregate_cast="text"),),
        ),
        ("a.min(),b.max()", (column("a", aggregate="min"), column("b", aggregate="max"))),
    ],
)
def test_columns_casts_and_aggregates(text: str, expected: tuple[SelectField, ...]) -> None:
    assert parse_select(text) == expected


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("d->a", (JsonStep(False, "a"),)),
        ("d->>a", (JsonStep(True, "a"),)),
        ("d->a->b->>0", (JsonStep(False, "a"), JsonStep(False, "b"), JsonStep(True, index=0))),
        ("d->-1", (JsonStep(False, index=-1),)),
        ("d->1a", (JsonStep(False, "1a"),)),
        ("d->a-b c", (JsonStep(False, "a-b c"),)),
        ('d->"a.b->c"', (JsonStep(False, "a.b->c"),)),
        ("d->!@#$%^&*_a", (JsonStep(False, "!@#$%^&*_a"),)),
    ],
)
def test_json_paths(text: str, steps: tuple[JsonStep, ...]) -> None:
    assert parse_select(text) == (SelectField(FieldPath("d", steps)),)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rel(*)", SelectEmbed("rel", EVERYTHING)),
        ("rel()", SelectEmbed("rel", ())),
        ("a:rel(id)", SelectEmbed("rel", (column("id"),), alias="a")),
        ("rel!hint(id)", SelectEmbed("rel", (column("id"),), hint="hint")),
        ("rel!inner(id)", SelectEmbed("rel", (column("id"),), join="inner")),
        ("rel!left(id)", SelectEmbed("rel", (column("id"),), join="left")),
        ("rel!fk!inner(id)", SelectEmbed("rel", (column("id"),), hint="fk", join="inner")),
        ("rel!inner!fk(id)", SelectEmbed("rel", (column("id"),), hint="fk", join="inner")),
        ("...rel(id)", SelectEmbed("rel", (column("id"),), spread=True)),
        ("a(b(c(d)))", SelectEmbed("a", (SelectEmbed("b", (SelectEmbed("c", (column("d"),)),)),))),
        ('"my rel"("my col")', SelectEmbed("my rel", (column("my col"),))),
    ],
)
def test_embeds_hints_joins_and_spreads(text: str, expected: SelectEmbed) -> None:
    assert parse_select(text) == (expected,)


@pytest.mark.parametrize("text", ["*,rel(*)extra", "!x", "*)", ",id", "...rel-!fk(id)"])
def test_upstream_ignores_what_follows_a_complete_selection(text: str) -> None:
    parse_select(text)


END = 'letter, digit, "-", "->>", "->", "::", ".", ")", "," or end of input'
ITEM = '"...", field name (* or [a..z0..9_$]), "*" or "count()"'


@pytest.mark.parametrize(
    ("text", "column_number", "details"),
    [
        ("id,clients(name[])", 16, f"unexpected '[' expecting {END}"),
        ("name!hint", 5, f"unexpected '!' expecting {END}"),
        ("count(x)", 6, f"unexpected '(' expecting {END}"),
        ("name::", 7, "unexpected end of input expecting letter or digit"),
        ("id,", 4, f"unexpected end of input expecting {ITEM}"),
        ("data->>--34", 9, 'unexpected "-" expecting digit'),
        ("data->>-xy-4", 9, 'unexpected "x" expecting digit'),
        ("data->>-78xy", 11, 'unexpected \'x\' expecting digit, "->", "::", ".", "," or end of input'),
        ("id.foo", 4, 'unexpected "f" expecting "sum", "avg", "count", "max" or "min"'),
        ("rel(a) ", 8, 'unexpected end of input expecting ","'),
        ("rel(a(b)", 9, 'unexpected end of input expecting "," or ")"'),
        ("a:", 3, 'unexpected end of input expecting ":" or field name (* or [a..z0..9_$])'),
        ("a:\t", 9, "unexpected end of input expecting field name (* or [a..z0..9_$])"),
        ("a:b:c", 4, 'unexpected "c" expecting "::"'),
        ("a::int:", 7, 'unexpected end of input expecting "::"'),
        ("rel(,a)", 5, f'unexpected "," expecting {ITEM[:-13]}, "count()" or ")"'),
        ("rel(a,)", 7, f'unexpected ")" expecting {ITEM}'),
        ("...rel(a,)", 10, f'unexpected ")" expecting {ITEM}'),
        ("rel(a,b", 8, 'unexpected end of input expecting "," or ")"'),
        ("rel(.a)", 5, f'unexpected "a" expecting {ITEM[:-13]}, "count()" or ")"'),
        ("a,.b", 3, f'unexpected "." expecting {ITEM}'),
        ("a,*b", 4, 'unexpected \'b\' expecting ")", "," or end of input'),
        ("\t", 9, 'unexpected end of input expecting "*", field name (* or [a..z0..9_$]) or "count()"'),
        ("a\tb", 9, 'unexpected \'b\' expecting "::", ".", ")", "," or end of input'),
        ("a-", 3, 'unexpected end of input expecting ">", letter or digit'),
        ("a-b!", 4, "unexpected '!' expecting " + END.removeprefix("letter, digit, ")),
        ("data->a(", 8, "unexpected '(' expecting " + END.removeprefix('letter, digit, "-", ')),
        ("data->a-", 9, 'unexpected end of input expecting ">"'),
        ("x(count()", 10, 'unexpected end of input expecting "::", ")", "," or end of input'),
        ('"a\\', 4, "unexpected end of input"),
    ],
)
def test_a_parse_error_says_where_and_what_was_expected(text: str, column_number: int, details: str) -> None:
    with pytest.raises(RestError) as caught:
        parse_select(text)
    error = caught.value
    assert (error.status, error.code, error.hint) == (400, "PGRST100", None)
    assert error.message == f'"failed to parse select parameter ({text})" (line 1, column {column_number})'
    assert error.details == details


@pytest.mark.parametrize("opening", ["a(", "...a(", "a:b!c("])
def test_nesting_is_bounded(opening: str) -> None:
    parse_select(opening * MAX_NESTING + ")" * MAX_NESTING)
    with pytest.raises(RestError) as caught:
        parse_select(opening * 20_000)
    assert caught.value.code == "PGRST100"
    assert "levels deep" in (caught.value.details or "")


def test_json_paths_are_bounded() -> None:
    with pytest.raises(RestError) as caught:
        parse_select("a" + "->b" * 5_000)
    assert "levels deep" in (caught.value.details or "")
