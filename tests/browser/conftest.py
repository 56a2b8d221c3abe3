"""The example's page on the real stack, in Debian's Chromium."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.stack import free_port, start
from tests.unit.offline.issuer_process import IssuerProcess

EXAMPLE = Path(__file__).parents[2] / "examples" / "todos"
sys.path.insert(0, str(EXAMPLE))

from stage import page as example_page  # noqa: E402 - the example is no package of ours

# Chromium must neither phone home nor need a display, a GPU, or a user who may make sandboxes.
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
TEMPLATE = '{"role":"authenticated","user_role": {{organization_membership.role}}}'
ACTION_MILLISECONDS = 8_000


@pytest.fixture(scope="session")
def bundle() -> None:
    """supabase-js in one file, built from the page's lock file where it is missing or old."""
    missing = asyncio.run(example_page.build())
    if missing is not None:
        pytest.skip(f"the page could not be bundled: {missing}")


@pytest.fixture(scope="module")
def chromium(bundle: None) -> Iterator[Browser]:
    """Debian's Chromium; Playwright's own download is not wanted.

    Playwright's loop runs in this thread while it is open: after `bundle`, which needs one of its own, and not for the
    whole session, where other tests' loops would meet it.
    """
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("Chromium was not found: install Debian's package chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def page_url(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page's address, with Rowgate and both issuers behind it."""
    folder = tmp_path_factory.mktemp("page")
    shutil.copytree(EXAMPLE / "supabase", folder / "supabase")
    template = folder / "template.json"
    template.write_text(TEMPLATE)
    with ExitStack() as stack:
        clerk = IssuerProcess("clerk", "--port", "0")
        stack.callback(clerk.stop)
        workos = IssuerProcess("workos", "--port", "0", "--jwt-template", str(template))
        stack.callback(workos.stop)
        issuers = [
            {"name": "offline-clerk", "provider": "clerk", "issuer": clerk.issuer},
            {"name": "offline-workos", "provider": "workos", "issuer": workos.issuer},
        ]
        rowgate = start(folder, environ={"ROWGATE_ISSUERS": json.dumps(issuers)})
        stack.callback(rowgate.stop)
        settings = {
            "url": rowgate.url,
            "key": rowgate.publishable_key,
            "clerk": clerk.issuer,
            "workos": workos.issuer,
        }
        served = example_page.PageServer(free_port(), settings)
        stack.callback(served.close)
        yield served.url


@pytest.fixture
def open_page(chromium: Browser, page_url: str) -> Iterator[Callable[..., Page]]:
    """Opens the page in a context of its own. What the console complains about fails the test.

    Chromium logs every answer of 400 and above as an error; a test that provokes one says so with `refusals=True`.
    """
    complaints: list[str] = []
    contexts = []

    def opened(refusals: bool = False, **options: object) -> Page:
        context = chromium.new_context(**options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(ACTION_MILLISECONDS)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda message: (
                complaints.append(message.text)
                if message.type in ("error", "warning")
                and not (refusals and "responded with a status of 4" in message.text)
                else None
            ),
        )
        page.goto(page_url)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []
