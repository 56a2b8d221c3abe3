"""How a step says no: the refusal travels as an exception inside this package and as a value outside it."""

from __future__ import annotations

from rowgate.identity.refusals import Refusal, refusal


class Refused(Exception):
    """Raised by a verification step; never leaves `rowgate.identity`."""

    def __init__(self, refused: Refusal) -> None:
        super().__init__(refused.code)
        self.refusal = refused


def refuse(
    code: str, message: str, hint: str | None = None, issuer: str | None = None, subject: str | None = None
) -> Refused:
    """Make the exception for a row of the refusal table."""
    return Refused(refusal(code, message, hint, issuer, subject))
