"""One message through taskiq's own `Receiver`, on the test's thread."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

from taskiq import AsyncBroker
from taskiq.acks import AckableMessage, AckController
from taskiq.message import TaskiqMessage
from taskiq.receiver import Receiver
from taskiq.result import TaskiqResult

from pytest_jobkit.capture.coroutines import SameThread
from pytest_jobkit.capture.process_end import ends_the_process
from pytest_jobkit.capture.worker_life import WorkerLife


class Run:
    """What one delivery came to.

    Attributes:
        result: taskiq's; None for a message that no task was found for, or that could not be read.
        error: what the body raised, also where a middleware replaced it in the result.
        acknowledged: whether the message was.
    """

    def __init__(self) -> None:
        self.result: TaskiqResult[Any] | None = None
        self.error: BaseException | None = None
        self.acknowledged = False
        self.process_ended = False

    def acknowledge(self) -> None:
        self.acknowledged = True


class WorkerPath:
    """The worker process of one broker: start-up events, messages, shutdown events."""

    def __init__(self, broker: AsyncBroker) -> None:
        self._broker = broker
        self._life = WorkerLife(self._start, self._stop)

    async def run(self, data: bytes) -> Run:
        """Do with the message what a worker does that has just received it.

        Raises:
            WorkerLost, KeyboardInterrupt, an outcome of pytest: passed through, as if the process had gone.
        """
        receiver = await self._life.worker()
        run = receiver.run = Run()
        self._broker.is_worker_process = True
        try:
            await receiver.callback(AckableMessage(data=data, ack=run.acknowledge))
        finally:
            self._broker.is_worker_process = False
        return run

    async def _start(self) -> _ObservedReceiver:
        self._broker.is_worker_process = True
        try:
            await AsyncBroker.startup(self._broker)
        finally:
            self._broker.is_worker_process = False
        return _ObservedReceiver(self._broker)

    async def _stop(self, receiver: _ObservedReceiver) -> None:
        self._broker.is_worker_process = True
        try:
            await AsyncBroker.shutdown(self._broker)
        finally:
            self._broker.is_worker_process = False


class _ObservedReceiver(Receiver):
    """Notes what a task gave; once the process has ended, no middleware hears of it."""

    run: Run

    def __init__(self, broker: AsyncBroker) -> None:
        # Any: a stand-in for the broker, as far as the receiver looks
        observed: Any = _BrokerOfWorker(broker, self)
        super().__init__(observed, executor=SameThread(), max_async_tasks=1, run_startup=False)

    async def run_task(
        self, target: Callable[..., Any], message: TaskiqMessage, ack_controller: AckController | None = None
    ) -> TaskiqResult[Any]:
        run = self.run
        result = await super().run_task(_watched(target, run), message, ack_controller)
        if run.process_ended and run.error is not None:
            raise run.error
        run.result = result
        run.error = run.error or result.error
        return result


class _BrokerOfWorker:
    """The user's broker, with no middlewares from the moment at which the process ended."""

    def __init__(self, broker: AsyncBroker, receiver: _ObservedReceiver) -> None:
        self._broker = broker
        self._receiver = receiver

    @property
    def middlewares(self) -> list[Any]:
        return [] if self._receiver.run.process_ended else self._broker.middlewares

    def __getattr__(self, name: str) -> Any:
        return getattr(self._broker, name)


def _watched(target: Callable[..., Any], run: Run) -> Callable[..., Any]:
    def note(error: BaseException) -> None:
        run.error = error
        run.process_ended = ends_the_process(error)

    if inspect.iscoroutinefunction(target):

        @wraps(target)
        async def watched_coroutine(*arguments: Any, **options: Any) -> Any:
            try:
                return await target(*arguments, **options)
            except BaseException as error:
                note(error)
                raise

        return watched_coroutine

    @wraps(target)
    def watched(*arguments: Any, **options: Any) -> Any:
        try:
            return target(*arguments, **options)
        except BaseException as error:
            note(error)
            raise

    return watched
