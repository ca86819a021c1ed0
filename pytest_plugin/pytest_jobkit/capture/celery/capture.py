"""`CeleryCapture`: the six operations for Celery."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from typing import Any

import celery.utils.time
import kombu
from celery import Celery, Task
from celery.app.control import Control
from celery.app.utils import Settings
from celery.canvas import Signature
from celery.utils.time import maybe_iso8601, maybe_make_aware
from celery.worker import request as worker_request

from jobkit.envelope import AckMode, Call, Delivery, Envelope
from jobkit.outcome import Outcome, OutcomeKind
from pytest_jobkit.capture.base import Capture, Recurring
from pytest_jobkit.capture.celery import beat, remote_control
from pytest_jobkit.capture.celery.internals import (
    StackProtection,
    WorkerProcess,
    active_apps,
    check_internals,
    current_app,
    silence_the_dead,
)
from pytest_jobkit.capture.celery.publication import Publication, publication_of
from pytest_jobkit.capture.celery.results import ResultBackends
from pytest_jobkit.capture.celery.taps import (
    ClockDatetime,
    HeldProducers,
    Sending,
    broadcast_tap,
    is_in_process,
    publish_tap,
    send_task_tap,
)
from pytest_jobkit.capture.celery.visibility import times_handed_out_again, visibility_timeout
from pytest_jobkit.capture.celery.worker import Worker

MESSAGE = "celery"
"""Header: the `Publication`."""
DELIVERED = "celery_delivered"
"""Header: how often these very bytes have been handed to a worker."""


class CeleryCapture(Capture):
    """Celery, from ``Producer.publish`` to the worker's own strategy and tracer.

    Attributes:
        lost: what a lost worker is: "process", a process of its pool (the parent marks the task as failed, or, with
            acks_late, does as `task_reject_on_worker_lost` and `task_retry_on_worker_lost` say), or "machine",
            all of it (an unacknowledged message comes back, whatever the task says).
        repeat_held: whether a message with an ETA beyond the broker's visibility timeout is handed out several times,
            as Redis and SQS do.
    """

    framework = "celery"
    label = "Celery"
    distribution = "celery"
    known_versions = ("5.4", "5.5", "5.6", "5.7")

    def __init__(self) -> None:
        super().__init__()
        self.lost = "process"
        self.repeat_held = False
        self._workers: dict[Celery, Worker] = {}
        self.sending = Sending()
        self._published = 0
        self._performing: str | None = None

    # Install

    def patch(self) -> None:
        check_internals()
        producers, revoked = HeldProducers(), remote_control.RevokedTasks()
        self.patches.afterwards(producers.release)
        self.patches.afterwards(revoked.restore)
        self.patches.afterwards(StackProtection().remove)
        self.patches.afterwards(WorkerProcess.leave_all)
        self.replace(kombu.Producer, "publish", publish_tap(self, kombu.Producer.publish))
        self.replace(Celery, "send_task", send_task_tap(self, Celery.send_task))
        self.replace(Celery, "producer_or_acquire", lambda app, producer=None: producers.of(app, producer))
        self.replace(Celery, "backend", property(ResultBackends(vars(Celery)["backend"]).of))
        self.replace(Celery, "now", lambda app: self.clock.now().astimezone(app.timezone))
        self.replace(Settings, "task_always_eager", property(lambda settings: False))
        self.replace(Control, "broadcast", broadcast_tap)
        self.replace(worker_request, "datetime", ClockDatetime(self))
        self.replace(celery.utils.time, "random", self.chance)
        silence_the_dead(self.replace)
        self.forbid(kombu.Connection, "_establish_connection", unless=is_in_process)

    def unpatch(self) -> None:
        while self._workers:
            self._workers.popitem()[1].stop()

    # Envelope and due time

    def publish(
        self, producer: kombu.Producer, body: Any, routing_key: str | None, fields: dict[str, Any], options: Any
    ) -> None:
        """Take one message that Celery publishes."""
        app = self.sending.app or current_app()
        self._published += 1
        self.enqueue(publication_of(app, producer, body, routing_key, fields, options))

    def enqueue(self, raw: Publication) -> None:
        super().enqueue(raw)
        due, timeout = self.due(raw), visibility_timeout(raw.app) if self.repeat_held else None
        if due is not None and timeout is not None:
            for _ in range(times_handed_out_again(due - self.clock.time(), timeout)):
                again = self.envelope(raw)
                again.headers = {MESSAGE: raw, DELIVERED: 1}
                self.sink(again)

    def envelope(self, raw: Publication) -> Envelope:
        fields = raw.fields
        retries = fields["retries"] or 0
        envelope = Envelope(
            fields["id"],
            fields["task"],
            raw.body,
            self,
            raw.queue,
            raw.properties.get("priority"),
            self.due(raw),
            retry=retries > 0,
            attempt=retries,
        )
        envelope.headers = {MESSAGE: raw}
        return envelope

    def due(self, raw: Publication) -> float | None:
        """The ETA, read as a worker reads it: one without a time zone is UTC, whatever zone the app is in."""
        eta = raw.fields.get("eta")
        if not eta:
            return None
        moment: Any = maybe_iso8601(eta)
        return maybe_make_aware(moment, raw.app.timezone).timestamp()

    # What Celery promises

    def attempts_max(self, envelope: Envelope) -> int | None:
        """``max_retries`` and the first attempt: 4 for ``max_retries=3``."""
        task = self.target(envelope)
        if task is None:
            return None
        retries = (getattr(task, "retry_kwargs", None) or {}).get("max_retries", task.max_retries)
        return None if retries is None else int(retries) + 1

    def ack_mode(self, envelope: Envelope) -> AckMode:
        task = self.target(envelope)
        return AckMode.LATE if task is not None and task.acks_late else AckMode.EARLY

    def visibility_timeout(self, envelope: Envelope) -> float | None:
        return visibility_timeout(_publication(envelope).app)

    def recurring(self) -> Iterable[Recurring]:
        """The beat entries of every app that has some."""
        for app in active_apps():
            yield from beat.recurring(app, self.clock)

    # How people name tasks

    def target(self, envelope: Envelope) -> Any:
        """The task, or None if this process does not know it (it was sent by name)."""
        return _publication(envelope).app.tasks.get(envelope.name)

    def job_name(self, job: object) -> str | None:
        if isinstance(job, Task):
            return str(job.name)
        if isinstance(job, Signature):
            return str(job.task)
        return str(job.name) if isinstance(job, type) and issubclass(job, Task) and job.name else None

    def signature(self, target: object) -> inspect.Signature | None:
        """The parameters of ``run``, without the ``self`` of a bound task."""
        return inspect.signature(target.run) if isinstance(target, Task) else None

    def body(self, target: object) -> tuple[Any, str] | None:
        """Inside of what autoretry wraps around the task, so that an error there is retried."""
        if not isinstance(target, Task):
            return None
        if hasattr(target, "_orig_run"):
            return target, "_orig_run"
        return target if "run" in vars(target) else type(target), "run"

    def send(self, target: object, arguments: Sequence[Any], kwarguments: dict[str, Any]) -> None:
        if not isinstance(target, (Task, Signature)):
            return super().send(target, arguments, kwarguments)
        target.apply_async(tuple(arguments), kwarguments)
        return None

    # Execute

    def perform(self, delivery: Delivery) -> Outcome:
        publication, redelivered = _handed_out(delivery.envelope)
        worker = self._worker(publication.app)
        before, self._performing = self._performing, delivery.envelope.name
        try:
            outcome, requeued = worker.perform(publication, redelivered)
        finally:
            self._performing = before
        if requeued:
            self.sink(delivery.envelope.copy())
        return outcome

    def lose(self, delivery: Delivery) -> Outcome:
        """What Celery does when the worker dies after the body began; see `lost`."""
        publication, redelivered = _handed_out(delivery.envelope)
        task = self.target(delivery.envelope)
        if self.lost == "machine" or task is None:
            return super().lose(delivery)
        before = self._published
        error, channel = self._worker(publication.app).lose(publication, redelivered)
        if channel.requeued:
            delivery.expires_at = None  # the surviving parent process puts it back: nobody waits for the broker
            return Outcome(OutcomeKind.LOST, reason="the worker was lost; reject_on_worker_lost put the message back")
        if self._published > before:
            return Outcome(OutcomeKind.RETRIED, error=error, reason="the worker was lost; retry_on_worker_lost")
        acks = "late" if task.acks_late else "early"
        reason = f"the worker was lost; with acks_{acks} and no reject_on_worker_lost the task is marked as failed"
        return Outcome(OutcomeKind.FAILED, error=error, reason=reason)

    def call(self, envelope: Envelope) -> Call:
        publication = _publication(envelope)
        body = self._worker(publication.app).read(publication)
        if isinstance(body, dict):
            return Call(envelope.name, body["args"], body["kwargs"])
        return Call(envelope.name, body[0], body[1])

    def busy_with(self) -> str | None:
        return self.sending.name or self._performing

    def _worker(self, app: Celery) -> Worker:
        try:
            return self._workers[app]
        except KeyError:
            worker = self._workers[app] = Worker(app)
            return worker


def _publication(envelope: Envelope) -> Publication:
    publication: Publication = (envelope.headers or {})[MESSAGE]
    return publication


def _handed_out(envelope: Envelope) -> tuple[Publication, bool]:
    """The message, and whether these bytes were handed to a worker before."""
    headers = envelope.headers
    assert headers is not None
    delivered = headers.get(DELIVERED, 0)
    headers[DELIVERED] = delivered + 1
    return headers[MESSAGE], delivered > 0
