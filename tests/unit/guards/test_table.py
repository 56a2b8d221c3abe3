"""The table of guards cannot rot: every row fits the source, and every test it names exists."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.guards.__main__ import markdown
from tests.guards.guard import ROOT, Guard, GuardLost
from tests.guards.table import AREAS, GUARDS
from tests.guards.trial import ask, failed, snapshot

BY_NAME = {guard.name: guard for guard in GUARDS}


@cache
def functions_in(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_names_are_unique() -> None:
    assert len(BY_NAME) == len(GUARDS)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_guard_s_text_stands_once_in_its_file_and_its_tests_exist(name: str) -> None:
    guard = BY_NAME[name]
    changed = guard.removed_from((ROOT / guard.path).read_text(encoding="utf-8"))
    ast.parse(changed)  # what does not compile would fail every test
    assert guard.tests
    for test in guard.tests:
        file, _, function = test.partition("::")
        assert function.partition("[")[0] in functions_in(file), test


def test_a_copy_of_the_tree_has_what_the_guards_tests_read(tmp_path: Path) -> None:
    tree = snapshot(tmp_path)
    files = sorted({test.partition("::")[0] for guard in GUARDS for test in guard.tests})
    code, output = ask(files, tree, tree / "src", 120, options=["--collect-only"])
    assert code == 0, output[-2000:]


def test_the_page_on_security_shows_the_table_as_it_is() -> None:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    assert markdown(AREAS).strip() in page, "write it anew: python -m tests.guards --list"


@pytest.mark.parametrize("source", ["nothing of it", "if guard:\nif guard:\n"])
def test_a_text_that_is_not_there_exactly_once_is_an_error(source: str) -> None:
    with pytest.raises(GuardLost):
        Guard("g", "x", "f.py", "if guard:", "if False:", ()).removed_from(source)


def test_a_test_counts_as_failed_by_its_own_line_alone() -> None:
    said = "....F\nFAILED tests/a.py::test_one[x y] - AssertionError: b\nFAILED tests/a.py::test_two\n1 failed\n"
    assert failed("a.py::test_one", said)
    assert failed("a.py::test_one[x y]", said)
    assert failed("a.py::test_two", said)
    assert not failed("a.py::test_on", said)
    assert not failed("a.py::test_one[x", said)
    assert not failed("a.py::test_three", said)
