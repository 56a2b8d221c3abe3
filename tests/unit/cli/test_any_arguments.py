"""Any list of arguments gets an answer in words: never a traceback, never an exit status that means nothing."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.main import get_command

from rowgate.cli.main import build_app, main

# They serve until they are stopped; what they are told wrongly is tested where they are.
_SERVING = {"start", "offline"}


def _words() -> tuple[list[tuple[str, ...]], list[str]]:
    """Every command's path, and every option's name."""
    paths: list[tuple[str, ...]] = [()]
    options: set[str] = {"--help", "--version"}
    todo = [((), get_command(build_app()))]
    while todo:
        path, command = todo.pop()
        options.update(name for parameter in command.params for name in parameter.opts if name.startswith("-"))
        for name, child in getattr(command, "commands", {}).items():
            if name not in _SERVING:
                paths.append((*path, name))
                todo.append(((*path, name), child))
    return paths, sorted(options)


_PATHS, _OPTIONS = _words()
_OPTION = st.sampled_from(_OPTIONS)
_TEXT = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["", "-", "--", "json", "clerk", "oidc", "1e999", "-1", "\x00", "é", "\udcff", "[x]", "a.b.c", "%%"]
    ),
    st.sampled_from(["https://id.example.com", "https://api_workos_com/x", "[bold]", "..", "/", "~", "🦀" * 300]),
)
_ARGUMENTS = st.builds(
    lambda path, rest: [*path, *rest],
    st.sampled_from(_PATHS),
    st.lists(
        st.one_of(_TEXT, st.sampled_from(_OPTIONS), st.builds("{}={}".format, st.sampled_from(_OPTIONS), _TEXT)),
        max_size=6,
    ),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arguments=_ARGUMENTS, typed=_TEXT)
def test_any_arguments_get_an_answer(
    project: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], typed: str
) -> None:
    """`project` is the current folder; --workdir may lead to others, so what is written stays below it."""
    if any(word.startswith("--workdir") for word in arguments):
        arguments = [word for word in arguments if "/" not in word and word not in ("..", "~")]
    out, err = io.StringIO(), io.StringIO()
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(arguments)

    assert status in (0, 1, 2), arguments
    assert "Traceback" not in err.getvalue()
    assert "unexpected went wrong" not in err.getvalue(), (arguments, err.getvalue())
    assert status == 0 or err.getvalue() or out.getvalue(), arguments
