"""Procrastinate under the engine.

The capture point is the connector: while a test runs each app, and each job manager, has one in memory
(`connector.EngineConnector`), with real JSON. Execution is ``Worker._process_job``. Of the locks only queueing locks
take effect: since one job runs at a time, the others could only change the order.
"""

from __future__ import annotations

import gc
import inspect
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any, NamedTuple

import procrastinate.utils
from procrastinate import App, PsycopgConnector, RetryStrategy, SyncPsycopgConnector
from procrastinate.jobs import Job
from procrastinate.manager import JobManager
from procrastinate.tasks import Task

from jobkit.envelope import AckMode, Call, Delivery, Envelope
from jobkit.outcome import Outcome, OutcomeKind
from pytest_jobkit.capture.base import Capture
from pytest_jobkit.capture.coroutines import SameThread
from pytest_jobkit.capture.procrastinate.connector import EngineConnector, Row
from pytest_jobkit.capture.procrastinate.worker import OneJobWorker

_CONNECTOR = "procrastinate_connector"
_GONE = ("cancelled", "aborted")


class Deferred(NamedTuple):
    """A row of the table of jobs."""

    connector: EngineConnector
    row: Row
    args: str
    retry: bool


class ProcrastinateCapture(Capture):
    """Every app of Procrastinate under the engine."""

    framework = "procrastinate"
    label = "Procrastinate"
    distribution = "procrastinate"
    known_versions = ("3.10",)

    def patch(self) -> None:
        self._ids = count(1)
        # the user's connector beside its stand-in, so that its id stays taken
        self._connectors: dict[int, EngineConnector] = {}
        self._holders: list[Any] = []
        self._retried = False
        self._busy: str | None = None
        for holder in (App, JobManager):
            self.replace(holder, "connector", self._attribute())
        for connector, opening in ((PsycopgConnector, "open_async"), (SyncPsycopgConnector, "open")):
            self.forbid(connector, opening)
        self.replace(procrastinate.utils, "utcnow", self._now)
        self.replace(procrastinate.utils, "sync_to_async", _on_this_thread)

    def unpatch(self) -> None:
        for holder in self._holders:  # made during the test, from an app's connector
            held = vars(holder)["connector"]
            if isinstance(held, EngineConnector):
                vars(holder)["connector"] = held.real

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.time(), UTC)

    def _attribute(self) -> property:
        def get(holder: Any) -> Any:
            return self._stand_in(vars(holder)["connector"])

        def put(holder: Any, connector: Any) -> None:
            vars(holder)["connector"] = connector
            self._holders.append(holder)

        return property(get, put)

    def _stand_in(self, real: Any) -> EngineConnector:
        if isinstance(real, EngineConnector):
            return real
        stand_in = self._connectors.get(id(real))
        if stand_in is None:
            stand_in = self._connectors[id(real)] = EngineConnector(real, self._ids, self._deferred)
        return stand_in

    def _deferred(self, connector: EngineConnector, row: Row, args: str, retry: bool) -> None:
        self._retried = self._retried or retry
        self._busy, outer = row["task_name"], self._busy
        try:
            self.enqueue(Deferred(connector, row, args, retry))
        finally:
            self._busy = outer

    def envelope(self, raw: Deferred) -> Envelope:
        row = raw.row
        fields = {name: row[name] for name in ("queue_name", "task_name", "priority", "lock", "queueing_lock")}
        scheduled = row["scheduled_at"]
        body = json.dumps(
            {**fields, "args": raw.args, "scheduled_at": None if scheduled is None else scheduled.isoformat()}
        )
        # Procrastinate's highest number runs first
        envelope = Envelope(
            str(row["id"]), row["task_name"], body, self, row["queue_name"], -row["priority"], self.due(raw), raw.retry
        )
        envelope.headers = {_CONNECTOR: raw.connector}
        return envelope

    def due(self, raw: Deferred) -> float | None:
        scheduled = raw.row["scheduled_at"]
        instant = None if scheduled is None else float(scheduled.timestamp())
        return instant if instant is not None and instant > self.clock.time() else None

    async def perform(self, delivery: Delivery) -> Outcome:  # type: ignore[override]  # an awaitable, as in Performer
        envelope = delivery.envelope
        connector = _connector(envelope)
        row = connector.jobs.get(int(envelope.job_id))
        if row is None or row["status"] in _GONE:
            return Outcome(OutcomeKind.DROPPED, reason="it was cancelled or deleted before it ran")
        row["status"] = "doing"
        worker = OneJobWorker(_app_of(connector))
        self._busy, outer = envelope.name, self._busy
        self._retried = False
        try:
            await worker.process(Job.from_row({**row, "args": _args(envelope)}), self.clock.time())
        finally:
            self._busy = outer
        if self._retried:
            return Outcome(OutcomeKind.RETRIED, error=worker.error)
        if worker.error is None:
            return Outcome(OutcomeKind.SUCCEEDED, worker.result)
        if row["status"] == "aborted":
            return Outcome(OutcomeKind.DISCARDED, error=worker.error, reason="the job aborted itself")
        return Outcome(OutcomeKind.FAILED, error=worker.error)

    def lose(self, delivery: Delivery) -> Outcome:
        """The row stays as being done, until somebody looks for stalled jobs."""
        row = _connector(delivery.envelope).jobs.get(int(delivery.envelope.job_id))
        if row is not None:
            row["status"] = "doing"
        return super().lose(delivery)

    def call(self, envelope: Envelope) -> Call:
        return Call(envelope.name, (), _args(envelope))

    def target(self, envelope: Envelope) -> Task[Any, Any, Any] | None:
        tasks: dict[str, Task[Any, Any, Any]] = _app_of(_connector(envelope)).tasks
        return tasks.get(envelope.name)

    def body(self, target: object) -> tuple[Any, str] | None:
        return (target, "func") if isinstance(target, Task) else None

    def send(self, target: object, arguments: Sequence[Any], kwarguments: dict[str, Any]) -> None:
        if isinstance(target, Task) and not arguments:
            target.defer(**kwarguments)
        else:
            super().send(target, arguments, kwarguments)

    def job_name(self, job: object) -> str | None:
        return job.name if isinstance(job, Task) else None

    def signature(self, target: object) -> inspect.Signature | None:
        """Without the context that a task may be passed."""
        if not isinstance(target, Task):
            return None
        signature = inspect.signature(target.func)
        return signature.replace(parameters=list(signature.parameters.values())[int(target.pass_context) :])

    def busy_with(self) -> str | None:
        return self._busy

    def ack_mode(self, envelope: Envelope) -> AckMode:
        """Early: the row of a lost worker stays as being done."""
        return AckMode.EARLY

    def attempts_max(self, envelope: Envelope) -> int | None:
        """``max_attempts`` of the strategy and one: Procrastinate counts the retries."""
        task = self.target(envelope)
        strategy = None if task is None else task.retry_strategy
        if strategy is None:
            return 1
        most = strategy.max_attempts if isinstance(strategy, RetryStrategy) else None
        return None if most is None else most + 1


async def _on_this_thread(func: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """In place of the thread that a plain function gets."""
    return SameThread().submit(func, *arguments, **options).result()


def _app_of(connector: EngineConnector) -> App:
    """The app whose tasks the connector's jobs are; an app does not say so to its connector."""
    app: App | None = getattr(connector, "app", None)
    if app is None:
        app = next(one for one in gc.get_objects() if type(one) is App and one.connector is connector)
        connector.app = app  # type: ignore[attr-defined]  # looked for only once
    return app


def _args(envelope: Envelope) -> dict[str, Any]:
    loads = getattr(_connector(envelope).real, "_json_loads", None) or json.loads
    args: dict[str, Any] = loads(json.loads(envelope.body)["args"])
    return args


def _connector(envelope: Envelope) -> EngineConnector:
    connector: EngineConnector = (envelope.headers or {})[_CONNECTOR]
    return connector
