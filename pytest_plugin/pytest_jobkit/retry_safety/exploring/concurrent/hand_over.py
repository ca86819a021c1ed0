"""Bodies that run by turns: each stops when it hands over, and goes on where it stopped when it is stepped.

Greenlets switch in a microsecond and stay in one thread. Threads are for what a thread has for itself: an event loop,
Django's connections, SQLAlchemy's scoped sessions; and for machines without greenlet.
"""

from __future__ import annotations

import contextlib
import contextvars
import importlib
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol

#: libraries that keep a connection for each thread: two greenlets of one thread would share it
_KEEP_CONNECTIONS_BY_THREAD = ("django.db", "sqlalchemy.orm", "peewee", "pony.orm")


class Gone(BaseException):
    """Ends a body that nobody will step again."""


class Turns(Protocol):
    """Bodies that run by turns."""

    def step(self, copy: int) -> None:
        """Let one body go on until it hands over or ends.

        Raises:
            BaseException: whatever the body itself has raised.
        """

    def hand_over(self, copy: int) -> None:
        """Called by a body: stop here until the next step."""

    def is_alive(self, copy: int) -> bool:
        """Whether the body has not ended."""

    def end(self) -> None:
        """End the bodies that are still stopped."""


class GreenletTurns:
    """Turns of greenlets."""

    def __init__(self, bodies: Sequence[Callable[[], None]]) -> None:
        greenlet: Any = importlib.import_module("greenlet")
        self._current: Callable[[], Any] = greenlet.getcurrent
        self._main = greenlet.getcurrent()
        self._greenlets = [greenlet.greenlet(body) for body in bodies]
        for body in self._greenlets:
            body.gr_context = contextvars.copy_context()

    def step(self, copy: int) -> None:
        self._greenlets[copy].switch()

    def hand_over(self, copy: int) -> None:
        if self._current() is self._greenlets[copy]:  # not a thread that the body has started
            self._main.switch()

    def is_alive(self, copy: int) -> bool:
        return not self._greenlets[copy].dead

    def end(self) -> None:
        for body in self._greenlets:
            while body and not body.dead:
                with contextlib.suppress(Gone):
                    body.throw(Gone)


class ThreadTurns:
    """Turns of threads, of which only one runs at a time."""

    def __init__(self, bodies: Sequence[Callable[[], None]]) -> None:
        self._may_run = [threading.Semaphore(0) for _ in bodies]
        self._back = threading.Semaphore(0)
        self._alive = [True] * len(bodies)
        self._errors: list[BaseException] = []
        self._is_ending = False
        self._threads = [
            threading.Thread(target=contextvars.copy_context().run, args=(self._run, copy, body), daemon=True)
            for copy, body in enumerate(bodies)
        ]
        for thread in self._threads:
            thread.start()

    def _run(self, copy: int, body: Callable[[], None]) -> None:
        self._may_run[copy].acquire()
        try:
            if not self._is_ending:
                body()
        except Gone:
            pass
        except BaseException as error:
            self._errors.append(error)
        finally:
            self._alive[copy] = False
            self._back.release()

    def step(self, copy: int) -> None:
        self._may_run[copy].release()
        self._back.acquire()
        if self._errors:
            raise self._errors.pop()

    def hand_over(self, copy: int) -> None:
        self._back.release()
        self._may_run[copy].acquire()
        if self._is_ending:
            raise Gone

    def is_alive(self, copy: int) -> bool:
        return self._alive[copy]

    def end(self) -> None:
        self._is_ending = True
        for copy, thread in enumerate(self._threads):
            while self._alive[copy]:
                self._may_run[copy].release()
                self._back.acquire()
            thread.join()


def turns_of(bodies: Sequence[Callable[[], None]], *, awaited: bool) -> Turns:
    """The cheapest kind of turns that keeps apart what the bodies must not share.

    Args:
        bodies: what runs; nothing has run when this returns.
        awaited: whether they run event loops, of which a thread has one.
    """
    if awaited or any(name in sys.modules for name in _KEEP_CONNECTIONS_BY_THREAD):
        return ThreadTurns(bodies)
    try:
        return GreenletTurns(bodies)
    except ImportError:
        return ThreadTurns(bodies)
