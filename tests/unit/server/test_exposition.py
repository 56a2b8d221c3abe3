"""Several workers' counts as one exposition."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from rowgate.http.metrics import RequestMetrics, render
from rowgate.server.exposition import POSTGREST_METRICS, WorkerFigures, exposition


def worker(number: int, responses: int, **figures: dict[str, float]) -> WorkerFigures:
    requests = RequestMetrics()
    for _ in range(responses):
        requests.count("/rest/v1", 200, 0.001)
    return WorkerFigures(render(requests, {"connections": 1.0}, str(number), {}).decode(), figures)


def test_families_stand_together_and_postgrests_are_summed_up() -> None:
    loads = {"SUCCESS": 2.0, "FAIL": 1.0}
    text = exposition(
        [
            worker(0, 3, pgrst_db_pool_max={"": 10.0}, pgrst_schema_cache_query_time_seconds={"": 0.5},
                   pgrst_schema_cache_loads_total=loads),
            worker(1, 4, pgrst_db_pool_max={"": 10.0}, pgrst_schema_cache_query_time_seconds={"": 0.2},
                   pgrst_schema_cache_loads_total=loads),
        ]
    )  # fmt: skip

    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert len(families) == len([line for line in text.splitlines() if line.startswith("# TYPE")])
    responses = {sample.labels["worker"]: sample.value for sample in families["rowgate_responses"].samples}
    assert responses == {"0": 3.0, "1": 4.0}
    assert [sample.value for sample in families["pgrst_db_pool_max"].samples] == [20.0]
    assert [sample.value for sample in families["pgrst_schema_cache_query_time_seconds"].samples] == [0.5]
    found = {sample.labels["status"]: sample.value for sample in families["pgrst_schema_cache_loads"].samples}
    assert found == {"SUCCESS": 4.0, "FAIL": 2.0}


def test_every_metric_of_postgrests_is_there_without_any_worker() -> None:
    text = exposition([])

    assert all(f"# TYPE {name} {family.kind}" in text for name, family in POSTGREST_METRICS.items())
