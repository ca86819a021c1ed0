"""Celery's result back end in the test's memory: results, states and chord counts of one test, nothing of a network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from celery import states
from celery.app import backends
from celery.backends.base import DisabledBackend, KeyValueStoreBackend
from celery.exceptions import ImproperlyConfigured
from celery.exceptions import TimeoutError as CeleryTimeout

from jobkit.errors import JobkitError

_KEPT = ("django_celery_results",)


class ResultNotReady(JobkitError):
    """A result was waited for without a timeout, and the task has not run: production would wait, a test for ever."""


class MemoryBackend(KeyValueStoreBackend):
    """A key-value result back end with Celery's own chord counting; values are encoded as for any other store."""

    supports_native_join = True
    implements_incr = True

    def __init__(self, app: Any, persistent: bool, store: dict[Any, Any]) -> None:
        self._store = store
        self.persistent = persistent
        super().__init__(app=app, url="memory://")

    def get(self, key: Any) -> Any:
        return self._store.get(key)

    def mget(self, keys: Iterable[Any]) -> list[Any]:
        return [self._store.get(key) for key in keys]

    def set(self, key: Any, value: Any) -> None:
        self._store[key] = value

    def delete(self, key: Any) -> None:
        self._store.pop(key, None)

    def incr(self, key: Any) -> int:
        value: int = self._store.get(key, 0) + 1
        self._store[key] = value
        return value

    def wait_for(
        self,
        task_id: str,
        timeout: float | None = None,
        interval: float = 0.5,
        no_ack: bool = True,
        on_interval: Callable[[], None] | None = None,
    ) -> Any:
        """The result's record if the task has run.

        Raises:
            TimeoutError: Celery's, where a timeout was given.
            ResultNotReady: there is none, and nothing will happen while the test waits.
        """
        meta = self.get_task_meta(task_id)
        if meta["status"] in states.READY_STATES:
            return meta
        raise self._never(timeout, f"task {task_id} has not run (its state is {meta['status']})")

    def get_many(
        self,
        task_ids: Iterable[str],
        timeout: float | None = None,
        interval: float = 0.5,
        no_ack: bool = True,
        on_message: Callable[[Any], None] | None = None,
        on_interval: Callable[[], None] | None = None,
        max_iterations: int | None = None,
        READY_STATES: frozenset[str] = states.READY_STATES,
    ) -> Iterator[Any]:
        """The records of several tasks, which all must have run; raises as `wait_for`."""
        waiting = []
        for task_id in task_ids:
            meta = self.get_task_meta(task_id)
            if meta["status"] in READY_STATES:
                if on_message is not None:
                    on_message(meta)
                yield task_id, meta
            else:
                waiting.append(task_id)
        if waiting:
            raise self._never(timeout, f"{len(waiting)} of the tasks have not run ({', '.join(sorted(waiting))})")

    def _never(self, timeout: float | None, what: str) -> Exception:
        if timeout is not None:
            return CeleryTimeout(f"The operation timed out: {what}, and in a test nothing runs while it waits")
        return ResultNotReady(
            f"a result was wanted with .get(), but {what}; nothing runs while a test waits, "
            "so perform the jobs first (perform_enqueued_jobs()), then get the result"
        )


class ResultBackends:
    """One `MemoryBackend` an app, in place of any that reaches a network.

    An app without results stays without; results in Django's own database stay there, in the test's transaction.
    """

    def __init__(self, original: Any) -> None:
        self._original = original
        self._chosen: dict[Any, Any] = {}
        self._store: dict[Any, Any] = {}

    def of(self, app: Any) -> Any:
        """What ``app.backend`` gives."""
        try:
            return self._chosen[app]
        except KeyError:
            chosen = self._chosen[app] = self._choose(app)
            return chosen

    def _choose(self, app: Any) -> Any:
        try:
            found: Any = backends.by_url(app.backend_cls or app.conf.result_backend, app.loader)
        except (ImproperlyConfigured, ImportError):
            return MemoryBackend(app, True, self._store)
        configured = found[0]
        if issubclass(configured, DisabledBackend) or configured.__module__.startswith(_KEPT):
            return self._original.__get__(app, type(app))
        return MemoryBackend(app, configured.persistent, self._store)
