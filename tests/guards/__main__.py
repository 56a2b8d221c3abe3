"""`python -m tests.guards`: take every guard out, one at a time, and see its tests fail."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.table import Table

from tests.guards.guard import Guard, GuardLost
from tests.guards.table import AREAS
from tests.guards.trial import Trial, Verdict, ask, hold, snapshot

STYLES = {Verdict.CAUGHT: "green", Verdict.NOT_CAUGHT: "bold red", Verdict.TIMED_OUT: "red", Verdict.BROKEN: "red"}
SHOWN = 24  # rows of the live table; the whole one is printed at the end


def main() -> int:
    """0 when every guard's removal was caught, 1 when one survived, 2 when nothing could be tried."""
    parser = argparse.ArgumentParser(prog="python -m tests.guards", description=__doc__)
    parser.add_argument("-k", metavar="NAME", default="", help="only guards (or areas) whose name holds NAME")
    parser.add_argument("--jobs", type=int, default=2, help="guards tried at once (default 2)")
    parser.add_argument("--timeout", type=float, default=180.0, help="seconds for one guard's tests (default 180)")
    parser.add_argument("--list", action="store_true", help="print the table of guards as Markdown and end")
    asked = parser.parse_args()
    chosen = {
        area: tuple(guard for guard in guards if asked.k.lower() in f"{area} {guard.name}".lower())
        for area, guards in AREAS.items()
    }
    if asked.list:
        print(markdown(chosen))
        return 0
    if not any(chosen.values()):
        print(f"No guard's name holds {asked.k!r}.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="rowgate-guards-") as folder:
        try:
            return run(chosen, Path(folder), asked.jobs, asked.timeout)
        except KeyboardInterrupt:
            print("Interrupted.", file=sys.stderr)
            return 130


def run(chosen: Mapping[str, tuple[Guard, ...]], folder: Path, jobs: int, timeout: float) -> int:
    """Try the chosen guards, `jobs` at once, `timeout` seconds each."""
    console, began = Console(), time.monotonic()
    tree = snapshot(folder / "tree")
    every = [(area, guard) for area, guards in chosen.items() for guard in guards]
    tests = list(dict.fromkeys(test for _, guard in every for test in guard.tests))
    console.print(f"{len(every)} guards, {len(tests)} tests. With every guard in place they must pass …")
    code, output = ask(tests, tree, tree / "src", timeout + 2 * len(tests))
    if code != 0 or " skipped" in output:
        console.print(output, markup=False, soft_wrap=True)
        console.print("[red]The tests do not all pass with the guards in place: nothing is proved by their failing.")
        return 2
    trials: dict[str, Trial] = {}
    under_way: set[str] = set()

    def one(number: int, guard: Guard) -> Trial:
        under_way.add(guard.name)
        try:
            return hold(guard, tree, folder / str(number), timeout)
        except (GuardLost, SyntaxError) as error:
            return Trial(Verdict.BROKEN, 0.0, (), str(error))
        finally:
            under_way.discard(guard.name)

    def shown() -> Table:
        return table(every, dict(trials), set(under_way), last=SHOWN if console.is_terminal and not done else None)

    done = False
    with ThreadPoolExecutor(jobs) as pool, Live(console=console, refresh_per_second=4, get_renderable=shown):
        futures: dict[Future[Trial], str] = {
            pool.submit(one, at, each[1]): each[1].name for at, each in enumerate(every)
        }
        try:
            for future in as_completed(futures):
                trial = trials[futures[future]] = future.result()
                if not console.is_terminal:  # a log gets a line each, and the table at the end
                    console.print(f"{trial.verdict:10} {trial.seconds:5.1f} s  {futures[future]}", highlight=False)
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)  # those under way come to their end first
            raise
        done = True
    return conclude(console, trials, time.monotonic() - began)


def table(every: list[tuple[str, Guard]], trials: Mapping[str, Trial], under_way: set[str], last: int | None) -> Table:
    """What is known so far; only the `last` rows that have begun, where a screen must hold it."""
    caught = sum(trial.verdict is Verdict.CAUGHT for trial in trials.values())
    shown = Table(title=f"{caught} caught, {len(trials)} of {len(every)} tried")
    for column in ("area", "guard", "verdict", "s"):
        shown.add_column(column, justify="right" if column == "s" else "left")
    begun = [each for each in every if each[1].name in trials or each[1].name in under_way]
    for area, guard in begun[-last:] if last else begun:
        trial = trials.get(guard.name)
        if trial is None:
            shown.add_row(area, guard.name, "…", "")
        else:
            style = STYLES[trial.verdict]
            shown.add_row(area, guard.name, f"[{style}]{trial.verdict}[/]", f"{trial.seconds:.1f}")
    return shown


def conclude(console: Console, trials: Mapping[str, Trial], seconds: float) -> int:
    """Say what survived and why; the exit code."""
    caught = 0
    for name, trial in trials.items():
        if trial.verdict is Verdict.CAUGHT:
            caught += 1
            continue
        console.print(f"\n[red]{trial.verdict}: {name}")
        for test in trial.survivors:
            console.print(f"  passes without it: tests/{test}", markup=False, soft_wrap=True)
        console.print(trial.words, markup=False, soft_wrap=True)
    console.print(f"{caught} caught of {len(trials)}, in {seconds:.0f} s")
    return 0 if caught == len(trials) else 1


def markdown(chosen: Mapping[str, tuple[Guard, ...]]) -> str:
    """The table as docs/security.md has it."""
    lines: list[str] = []
    for area, guards in chosen.items():
        if guards:
            lines += [f"### {area}", "", "| guard | protects from | in | test |", "|---|---|---|---|"]
            for guard in guards:
                tests = "<br>".join(f"`{test}`" for test in guard.tests)
                lines.append(f"| {guard.name} | {guard.protects_from} | `{guard.file}` | {tests} |")
            lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
