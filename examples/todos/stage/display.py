"""What the demo shows: progress while the story plays, the table of what happened, and how to go on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby

from rich import box
from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from .story import Scene

GAP = 3  # columns between two cells
WHO_WIDTH = 22  # columns: Dan, WorkOS, elsewhere
CODE_WIDTH = 27  # columns: 403 token_class_not_allowed
WIDE = 110  # columns that the table needs with expected and got side by side
PIPE_WIDTH = 132  # columns, where there is no terminal to ask


class Display:
    """Everything that is printed goes through here."""

    def __init__(self) -> None:
        self.console = Console(highlight=False)
        if not self.console.is_terminal:
            self.console.width = PIPE_WIDTH
        self._done: list[Text] = []
        self._spinner = Spinner("dots", text="")
        self._live: Live | None = None

    @contextmanager
    def progress(self) -> Iterator[None]:
        """A live list of what is done, with the present step below it; plain lines where there is no terminal."""
        if not self.console.is_terminal:
            yield
            return
        with Live(self._frame(), console=self.console, refresh_per_second=12, transient=True) as live:
            self._live = live
            try:
                yield
            finally:
                self._live = None

    def step(self, words: str) -> None:
        """What is happening now."""
        self._spinner.update(text=Text(f" {words}", style="dim", overflow="ellipsis", no_wrap=True))
        self._refresh()

    def done(self, words: str, passed: bool = True) -> None:
        """Something is finished."""
        mark = Text("✓ ", style="green") if passed else Text("✗ ", style="red")
        self._done.append(mark.append(words, style="default"))
        if self._live is None:
            self.console.print(self._done[-1])
        self._refresh()

    def table(self, scenes: Sequence[Scene]) -> None:
        """Every scene: who, what, expected, got."""
        narrow = self.console.width < WIDE
        headings = ("Expected, then got",) if narrow else ("Expected", "Got")
        columns = len(headings) + 3
        # Widths are set by hand: rich shrinks columns first and restores their minimum widths after, off the edge.
        rest = self.console.width - WHO_WIDTH - CODE_WIDTH * len(headings) - 1 - GAP * columns
        table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, show_edge=False)
        table.add_column("Who", width=WHO_WIDTH)
        table.add_column("What", width=max(rest, 16))
        for heading in headings:
            table.add_column(heading, width=CODE_WIDTH)
        table.add_column("", width=1)
        for number, (act, group) in enumerate(groupby(scenes, key=lambda scene: scene.act), start=1):
            table.add_row(Text(f"{number} {act}", style="bold cyan"))
            for scene in group:
                mark = Text("✓", style="green") if scene.passed else Text("✗", style="bold red")
                outcome = (f"{scene.expected}\n{scene.got}",) if narrow else (scene.expected, scene.got)
                cells = (Text(text) for text in (scene.who, scene.what, *outcome))
                table.add_row(*cells, mark, style="" if scene.passed else "red")
            table.add_section()
        self.console.print()
        self.console.print(table)
        failed = sum(not scene.passed for scene in scenes)
        verdict = Text(
            f"{len(scenes) - failed} of {len(scenes)} as expected.", style="bold red" if failed else "bold green"
        )
        self.console.print(verdict)

    def line(self, words: str = "", style: str = "") -> None:
        """A line that can be copied as it is: no markup, no wrapping."""
        self.console.print(Text(words, style=style), soft_wrap=True)

    def _refresh(self) -> None:
        if self._live is not None:
            self._live.update(self._frame())

    def _frame(self) -> Group:
        return Group(*self._done, self._spinner)
