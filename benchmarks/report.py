"""A run as tables: for a terminal of 120 columns, as Markdown, as JSON that a later run can be resumed from."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.contenders import BY_HAND, COUNTED, LIMIT, OURS, PEER
from benchmarks.goals import Outcome, Verdict, verdicts
from benchmarks.sample import Cell, Sample
from benchmarks.scenarios import SCENARIOS

ORDER = (OURS, LIMIT, BY_HAND, COUNTED, PEER)
HEADINGS = ("", "conns", "req/s", "p50 ms", "p99 ms", "server", "postgres", "sum", "pg/pgb", "sum/pgb", "sum/lite",
            "RSS MiB", "failed")  # fmt: skip
GOAL_HEADINGS = ("target", "at most", "measured", "")
MARKS = {"reached": "[green]reached[/]", "missed": "[red]missed[/]", "not measured": "[yellow]not measured[/]"}
UNIT = "CPU in ms per request, medians"


def rows(outcome: Outcome, scenario: str) -> list[tuple[str, ...]]:
    """One line per contender, connections and workers; ratios to pgbench and @supabase/lite at the same connections."""
    figures = outcome.figures
    cells = sorted(
        (cell for cell in figures if cell.scenario == scenario),
        key=lambda cell: (cell.connections, cell.workers, ORDER.index(cell.contender)),
    )
    return [_row(cell, figures[cell], figures) for cell in cells]


def _row(cell: Cell, sample: Sample, figures: dict[Cell, Sample]) -> tuple[str, ...]:
    limit = figures.get(Cell(cell.scenario, LIMIT, cell.connections))
    peer = figures.get(Cell(cell.scenario, PEER, cell.connections))
    return (
        f"{cell.contender}, {cell.workers} workers" if cell.workers > 1 else cell.contender,
        str(cell.connections),
        f"{sample.per_second:.0f}",
        f"{sample.p50:.2f}",
        f"{sample.p99:.2f}" if sample.p99 else "",
        f"{sample.server:.3f}" if sample.server else "",
        f"{sample.postgres:.3f}",
        f"{sample.total:.3f}",
        f"{sample.postgres / limit.postgres:.2f}" if limit else "",
        f"{sample.total / limit.postgres:.2f}" if limit else "",
        f"{sample.total / peer.total:.3f}" if peer else "",
        f"{sample.resident:.0f}" if sample.resident else "",
        str(sample.failures),
    )


def goal_row(verdict: Verdict) -> tuple[str, ...]:
    measured = "" if verdict.figure is None else f"{verdict.figure:.3g}"
    return verdict.words, f"{verdict.most:g}", measured, verdict.word


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
    """Print every table, then what was missed once more."""
    for scenario in SCENARIOS:
        if found := rows(outcome, scenario.name):
            console.print(table(f"{scenario.name}: {scenario.words}; {UNIT}", HEADINGS, found))
    judged = verdicts(outcome)
    goals = [(*row[:-1], MARKS[row[-1]]) for row in map(goal_row, judged) if row[-1] != "not measured"]
    console.print(table("Targets", GOAL_HEADINGS, goals))
    console.print(idle_line(outcome), place, sep="\n", highlight=False)
    console.print(summary(judged), highlight=False)


def summary(judged: Sequence[Verdict]) -> str:
    """How many targets were reached, and which were not."""
    missed = [verdict for verdict in judged if verdict.word == "missed"]
    reached = sum(verdict.reached for verdict in judged)
    left = len(judged) - reached - len(missed)
    words = f"{reached} targets reached, {len(missed)} missed, {left} not measured"
    return "\n".join([words, *(f"  missed  {each.words}: {each.figure:.3g} over {each.most:g}" for each in missed)])


def markdown(outcome: Outcome, place: str) -> str:
    """The same, for a document."""
    parts: list[str] = []
    for scenario in SCENARIOS:
        if found := rows(outcome, scenario.name):
            parts += [f"**{scenario.name}**: {scenario.words}; {UNIT}:", "", *_markdown(HEADINGS, found), ""]
    judged = [goal_row(verdict) for verdict in verdicts(outcome) if verdict.figure is not None]
    parts += [*_markdown(GOAL_HEADINGS, judged), "", f"{idle_line(outcome)}. {place}."]
    return "\n".join(parts)


def save(outcome: Outcome, place: str, path: Path) -> None:
    """Write everything down, for a program or for `--resume`."""
    document = {
        "measured_on": place,
        "figures": [{**cell._asdict(), **asdict(sample)} for cell, sample in outcome.figures.items()],
        "beside": outcome.beside,
        "idle_ms_per_second": outcome.idle,
        "warm_mib": outcome.warm,
        "crowded_mib": outcome.crowded,
        "tokens": outcome.tokens,
        "targets": [
            {"target": each.words, "at_most": each.most, "measured": each.figure, "verdict": each.word}
            for each in verdicts(outcome)
        ],
    }
    path.write_text(json.dumps(document, indent=2) + "\n")


def read(path: Path) -> Outcome:
    """What `save` wrote down; an empty outcome where there is nothing."""
    if not path.exists():
        return Outcome()
    document = json.loads(path.read_text())
    figures = {}
    for each in document["figures"]:
        cell = Cell(*(each.pop(name) for name in Cell._fields))
        figures[cell] = Sample(**each)
    return Outcome(
        figures,
        document["beside"],
        document["idle_ms_per_second"],
        document["warm_mib"],
        document["crowded_mib"],
        document["tokens"],
    )


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
