"""rowgate start refuses before anything starts what must not be served."""

from __future__ import annotations

from pathlib import Path

from rowgate.project.published import DEMO_JWT_SECRET

from .conftest import Run


def test_upstreams_published_secret_is_not_served_beyond_this_machine(run: Run, project: Path) -> None:
    (project / "supabase" / "config.toml").write_text(f'[auth]\njwt_secret = "{DEMO_JWT_SECRET}"\n')

    outcome = run("start", "--host", "0.0.0.0", "--database-url", "postgresql://127.0.0.1:1/none")

    assert outcome.status == 2
    assert "auth.jwt_secret" in outcome.err
    assert "published" in outcome.err
    assert DEMO_JWT_SECRET not in outcome.err
