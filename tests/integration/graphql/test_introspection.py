"""Introspection through the service: as a client's tools ask it, and beside everybody else's requests."""

from __future__ import annotations

import threading

import pytest
from graphql import build_client_schema, get_introspection_query, validate_schema

from rowgate.graphql import introspection, plan, plan_cache
from rowgate.graphql.schema import Schema
from rowgate.graphql.scope import Scope, Selected
from rowgate.project.settings import GraphQLSettings
from tests.integration.graphql.garden import Gardener

pytestmark = pytest.mark.anyio
STANDARD = get_introspection_query(schema_description=True, input_value_deprecation=True)


@pytest.fixture
def shown(ask: Gardener) -> Gardener:
    return Gardener(ask.runner, ask.catalog, GraphQLSettings(introspection="on"))


async def test_a_client_builds_its_schema_from_the_answer(shown: Gardener) -> None:
    answer = await shown(STANDARD, name="IntrospectionQuery")
    built = build_client_schema(answer.json["data"])
    assert validate_schema(built) == []
    assert {"plot", "plotConnection", "plotInsertInput", "seedFilter"} <= built.type_map.keys()
    assert built.mutation_type is not None
    assert "mark" in built.mutation_type.fields


@pytest.mark.parametrize("many", [0, 10_000])
async def test_a_large_schema_is_described_in_a_thread(
    shown: Gardener, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    threads = []

    def noted(selected: Selected, schema: Schema, scope: Scope) -> bytes:
        threads.append(threading.current_thread() is threading.main_thread())
        return introspection.introspected(selected, schema, scope)

    monkeypatch.setattr(plan_cache, "MANY_TYPES", many)
    monkeypatch.setattr(plan, "introspected", noted)
    first = await shown(STANDARD)
    assert (await shown(STANDARD)).json == first.json
    assert threads == [many > 0]
