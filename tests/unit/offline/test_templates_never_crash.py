"""Whatever a template says, it is rendered, left as it is, or refused in words."""

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rowgate.offline import clerk_template, workos_template

PIECES = st.sampled_from(
    [
        "{{",
        "}}",
        "||",
        "'",
        '"',
        "\\",
        " ",
        "user",
        ".",
        "id",
        "metadata",
        "org",
        "9" * 400,
        "1.5",
        "-",
        "{",
        "}",
        ":",
        ",",
        "[",
        "]",
        "null",
        "true",
        "\ud800",
        "\x00",
        "é",
        "a",
    ]
)
TEMPLATES = st.lists(PIECES, max_size=25).map("".join) | st.text(max_size=60)
CONTEXT = {"user": {"id": "user_1", "metadata": {"a": 1}}, "org": None}


@settings(max_examples=400, deadline=None)
@given(TEMPLATES)
@example("{{" + "9" * 5000 + "}}")
@example("{{1" + "0" * 400 + ".5}}")
def test_clerk(text: str) -> None:
    rendered = clerk_template.render({"claim": text}, CONTEXT)
    assert set(rendered) == {"claim"}


@settings(max_examples=400, deadline=None)
@given(TEMPLATES)
@example('{"a":' + "[" * 100_000)
@example('{"a":' * 2000 + "1" + "}" * 2000)
@example('{"a": 1e999}')
@example('{"a": "\ud800{{user.id}}"}')
def test_workos(text: str) -> None:
    for content in (text, '{"a": ' + text + "}", '{"a": "' + text + '"}'):
        try:
            rendered = workos_template.parse(content).render(CONTEXT)
        except workos_template.TemplateError:
            continue
        assert len(msgspec.json.encode(rendered)) <= workos_template.SIZE_LIMIT


def test_a_template_nested_too_deep_is_refused() -> None:
    with pytest.raises(workos_template.TemplateError):
        workos_template.parse('{"a":' + "[" * 100_000)
