"""Dramatiq under the engine.

The capture point is `enqueue` of each broker class: everything above it (middleware, delays, groups, pipelines) has
happened by then, and the message is encoded as the broker would have done it. Execution is `worker.WorkerPath`.
"""

from __future__ import annotations

import inspect
import random
from collections.abc import Sequence
from typing import Any, NamedTuple

import dramatiq.asyncio
import dramatiq.common
from dramatiq.actor import Actor
from dramatiq.broker import Broker
from dramatiq.common import dq_name, q_name
from dramatiq.message import Message
from dramatiq.middleware import AsyncIO, Retries

from jobkit.envelope import AckMode, Call, Delivery, Envelope
from jobkit.ids import EngineIds
from jobkit.outcome import Outcome, OutcomeKind
from pytest_jobkit.capture.base import Capture
from pytest_jobkit.capture.class_tree import all_subclasses
from pytest_jobkit.capture.dramatiq.backends import keep_in_memory
from pytest_jobkit.capture.dramatiq.event_loop import LoopOnThisThread
from pytest_jobkit.capture.dramatiq.worker import Processed, WorkerPath
from pytest_jobkit.capture.engine_time import EngineTime, loaded_modules

_BROKER = "dramatiq_broker"


class Published(NamedTuple):
    """A message at the capture point."""

    broker: Broker
    message: Message[Any]
    data: bytes


class DramatiqCapture(Capture):
    """Every broker of Dramatiq under the engine."""

    framework = "dramatiq"
    label = "Dramatiq"
    distribution = "dramatiq"
    known_versions = ("2.2",)

    def patch(self) -> None:
        self._redis_ids = EngineIds(random.Random("dramatiq"))
        self._paths: dict[Broker, WorkerPath] = {}
        self._delivery: Delivery | None = None
        self._retried = False
        self._busy: str | None = None
        self._loop = LoopOnThisThread()
        self._taken: set[type[Broker]] = set()
        for broker_class in all_subclasses(Broker):
            self._take(broker_class)
        self._take_later_ones()
        self._read_the_engines_clock()
        self.replace(dramatiq.common, "uniform", self.chance.uniform)
        keep_in_memory(self.replace)

    def unpatch(self) -> None:
        self._loop.close()

    def _take_later_ones(self) -> None:
        initialize = Broker.__init__

        def __init__(broker: Broker, *arguments: Any, **options: Any) -> None:
            self._take(type(broker))
            initialize(broker, *arguments, **options)

        self.replace(Broker, "__init__", __init__)

    def _take(self, broker_class: type[Broker]) -> None:
        """Capture the class of the line that first defines `enqueue`: what a subclass adds to it stays."""
        definers = [one for one in broker_class.__mro__ if one is not Broker and "enqueue" in vars(one)]
        if not definers or definers[-1] in self._taken:
            return
        self._taken.add(definers[-1])

        def enqueue(broker: Broker, message: Message[Any], *, delay: int | None = None) -> Message[Any]:
            self._busy = message.actor_name
            published = self._publish(broker, message, delay)
            self.enqueue(published)
            broker.emit_after("enqueue", published.message, delay)
            return published.message

        self.replace(definers[-1], "enqueue", enqueue)
        self.forbid_connections("dramatiq")

    def _publish(self, broker: Broker, message: Message[Any], delay: int | None) -> Published:
        """Everything that a broker does before it sends."""
        options: dict[str, Any] = {}
        queue_name = message.queue_name
        if hasattr(broker, "broker_id"):  # Redis: each sending has an id of its own
            options["redis_message_id"] = self._redis_ids.job_id()
        if delay is not None:
            queue_name = dq_name(queue_name)
            options["eta"] = self._millis() + delay
        if options:
            message = message.copy(queue_name=queue_name, options=options)
        broker.emit_before("enqueue", message, delay)
        return Published(broker, message, message.encode())

    def _move(self, broker: Broker, message: Message[Any]) -> bytes:
        """A message leaves the delay queue: sent once more in production, but not a new one for the engine."""
        published = self._publish(broker, message, None)
        broker.emit_after("enqueue", published.message, None)
        return published.data

    def _read_the_engines_clock(self) -> None:
        engine_time = EngineTime(self.clock)
        for module in loaded_modules("dramatiq"):
            names = vars(module)
            if "current_millis" in names:
                self.replace(module, "current_millis", self._millis)
            if inspect.ismodule(names.get("time")):
                self.replace(module, "time", engine_time)

    def _millis(self) -> int:
        return round(self.clock.time() * 1000)

    def envelope(self, raw: Published) -> Envelope:
        broker, message, data = raw
        delivery = self._delivery
        retry = delivery is not None and message.message_id == delivery.envelope.job_id
        actor = broker.actors.get(message.actor_name)
        envelope = Envelope(
            message.message_id,
            message.actor_name,
            data,
            self,
            q_name(message.queue_name),
            None if actor is None else actor.priority,
            self.due(raw),
            retry,
            delivery.number if retry and delivery is not None else 0,
        )
        envelope.headers = {_BROKER: broker}
        self._retried = self._retried or retry
        return envelope

    def due(self, raw: Published) -> float | None:
        eta = raw.message.options.get("eta")
        return None if eta is None else eta / 1000

    def perform(self, delivery: Delivery) -> Outcome:
        envelope = delivery.envelope
        broker = _broker(envelope)
        path = self._paths.get(broker)
        if path is None:
            path = self._paths[broker] = WorkerPath(broker, self._move)
        outer = self._delivery, self._retried, self._busy
        self._delivery, self._retried, self._busy = delivery, False, envelope.name
        loop = self._loop if any(isinstance(one, AsyncIO) for one in broker.middleware) else None
        before = dramatiq.asyncio.get_event_loop_thread()
        dramatiq.asyncio.set_event_loop_thread(loop)  # type: ignore[arg-type]  # a thread as far as actors look
        try:
            message = Message.decode(_data(envelope))
            return _outcome(path.process(message, self._millis()), self._retried, _expected(broker, message))
        finally:
            dramatiq.asyncio.set_event_loop_thread(before)
            self._delivery, self._retried, self._busy = outer

    def call(self, envelope: Envelope) -> Call:
        message = Message.decode(_data(envelope))
        return Call(message.actor_name, message.args, message.kwargs)

    def target(self, envelope: Envelope) -> Actor[Any, Any] | None:
        return _broker(envelope).actors.get(envelope.name)

    def job_name(self, job: object) -> str | None:
        return job.actor_name if isinstance(job, Actor) else None

    def signature(self, target: object) -> inspect.Signature | None:
        return inspect.signature(target.fn) if isinstance(target, Actor) else None

    def body(self, target: object) -> tuple[Any, str] | None:
        return (target, "fn") if isinstance(target, Actor) else None

    def send(self, target: object, arguments: Sequence[Any], kwarguments: dict[str, Any]) -> None:
        """As ``actor.send``."""
        if not isinstance(target, Actor):
            return super().send(target, arguments, kwarguments)
        target.send(*arguments, **kwarguments)

    def busy_with(self) -> str | None:
        return self._busy

    def ack_mode(self, envelope: Envelope) -> AckMode:
        return AckMode.LATE

    def visibility_timeout(self, envelope: Envelope) -> float | None:
        """On Redis a dead worker's messages come back after its heartbeat timeout; elsewhere at once."""
        heartbeat = getattr(_broker(envelope), "heartbeat_timeout", None)
        return None if heartbeat is None else float(heartbeat) / 1000

    def attempts_max(self, envelope: Envelope) -> int | None:
        """``max_retries`` and one; None without limit or where ``retry_when`` decides."""
        broker = _broker(envelope)
        retries = next((one for one in broker.middleware if isinstance(one, Retries)), None)
        if retries is None:
            return 1
        actor = broker.actors.get(envelope.name)
        declared = {} if actor is None else actor.options
        if declared.get("retry_when", retries.retry_when) is not None:
            return None
        options = Message.decode(_data(envelope)).options
        most = options.get("max_retries", declared.get("max_retries", retries.max_retries))
        return None if most is None else int(most) + 1


def _expected(broker: Broker, message: Message[Any]) -> Any:
    """The errors that the ``throws`` option names."""
    actor = broker.actors.get(message.actor_name)
    return message.options.get("throws") or (actor and actor.options.get("throws")) or ()


def _outcome(processed: Processed, retried: bool, expected: Any) -> Outcome:
    error = processed.error
    if retried:
        return Outcome(OutcomeKind.RETRIED, error=error)
    if processed.skipped:
        if processed.acknowledged:
            return Outcome(OutcomeKind.DROPPED, error=error, reason="a middleware skipped the message")
        return Outcome(OutcomeKind.DISCARDED, error=error, reason=f"skipped and dead-lettered: {error}")
    if error is None:
        return Outcome(OutcomeKind.SUCCEEDED, processed.result)
    if isinstance(error, expected):
        return Outcome(OutcomeKind.DISCARDED, error=error, reason="its throws option names the error")
    if processed.acknowledged:
        return Outcome(
            OutcomeKind.FAILED, error=error, reason="without the Retries middleware an error is acknowledged"
        )
    return Outcome(OutcomeKind.FAILED, error=error, reason="dead-lettered")


def _data(envelope: Envelope) -> bytes:
    return envelope.body if isinstance(envelope.body, bytes) else envelope.body.encode()


def _broker(envelope: Envelope) -> Broker:
    broker: Broker = (envelope.headers or {})[_BROKER]
    return broker
