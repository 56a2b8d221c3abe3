"""Preference-Applied (RFC 7240 section 3): which of a request's preferences meant something, in PostgREST's words."""

from __future__ import annotations

from rowgate.http.exchange import RawHeaders
from rowgate.rest.mutation_plan import Insert
from rowgate.rest.plan import CallPlan, MutationPlan, ReadPlan
from rowgate.rest.syntax import Action, Preferences


def preference_applied(asked: Preferences, plan: ReadPlan | MutationPlan | CallPlan) -> RawHeaders:
    """The header for what a plan does, its words in PostgREST's order; none where nothing asked for meant anything."""
    action, upserts = None, False
    if isinstance(plan, MutationPlan):
        action = plan.action
        upserts = action is Action.CREATE and isinstance(plan.mutation, Insert) and bool(plan.mutation.conflict)
    bounded = asked.handling == "strict" and (action in (Action.UPDATE, Action.DELETE) or isinstance(plan, CallPlan))
    said = (
        ("resolution", asked.resolution if upserts else None),
        ("missing", asked.missing if action in (Action.CREATE, Action.UPDATE) else None),
        ("return", asked.returns if action is not None else None),
        ("count", asked.count),
        ("tx", asked.transaction),
        ("handling", asked.handling),
        ("timezone", asked.timezone),
        ("max-affected", asked.max_affected if bounded else None),
    )
    words = ", ".join(f"{name}={value}" for name, value in said if value is not None)
    return [(b"preference-applied", words.encode())] if words else []
