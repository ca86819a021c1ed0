"""Runs deliveries of a job that a queue knows: the same bytes each time, through the framework's own worker path."""

from __future__ import annotations

import copy
import inspect
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

from jobkit.current import current_delivery
from jobkit.envelope import AckMode, Delivery, Performer
from jobkit.errors import ConfigError
from jobkit.job import Job
from jobkit.outcome import Outcome, OutcomeKind
from jobkit.performer import PERFORMER
from pytest_jobkit.retry_safety.delivering.calls import Call
from pytest_jobkit.retry_safety.delivering.function import FunctionPerformance, LoopOfTheWorker, Performance, codes_of
from pytest_jobkit.retry_safety.delivering.queue import CheckQueue

if TYPE_CHECKING:
    from pytest_jobkit.capture.installed import InstalledCaptures


class QueuedPerformance:
    """A job that is enqueued once and delivered from the same bytes every time.

    Retries that the job asks for, and errors that its worker would retry, count as one more delivery; how often it may
    be retried does not matter here, since faults may come any number of times.

    Raises:
        TypeError: the job could not be enqueued with the arguments.
    """

    def __init__(
        self, call: Call, performer: Performer, queue: CheckQueue, loop: LoopOfTheWorker, redelivery: str = "assumed"
    ) -> None:
        _send(performer, call)
        if not queue.sent:
            raise TypeError(f"{call!r} was not enqueued: a callback, a lock or a limit kept it out of the queue")
        self._envelope = queue.sent.pop()
        self._queue = queue
        self._loop = loop
        self._body = performer.body(performer.target(self._envelope) or call.job)
        self.roots: dict[str, object] = {"locks": queue.locks}
        self.notes: list[str] = []
        self.is_awaited = self._body is not None and inspect.iscoroutinefunction(inspect.unwrap(getattr(*self._body)))
        first = self._envelope.copy()
        first.attempt = 1
        self.is_early = performer.ack_mode(first) is AckMode.EARLY
        if self.is_early and redelivery == "assumed":
            self.notes.append(
                f"{call.name} is acknowledged before it runs (at most once), so a killed worker loses it; this check "
                "delivers it again, as late acknowledgement would. Ask with redelivery='own' what is lost."
            )

    def beside(self, loop: LoopOfTheWorker) -> QueuedPerformance:
        other = copy.copy(self)
        other._loop = loop
        return other

    def deliver(self, number: int) -> Outcome:
        delivery = Delivery(self._envelope.copy(), number, self._queue.clock.time())
        token = current_delivery.set(delivery)
        try:
            outcome = self._envelope.performer.perform(delivery)
            return outcome if isinstance(outcome, Outcome) else self._awaited(outcome)
        except SystemExit as error:
            return Outcome(OutcomeKind.FAILED, error=error, reason="the body called sys.exit()")
        finally:
            current_delivery.reset(token)

    def _awaited(self, outcome: Any) -> Outcome:
        awaited: Outcome = self._loop.run(outcome)
        return awaited

    def codes(self) -> list[CodeType]:
        if self._body is None:
            return []
        owner, name = self._body
        return codes_of(inspect.getattr_static(owner, name, None) or getattr(owner, name))


def _send(performer: Performer, call: Call) -> None:
    """Enqueue the call in the framework's plainest form; by keywords alone where it knows no other."""
    try:
        performer.send(call.job, call.arguments, call.kwarguments)
    except ConfigError:
        signature = performer.signature(call.job)
        if signature is None or not call.arguments:
            raise
        try:
            bound = signature.bind(*call.arguments, **call.kwarguments)
        except TypeError as error:
            raise ConfigError(f"{call!r}: the arguments do not fit the job: {error}") from None
        if bound.args and any(
            parameter.kind in (parameter.POSITIONAL_ONLY, parameter.VAR_POSITIONAL)
            for parameter in signature.parameters.values()
        ):
            raise
        performer.send(call.job, (), dict(bound.arguments))


def performance_of(
    call: Call,
    queue: CheckQueue,
    captures: InstalledCaptures | None,
    loop: LoopOfTheWorker,
    redelivery: str = "assumed",
) -> Performance:
    """How deliveries of this call are run.

    Raises:
        TypeError: the job cannot be called, or not with these arguments.
    """
    job = call.job
    if isinstance(job, type) and issubclass(job, Job):
        return QueuedPerformance(call, PERFORMER, queue, loop, redelivery)
    if isinstance(getattr(job, "job_class", None), type):
        return QueuedPerformance(call, PERFORMER, queue, loop, redelivery)
    refused: ConfigError | None = None
    for owner in captures or ():
        if owner.job_name(job) is not None:
            try:
                return QueuedPerformance(call, owner, queue, loop, redelivery)
            except ConfigError as error:
                refused = error
    if refused is not None and not isinstance(job, FunctionType):
        raise refused  # but a function that no worker has been told of is a plain one
    if not callable(job):
        raise TypeError(f"retry safety needs a job that can be called; got {job!r}")
    return FunctionPerformance(call, loop)
