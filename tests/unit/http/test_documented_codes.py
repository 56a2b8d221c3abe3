"""Every error code that the server itself answers with stands in docs/operations.md, as a code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]
ANSWERING = frozenset({"failure", "_violate", "_reject", "_reject_head"})  # all take (status, code, message, …)


def codes() -> Iterator[str]:
    for path in sorted((ROOT / "src/rowgate/http").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or len(node.args) < 2:
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            code = node.args[1]
            if name in ANSWERING and isinstance(code, ast.Constant) and isinstance(code.value, str):
                yield code.value


def test_the_codes_are_found() -> None:
    assert {"bodies_full", "route_unknown", "header_bytes", "header_timeout", "connections"} <= set(codes())


def test_every_code_of_the_server_is_documented() -> None:
    page = (ROOT / "docs/operations.md").read_text()
    assert [code for code in sorted(set(codes())) if f"`{code}`" not in page] == []
