"""What a connection has prepared and what a pool knows of a statement's time."""

from __future__ import annotations

from rowgate.postgres.statements import FAST, History, PreparedStatements


def key(number: int) -> tuple[str, str, str]:
    return ("anon", "public", f"select {number}")


def fast(history: History, number: int) -> bool:
    times = history.of(key(number))
    return times is not None and times.fast


def test_an_attempt_is_not_prepared_before_its_parse_is_complete() -> None:
    statements = PreparedStatements()
    attempt = statements.attempt(key(1))
    assert statements.get(key(1)) is None
    statements.add(attempt)
    assert statements.get(key(1)) is attempt


def test_of_two_attempts_the_second_is_closed() -> None:
    statements = PreparedStatements()
    first, second = statements.attempt(key(1)), statements.attempt(key(1))
    assert first.name != second.name
    statements.add(first)
    statements.add(second)
    assert statements.get(key(1)) is first
    assert statements.superseded == [second.name]


def test_the_least_recently_used_goes_first() -> None:
    statements = PreparedStatements(capacity=2)
    attempts = [statements.attempt(key(number)) for number in range(3)]
    statements.add(attempts[0])
    statements.add(attempts[1])
    statements.get(key(0))
    statements.add(attempts[2])
    assert key(0) in statements
    assert key(1) not in statements
    assert statements.superseded == [attempts[1].name]


def test_a_forgotten_statement_is_closed_and_its_successor_stays() -> None:
    statements = PreparedStatements()
    old = statements.attempt(key(1))
    statements.add(old)
    statements.forget(old)
    new = statements.attempt(key(1))
    statements.add(new)
    statements.forget(old)  # a neighbour that had used the old one fails a moment later
    assert statements.get(key(1)) is new
    assert statements.superseded == [old.name]


def test_what_is_new_is_not_fast() -> None:
    history = History()
    assert not fast(history, 1)
    history.record(key(1), FAST / 10)
    assert fast(history, 1)


def test_one_slow_run_is_remembered_and_fades() -> None:
    history = History()
    history.record(key(1), FAST / 10)
    history.record(key(1), FAST * 2)
    for _ in range(10):
        history.record(key(1), FAST / 10)
        assert not fast(history, 1)
    for _ in range(20):
        history.record(key(1), FAST / 10)
    assert fast(history, 1)


def test_the_history_is_bounded() -> None:
    history = History(capacity=3)
    for number in range(100):
        history.record(key(number), 0.0)
    assert len(history) == 3
    assert fast(history, 99)


def test_no_two_connections_share_a_statements_name() -> None:
    # Behind a transaction pooler the same backend serves both: a shared name would run the other one's SQL.
    names = {PreparedStatements().attempt(key(1)).name for _ in range(100)}
    assert len(names) == 100


def test_the_usual_time_follows_what_a_statement_takes_now() -> None:
    history = History()
    history.record(key(1), 0.004)
    times = history.of(key(1))
    assert times is not None
    for _ in range(100):
        history.record(key(1), 0.001)
    assert 0.001 < times.usual < 0.0011


def test_a_run_that_had_to_wait_hardly_changes_the_usual_time() -> None:
    history = History()
    for number in range(200):
        history.record(key(1), 0.004 if number % 2 else 0.001)
    times = history.of(key(1))
    assert times is not None
    assert times.usual < 0.002
