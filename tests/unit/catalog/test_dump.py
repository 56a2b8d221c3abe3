"""The catalog as JSON for the admin server."""

from __future__ import annotations

import json

from rowgate.postgres.catalog.dump import catalog_json
from rowgate.postgres.catalog.records import Catalog, Column, Relation, RelationKind, RoleSettings, SearchPath


def test_names_are_joined_and_the_values_of_settings_stay_out() -> None:
    column = Column("id", 1, "integer", "integer", 23, nullable=False)
    relation = Relation("api", "tasks", RelationKind.TABLE, (column,))
    view = Relation("b", "t", RelationKind.VIEW, {})
    catalog = Catalog(
        7, 180000, ("api",), {("api", "tasks"): relation}, {}, {}, {},
        media_handlers={(None, "text/x"): ("api", "f"), (("api", "t"), "a/b"): ("api", "g")},
        timezones=frozenset({"UTC", "Asia/Tokyo"}),
        path=SearchPath(("api", "b"), {("api", "tasks"): relation, ("b", "t"): view}),
        role_settings={"web": RoleSettings((("app.secret", "hidden"), ("statement_timeout", "5s")))},
    )  # fmt: skip

    content = catalog_json(catalog)
    read = json.loads(content)

    assert b"hidden" not in content
    assert read["relations"]["api.tasks"]["columns"][0]["name"] == "id"
    assert read["relations"]["api.tasks"]["kind"] == "r"
    assert list(read["path"]["relations"]) == ["b.t"]  # nothing is told twice: the page has a limit
    assert read["media_handlers"] == {"text/x": ["api", "f"], "api.t.a/b": ["api", "g"]}
    assert read["timezones"] == ["Asia/Tokyo", "UTC"]
    assert read["role_settings"]["web"]["settings"] == [["app.secret", "***"], ["statement_timeout", "***"]]
