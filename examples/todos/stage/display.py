"""What the demo shows: progress while the story plays, the table of what happened, and how to go on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from .story import Scene


class Display:
    """Everything that is printed goes through here."""

    def __init__(self) -> None:
        self.console = Console(highlight=False)
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
        table = Table(title="What happened", title_justify="left", header_style="bold", expand=False, pad_edge=False)
        for heading, width in (("Act", 15), ("Who", 20), ("What", 42), ("Expected", 26), ("Got", 32)):
            table.add_column(heading, max_width=width, overflow="fold")
        table.add_column("", width=1)
        for act, group in groupby(scenes, key=lambda scene: scene.act):
            for number, scene in enumerate(group):
                mark = Text("✓", style="green") if scene.passed else Text("✗", style="bold red")
                style = "" if scene.passed else "red"
                name = Text(act if number == 0 else "", style="bold")
                cells = (Text(text) for text in (scene.who, scene.what, scene.expected, scene.got))
                table.add_row(name, *cells, mark, style=style)
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
