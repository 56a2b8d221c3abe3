"""The real JavaScript clients, from their lock file, against the example project."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

import pytest

from tests.clients.conftest import JS
from tests.support.stack import Stack

RunNode = Callable[..., None]


def test_supabase_js_tells_the_whole_story(run_node: RunNode) -> None:
    run_node("story.test.mjs")


def test_supabase_js_speaks_the_whole_dialect(run_node: RunNode, cinema: Stack) -> None:
    run_node("dialect.test.mjs", cinema)


def test_apollo_and_urql_read_and_write_through_graphql(run_node: RunNode) -> None:
    run_node("graphql.test.mjs")


def test_supabase_js_1_35_and_today_s_go_the_old_way(run_node: RunNode) -> None:
    run_node("old_way.test.mjs")


def test_tokens_of_the_workos_emulator_work_through_supabase_js(
    run_node: RunNode, node: str, emulator_port: int
) -> None:
    emulator = subprocess.Popen(
        [node, str(JS / "workos_emulator.mjs"), str(emulator_port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert emulator.stdout is not None
        run_node("emulator.test.mjs", emulator=json.loads(emulator.stdout.readline()))
    finally:
        assert emulator.stdin is not None
        emulator.stdin.close()
        try:
            emulator.wait(10)
        except subprocess.TimeoutExpired:
            emulator.kill()
            pytest.fail("the emulator did not end")
