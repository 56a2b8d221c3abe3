"""GraphiQL for whoever develops against a project: `GET /graphql/v1` from a browser, and the files beside it.

The files are built from `pages/graphiql` (`make graphiql`) into the package; without them the page says so.
"""

from __future__ import annotations

import asyncio
import html
from collections.abc import Mapping
from pathlib import Path

from rowgate.http.exchange import RawHeaders, Response

FILES = Path(__file__).with_name("graphiql")
BELOW = "/graphiql/"
SERVED: Mapping[str, bytes] = {  # nothing else in the folder can be asked for
    "main.js": b"text/javascript; charset=utf-8",
    "main.css": b"text/css; charset=utf-8",
    "codicon.ttf": b"font/ttf",
    "editor.worker.js": b"text/javascript; charset=utf-8",
    "graphql.worker.js": b"text/javascript; charset=utf-8",
    "json.worker.js": b"text/javascript; charset=utf-8",
}
# Monaco writes its colours into style elements of its own; scripts come from this server alone, and no other page may
# put this one, in which somebody has typed a token, into a frame.
POLICY = (
    b"default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self' 'unsafe-inline'; "
    b"font-src 'self' data:; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    b"frame-ancestors 'none'"
)
_HEADERS: RawHeaders = [
    (b"cache-control", b"no-cache"),
    (b"content-security-policy", POLICY),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
]
_PAGE = """<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>GraphiQL · Rowgate</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="{endpoint}/graphiql/main.css">
    <style>html, body, #graphiql {{ height: 100%; margin: 0 }}</style>
  </head>
  <body>
    <div id="graphiql" data-endpoint="{endpoint}" data-apikey="{apikey}">Loading…</div>
    <script src="{endpoint}/graphiql/main.js"></script>
  </body>
</html>
"""
_NOT_BUILT = """<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>GraphiQL · Rowgate</title></head>
  <body style="font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto">
    <h1>GraphiQL is not built</h1>
    <p>This is a source checkout, and the page is bundled with Node.js. Install Node.js with npm, run
    <code>make graphiql</code>, and load this page again. The API at <code>{endpoint}</code> works without it.</p>
  </body>
</html>
"""


class GraphiqlPage:
    """`endpoint` is the API's path as the browser sees it; `apikey` the project's publishable key, which every page of
    the project carries anyway."""

    def __init__(self, endpoint: str, apikey: str, files: Path = FILES) -> None:
        self._endpoint = html.escape(endpoint)
        self._apikey = html.escape(apikey)
        self._files = files

    async def answer(self, path: str, accept: bytes) -> Response | None:
        """The page for a browser (`path` is `/`), or one of its files; None for anything else that was asked with
        GET."""
        if path.startswith(BELOW):
            return await self._file(path.removeprefix(BELOW))
        if path != "/" or not asks_for_a_page(accept):
            return None
        built = await asyncio.to_thread((self._files / "main.js").is_file)
        text = (_PAGE if built else _NOT_BUILT).format(endpoint=self._endpoint, apikey=self._apikey)
        return Response(200, [(b"content-type", b"text/html; charset=utf-8"), *_HEADERS], text.encode())

    async def _file(self, name: str) -> Response | None:
        kind = SERVED.get(name)
        if kind is None:
            return None
        try:
            content = await asyncio.to_thread((self._files / name).read_bytes)
        except FileNotFoundError:
            return None
        return Response(200, [(b"content-type", kind), *_HEADERS], content)


def asks_for_a_page(accept: bytes) -> bool:
    """Whether an Accept header is a browser's that opens an address: it names text/html."""
    return any(each.partition(b";")[0].strip().lower() == b"text/html" for each in accept.split(b","))
