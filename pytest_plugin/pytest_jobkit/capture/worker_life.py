"""The life of an async worker whose process is the test's: it starts with an event loop and stops with it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

W = TypeVar("W")


class WorkerLife(Generic[W]):
    """Keeps one worker an event loop, so that what it opens at its start (pools, sessions) belongs to that loop.

    A loop that is thrown away and not closed, as that of a frozen delivery, takes its worker along unstopped.

    Args:
        start: makes the worker and runs the framework's start-up hooks.
        stop: runs its shutdown hooks; called when the loop is closed, with whatever else is left on it.
    """

    def __init__(self, start: Callable[[], Awaitable[W]], stop: Callable[[W], Awaitable[None]]) -> None:
        self._start = start
        self._stop = stop
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending: asyncio.Task[None] | None = None
        self._worker: W | None = None

    async def worker(self) -> W:
        """The worker of the running loop, started if there is none yet."""
        loop = asyncio.get_running_loop()
        if self._worker is None or self._loop is not loop:
            worker = self._worker = await self._start()
            self._loop = loop
            self._ending = loop.create_task(self._until_the_loop_ends(worker))
            await asyncio.sleep(0)  # a task that has not begun would be cancelled without running its `finally`
        return self._worker

    async def _until_the_loop_ends(self, worker: W) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self._loop = None
            await self._stop(worker)
            raise
