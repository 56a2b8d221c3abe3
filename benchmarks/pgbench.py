"""pgbench as the limit: the very statements Rowgate sends, pipelined, by a client that does nothing else."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class PipelinedRequest:
    """One request's statements in order, each with its parameters in text form."""

    statements: tuple[tuple[str, tuple[str | None, ...]], ...]


@dataclass(frozen=True, slots=True)
class Run:
    """Transactions in all and per second, and the mean latency in milliseconds."""

    transactions: int
    per_second: float
    latency: float


def script(request: PipelinedRequest, number: int) -> tuple[str, dict[str, str]]:
    """The pgbench script of a request and the variables that carry its parameters, so that -M prepared binds them."""
    lines, variables = ["\\startpipeline"], {}
    for position, (sql, parameters) in enumerate(request.statements):
        if ":" in re.sub(r"::", "", re.sub(r"'[^']*'", "", sql)):
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
) -> Run:
    """Run the requests' scripts with equal weight over `connections` for `seconds`."""
    files: list[str] = []
    defines: list[str] = []
    for number, request in enumerate(requests):
        text, variables = script(request, number)
        path = folder / f"request{number}.sql"
        path.write_text(text)
        files += ["-f", str(path)]
        for variable, value in variables.items():
            defines += ["-D", f"{variable}={value}"]
    command = [
        str(pgbench),
        "-n",
        "-M",
        "prepared",
        "-c",
        str(connections),
        "-j1",
        "-T",
        str(seconds),
        *files,
        *defines,
    ]
    done = subprocess.run([*command, conninfo], check=False, capture_output=True, text=True, timeout=seconds + 60)
    if done.returncode:
        raise RuntimeError(f"pgbench failed: {done.stderr[-2000:]}")
    number = int(re.search(r"actually processed: (\d+)", done.stdout)[1])  # type: ignore[index]
    rate = float(re.search(r"tps = ([\d.]+)", done.stdout)[1])  # type: ignore[index]
    latency = float(re.search(r"latency average = ([\d.]+)", done.stdout)[1])  # type: ignore[index]
    return Run(number, rate, latency)
