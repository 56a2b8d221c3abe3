"""The same rows through GraphQL: one schema, tokens of either provider, the policies that REST obeys."""

from __future__ import annotations

import json
import secrets
import textwrap
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .people import CLEO
from .rest import Answer, Expectation, refused

if TYPE_CHECKING:
    from .story import Story

ADD = "mutation ($name: String!) { insertIntolistsCollection(objects: [{name: $name}]) { records { id } } }"
ADD_TODO = """
mutation ($list: BigInt!, $title: String!) {
  insertIntotodosCollection(objects: [{list_id: $list, title: $title}]) { records { title lists { name } } }
}"""
READ = """
query ($list: BigInt!) {
  listsCollection(filter: {id: {eq: $list}}) { edges { node { name todosCollection { edges { node { title } } } } } }
}"""
DELETE = "mutation ($list: BigInt!) { deleteFromlistsCollection(filter: {id: {eq: $list}}) { affectedCount } }"
WIDTH = 70  # characters of an answer in the table


async def same_rows(story: Story) -> None:
    """Lists and todos are written and read under the same tokens and policies as through REST."""
    ada, cleo = await story.ada(), await story.workos.sign_in(CLEO)
    name = f"Errands {secrets.token_hex(3)}"
    todo = "Buy paper bags"

    made = await _scene(story, "Ada, Clerk", "adds a list", data(), ADD, ada, {"name": name})
    mine = {"list": _made(made)}
    told = {"insertIntotodosCollection": {"records": [{"title": todo, "lists": {"name": name}}]}}
    added = data(told, "the todo, and its list")
    await _scene(story, "Ada, Clerk", "adds a todo to it", added, ADD_TODO, ada, mine | {"title": todo})
    node = {"name": name, "todosCollection": {"edges": [{"node": {"title": todo}}]}}
    whole = data({"listsCollection": {"edges": [{"node": node}]}}, "the list with its todo")
    await _scene(story, "Ada, Clerk", "reads the list with its todos", whole, READ, ada, mine)

    nothing = data({"listsCollection": {"edges": []}}, "no row")
    await _scene(story, "Cleo, WorkOS", "reads Ada's list", nothing, READ, cleo, mine)
    policy = error("new row violates row-level security policy")
    await _scene(story, "Cleo, WorkOS", "adds a todo to it", policy, ADD_TODO, cleo, mine | {"title": "Surprise"})
    untouched = data({"deleteFromlistsCollection": {"affectedCount": 0}}, "no row")
    await _scene(story, "Cleo, WorkOS", "deletes Ada's list", untouched, DELETE, cleo, mine)

    own = await _scene(story, "Cleo, WorkOS", "adds a list", data(), ADD, cleo, {"name": name})
    deleted = data({"deleteFromlistsCollection": {"affectedCount": 1}}, "one row")
    await _scene(story, "Cleo, WorkOS", "deletes her list", deleted, DELETE, cleo, {"list": _made(own)})
    unknown = error('Unknown field "listsCollection" on type Query')
    await _scene(story, "nobody", "reads with the publishable key alone", unknown, READ, None, mine)
    claims = {"sub": "user_ada", "role": "authenticated", "exp": int(time.time()) - 3600}
    late = str((await story.clerk.control("mint", {"claims": claims}))["jwt"])
    await _scene(story, "a stranger", "reads with an expired token", refused("token_expired"), READ, late, mine)
    await _scene(story, "Ada, Clerk", "deletes her list", deleted, DELETE, ada, mine)


def data(wanted: Any = None, words: str = "data") -> Expectation:
    """An answer without errors, with this very data if any is given."""
    return Expectation(words, _holds(lambda body: "errors" not in body and wanted in (None, body.get("data"))))


def error(message: str) -> Expectation:
    """One error, whose message begins so."""
    return Expectation(message, _holds(lambda body: "; ".join(_messages(body)).startswith(message)))


def _holds(of: Callable[[Mapping[str, Any]], bool]) -> Callable[[Answer], bool]:
    return lambda answer: answer.status == 200 and isinstance(answer.body, Mapping) and of(answer.body)


def _messages(body: Mapping[str, Any]) -> list[str]:
    return [str(each["message"]) for each in body.get("errors", [])]


async def _scene(
    story: Story, who: str, what: str, expected: Expectation, query: str, token: str | None, variables: Any
) -> Answer:
    """Ask once and write down what came of it."""
    story.begin(story.act, f"{who} {what}")
    answer = await story.rest.graphql(query, token, variables)
    story.record(who, what, expected.words, _in_words(answer), expected.holds(answer))
    return answer


def _in_words(answer: Answer) -> str:
    if answer.refusal or not isinstance(answer.body, Mapping):
        return answer.in_words()
    return "; ".join(_messages(answer.body)) or textwrap.shorten(json.dumps(answer.body.get("data")), WIDTH)


def _made(answer: Answer) -> str:
    """The id of the list that was added; of none, where that went wrong."""
    written = (answer.body.get("data") or {}).get("insertIntolistsCollection") if answer.body else None
    return str(written["records"][0]["id"]) if written and written["records"] else "-1"
