"""The GraphiQL page: for browsers alone, with its files and no others, and honest where it was not built."""

from __future__ import annotations

from pathlib import Path

import pytest

from rowgate.graphql.graphiql_page import SERVED, GraphiqlPage

BROWSER = b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

pytestmark = pytest.mark.anyio


@pytest.fixture
def built(tmp_path: Path) -> Path:
    for name in SERVED:
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "main.js.LEGAL.txt").write_text("not served")
    (tmp_path.parent / "secret").write_text("not served")
    return tmp_path


async def test_a_browser_gets_the_page_with_address_and_key_escaped(built: Path) -> None:
    response = await GraphiqlPage("/graphql/v1", 'sb_"<x>', built).answer("/", BROWSER)
    assert response is not None
    assert isinstance(response.body, bytes)
    assert response.status == 200
    assert b'data-endpoint="/graphql/v1" data-apikey="sb_&quot;&lt;x&gt;"' in response.body
    headers = dict(response.headers)
    assert b"script-src 'self'" in headers[b"content-security-policy"]
    assert b"frame-ancestors 'none'" in headers[b"content-security-policy"]


@pytest.mark.parametrize("accept", [b"", b"*/*", b"application/json", b"application/graphql-response+json"])
async def test_whoever_wants_no_page_gets_none(built: Path, accept: bytes) -> None:
    assert await GraphiqlPage("/graphql/v1", "key", built).answer("/", accept) is None


async def test_its_files_are_served_by_their_names(built: Path) -> None:
    page = GraphiqlPage("/graphql/v1", "key", built)
    for name, kind in SERVED.items():
        response = await page.answer(f"/graphiql/{name}", b"*/*")
        assert response is not None
        assert response.body == name.encode()
        assert dict(response.headers)[b"content-type"] == kind


@pytest.mark.parametrize("name", ["main.js.LEGAL.txt", "../secret", "", ".", "%2e%2e/secret", "/etc/passwd"])
async def test_no_other_file_is(built: Path, name: str) -> None:
    assert await GraphiqlPage("/graphql/v1", "key", built).answer(f"/graphiql/{name}", BROWSER) is None


async def test_a_checkout_without_node_says_what_is_missing(tmp_path: Path) -> None:
    page = GraphiqlPage("/graphql/v1", "key", tmp_path)
    response = await page.answer("/", BROWSER)
    assert response is not None
    assert isinstance(response.body, bytes)
    assert b"make graphiql" in response.body
    assert await page.answer("/graphiql/main.js", b"*/*") is None
