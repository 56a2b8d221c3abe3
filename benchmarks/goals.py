"""What a run must show, and whether it did."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from benchmarks.contenders import BY_HAND, LIMIT, OURS, PEER
from benchmarks.sample import Cell, Figures
from benchmarks.scenarios import SCENARIOS, Scenario

CONNECTIONS = 16
WARM, CROWDED, TOKENS = 80.0, 130.0, 10_000  # MiB of a worker, and the tokens cached by the crowded one
BESIDE = 2.0


@dataclass(slots=True)
class Outcome:
    """All figures of a run. `beside` is the p99 of fast reads beside a slow one over the quiet one."""

    figures: Figures = field(default_factory=dict)
    beside: float | None = None
    idle: float | None = None  # CPU of a worker nobody asks, in thousandths of a core
    warm: float | None = None  # MiB of a worker after every scenario with the tokens of a hundred users
    crowded: float | None = None  # and after `TOKENS` tokens or more
    tokens: int = 0  # sent to that worker


@dataclass(frozen=True, slots=True)
class Verdict:
    """`figure` is None where the run did not measure it; it must not be above `most`."""

    words: str
    most: float
    figure: float | None

    @property
    def reached(self) -> bool:
        return self.figure is not None and self.figure <= self.most

    @property
    def word(self) -> str:
        """`reached`, `missed` or `not measured`."""
        return "not measured" if self.figure is None else "reached" if self.reached else "missed"


def verdicts(outcome: Outcome) -> list[Verdict]:
    """Every goal with what this run found."""
    made = [verdict for scenario in SCENARIOS for verdict in _of(scenario, outcome.figures)]
    crowded = outcome.crowded if outcome.tokens >= TOKENS else None
    return [
        *made,
        Verdict("resident memory of a warm worker, MiB", WARM, outcome.warm),
        Verdict(f"the same with {TOKENS:,} tokens cached, MiB", CROWDED, crowded),
        Verdict("p99 of seven fast reads beside one of 3 s over the quiet one", BESIDE, outcome.beside),
    ]


def _of(scenario: Scenario, figures: Figures) -> Iterator[Verdict]:
    """All at 16 connections and one worker; Postgres' own CPU is all there is of pgbench."""
    ours, limit, by_hand, peer = (
        figures.get(Cell(scenario.name, name, CONNECTIONS)) for name in (OURS, LIMIT, BY_HAND, PEER)
    )
    goals = scenario.goals

    def ratio(one: float | None, other: float | None) -> float | None:
        return None if one is None or not other else one / other

    postgres = limit.postgres if limit else None
    compared = figures.get(Cell(SCENARIOS[0].name, OURS, CONNECTIONS))
    listed = compared.server if compared else None
    for words, most, figure in (
        ("Postgres over pgbench", goals.postgres, ratio(ours.postgres if ours else None, postgres)),
        ("all over pgbench", goals.total, ratio(ours.total if ours else None, postgres)),
        (f"all over {PEER}", goals.peer, ratio(ours.total if ours else None, peer.total if peer else None)),
        ("our SQL over the query by hand", goals.query, ratio(postgres, by_hand.postgres if by_hand else None)),
        (
            "Postgres over the query by hand",
            goals.hand,
            ratio(ours.postgres if ours else None, by_hand.postgres if by_hand else None),
        ),
        ("server over the REST list's", goals.server, ratio(ours.server if ours else None, listed)),
    ):
        if most is not None:
            yield Verdict(f"{scenario.name}: {words}", most, figure)
