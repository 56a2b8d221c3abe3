"""Verdicts counted per issuer, as the workers tell them to the parent and the parent to `rowgate status`."""

from __future__ import annotations

from collections.abc import Mapping

VerdictCounts = Mapping[str, Mapping[str, int]]  # issuer -> verdict (`accepted`, or a refusal's code) -> how often


def by_issuer(counts: Mapping[tuple[str, str], int]) -> VerdictCounts:
    """The meter's counts as a table that JSON can hold."""
    table: dict[str, dict[str, int]] = {}
    for (issuer, verdict), number in counts.items():
        table.setdefault(issuer, {})[verdict] = number
    return table


def summed(*tables: VerdictCounts) -> VerdictCounts:
    """Several processes' counts as one table, sorted by name; `accepted` comes first."""
    total: dict[str, dict[str, int]] = {}
    for table in tables:
        for issuer, verdicts in table.items():
            row = total.setdefault(issuer, {})
            for verdict, number in verdicts.items():
                row[verdict] = row.get(verdict, 0) + number
    return {
        issuer: dict(sorted(total[issuer].items(), key=lambda item: (item[0] != "accepted", item[0])))
        for issuer in sorted(total)
    }
