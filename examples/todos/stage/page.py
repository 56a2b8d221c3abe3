"""The example's page on a loopback port of its own: built with npm where Node is, explained where it is not."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import os
import shutil
import signal
import threading
from asyncio.subprocess import DEVNULL
from collections.abc import Mapping
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "page"
BUNDLE = FOLDER / "dist" / "main.js"
SERVED = {"/": "index.html", "/style.css": "style.css", "/dist/main.js": "dist/main.js"}
BUILD_SECONDS = 60.0  # without a network npm would try on for minutes


async def build() -> str | None:
    """Bundle the page if it has changed; None when it is ready, else why it is not."""
    sources = [*FOLDER.glob("*.js"), FOLDER / "package-lock.json"]
    if BUNDLE.exists() and all(BUNDLE.stat().st_mtime >= source.stat().st_mtime for source in sources):
        return None
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        return "Node.js is not installed, so supabase-js could not be bundled"
    for command in ((npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"), (npm, "run", "build")):
        process = await asyncio.create_subprocess_exec(
            *command, cwd=FOLDER, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True
        )
        try:
            async with asyncio.timeout(BUILD_SECONDS):
                status = await process.wait()
        except (TimeoutError, asyncio.CancelledError) as error:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # npm and what it started
            await process.wait()
            if isinstance(error, asyncio.CancelledError):
                raise
            return f"`npm {' '.join(command[1:])}` took longer than {BUILD_SECONDS:.0f} s"
        if status:
            return f"`npm {' '.join(command[1:])}` in examples/todos/page ended with status {status}"
    return None


class PageServer:
    """Serves the page, and the settings it needs as `/settings.json`."""

    def __init__(self, port: int, settings: Mapping[str, object]) -> None:
        handler = functools.partial(_Handler, json.dumps(settings).encode())
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, settings: bytes, *arguments: object) -> None:
        self._settings = settings
        super().__init__(*arguments, directory=str(FOLDER))  # type: ignore[arg-type]

    def do_GET(self) -> None:
        """The page's own files by name, and nothing else of the folder."""
        path = self.path.partition("?")[0]
        if path == "/settings.json":
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Cache-Control", "no-store")
            self.send_header("Content-Length", str(len(self._settings)))
            self.end_headers()
            self.wfile.write(self._settings)
            return
        if path not in SERVED:
            self.send_error(404)
            return
        self.path = "/" + SERVED[path]
        super().do_GET()

    def end_headers(self) -> None:
        """No cache, so that a rebuilt bundle shows at once."""
        if not any(line.lower().startswith(b"cache-control") for line in getattr(self, "_headers_buffer", [])):
            self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's name
        """Quiet: the terminal belongs to the demo."""
