"""`exp`, `nbf` and `iat` (RFC 7519 section 4.1), each with the issuer's clock skew."""

from __future__ import annotations

from datetime import UTC, datetime

from rowgate.identity.advice import refuse_for
from rowgate.identity.case import Case
from rowgate.identity.wording import show

# 9999-12-31: what `datetime` and Postgres' timestamps can both say. A later exp counts as this one.
LAST_MOMENT = 253_402_300_799.0


def check_expiry(case: Case) -> None:
    """`exp` is required (but for the project's own keys) and must not be past by more than the skew."""
    expiry = _moment(case, "exp")
    if expiry is None:
        if case.issuer.expiry_required:
            raise refuse_for(case.issuer, "expiry_missing", "The token has no exp: it would be good forever.")
        return
    if case.now - expiry > case.issuer.clock_skew:
        raise refuse_for(case.issuer, "token_expired", f"The token expired {_ago(case.now - expiry)} ago.")
    case.expires_at = min(expiry, LAST_MOMENT)


def check_start(case: Case) -> None:
    """`nbf` must not lie in the future by more than the skew."""
    _check_begun(case, "nbf")


def check_issued(case: Case) -> None:
    """`iat` must not lie in the future by more than the skew: such a token comes from a clock that is wrong."""
    _check_begun(case, "iat")


def _check_begun(case: Case, claim: str) -> None:
    moment = _moment(case, claim)
    if moment is None:
        return
    if moment - case.now > case.issuer.clock_skew:
        raise refuse_for(
            case.issuer,
            "token_not_yet_valid",
            f"The token's {claim} lies {_ago(moment - case.now)} in the future.",
            subject=claim,
        )
    case.not_before = max(case.not_before, moment - case.issuer.clock_skew)


def _moment(case: Case, claim: str) -> float | None:
    value = case.token.claims.get(claim)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        problem = f"{claim} is {show(value)}, not a number of seconds."
        raise refuse_for(case.issuer, "claim_invalid", problem, subject=claim)
    try:
        return float(value)
    except OverflowError:  # an integer beyond 1.8e308
        return float("inf") if value > 0 else float("-inf")


def said(value: object) -> str:
    """A time claim for a person: the number, and the moment where it is one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LAST_MOMENT:
        return show(value)
    return f"{value} ({datetime.fromtimestamp(float(value), UTC):%Y-%m-%d %H:%M:%S} UTC)"


def _ago(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    if seconds < 7200:
        return f"{seconds / 60:.0f} minutes"
    if seconds < 172_800:
        return f"{seconds / 3600:.0f} hours"
    return f"{seconds / 86_400:.0f} days" if seconds < 86_400 * 365_000 else "ages"
