"""Which functions there are: arq knows them only through worker settings, so these are looked for in the modules."""

from __future__ import annotations

import inspect
import sys
import sysconfig
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from arq.constants import default_queue_name
from arq.cron import CronJob
from arq.utils import to_seconds
from arq.worker import Function, Worker, func, get_kwargs

_STDLIB = sysconfig.get_path("stdlib")
_DEFAULTS = {name: one.default for name, one in inspect.signature(Worker.__init__).parameters.items()}


class WorkerSettings:
    """The settings of one worker: a class or a dict, as ``arq`` takes it.

    Attributes:
        options: what `arq.worker.Worker` is made with, the functions left out.
        functions: by name; cron jobs included.
        queue: the queue's name.
    """

    def __init__(self, given: Any) -> None:
        self.given = given
        options: dict[str, Any] = {**get_kwargs(given)}
        self.options = options
        self.cron_jobs: list[CronJob] = list(self.options.get("cron_jobs") or ())
        declared: list[Function] = [func(one) for one in self.options.pop("functions", ())]
        both: list[Function | CronJob] = [*declared, *self.cron_jobs]
        self.functions = {one.name: one for one in both}
        self.queue: str = self.options.get("queue_name") or default_queue_name

    def option(self, name: str) -> Any:
        """What is set, or arq's own default."""
        return self.options.get(name, _DEFAULTS[name])

    @property
    def in_progress_timeout(self) -> float:
        """Seconds for which a job that was begun is not begun once more: the longest of all its functions."""
        timeouts = (to_seconds(one.timeout_s or self.option("job_timeout")) for one in self.functions.values())
        return float(max(timeout or 0 for timeout in timeouts)) + 10

    def max_tries(self, function: str) -> int:
        """How often the body of `function` may run."""
        own = self.functions[function].max_tries
        return int(self.option("max_tries") if own is None else own)


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
            if id(value) not in self._found and _is_settings(value):
                self._found[id(value)] = WorkerSettings(value)

    def of(self, function: str, queue: str | None = None) -> WorkerSettings | None:
        """The settings of a worker that knows `function`, one of that queue if there is any."""
        able = [one for one in self if function in one.functions]
        return next((one for one in able if one.queue == queue), able[0] if able else None)


def _is_users(path: str | None) -> bool:
    return path is not None and "site-packages" not in path and not path.startswith(_STDLIB)


def _is_settings(value: Any) -> bool:
    if isinstance(value, type):
        names = vars(value)
    elif isinstance(value, dict):
        names = value  # type: ignore[assignment]  # a dict is as good as a class's names
    else:
        return False
    functions = names.get("functions") or ()
    crons = names.get("cron_jobs") or ()
    if not isinstance(functions, (list, tuple, set)) or not isinstance(crons, (list, tuple, set)):
        return False
    return bool(functions or crons) and (
        all(isinstance(one, (str, Function)) or inspect.iscoroutinefunction(one) for one in functions)
        and all(isinstance(one, CronJob) for one in crons)
    )
