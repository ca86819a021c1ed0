"""A Dramatiq worker whose threads are never started: a message goes through their methods on the test's thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from queue import PriorityQueue
from typing import Any, NamedTuple

import dramatiq.worker
from dramatiq.broker import Broker, Consumer, MessageProxy
from dramatiq.message import Message

from pytest_jobkit.capture.process_end import ends_the_process

# Any: what Dramatiq 1 calls _ConsumerThread is ConsumerThread since 2.2, and so is the other
_names: Any = vars(dramatiq.worker)
_ConsumerThread = _names.get("ConsumerThread") or _names["_ConsumerThread"]
_WorkerThread = _names.get("WorkerThread") or _names["_WorkerThread"]

Move = Callable[[Broker, "Message[Any]"], bytes]


class Processed(NamedTuple):
    """What became of one message.

    Attributes:
        acknowledged: False for a message that was rejected, hence dead-lettered.
        skipped: a middleware kept the body from running.
        result: what the actor returned; error: what it raised, or why it was skipped.
    """

    acknowledged: bool
    skipped: bool
    result: Any
    error: BaseException | None


class WorkerPath:
    """The way of a message through one broker's worker: delay queue, work queue, actor, acknowledgement.

    Args:
        broker: the user's, with its middleware.
        move: called when a message leaves the delay queue for its own; returns the bytes that would be sent then.
    """

    def __init__(self, broker: Broker, move: Move) -> None:
        self._broker = _ObservedBroker(broker, move)
        self._work_queue: PriorityQueue[Any] = PriorityQueue()
        self._consumers: dict[str, Any] = {}
        # Any: what the threads take for a broker is a broker as far as they look
        observed: Any = self._broker
        self._observed = observed
        self._worker = _WorkerThread(
            broker=observed, consumers=self._consumers, work_queue=self._work_queue, worker_timeout=1
        )

    def process(self, message: Message[Any], now: int) -> Processed:
        """Do with `message` what a worker does that has just received it at `now` (milliseconds).

        Raises:
            WorkerLost, KeyboardInterrupt, an outcome of pytest: passed through, as if the process had gone.
        """
        broker = self._broker
        if message.options.get("eta") is not None:
            message.options["eta"] = min(message.options["eta"], now)
            consumer = self._consumer(message.queue_name)
            consumer.handle_message(MessageProxy(message))
            consumer.handle_delayed_messages()
            message = Message.decode(broker.moved)
        broker.begin()
        self._consumer(message.queue_name).handle_message(MessageProxy(message))
        if not self._work_queue.empty():
            item = self._work_queue.get()
            self._worker.process_message(item[1] if isinstance(item, tuple) else item.message)  # a tuple before 2.2
        return Processed(broker.acknowledged, broker.skipped, broker.result, broker.error)

    def _consumer(self, queue_name: str) -> Any:
        consumer = self._consumers.get(queue_name)
        if consumer is None:
            consumer = self._consumers[queue_name] = _ConsumerThread(
                broker=self._observed,
                queue_name=queue_name,
                prefetch=1,
                work_queue=self._work_queue,
                worker_timeout=1,
            )
            consumer.consumer = _Acknowledgements(self._broker)
        return consumer


class _ObservedBroker:
    """The user's broker as the worker's threads see it, with an eye on what they tell it."""

    def __init__(self, broker: Broker, move: Move) -> None:
        self._broker = broker
        self._move = move
        self.get_actor = broker.get_actor
        self.moved = b""
        self.begin()

    def begin(self) -> None:
        self.acknowledged = True
        self.skipped = False
        self.result: Any = None
        self.error: BaseException | None = None
        self._gone = False

    def enqueue(self, message: Message[Any], *, delay: int | None = None) -> None:
        self.moved = self._move(self._broker, message)

    def emit_before(self, signal: str, *arguments: Any, **options: Any) -> None:
        if not self._gone:
            self._broker.emit_before(signal, *arguments, **options)

    def emit_after(self, signal: str, *arguments: Any, **options: Any) -> None:
        if signal == "process_message":
            error = options.get("exception")
            if error is not None and ends_the_process(error):
                self._gone = True
                raise error
            self.result = options.get("result")
        elif signal == "skip_message":
            self.skipped = True
        if not self._gone:
            self._broker.emit_after(signal, *arguments, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._broker, name)


class _Acknowledgements(Consumer):
    """Where the worker acknowledges or rejects; also the last moment at which a message still has its error."""

    def __init__(self, broker: _ObservedBroker) -> None:
        self._broker = broker

    def ack(self, message: MessageProxy) -> None:
        self._note(message, True)

    def nack(self, message: MessageProxy) -> None:
        self._note(message, False)

    def _note(self, message: MessageProxy, acknowledged: bool) -> None:
        self._broker.acknowledged = acknowledged
        self._broker.error = message._exception

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        """Nothing is prefetched, so there is nothing to give back."""
