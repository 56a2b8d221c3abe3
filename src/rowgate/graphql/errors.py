"""The one exception of the room: something the dialect answers with an error message."""

from __future__ import annotations


class GraphQLError(Exception):
    """A message in the dialect's own words.

    Raised before anything ran (`nothing_ran`) the answer has no `data` at all; from the building of a root field it
    costs a query that field and a mutation everything (pg_graphql's rule).
    """

    def __init__(self, message: str, *, nothing_ran: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.nothing_ran = nothing_ran
