"""What a path names."""

from __future__ import annotations

import pytest

from rowgate.postgrest.errors import RestError
from rowgate.project.settings import RestSettings
from rowgate.rest.resource import Resource, resource_of


@pytest.mark.parametrize(
    ("path", "named"),
    [
        (b"/", Resource("")),
        (b"/todos", Resource("todos")),
        (b"/rpc", Resource("rpc")),
        (b"/rpc/add", Resource("add", call=True)),
        (b"/%72pc/add", Resource("add", call=True)),
        (b"/%D9%85%D9%88", Resource("مو")),
        (b"/a%20b", Resource("a b")),
        (b"/a%2Fb", Resource("a/b")),  # an escaped slash is a letter of the name, no separator
        (b"/rpc%2Fadd", Resource("rpc/add")),
        (b"/a+b", Resource("a+b")),  # a plus is a blank in a query string alone
    ],
)
def test_a_path_names_a_relation_a_function_or_the_root(path: bytes, named: Resource) -> None:
    assert resource_of(path, RestSettings()) == named


@pytest.mark.parametrize("path", [b"/a/b", b"/todos/", b"/rpc/add/", b"/rpc/add/b", b"//", b"//todos"])
def test_any_other_path_is_refused(path: bytes) -> None:
    with pytest.raises(RestError) as refused:
        resource_of(path, RestSettings())
    assert (refused.value.status, refused.value.code) == (404, "PGRST125")


def test_the_root_may_be_a_function_or_nothing() -> None:
    assert resource_of(b"/", RestSettings(db_root_spec="welcome")) == Resource("welcome", call=True)
    assert resource_of(b"", RestSettings(db_root_spec="api.welcome")) == Resource("welcome", call=True)
    with pytest.raises(RestError) as refused:
        resource_of(b"/", RestSettings(openapi_mode="disabled"))
    assert (refused.value.status, refused.value.code) == (404, "PGRST126")
