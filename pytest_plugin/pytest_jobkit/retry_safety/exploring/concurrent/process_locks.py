"""What would stop the whole process while another delivery waits for its turn: locks, file locks, sleeping.

A lock of the process protects one worker only. Deliveries at once are two processes in mind, so every copy has each
lock for itself, unless the test says that they are threads of one process.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pytest_jobkit.retry_safety.channels.base import Patches
from pytest_jobkit.retry_safety.effects.record import is_of_a_library
from pytest_jobkit.retry_safety.effects.runtime import AtOnce, current

if TYPE_CHECKING:
    from types import ModuleType

_LOCKS = (type(threading.Lock()), type(threading.RLock()))


class LockOfTheWorker:
    """Stands for a lock of the job's module while deliveries run at once.

    Args:
        kind: makes such a lock.
        shared: the copies are threads of one process, so the lock keeps them apart.
    """

    def __init__(self, kind: Callable[[], Any], *, shared: bool) -> None:
        self._kind = kind
        self._shared = shared
        self._own: dict[int, Any] = {}
        self._holders: list[int] = []

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """As the lock's own; whoever has to wait lets the others go on."""
        runtime = current.runtime
        copy = 0 if runtime is None else runtime.copy
        if not self._shared:
            return bool(self._lock(copy).acquire(blocking, timeout))
        while self._holders and (self._holders[-1] != copy or self._kind is threading.Lock):
            if not blocking or runtime is None or runtime.at_once is None or not runtime.at_once.wait(copy):
                return False
        self._holders.append(copy)
        return True

    def release(self) -> None:
        """As the lock's own."""
        if self._shared:
            self._holders.pop()
        else:
            self._lock(0 if current.runtime is None else current.runtime.copy).release()

    def locked(self) -> bool:
        """As the lock's own."""
        if self._shared:
            return bool(self._holders)
        lock = self._lock(0 if current.runtime is None else current.runtime.copy)
        if not lock.acquire(blocking=False):
            return True
        lock.release()
        return False

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *error: object) -> None:
        self.release()

    def _lock(self, copy: int) -> Any:
        return self._own.setdefault(copy, self._kind())


@contextmanager
def locks_of_workers(shared: bool) -> Iterator[None]:
    """Stand-ins for the locks that the program's own modules and classes hold, until the end of a search."""
    patches = Patches()
    stand_ins: dict[int, LockOfTheWorker] = {}
    try:
        for module in _own_modules():
            for owner in [module, *(thing for thing in vars(module).values() if _is_class_of(thing, module))]:
                for name, thing in list(vars(owner).items()):
                    if isinstance(thing, _LOCKS):
                        kind: Any = threading.Lock if isinstance(thing, _LOCKS[0]) else threading.RLock
                        stand_in = stand_ins.setdefault(id(thing), LockOfTheWorker(kind, shared=shared))
                        patches.replace(owner, name, stand_in)
        yield
    finally:
        patches.undo()


def _own_modules() -> list[ModuleType]:
    files = [(module, getattr(module, "__file__", None)) for module in list(sys.modules.values())]
    return [module for module, file in files if isinstance(file, str) and not is_of_a_library(file)]


def _is_class_of(thing: object, module: ModuleType) -> bool:
    return isinstance(thing, type) and thing.__module__ == module.__name__


@contextmanager
def waiting_by_turns(at_once: AtOnce) -> Iterator[None]:
    """For one run: whoever sleeps or waits for a file lock lets the others go on."""
    patches = Patches()
    real_sleep = time.sleep

    def sleep(seconds: float, /) -> None:
        runtime = current.runtime
        if runtime is None or runtime.at_once is not at_once:
            real_sleep(seconds)
        else:
            at_once.wait(runtime.copy)

    try:
        patches.replace(time, "sleep", sleep)
        if "fcntl" in sys.modules:
            _patch_file_locks(patches, at_once)
        yield
    finally:
        patches.undo()


def _patch_file_locks(patches: Patches, at_once: AtOnce) -> None:
    import fcntl

    flock = fcntl.flock

    def lock(file: Any, operation: int, *_range: Any) -> None:
        """Also in place of `lockf`, whose locks do not keep two deliveries in one process apart."""
        runtime = current.runtime
        while True:
            try:
                flock(file, operation | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if runtime is None or operation & fcntl.LOCK_NB or not at_once.wait(runtime.copy):
                    raise

    patches.replace(fcntl, "flock", lock)
    patches.replace(fcntl, "lockf", lock)
