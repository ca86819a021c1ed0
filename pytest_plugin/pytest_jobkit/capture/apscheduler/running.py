"""The schedulers that an application had started before the test began."""

from __future__ import annotations

import gc
import threading
from typing import Any
from weakref import WeakSet

from apscheduler.schedulers.base import STATE_STOPPED, BaseScheduler  # type: ignore[import-untyped]  # it has no types

_seen: WeakSet[Any] = WeakSet()
_has_searched = False


def running_before() -> list[Any]:
    """Those that run now.

    All objects of the process are searched the first time alone, since that takes more than ten milliseconds. What is
    started later, between two tests, is found by its thread; a scheduler on an event loop has none, and is missed then.
    """
    global _has_searched
    if not _has_searched:
        _has_searched = True
        _seen.update(one for one in gc.get_objects() if issubclass(type(one), BaseScheduler))
    for thread in threading.enumerate():
        scheduler = getattr(getattr(thread, "_target", None), "__self__", None)
        if isinstance(scheduler, BaseScheduler):
            _seen.add(scheduler)
    return [scheduler for scheduler in _seen if scheduler.state != STATE_STOPPED]
