"""What src/ imports is declared, what is declared is locked and has its line in docs/dependencies.md."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]
DECLARED = re.compile(r"^([a-z0-9-]+)(?:\[[a-z,]+\])?>=([0-9.]+)$")
LOCKED = re.compile(r"^([a-z0-9-]+)(?:\[[a-z,]+\])?==([0-9.]+)", re.MULTILINE)


def declared() -> dict[str, str]:
    """Name → least version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    matches = [DECLARED.match(line) for line in project["dependencies"]]
    assert all(matches), "each dependency is name>=version"
    return {match[1]: match[2] for match in matches if match is not None}


def imported() -> Iterator[tuple[str, str]]:
    """Distribution and file of each import of somebody else's package."""
    distributions = packages_distributions()
    for path in sorted((ROOT / "src").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            else:
                continue
            for name in names:
                package = name.partition(".")[0]
                if package not in sys.stdlib_module_names and package != "rowgate":
                    distribution = distributions.get(package, [package])[0]
                    yield distribution.lower().replace("_", "-"), str(path.relative_to(ROOT))


def test_every_import_is_a_dependency_of_our_own() -> None:
    # One that comes along with another library goes with it, too.
    undeclared = {(name, file) for name, file in imported() if name not in declared()}
    assert not undeclared


def test_every_dependency_has_its_line_in_the_documentation() -> None:
    page = (ROOT / "docs" / "dependencies.md").read_text()
    described = set(re.findall(r"[a-z0-9-]+", " ".join(re.findall(r"^\| ([^|]+) \|", page, re.MULTILINE))))
    assert not declared().keys() - described


def test_the_lock_files_hold_what_is_declared_and_name_no_host() -> None:
    for file in ("runtime.txt", "dev.txt"):
        text = (ROOT / "requirements" / file).read_text()
        locked = dict(LOCKED.findall(text))
        for name, least in declared().items():
            assert _parts(locked[name]) >= _parts(least), f"{file}: {name}"
        assert "://" not in text
        assert "index" not in text
        assert text.count("==") <= text.count("--hash=sha256:")


def _parts(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.strip(".").split(".")))
