"""A run as tables: for a terminal of 120 columns, as Markdown, as JSON."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.goals import LIMIT, PEER, Outcome, Verdict, verdicts

TITLE = "GET ten rows of 100,000 under row-level security; CPU in ms per request (medians)"
HEADINGS = ("", "conns", "req/s", "p50 ms", "p99 ms", "server", "postgres", "sum", "pg/pgb", "sum/pgb", "sum/lite",
            "RSS MiB", "failed")  # fmt: skip
GOAL_HEADINGS = ("target", "at most", "measured", "")
MARKS = {"reached": "[green]reached[/]", "missed": "[red]missed[/]", "not measured": "[yellow]not measured[/]"}


def rows(outcome: Outcome) -> list[tuple[str, ...]]:
    """One line per contender and number of connections; ratios to pgbench and @supabase/lite of the same number."""
    made = []
    for (name, count), sample in sorted(outcome.figures.items(), key=lambda cell: (cell[0][1], cell[0][0])):
        limit, peer = outcome.figures.get((LIMIT, count)), outcome.figures.get((PEER, count))
        made.append((
            name, str(count), f"{sample.per_second:.0f}", f"{sample.p50:.2f}",
            f"{sample.p99:.2f}" if sample.p99 else "", f"{sample.server:.3f}" if sample.server else "",
            f"{sample.postgres:.3f}", f"{sample.total:.3f}",
            f"{sample.postgres / limit.postgres:.2f}" if limit else "",
            f"{sample.total / limit.postgres:.2f}" if limit else "",
            f"{sample.total / peer.total:.3f}" if peer else "",
            f"{sample.resident:.0f}" if sample.resident else "", str(sample.failures),
        ))  # fmt: skip
    return made


def goal_row(verdict: Verdict) -> tuple[str, ...]:
    measured = "" if verdict.figure is None else f"{verdict.figure:.3g}"
    return verdict.goal.words, f"{verdict.goal.most:g}", measured, verdict.word


def machine(version: str, rounds: int, seconds: float) -> str:
    """Where and how it was measured, in one line. `version` is PostgreSQL's."""
    load = os.getloadavg()[1]
    return (
        f"PostgreSQL {version}, Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}, "
        f"{rounds} shuffled rounds of {seconds:g} s, 5-minute load {load:.1f}, {time.strftime('%Y-%m-%d')}"
    )


def idle_line(outcome: Outcome) -> str:
    return "" if outcome.idle is None else f"A worker nobody asks: {outcome.idle:.1f} ms of CPU per second"


def show(console: Console, outcome: Outcome, place: str) -> None:
    """Print both tables."""
    console.print(table(TITLE, HEADINGS, rows(outcome)))
    goals = [(*row[:-1], MARKS[row[-1]]) for row in map(goal_row, verdicts(outcome))]
    console.print(table("Targets", GOAL_HEADINGS, goals))
    console.print(idle_line(outcome), place, sep="\n", highlight=False)


def markdown(outcome: Outcome, place: str) -> str:
    """The same, for a document."""
    parts = [
        f"{TITLE}:", "", *_markdown(HEADINGS, rows(outcome)), "",
        *_markdown(GOAL_HEADINGS, [goal_row(verdict) for verdict in verdicts(outcome)]), "",
        f"{idle_line(outcome)}. {place}.",
    ]  # fmt: skip
    return "\n".join(parts)


def document(outcome: Outcome, place: str) -> dict[str, object]:
    """The same, for a program."""
    return {
        "figures": [
            {"name": name, "connections": count, **asdict(sample)} for (name, count), sample in outcome.figures.items()
        ],
        "targets": [
            {"target": v.goal.words, "at_most": v.goal.most, "measured": v.figure, "verdict": v.word}
            for v in verdicts(outcome)
        ],
        "idle_ms_per_second": outcome.idle,
        "measured_on": place,
    }


def table(title: str, headings: Sequence[str], lines: Sequence[Sequence[str]]) -> Table:
    """A table without frames: the first column is words, the others are figures."""
    made = Table(title=title, title_justify="left", box=box.SIMPLE, padding=(0, 0, 0, 1), pad_edge=False)
    for number, heading in enumerate(headings):
        made.add_column(heading, justify="left" if number == 0 else "right", no_wrap=True)
    for line in lines:
        made.add_row(*line)
    return made


def _markdown(headings: Sequence[str], lines: Sequence[Sequence[str]]) -> list[str]:
    rule = ["---", *("--:" for _ in headings[1:])]
    return [f"| {' | '.join(cells)} |" for cells in (headings, rule, *lines)]
