"""What the processes of a cluster do to one package, one after the other on the test's thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import django_q.monitor  # type: ignore[import-untyped]  # django-q has no types
import django_q.worker  # type: ignore[import-untyped]
from django_q.conf import Conf  # type: ignore[import-untyped]
from django_q.signing import SignedPackage  # type: ignore[import-untyped]

from pytest_jobkit.capture.django_q__tasks.broker import EngineBroker

_RECEIPT = "jobkit"


class Done(NamedTuple):
    """A package that was worked off.

    Attributes:
        task: what the monitor had of it: result, success, times.
        is_acknowledged: whether the broker was told.
        error: what the body raised; django-q itself keeps its text alone.
    """

    task: dict[str, Any]
    is_acknowledged: bool
    error: BaseException | None


class Cluster:
    """Pusher, worker and monitor in one.

    Args:
        replace: the capture's.
    """

    def __init__(self, replace: Callable[[Any, str, Any], Any]) -> None:
        self._raised: list[BaseException | None] = []
        # what the worker enters around the body is the one place that sees the error itself
        handler = replace(django_q.worker, "TimeoutHandler", self._watched)
        self._timeout_handler = handler

    def _watched(self, timeout: int) -> AbstractContextManager[None]:
        return _Watched(self._timeout_handler(timeout), self._raised)

    def work_off(self, package: str | bytes, broker: EngineBroker, has_receipts: bool) -> Done:
        """Run a package through the worker and have its result saved."""
        task = SignedPackage.loads(package)
        task["cluster"] = Conf.CLUSTER_NAME
        task["ack_id"] = _RECEIPT if has_receipts else None
        self._raised.append(None)
        results = _Line()
        try:
            django_q.worker.worker(_Line(task, "STOP"), results, _Timer(), Conf.TIMEOUT)
        finally:
            error = self._raised.pop()
        finished = results.get()
        results.put(finished)
        results.put("STOP")
        django_q.monitor.monitor(results, broker)
        return Done(finished, bool(broker.acknowledged), error)


class _Line:
    """A queue between two processes of a cluster that are the same."""

    def __init__(self, *items: Any) -> None:
        self._items = list(items)

    def get(self) -> Any:
        return self._items.pop(0)

    def put(self, item: Any) -> None:
        self._items.append(item)


class _Timer:
    """The value through which a worker tells its guard how long it may take; nobody guards here."""

    def __init__(self) -> None:
        self.value = -1.0
        self._lock = threading.Lock()

    def get_lock(self) -> threading.Lock:
        return self._lock


class _Watched:
    def __init__(self, handler: AbstractContextManager[None], raised: list[BaseException | None]) -> None:
        self._handler = handler
        self._raised = raised

    def __enter__(self) -> None:
        self._handler.__enter__()

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        self._raised[-1] = error
        self._handler.__exit__(kind, error, traceback)
