"""A bar on the terminal while a long run lasts. Everywhere else: nothing."""

from __future__ import annotations

import sys
import threading
from types import TracebackType
from typing import Self

DELAY = 0.6


class Progress:
    """What a run tells while it works. This one keeps it to itself."""

    def begin(self, what: str, total: int | None = None) -> None:
        """A phase begins, of `total` steps if that is known."""

    def step(self, what: str) -> None:
        """One step of the phase is about to be made."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


class Bar(Progress):
    """A bar on the error stream, once the run has lasted `delay` seconds; it is wiped away at the end."""

    def __init__(self, delay: float = DELAY) -> None:
        self.delay = delay
        self._what, self._total, self._done = "reading files", 0, 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._show, daemon=True)

    def begin(self, what: str, total: int | None = None) -> None:
        self._what, self._total, self._done = what, total or 0, -1

    def step(self, what: str) -> None:
        self._what = what
        self._done += 1

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _show(self) -> None:
        if self._stop.wait(self.delay):
            return
        # rich takes longer to import than a small project to lint
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as RichProgress

        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with RichProgress(*columns, console=Console(file=sys.stderr), transient=True, auto_refresh=False) as bar:
            task = bar.add_task(self._what, total=None)
            while not self._stop.wait(0.05):
                bar.update(
                    task, description=self._what, total=self._total or None, completed=max(self._done, 0), refresh=True
                )


def progress_for(is_wanted: bool) -> Progress:
    """A bar if it is wanted and somebody looks at the error stream."""
    return Bar() if is_wanted and sys.stderr is not None and sys.stderr.isatty() else Progress()
