"""Counts of what was served, kept as plain integers on the hot path and rendered for Prometheus when asked."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

Verdicts = Mapping[tuple[str, str], int]  # (issuer, verdict) -> how often, as `identity.meter` counts them

DURATION_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)  # seconds


class RequestMetrics:
    """What one process has served. A count costs about 0.3 µs; prometheus-client's own objects cost ten times that."""

    def __init__(self) -> None:
        self.responses: Counter[tuple[str, int]] = Counter()  # (service, status)
        self.refusals: Counter[str] = Counter()  # refusal code
        self.turned_away: Counter[str] = Counter()  # connections cut by a limit, by reason
        self.failures = 0  # unexpected exceptions
        self.durations = [0] * (len(DURATION_BUCKETS) + 1)
        self.seconds = 0.0

    def count(self, service: str, status: int, seconds: float) -> None:
        """Count one response."""
        self.responses[service, status] += 1
        self.durations[bisect_left(DURATION_BUCKETS, seconds)] += 1
        self.seconds += seconds


class _Families(Collector):
    def __init__(self, requests: RequestMetrics, gauges: Mapping[str, float], worker: str, verdicts: Verdicts) -> None:
        self._requests, self._gauges, self._worker, self._verdicts = requests, gauges, worker, verdicts

    def collect(self) -> Iterator[Metric]:
        worker, requests = self._worker, self._requests
        responses = CounterMetricFamily(
            "rowgate_responses", "Responses by service and status.", labels=["worker", "service", "status"]
        )
        for (service, status), number in requests.responses.items():
            responses.add_metric([worker, service, str(status)], number)
        yield responses
        yield _counter("rowgate_refusals", "Refused credentials by code.", "code", requests.refusals.items(), worker)
        verdicts = CounterMetricFamily(
            "rowgate_identity_verdicts",
            "Credentials judged, by issuer and verdict (accepted, or the refusal's code).",
            labels=["worker", "issuer", "verdict"],
        )
        for (issuer, verdict), number in sorted(self._verdicts.items()):
            verdicts.add_metric([worker, issuer, verdict], number)
        yield verdicts
        yield _counter(
            "rowgate_turned_away", "Connections cut by a limit.", "reason", requests.turned_away.items(), worker
        )
        failures = CounterMetricFamily("rowgate_failures", "Unexpected exceptions.", labels=["worker"])
        failures.add_metric([worker], requests.failures)
        yield failures
        durations = HistogramMetricFamily("rowgate_response_seconds", "Time to the response's end.", labels=["worker"])
        buckets, total = [], 0
        for edge, number in zip((*map(str, DURATION_BUCKETS), "+Inf"), requests.durations, strict=True):
            total += number
            buckets.append((edge, float(total)))
        durations.add_metric([worker], buckets, requests.seconds)
        yield durations
        for name, value in self._gauges.items():
            gauge = GaugeMetricFamily(f"rowgate_{name}", name.replace("_", " ").capitalize() + ".", labels=["worker"])
            gauge.add_metric([worker], value)
            yield gauge


def _counter(name: str, text: str, label: str, items: Iterable[tuple[str, int]], worker: str) -> CounterMetricFamily:
    family = CounterMetricFamily(name, text, labels=["worker", label])
    for key, number in items:
        family.add_metric([worker, key], number)
    return family


def render(requests: RequestMetrics, gauges: Mapping[str, float], worker: str, verdicts: Verdicts) -> bytes:
    """The Prometheus text exposition (0.0.4) of one worker's counts; `gauges` are names without the prefix."""
    registry = CollectorRegistry()
    registry.register(_Families(requests, gauges, worker, verdicts))
    return generate_latest(registry)
