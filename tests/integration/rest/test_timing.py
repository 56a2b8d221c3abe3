"""Server-Timing: the stages of a request, where the setting is on."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from rowgate.rest.streaming import Weight
from rowgate.rest.timing import TimedRestService
from tests.integration.rest.shop import Answer, Client

pytestmark = pytest.mark.anyio

EVERY = ["jwt", "parse", "plan", "transaction", "response"]


@dataclass
class TimedClient(Client):
    def __post_init__(self) -> None:
        self.service = TimedRestService(self.settings, self.runner, lambda: self.catalog)


@pytest.fixture
def timed(undoing: Client) -> Client:
    return TimedClient(undoing.runner, undoing.catalog, undoing.settings)


def stages(answer: Answer) -> list[str]:
    said = answer.headers["server-timing"].split(", ")
    assert all(re.fullmatch(r"[a-z]+;dur=\d+\.\d", each) for each in said), said
    return [each.partition(";")[0] for each in said]


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("GET", "/clients?select=id", None),
        ("HEAD", "/clients", None),
        ("POST", "/clients?select=*", {"id": 77, "name": "Dan"}),
        ("PATCH", "/clients?id=eq.1", {"name": "Dan"}),
        ("DELETE", "/notes?id=eq.1", None),
        ("POST", "/rpc/add", {"a": 1, "b": 2}),
        ("GET", "/", None),
    ],
)
async def test_an_answer_tells_its_stages(timed: Client, method: str, target: str, body: object) -> None:
    for _ in range(2):  # planned anew, and from the cache
        answer = await timed(method, target, body)
        assert answer.status < 300, answer.body
        assert stages(answer) == EVERY


async def test_options_asks_no_database(timed: Client) -> None:
    assert stages(await timed("OPTIONS", "/clients")) == ["jwt", "parse", "plan", "response"]


async def test_an_error_tells_the_stages_it_reached(timed: Client) -> None:
    assert stages(await timed("GET", "/clients?id=nonsense.1")) == ["jwt", "parse"]
    assert stages(await timed("GET", "/clients?id=eq.nonsense")) == ["jwt", "parse", "plan", "transaction"]


async def test_nothing_is_told_unless_it_is_switched_on(rest: Client) -> None:
    assert "server-timing" not in (await rest("GET", "/clients")).headers


async def test_the_first_stage_begins_when_the_request_arrives(timed: Client) -> None:
    answer = await timed("GET", "/clients")
    jwt = float(answer.headers["server-timing"].partition("dur=")[2].partition(",")[0])
    assert jwt > 0  # the client here names no arrival: the clock's zero


async def test_an_answer_made_row_by_row_tells_its_stages_too(timed: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Weight, "large", lambda *_: True)
    answer = await timed("GET", "/clients?select=name")
    assert stages(answer) == EVERY
    transaction = float(answer.headers["server-timing"].partition("transaction;dur=")[2].partition(",")[0])
    assert transaction > 0
