"""What a run must show, and whether it did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.sample import Figures

CONNECTIONS = 16
OURS, LIMIT, PEER = "rowgate", "pgbench", "@supabase/lite"


@dataclass(frozen=True, slots=True)
class Outcome:
    """All figures of a run. `beside` is the p99 of fast reads beside a slow one over the quiet one."""

    figures: Figures
    beside: float | None = None
    idle: float | None = None  # CPU of a worker nobody asks, in thousandths of a core


@dataclass(frozen=True, slots=True)
class Goal:
    """`figure` gives None where the run did not measure it; it must not be above `most`."""

    words: str
    most: float
    figure: Callable[[Outcome], float | None]


@dataclass(frozen=True, slots=True)
class Verdict:
    goal: Goal
    figure: float | None

    @property
    def reached(self) -> bool:
        return self.figure is not None and self.figure <= self.goal.most

    @property
    def word(self) -> str:
        """`reached`, `missed` or `not measured`."""
        return "not measured" if self.figure is None else "reached" if self.reached else "missed"


def _over(other: str, ours: str, theirs: str) -> Callable[[Outcome], float | None]:
    def ratio(outcome: Outcome) -> float | None:
        figures = outcome.figures
        if (OURS, CONNECTIONS) not in figures or (other, CONNECTIONS) not in figures:
            return None
        floor: float = getattr(figures[other, CONNECTIONS], theirs)
        return getattr(figures[OURS, CONNECTIONS], ours) / floor if floor else None

    return ratio


def _resident(outcome: Outcome) -> float | None:
    ours = [sample.resident for (name, _), sample in outcome.figures.items() if name == OURS]
    return max(ours, default=None)


GOALS = (
    Goal(f"Postgres' CPU over pgbench's, {CONNECTIONS} connections", 1.25, _over(LIMIT, "postgres", "postgres")),
    Goal(f"server and Postgres over pgbench's, {CONNECTIONS} connections", 2.0, _over(LIMIT, "total", "postgres")),
    Goal(f"CPU over @supabase/lite's, {CONNECTIONS} connections", 0.20, _over(PEER, "total", "total")),
    Goal("resident memory of a worker, MiB", 80.0, _resident),
    Goal("p99 of seven fast reads beside one of 3 s over the quiet one", 2.0, lambda outcome: outcome.beside),
)


def verdicts(outcome: Outcome) -> list[Verdict]:
    """Every goal with what this run found."""
    return [Verdict(goal, goal.figure(outcome)) for goal in GOALS]
