"""pgbench as the limit: the very statements Rowgate sends, pipelined, by a client that does nothing else."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from benchmarks.load import Load
from benchmarks.sample import Sample, measured


@dataclass(frozen=True, slots=True)
class PipelinedRequest:
    """One request's statements in order, each with its parameters in text form."""

    statements: tuple[tuple[str, tuple[str | None, ...]], ...]


def script(request: PipelinedRequest, number: int) -> tuple[str, dict[str, str]]:
    """The pgbench script of a request and the variables that carry its parameters, so that -M prepared binds them."""
    lines, variables = ["\\startpipeline"], {}
    for position, (sql, parameters) in enumerate(request.statements):
        if re.search(r":\w", re.sub(r"::", "", re.sub(r"'[^']*'", "", sql))):
            raise ValueError(f"pgbench would read a variable into: {sql}")

        def name(
            match: re.Match[str], position: int = position, parameters: tuple[str | None, ...] = parameters
        ) -> str:
            value = parameters[int(match[1]) - 1]
            if value is None:
                return "null"
            variable = f"r{number}s{position}p{match[1]}"
            variables[variable] = value
            return ":" + variable

        lines.append(re.sub(r"\$(\d+)", name, " ".join(sql.split())) + ";")
    return "\n".join([*lines, "\\endpipeline", ""]), variables


def run(
    pgbench: Path, conninfo: str, requests: Sequence[PipelinedRequest], connections: int, seconds: int, folder: Path
) -> Load:
    """Run the requests' scripts with equal weight over `connections` for `seconds`. It knows no percentiles."""
    scripts: list[str] = []
    variables: list[str] = []
    for number, request in enumerate(requests):
        text, defines = script(request, number)
        path = folder / f"request{number}.sql"
        path.write_text(text)
        scripts += ["-f", str(path)]
        variables += [word for name, value in defines.items() for word in ("-D", f"{name}={value}")]
    options = ["-n", "-M", "prepared", "-c", str(connections), "-j1", "-T", str(seconds)]
    # The password goes by the environment: a command line can be read by anyone on the machine.
    parameters = {name: str(value) for name, value in conninfo_to_dict(conninfo).items() if value is not None}
    environ = {**os.environ, "PGPASSWORD": parameters.pop("password", "")}
    done = subprocess.run(
        [str(pgbench), *options, *scripts, *variables, make_conninfo(**parameters)],
        check=False, capture_output=True, text=True, timeout=seconds + 60, env=environ,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"pgbench failed: {done.stderr[-2000:]}")
    return Load(
        int(_figure(r"actually processed: (\d+)", done.stdout)),
        _figure(r"tps = ([\d.]+)", done.stdout),
        _figure(r"latency average = ([\d.]+)", done.stdout),
        0.0,
        int(_figure(r"failed transactions: (\d+)", done.stdout)),
    )


def _figure(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    if found is None:
        raise RuntimeError(f"pgbench printed nothing like {pattern}:\n{text}")
    return float(found[1])


def measure(
    program: Path,
    conninfo: str,
    requests: Sequence[PipelinedRequest],
    postmaster: int,
    connections: int,
    seconds: float,
    folder: Path,
) -> Sample:
    """One measurement; `folder` takes the scripts. Latency is pgbench's mean, in the place of a median."""
    whole = max(2, round(seconds))  # it counts the opening of its connections as well
    return measured((), postmaster, lambda: run(program, conninfo, requests, connections, whole, folder))
