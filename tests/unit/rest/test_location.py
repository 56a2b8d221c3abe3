"""Content-Location: the query string in its canonical form; Location: the filters that find a row."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rowgate.rest.location import content_location, key_location


@pytest.mark.parametrize(
    ("query", "canonical"),
    [
        (b"", b"/a%20b"),
        (b"select=id,name&id=eq.1", b"/a%20b?id=eq.1&select=id%2Cname"),
        (b"b=like.*x*&a=in.(1,2)", b"/a%20b?a=in.%281%2C2%29&b=like.%2Ax%2A"),
        (b"a=1&a=2&&a", b"/a%20b?a=1,2,"),
        (b"a+b=%C3%A9+%2c", b"/a%20b?a%20b=%C3%A9%20%2C"),
        (b"a=b=c", b"/a%20b?a=b%3Dc"),
        (b"a-b._~=-._~", b"/a%20b?a-b._~=-._~"),
    ],
)
def test_it_is_sorted_by_name_and_encoded_anew(query: bytes, canonical: bytes) -> None:
    assert content_location("a b", query) == canonical


@given(st.text(max_size=12))
def test_every_text_is_encoded_as_the_standard_library_does(text: str) -> None:
    spelled = quote(text, safe="-._~")
    assert content_location("t", f"x={spelled}".encode()) == f"/t?x={spelled}".encode()
    if text.isascii() and not set(text) & set("&%+"):
        assert content_location("t", b"x=" + text.encode()) == f"/t?x={spelled}".encode()


def test_a_row_is_found_by_its_key() -> None:
    key = b'["a b,c", null, "\xc3\xa9"]'
    assert key_location("t t", ["x", "y z", "n"], key) == b"/t%20t?x=eq.a%20b%2Cc&y%20z=is.null&n=eq.%C3%A9"
