"""The event loop of Dramatiq's async actors, run on the test's thread."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


class LoopOnThisThread:
    """Stands in for Dramatiq's event loop thread: runs a coroutine to its end where it is asked to.

    Inside a running event loop, as in an async test, a thread of its own has to do, as in production.
    """

    def __init__(self) -> None:
        self._runner: asyncio.Runner | None = None

    def run_coroutine(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """The coroutine's result, or its error."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            if self._runner is None:
                self._runner = asyncio.Runner()
            return self._runner.run(coroutine)
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, coroutine).result()

    def close(self) -> None:
        """Close the loop, if one was made."""
        if self._runner is not None:
            self._runner.close()
            self._runner = None
