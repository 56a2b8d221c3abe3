"""Verdicts of several workers, and of a worker's earlier lives, add up."""

from __future__ import annotations

from rowgate.server.verdicts import by_issuer, summed


def test_the_counts_of_all_workers_add_up_by_issuer_and_verdict() -> None:
    one = by_issuer({("shared_secret", "accepted"): 2, ("clerk", "token_expired"): 1})
    two = by_issuer({("clerk", "accepted"): 3, ("clerk", "token_expired"): 4, ("clerk", "audience_mismatch"): 1})

    total = summed(one, two)

    assert total == {
        "clerk": {"accepted": 3, "audience_mismatch": 1, "token_expired": 5},
        "shared_secret": {"accepted": 2},
    }
    assert list(total["clerk"]) == ["accepted", "audience_mismatch", "token_expired"]
    assert summed() == {}
