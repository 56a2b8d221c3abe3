"""GraphiQL as somebody who develops uses it: a query of nobody, then one with a token in the header editor."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import EXAMPLE
from tests.support.issuers import IssuerFarm
from tests.support.stack import Stack, start

CONFIG = """
project_id = "graphiql"
[api]
schemas = ["public"]
[rowgate.graphql]
introspection = "on"
[[rowgate.issuers]]
name = "clerk"
provider = "clerk"
issuer = "{issuer}"
"""
QUERY = 'mutation { insertIntolistsCollection(objects: [{name: "typed"}]) { records { name user_id } } }'


@pytest.fixture(scope="module")
def farm() -> Iterator[IssuerFarm]:
    made = IssuerFarm()
    claims = {"azp": "http://localhost:3000", "sid": "sess_1", "role": "authenticated", "v": 2, "sts": "active"}
    made.add("clerk", kid="ins_2abc", header={"cat": "cl_B7d4PD111AAA"}, claims=claims)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def stack(farm: IssuerFarm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("graphiql")
    shutil.copytree(EXAMPLE / "supabase", folder / "supabase")
    (folder / "supabase" / "config.toml").write_text(CONFIG.format(issuer=farm.issuers["clerk"].issuer))
    made = start(folder)
    yield made
    assert made.stop() == 0, "".join(made.output)


@pytest.fixture
def page(chromium: Browser, stack: Stack) -> Iterator[Page]:
    opened = chromium.new_page(viewport={"width": 1280, "height": 800})
    opened.complaints = []  # type: ignore[attr-defined]
    opened.on("console", lambda said: opened.complaints.append(said.text) if said.type == "error" else None)  # type: ignore[attr-defined]
    opened.on("pageerror", lambda error: opened.complaints.append(str(error)))  # type: ignore[attr-defined]
    opened.goto(f"{stack.url}/graphql/v1")
    yield opened
    opened.close()


def write(page: Page, editor: str, text: str) -> None:
    page.locator(f"{editor} .monaco-editor:visible").first.click()
    page.keyboard.press("Control+A")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(text)


def test_a_token_in_the_header_editor_says_who_asks(page: Page, farm: IssuerFarm, tmp_path: Path) -> None:
    answer = page.locator(".graphiql-response")
    expect(page.locator(".graphiql-query-editor")).to_contain_text("What your role sees", timeout=15_000)
    write(page, ".graphiql-query-editor", QUERY)
    page.keyboard.press("Control+Enter")
    expect(answer).to_contain_text("Unknown type Mutation")
    token = farm.issuers["clerk"].token(lifetime=600, sub="user_alice")
    write(page, ".graphiql-editor-tool", json.dumps({"Authorization": f"Bearer {token}"}))
    write(page, ".graphiql-query-editor", QUERY)
    page.keyboard.press("Control+Enter")
    expect(answer).to_contain_text("user_alice")
    page.get_by_label("Re-fetch GraphQL schema").click()
    page.get_by_label("Show Documentation Explorer").click()
    expect(page.locator(".graphiql-doc-explorer")).to_contain_text("Mutation")
    page.screenshot(path=tmp_path / "graphiql.png")
    assert page.complaints == []  # type: ignore[attr-defined]
