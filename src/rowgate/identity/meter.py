"""Counters of verdicts: bounded by the configuration (issuers × codes), never by what strangers send."""

from __future__ import annotations

ACCEPTED = "accepted"
UNIDENTIFIED = "unidentified"  # refused before an issuer was known


class Tally:
    """One counter; the hot path adds one to `count` and does nothing else."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


class Meter:
    """Verdicts by issuer and code.

    `issuer` is a configured name, `shared_secret`, `api_key`, `anonymous` or `unidentified`. Tokens of the old way
    (signed with the project's secret) are counted apart, under `shared_secret`.
    """

    def __init__(self) -> None:
        self._tallies: dict[tuple[str, str], Tally] = {}

    def tally(self, issuer: str | None, verdict: str) -> Tally:
        """The counter of an issuer and a verdict (`accepted` or a refusal's code)."""
        key = (issuer or UNIDENTIFIED, verdict)
        found = self._tallies.get(key)
        if found is None:
            found = self._tallies[key] = Tally()
        return found

    def counts(self) -> dict[tuple[str, str], int]:
        """A snapshot, by (issuer, verdict)."""
        return {key: tally.count for key, tally in self._tallies.items()}
