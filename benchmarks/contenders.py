"""Who is measured: Rowgate, pgbench with the very same statements, pgbench with those written by hand, and a peer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import pgbench
from benchmarks.capture import Known, statements
from benchmarks.load import Signed, wrk
from benchmarks.pgbench import PipelinedRequest
from benchmarks.project import Identity
from benchmarks.sample import Sample, measured
from benchmarks.scenarios import USERS, Scenario

OURS, LIMIT, BY_HAND, COUNTED, PEER = "rowgate", "pgbench", "by hand", "joined count", "@supabase/lite"
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
    services = {"rest"} if name == PEER else {"rest", "graphql"}

    def measure(scenario: Scenario, connections: int, seconds: float) -> Sample:
        signed = next(fresh) if scenario.fresh else tokens
        requests = signed_requests(scenario, apikey, signed)
        longest = FRESH_SECONDS if scenario.fresh else seconds
        address = f"{url}/{scenario.service}/v1"
        return measured(
            servers, postmaster, lambda: wrk(address, requests, connections, longest, folder, once=scenario.fresh)
        )

    return Contender(name, measure, lambda scenario: scenario.service in services)


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
    program: Path, conninfo: str, postmaster: int, known: Known, people: Sequence[Identity], folder: Path
) -> Contender:
    """pgbench with the statements Rowgate sends, caught on their way."""

    def measure(scenario: Scenario, connections: int, seconds: float) -> Sample:
        requests = _sent(scenario, known, people)
        return pgbench.measure(program, conninfo, requests, postmaster, connections, seconds, folder)

    return Contender(LIMIT, measure, lambda scenario: scenario.asks_postgres)


def with_statements_by_hand(
    program: Path, conninfo: str, postmaster: int, known: Known, people: Sequence[Identity], folder: Path
) -> Contender:
    """pgbench with the query written by hand in place of ours, in the same context."""
    return _instead(BY_HAND, lambda scenario: scenario.by_hand, program, conninfo, postmaster, known, people, folder)


def with_joined_counts(
    program: Path, conninfo: str, postmaster: int, known: Known, people: Sequence[Identity], folder: Path
) -> Contender:
    """pgbench with a query that counts what nobody asked for, in the same context."""
    return _instead(COUNTED, lambda scenario: scenario.counted, program, conninfo, postmaster, known, people, folder)


def _instead(
    name: str,
    query_of: Callable[[Scenario], str | None],
    program: Path,
    conninfo: str,
    postmaster: int,
    known: Known,
    people: Sequence[Identity],
    folder: Path,
) -> Contender:
    def measure(scenario: Scenario, connections: int, seconds: float) -> Sample:
        query = query_of(scenario)
        assert query is not None, "asked for in scenarios alone that have one"
        requests = [
            PipelinedRequest((sent.statements[0], (query, scenario.ask(user, turn).parameters)))
            for (user, turn), sent in zip(_asked(scenario), _sent(scenario, known, people), strict=True)
        ]
        return pgbench.measure(program, conninfo, requests, postmaster, connections, seconds, folder)

    return Contender(name, measure, lambda scenario: query_of(scenario) is not None)


def _asked(scenario: Scenario) -> list[tuple[int, int]]:
    turns = min(scenario.turns, LIMIT_TURNS)
    return [(user, turn) for turn in range(turns) for user in range(scenario.limit_users)]


def _sent(scenario: Scenario, known: Known, people: Sequence[Identity]) -> list[PipelinedRequest]:
    # As many headers as a request over HTTP carries: they are a parameter of the context.
    return [
        statements(
            known,
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
