"""Who is measured: Rowgate, pgbench with the very same statements, pgbench with those written by hand, and a peer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import pgbench
from benchmarks.capture import statements
from benchmarks.load import Signed, wrk
from benchmarks.pgbench import PipelinedRequest
from benchmarks.project import Identity
from benchmarks.sample import Sample, measured
from benchmarks.scenarios import USERS, Scenario
from rowgate.postgres.catalog.records import Catalog

OURS, LIMIT, BY_HAND, PEER = "rowgate", "pgbench", "by hand", "@supabase/lite"
LIMIT_TURNS = 2
FRESH_SECONDS = 1  # wrk waits for its time to be over, and an idle server's CPU would count as the requests'


@dataclass(frozen=True, slots=True)
class Contender:
    """`measure(scenario, connections, seconds)`; `takes` says which scenarios it can be measured in."""

    name: str
    measure: Callable[[Scenario, int, float], Sample]
    takes: Callable[[Scenario], bool] = lambda scenario: True


def over_http(
    name: str,
    url: str,
    servers: Sequence[int],
    postmaster: int,
    apikey: str,
    tokens: Sequence[str],
    fresh: Iterator[Sequence[str]],
    folder: Path,
) -> Contender:
    """A server at `url` whose processes are the trees under `servers`. `fresh` gives tokens never sent before."""

    def measure(scenario: Scenario, connections: int, seconds: float) -> Sample:
        signed = next(fresh) if scenario.fresh else tokens
        requests = signed_requests(scenario, apikey, signed)
        longest = FRESH_SECONDS if scenario.fresh else seconds
        return measured(
            servers, postmaster, lambda: wrk(url, requests, connections, longest, folder, once=scenario.fresh)
        )

    return Contender(name, measure)


def signed_requests(scenario: Scenario, apikey: str, tokens: Sequence[str]) -> list[Signed]:
    """The requests of a scenario, user after user; one for each token where no token is sent twice."""
    if scenario.fresh:
        return [Signed(scenario.ask(number % USERS, 0), apikey, token) for number, token in enumerate(tokens)]
    return [
        Signed(scenario.ask(user, turn), apikey, tokens[user])
        for turn in range(scenario.turns)
        for user in range(scenario.users)
    ]


def with_same_statements(
    program: Path, conninfo: str, postmaster: int, catalog: Catalog, people: Sequence[Identity], folder: Path
) -> Contender:
    """pgbench with the statements Rowgate sends, caught on their way."""

    def measure(scenario: Scenario, connections: int, seconds: float) -> Sample:
        requests = _sent(scenario, catalog, people)
        return pgbench.measure(program, conninfo, requests, postmaster, connections, seconds, folder)

    return Contender(LIMIT, measure)


def with_statements_by_hand(
    program: Path, conninfo: str, postmaster: int, catalog: Catalog, people: Sequence[Identity], folder: Path
) -> Contender:
    """pgbench with the query written by hand in place of ours, in the same context."""

    def measure(scenario: Scenario, connections: int, seconds: float) -> Sample:
        query = scenario.by_hand
        assert query is not None, "asked for in scenarios alone that have one"
        requests = [
            PipelinedRequest((sent.statements[0], (query, scenario.ask(user, turn).parameters)))
            for (user, turn), sent in zip(_asked(scenario), _sent(scenario, catalog, people), strict=True)
        ]
        return pgbench.measure(program, conninfo, requests, postmaster, connections, seconds, folder)

    return Contender(BY_HAND, measure, lambda scenario: scenario.by_hand is not None)


def _asked(scenario: Scenario) -> list[tuple[int, int]]:
    turns = min(scenario.turns, LIMIT_TURNS)
    return [(user, turn) for turn in range(turns) for user in range(scenario.limit_users)]


def _sent(scenario: Scenario, catalog: Catalog, people: Sequence[Identity]) -> list[PipelinedRequest]:
    # As many headers as a request over HTTP carries: they are a parameter of the context.
    return [
        statements(
            catalog,
            scenario.ask(user, turn),
            [
                (b"host", b"127.0.0.1:54321"),
                (b"apikey", b"sb_publishable_0000000000000000000000_00000000"),
                (b"authorization", f"Bearer {people[user].rs256}".encode()),
            ],
            people[user].claims,
        )
        for user, turn in _asked(scenario)
    ]
