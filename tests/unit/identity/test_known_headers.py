"""The headers of tokens are read once for all tokens that carry them."""

from __future__ import annotations

from typing import Any

import pytest

from rowgate.identity.token import HEADERS_KEPT, parse_token
from rowgate.identity.verdict import Refused
from tests.unit.identity.identity_workshop import b64, mint


def test_two_tokens_of_one_key_share_a_header_that_nobody_can_change() -> None:
    one, other = (parse_token(mint({"sub": subject})) for subject in ("ann", "bob"))
    assert one.header is other.header
    assert (one.claims["sub"], other.claims["sub"]) == ("ann", "bob")
    header: Any = one.header
    with pytest.raises(TypeError):
        header["alg"] = "none"


def test_a_header_that_is_refused_is_refused_each_time() -> None:
    broken = b64(b'{"alg":"RS256","alg":"none"}') + mint({}).partition(b".")[1] + b"e30.AA"
    for _ in range(2):
        with pytest.raises(Refused) as refused:
            parse_token(broken)
        assert refused.value.refusal.code == "token_malformed"


def test_endless_headers_are_not_kept() -> None:
    first = parse_token(mint({}, kid="first"))
    for number in range(HEADERS_KEPT):
        parse_token(mint({}, kid=f"k{number}"))
    assert parse_token(mint({}, kid="first")).header is not first.header
