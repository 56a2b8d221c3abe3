"""What must be true of an outcome before it is kept, and how its transaction ends. Pure."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from rowgate.postgres.statement import End, Result
from rowgate.postgrest.errors import RestError
from rowgate.project.settings import RestSettings
from rowgate.rest.plan import CallPlan, MutationPlan, ReadPlan
from rowgate.rest.response import not_singular, page_of
from rowgate.rest.syntax import Action, Preferences


def end_of(preferences: Preferences, settings: RestSettings) -> End:
    """`tx=` is only heard where db_tx_end allows an override; the parser has dropped it elsewhere."""
    if preferences.transaction is not None:
        return End(preferences.transaction)
    return End.ROLLBACK if settings.db_tx_end.startswith("rollback") else End.COMMIT


def check_of(plan: ReadPlan | MutationPlan | CallPlan, preferences: Preferences) -> Callable[[Result], None] | None:
    """What looks at the result before it is kept, None where any will do; raises what `check_rows` raises."""
    return partial(check_rows, plan, preferences) if _may_undo(plan, preferences) else None


def check_rows(plan: ReadPlan | MutationPlan | CallPlan, preferences: Preferences, result: Result) -> None:
    """What a write's rows must satisfy before it is committed.

    Raises RestError PGRST115 (PUT), PGRST116 (singular), PGRST124 (max-affected with handling=strict).
    """
    rows = page_of(result)
    if isinstance(plan, MutationPlan) and plan.action is Action.PUT and rows != 1:
        raise RestError(400, "PGRST115", "Payload values do not match URL in primary key column(s)")
    if isinstance(plan, MutationPlan | CallPlan) and plan.singular and rows != 1:
        raise not_singular(rows)
    most = preferences.max_affected
    bounded = isinstance(plan, CallPlan) or (
        isinstance(plan, MutationPlan) and plan.action in (Action.UPDATE, Action.DELETE)
    )
    if bounded and most is not None and preferences.handling == "strict" and rows > most:
        raise RestError(
            400,
            "PGRST124",
            "Query result exceeds max-affected preference constraint",
            f"The query affects {rows} rows",
        )


def _may_undo(plan: ReadPlan | MutationPlan | CallPlan, preferences: Preferences) -> bool:
    if plan.format.explain:
        return False
    strict = preferences.max_affected is not None and preferences.handling == "strict"
    if isinstance(plan, MutationPlan):
        return plan.singular or plan.action is Action.PUT or strict
    return isinstance(plan, CallPlan) and (plan.singular or strict)
