"""Two projects in one cluster: roles are the cluster's, so the second must not take the first one's logins."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.stack import Stack, free_port, rowgate

from .asking import ask
from .cluster import Cluster
from .schema import NOTES


@pytest.fixture
def two_databases(cluster: Cluster) -> tuple[str, str]:
    cluster.execute("create database shop")
    cluster.execute("create database blog")
    return (cluster.url("postgres", "postgres", "shop"), cluster.url("postgres", "postgres", "blog"))


def refused_start(folder: Path, url: str, **environ: str) -> str:
    told = rowgate(
        "start", "--workdir", str(folder), "--port", str(free_port()), environ={"DATABASE_URL": url, **environ}
    )
    assert told.returncode in (1, 2), told.stdout + told.stderr
    return told.stderr


def test_a_second_project_is_refused_the_first_ones_logins_and_told_what_to_set(
    two_databases: tuple[str, str], serve: Callable[..., Stack], tmp_path: Path
) -> None:
    shop_url, blog_url = two_databases
    notes = {"20260101000000_notes.sql": NOTES}
    shop = serve(shop_url, name="shop", migrations=notes)
    (tmp_path / "blog" / "supabase").mkdir(parents=True)
    (tmp_path / "blog" / "supabase" / "config.toml").write_text('project_id = "blog"\n')
    told = refused_start(tmp_path / "blog", blog_url)
    assert "belong to another Rowgate project" in told
    assert "login_prefix" in told
    assert "login_prefix" in refused_start(tmp_path / "blog", blog_url, ROWGATE_DB__LOGIN_PREFIX="Not A Name")

    blog = serve(blog_url, name="blog", environ={"ROWGATE_DB__LOGIN_PREFIX": "blog"})
    for stack in (shop, blog):
        for key in (stack.publishable_key, stack.keys["SECRET_KEY"]):
            assert ask(stack, "GET", "/notes", key=key).status == (200 if stack is shop else 404)
    # A new connection of the first one still logs in: nobody has set its passwords anew.
    assert shop.stop() == 0
    shop = serve(shop_url, name="shop")
    assert ask(shop, "GET", "/notes", key=shop.keys["SECRET_KEY"]).status == 200
    assert ask(blog, "GET", "/notes", key=blog.keys["SECRET_KEY"]).status == 404

    # Without the first one running, its logins are there to be taken: a project that lost its secrets looks the same.
    assert shop.stop() == 0
    assert blog.stop() == 0
    moved = serve(shop_url, name="checkout")
    assert "were another project's, which is not connected" in "".join(moved.output)
    assert ask(moved, "GET", "/notes", key=moved.keys["SECRET_KEY"]).status == 200
