"""Which functions there are: SAQ knows them only through worker settings, so these are looked for in the modules."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from saq import CronJob, Queue

_STDLIB = sysconfig.get_path("stdlib")


@dataclass(eq=False)
class Registered:
    """A function under the name by which it is enqueued."""

    name: str
    function: Callable[..., Any]


class WorkerSettings:
    """The settings dict of one worker.

    Attributes:
        options: what `saq.Worker` is made with, queue and functions left out.
        queue: the queue that it reads.
        functions: by name, those of its cron jobs included.
    """

    def __init__(self, given: dict[str, Any]) -> None:
        self.options = {name: value for name, value in given.items() if name not in ("queue", "functions")}
        self.queue: Queue = given["queue"]
        self.cron_jobs: list[CronJob[Any]] = list(given.get("cron_jobs") or ())
        functions = [*(given.get("functions") or ()), *(one.function for one in self.cron_jobs)]
        pairs = [one if isinstance(one, tuple) else (one.__qualname__, one) for one in functions]
        self.functions = {name: Registered(name, function) for name, function in pairs}


class KnownSettings:
    """All worker settings of the imported modules that are the user's."""

    def __init__(self) -> None:
        self._modules = 0
        self._found: dict[int, WorkerSettings] = {}

    def __iter__(self) -> Iterator[WorkerSettings]:
        if self._modules != len(sys.modules):
            self._modules = len(sys.modules)
            for module in list(sys.modules.values()):
                if isinstance(module, ModuleType) and _is_users(getattr(module, "__file__", None)):
                    self._look_into(module)
        return iter(self._found.values())

    def _look_into(self, module: ModuleType) -> None:
        for value in list(vars(module).values()):
            if isinstance(value, dict) and isinstance(value.get("queue"), Queue) and id(value) not in self._found:
                self._found[id(value)] = WorkerSettings(value)

    def of(self, function: str, queue: Queue) -> WorkerSettings | None:
        """The settings of a worker that reads `queue`, one that knows `function` if there is any."""
        reading = [one for one in self if one.queue is queue or one.queue.name == queue.name]
        return next((one for one in reading if function in one.functions), reading[0] if reading else None)


def _is_users(path: str | None) -> bool:
    return path is not None and "site-packages" not in path and not path.startswith(_STDLIB)
