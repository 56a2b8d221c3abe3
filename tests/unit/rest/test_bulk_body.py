"""Bodies of many rows: read slice by slice as if they were read at once, with room for others in between."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import time
import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rowgate.postgrest.errors import RestError
from rowgate.rest import bulk_body
from rowgate.rest.bulk_body import array_steps, csv_steps, finished, read_by_steps
from rowgate.rest.syntax import Payload

TEXTS = st.text(st.sampled_from('ab"\\{}[],:\n é'), max_size=8)
VALUES = st.recursive(
    st.none() | st.integers(-9, 9) | TEXTS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(TEXTS, below, max_size=3),
    max_leaves=6,
)
ROWS = st.lists(st.fixed_dictionaries({"id": VALUES, "},{": VALUES}), max_size=12)
SLICES = st.integers(1, 40)


def outcome(body: bytes, slice_bytes: int, steps: object = array_steps) -> Payload | str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk_body, "SLICE_BYTES", slice_bytes)
        patch.setattr(bulk_body, "CSV_SLICE_BYTES", slice_bytes)
        try:
            return finished(steps(body))  # type: ignore[operator]
        except RestError as error:
            return f"{error.code} {error.message}"


@given(ROWS, SLICES, st.sampled_from([(",", ":"), (" ,\n ", " : ")]))
def test_an_array_is_the_same_however_it_is_cut(rows: list[object], size: int, marks: tuple[str, str]) -> None:
    body = json.dumps(rows, separators=marks, ensure_ascii=False).encode()
    expected = Payload(body, ("id", "},{"), is_array=True) if rows else bulk_body.EMPTY_ARRAY
    assert outcome(body, size) == expected


@settings(max_examples=300)
@given(ROWS, SLICES, st.integers(0, 10**6), st.sampled_from([b"", b"x", b"]", b"}", b'"', b",", b'{"a":1}', b"[{"]))
def test_a_broken_array_is_refused_in_the_same_words_however_it_is_cut(
    rows: list[object], size: int, at: int, junk: bytes
) -> None:
    body = json.dumps(rows, ensure_ascii=False).encode()
    at %= len(body) + 1
    broken = body[:at] + junk + body[at + 1 :]
    assert outcome(broken, size) == outcome(broken, 10**9)


def test_keys_that_differ_are_named_only_where_the_rest_is_json() -> None:
    assert outcome(b'[{"a":1},{"b":2},{"a":3}]', 3) == "PGRST102 All object keys must match"
    assert outcome(b'[{"a":1},{"b":2},{"a":3}', 3) == "PGRST102 Empty or invalid json"


@given(
    st.lists(st.lists(TEXTS, min_size=2, max_size=2), min_size=1, max_size=12), SLICES, st.sampled_from(["\n", "\r\n"])
)
def test_csv_is_the_same_however_it_is_cut(records: list[list[str]], size: int, end: str) -> None:
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator=end).writerows([["id", "b"], *records])
    payload = outcome(written.getvalue().encode(), size, csv_steps)
    assert isinstance(payload, Payload)
    assert [[row["id"], row["b"]] for row in json.loads(payload.body)] == records
    assert payload.columns == ("b", "id")


@pytest.mark.parametrize(
    "text",
    [
        'a,b\n1,2\n3,"x',
        'a,b\n1,2\n3,4\n\n5,"x"y\n6,7',
        "a,b\n1,2\n3\n4,5",
        'a,b\n"1\n2",3\n4,5"\n',
        "\n\n",
        "a\r1\r2",
        "a,b\n\n\n",
    ],
)
def test_csv_that_is_odd_is_answered_alike_however_it_is_cut(text: str) -> None:
    for size in range(1, 12):
        assert outcome(text.encode(), size, csv_steps) == outcome(text.encode(), 10**9, csv_steps)


@pytest.mark.parametrize("content", ["json", "csv"])
def test_others_have_their_turn_while_a_large_body_is_read(content: str) -> None:
    """Two hundred slices of about a millisecond, and nobody waits for more than a few of them."""
    count = 150_000
    if content == "json":
        steps = array_steps(b"[" + b",".join(b'{"id":%d,"name":"some name %d"}' % (n, n) for n in range(count)) + b"]")
    else:
        steps = csv_steps(b"id,name\n" + b"".join(b'%d,"some name %d"\n' % (n, n) for n in range(count)))
    turns: list[float] = []

    async def both() -> Payload:
        async def other() -> None:
            while True:
                turns.append(time.thread_time())
                await asyncio.sleep(0)

        task = asyncio.create_task(other())
        payload = await read_by_steps(steps)
        task.cancel()
        return payload

    assert asyncio.run(both()).columns == ("id", "name")
    assert len(turns) > 50
    # CPU time of this thread: what other processes do meanwhile does not count.
    assert max(later - before for before, later in pairwise(turns)) < 0.05


def test_csv_whose_names_are_out_of_proportion_is_refused_before_it_takes_the_memory() -> None:
    tracemalloc.start()
    try:
        with pytest.raises(RestError) as caught:
            finished(csv_steps(b"x" * 100_000 + b"\n" + b"1\n" * 10_000))
        assert tracemalloc.get_traced_memory()[1] < 40 * 2**20
    finally:
        tracemalloc.stop()
    assert (caught.value.status, caught.value.code) == (413, "body_too_large")


def test_the_longest_name_of_a_column_is_never_out_of_proportion() -> None:
    body = b"n" * 63 + b"\n" + b"1\n" * 100_000
    assert len(finished(csv_steps(body)).body) == 100_000 * 72 + 1
