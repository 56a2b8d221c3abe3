"""Every example of docs/graphql-schema.md, section by section, over the tables that the page begins with; and the
operations of docs/graphql.md, over those without inflected names."""

from __future__ import annotations

import json
import re
from pathlib import Path

import psycopg
import pytest

from tests.integration.graphql.reading import reader_of
from tests.integration.rest.conftest import made_database

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "graphql-schema.md").read_text()
BLOCK = re.compile(r"^```(sql|graphql|json)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BEGINNING, *REST = PAGE.split("\n## ")
SECTIONS = {section.partition("\n")[0]: section for section in REST if BLOCK.search(section)}


@pytest.mark.parametrize("title", SECTIONS)
def test_an_example_answers_what_the_page_says(postgres_url: str, title: str) -> None:
    tables = "".join(sql for _, sql in BLOCK.findall(BEGINNING))
    asked = ""
    answers = 0
    with made_database(postgres_url, tables) as url:
        for kind, text in BLOCK.findall(SECTIONS[title]):
            if kind == "sql":
                with psycopg.connect(url, autocommit=True) as owner:
                    owner.execute(text.encode())
            elif kind == "graphql":
                asked = text
            else:
                with reader_of(url) as reader:
                    assert reader.ask(asked) == {"data": json.loads(text)}
                answers += 1
    assert answers


def test_the_operations_of_the_other_page_run(postgres_url: str) -> None:
    tables = "".join(sql for _, sql in BLOCK.findall(BEGINNING)).replace('"inflect_names": true', "")
    operations = [text for kind, text in BLOCK.findall((DOCS / "graphql.md").read_text()) if kind == "graphql"]
    assert len(operations) > 1
    with made_database(postgres_url, tables) as url, reader_of(url) as reader:
        for operation in operations:
            assert reader.data(operation, {"title": "Call Ada", "list": "1"})


def test_most_sections_have_examples() -> None:
    assert len(SECTIONS) >= len(REST) - 1
