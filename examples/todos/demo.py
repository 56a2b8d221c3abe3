"""The whole story on one machine: two offline identity providers, Rowgate, and what each person may see.

    python examples/todos/demo.py [--once] [--port 54321]

Starts everything, plays the story, prints what happened, and stays up until Ctrl-C (`--once`: ends with status 0 when
everything came out as expected, else 1).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import shlex
import signal
import sys
import time
from pathlib import Path

import aiohttp
from stage import page
from stage.children import ChildFailed, free_port, is_free
from stage.display import Display
from stage.house import House
from stage.people import ADA, CLEO, Clerk, Workos
from stage.rest import Rest
from stage.story import Scene, Story

from rowgate.server.state_file import StateFile

WORKDIR = Path(__file__).resolve().parent
PAGE_PORT = 54330


def main() -> int:
    """Parse the arguments and run until the story ends or Ctrl-C. Returns the exit status."""
    parser = argparse.ArgumentParser(description="Play the Rowgate story on this machine.")
    parser.add_argument("--once", action="store_true", help="end after the story, with status 0 or 1")
    parser.add_argument("--port", type=int, default=54321, help="port for Rowgate (default: 54321)")
    arguments = parser.parse_args()
    other = StateFile(WORKDIR / ".rowgate").running()
    if other is not None:
        sys.stderr.write(
            f"The demo is running already, at {other.url} (process {other.pid}).\n"
            "Use that one, or end it with Ctrl-C in its terminal, or from here: "
            f"{_rowgate()} stop --workdir {shlex.quote(str(WORKDIR))}\n"
        )
        return 1
    if not is_free(arguments.port):
        sys.stderr.write(
            f"Port {arguments.port} is taken by another program on this machine.\n"
            f"Stop that one (`rowgate stop`, if it is an earlier Rowgate), or choose another port: "
            f'`make demo ARGS="--port {arguments.port + 100}"`.\n'
        )
        return 1
    return asyncio.run(_until_told(arguments.port, arguments.once))


async def _until_told(port: int, once: bool) -> int:
    """Run the demo as a task that signals cancel, so that every `finally` below gets its turn."""
    running = asyncio.create_task(_demo(port, once))
    told = False

    def stop() -> None:
        nonlocal told
        if not told:  # a second Ctrl-C must not interrupt the stopping of children, which is bounded in time
            told = True
            running.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop)
    try:
        return await running
    except asyncio.CancelledError:
        return 1 if once else 0


async def _demo(port: int, once: bool) -> int:
    display = Display()
    begun = time.monotonic()
    try:
        async with contextlib.AsyncExitStack() as stack:
            bundling = asyncio.create_task(page.build()) if not once else None
            stack.push_async_callback(_cancel, bundling)
            with display.progress():
                house = await stack.enter_async_context(House.open(WORKDIR, port, display))
                scenes, passed = await _play(house, display)
            display.table(scenes)
            display.line(f"Took {time.monotonic() - begun:.1f} s.", "dim")
            if bundling is None:
                return 0 if passed else 1
            missing = await bundling
            served = _serve_page(house)
            stack.callback(served.close)
            _invite(house, served.url + (f" (not built: {missing})" if missing else ""), display)
            try:
                await asyncio.Event().wait()  # until Ctrl-C
            finally:
                display.line("\nStopping…", "dim")
    except ChildFailed as error:
        display.line(str(error), "red")
        return 1


async def _play(house: House, display: Display) -> tuple[list[Scene], bool]:
    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(timeout=timeout) as http:
        acts: dict[str, None] = {}

        def begin(act: str, words: str) -> None:
            if act not in acts:
                if acts:
                    _close(next(reversed(acts)))
                acts[act] = None
            display.step(f"{act}: {words}")

        def _close(act: str) -> None:
            of_act = [scene for scene in story.scenes if scene.act == act]
            good = sum(scene.passed for scene in of_act)
            display.done(f"{act}: {good} of {len(of_act)} as expected", good == len(of_act))

        story = Story(
            rest=Rest(http, house.url, house.keys["PUBLISHABLE_KEY"]),
            clerk=Clerk(http, house.clerk_issuer),
            workos=Workos(http, house.workos_issuer),
            house=house,
            begin=begin,
        )
        scenes = await story.play()
        if acts:
            _close(next(reversed(acts)))
        return scenes, all(scene.passed for scene in scenes)


def _serve_page(house: House) -> page.PageServer:
    settings = {
        "url": house.url,
        "key": house.keys["PUBLISHABLE_KEY"],
        "clerk": house.clerk_issuer,
        "workos": house.workos_issuer,
    }
    return page.PageServer(free_port(PAGE_PORT), settings)


def _invite(house: House, page_url: str, display: Display) -> None:
    """URL, keys, page, and commands that can be copied as they are."""
    base = house.workos_issuer.partition("/user_management/")[0]
    ada = f"{house.clerk_issuer}/__offline__/token?email={ADA}"
    cleo = f"{base}/__offline__/token?email={CLEO}"
    line = display.line
    line()
    line("Everything stays up until Ctrl-C.", "bold")
    for name in (
        "API_URL",
        "GRAPHQL_URL",
        "ANON_KEY",
        "SERVICE_ROLE_KEY",
        "PUBLISHABLE_KEY",
        "SECRET_KEY",
        "JWT_SECRET",
        "DB_URL",
    ):
        line(f"  {name:<17} {house.keys[name]}")
    line(f"  {'PAGE':<17} {page_url}", "bold cyan")
    line()
    line("Ask as Ada (Clerk) and as Cleo (WorkOS), each time with a fresh token:", "bold")
    for url in (ada, cleo):
        line(f"curl '{house.url}/rest/v1/lists?select=name,todos(title,done)' \\")
        line(f"  -H 'apikey: {house.keys['PUBLISHABLE_KEY']}' \\")
        line(f"  -H \"Authorization: Bearer $(curl -s '{url}')\"")
    line(f"curl '{house.keys['GRAPHQL_URL']}' -H 'Content-Type: application/json' \\")
    line(f"  -H 'apikey: {house.keys['PUBLISHABLE_KEY']}' \\")
    line(f"  -H \"Authorization: Bearer $(curl -s '{cleo}')\" \\")
    line('  -d \'{"query": "{ listsCollection { edges { node { name } } } }"}\'')
    line()
    line("Read a token, and why it is trusted:", "bold")
    explain = f"{_rowgate()} token explain - --workdir {shlex.quote(str(WORKDIR))}"
    line(f"curl -s '{ada}' \\")
    line(f"  | {house.environment_prefix}{explain}")
    line()
    line("Change Clerk's signing key; tokens under the new key work at once:", "bold")
    line(f"curl -X POST '{house.clerk_issuer}/__offline__/rotate'")


def _rowgate() -> str:
    """The command as it is to be typed."""
    installed = Path(sys.executable).with_name("rowgate")
    return shlex.quote(str(installed)) if installed.exists() else "rowgate"


async def _cancel(task: asyncio.Task[str | None] | None) -> None:
    if task is None:
        return
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


if __name__ == "__main__":
    sys.exit(main())
