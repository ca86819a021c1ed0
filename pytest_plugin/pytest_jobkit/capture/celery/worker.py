"""Celery's own worker path for one message, on the calling thread: strategy, Request, tracer, callbacks.

Only what a worker has around these is stood in for: a consumer without a connection, a pool without processes.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from typing import Any

from billiard.einfo import ExceptionInfo
from celery import states
from celery.concurrency.base import BasePool
from celery.exceptions import (
    Ignore,
    InvalidTaskError,
    NotRegistered,
    Reject,
    Retry,
    TaskRevokedError,
    WorkerLostError,
)
from celery.utils.time import maybe_iso8601, maybe_make_aware
from celery.worker import state as worker_state
from celery.worker.consumer.consumer import Consumer
from celery.worker.request import Request
from kombu.exceptions import ContentDisallowed, DecodeError
from kombu.serialization import prepare_accept_content

from jobkit.outcome import Outcome, OutcomeKind
from pytest_jobkit.capture.celery.internals import WorkerProcess, fast_trace_task, tracer
from pytest_jobkit.capture.celery.publication import Channel, Publication, received

HOSTNAME = "jobkit@test"
_REPLACED = "Replaced by new task"
_unknown_task: Callable[..., None] = Consumer.on_unknown_task
logger = logging.getLogger(__name__)


class Worker:
    """Runs messages of one app; it is the consumer, and the consumer's controller, that Celery's strategy asks for."""

    connection_errors = ()
    event_dispatcher = None
    disable_rate_limits = True
    hostname = HOSTNAME
    state = worker_state

    def __init__(self, app: Any) -> None:
        self.app = app
        self.accept = prepare_accept_content(app.conf.accept_content)
        app.use_fast_trace_task = True
        self.pool = _Pool(app)
        self.timer = _DueNow()
        self.task_buckets: dict[str, Any] = {}
        self.qos = self.controller = self
        self._strategies: dict[Any, tuple[Callable[..., Any], _Traced]] = {}

    def stop(self) -> None:
        """Leave the app as it was."""
        self.app.use_fast_trace_task = False

    # What a strategy asks of its consumer

    def increment_eventually(self, n: int = 1) -> None:
        """Prefetch counts do not matter to one message."""

    decrement_eventually = increment_eventually

    def on_task_request(self, request: Any) -> None:
        try:
            request.execute_using_pool(self.pool)
        except TaskRevokedError:
            return

    apply_eta_task = on_task_request

    def _limit_task(self, request: Any, bucket: Any, tokens: int) -> None:
        self.on_task_request(request)

    _limit_post_eta = _limit_task

    # One message

    def read(self, publication: Publication) -> Any:
        """The decoded body."""
        return received(publication, Channel(), False, self.accept).payload

    def perform(self, publication: Publication, redelivered: bool) -> tuple[Outcome, bool]:
        """Run it; returns how it ended, and whether the worker gave it back to the queue."""
        channel = Channel()
        message = received(publication, channel, redelivered, self.accept)
        with WorkerProcess(self.app):
            return self._receive(publication, message), channel.requeued

    def lose(self, publication: Publication, redelivered: bool) -> tuple[WorkerLostError, Channel]:
        """What the parent process does when the pool's process dies with the task."""
        channel = Channel()
        message = received(publication, channel, redelivered, self.accept)
        request: Any = Request(
            message,
            app=self.app,
            task=self.app.tasks[publication.fields["task"]],
            hostname=HOSTNAME,
            on_ack=message.ack_log_error,
            on_reject=message.reject_log_error,
        )
        request.on_accepted(os.getpid(), time.monotonic())
        try:
            raise WorkerLostError("Worker exited prematurely: signal 9 (SIGKILL).") from None
        except WorkerLostError as error:
            request.on_failure(ExceptionInfo())
            return error, channel

    def _receive(self, publication: Publication, message: Any) -> Outcome:
        """As the consumer's handler of a message, with what it does to one that it cannot run."""
        name = publication.fields["task"]
        try:
            task = self.app.tasks[name]
        except NotRegistered as error:
            _unknown_task(self, None, message, error)
            reason = f"no task {name!r} is registered in {self.app!r}: a worker drops the message"
            return Outcome(OutcomeKind.FAILED, error=error, reason=reason)
        strategy, traced = self._strategy(task)
        traced.ended = None
        self.pool.located = ({name: traced}, self.accept, HOSTNAME)
        try:
            body = None if "task" in publication.headers else message.payload
            strategy(message, body, message.ack_log_error, message.reject_log_error, [])
        except (InvalidTaskError, ContentDisallowed, DecodeError) as error:
            message.reject_log_error(logger, ())
            return Outcome(OutcomeKind.FAILED, error=error, reason="a worker cannot read the message and drops it")
        return _outcome(publication, traced.ended)

    def _strategy(self, task: Any) -> tuple[Callable[..., Any], _Traced]:
        """Built once, and again when a test has changed what it was built from."""
        key = (task, task.run, task.acks_late, task.Request)
        try:
            return self._strategies[key]
        except KeyError:
            built = task.start_strategy(self.app, self), _Traced(tracer(self.app, task, HOSTNAME))
            self._strategies[key] = built
            return built


class _Traced:
    """A task as the worker's registry holds it; keeps what the tracer returns before it is shortened to a text.

    Attributes:
        ended: the result or error information, and the state if it is not success; None if the body did not run.
    """

    __slots__ = ("_tracer", "ended")

    def __init__(self, trace: Callable[..., Any]) -> None:
        self._tracer = trace
        self.ended: tuple[Any, Any] | None = None

    def __trace__(self, *arguments: Any) -> Any:
        ended = self._tracer(*arguments)
        self.ended = ended[0], ended[1]
        return ended


def _outcome(publication: Publication, ended: tuple[Any, Any] | None) -> Outcome:
    if ended is None:
        return _not_run(publication)
    result, info = ended
    if info is None:
        return Outcome(OutcomeKind.SUCCEEDED, result=result)
    error = info.retval
    if info.state == states.RETRY:
        return Outcome(OutcomeKind.RETRIED, error=error.exc if isinstance(error, Retry) and error.exc else error)
    if info.state == states.FAILURE:
        return Outcome(OutcomeKind.FAILED, error=error)
    if isinstance(error, Reject):
        if getattr(error, "requeue", False):
            return Outcome(OutcomeKind.RETRIED, error=error, reason="rejected with requeue=True")
        return Outcome(OutcomeKind.DISCARDED, error=error, reason="rejected: the broker drops or dead-letters it")
    if isinstance(error, Ignore) and _REPLACED in str(error):
        return Outcome(OutcomeKind.SUCCEEDED, reason="replaced by another task")
    return Outcome(OutcomeKind.DISCARDED, error=error, reason="the task raised Ignore")


def _not_run(publication: Publication) -> Outcome:
    expires: Any = maybe_iso8601(publication.fields.get("expires"))
    if expires is not None and maybe_make_aware(expires) < publication.app.now():
        return Outcome(OutcomeKind.DISCARDED, reason=f"expired before it ran (expires {expires.isoformat()})")
    return Outcome(OutcomeKind.DISCARDED, reason="revoked before it ran")


class _DueNow:
    """A timer for messages that the engine hands out only when they are due."""

    def call_at(self, eta: float, call: Callable[..., Any], args: Any = (), **options: Any) -> None:
        call(*args)


class _Pool(BasePool):
    """Runs a task in the calling thread, with the callbacks that a pool of processes makes."""

    def __init__(self, app: Any) -> None:
        super().__init__(app=app)
        self.start()
        self._fast_trace = fast_trace_task()
        #: the registry, content types and host name that a worker's process works with
        self.located: Any = None

    def apply_async(
        self,
        target: Callable[..., Any],
        args: Any = (),
        kwargs: Any = None,
        accept_callback: Any = None,
        callback: Any = None,
        error_callback: Any = None,
        **limits: Any,
    ) -> None:
        """Limits of time are not enforced: they would have to interrupt the test's own thread."""
        accept_callback(os.getpid(), time.monotonic())
        options = {"_loc": self.located} if target is self._fast_trace else kwargs or {}
        try:
            ended = target(*args, **options)
        except Exception:
            error_callback(ExceptionInfo())
        else:
            callback(ended)
