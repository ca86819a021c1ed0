"""`Engine.run`: threads that work an engine off in this process, on the system clock, until they are stopped.

What a stop promises: no message is lost while the process lives. Jobs that are running get time to finish; what has
not finished then goes back to the front of its queue, to be delivered again. A killed process loses an in-memory
queue, whatever it held.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from jobkit.current import activate
from jobkit.drain import Stepper, delivery_steps
from jobkit.errors import ConfigError
from jobkit.settlement import abandon

if TYPE_CHECKING:
    from jobkit.engine import Engine
    from jobkit.envelope import Envelope


class WorkerPool:
    """The threads of one `Engine.run`.

    Args:
        concurrency: how many jobs run at once.
        queues: the queues served; None for all.
        timeout: seconds that running jobs get to finish when the pool stops.
    """

    def __init__(self, engine: Engine, concurrency: int, queues: Iterable[str] | None, timeout: float) -> None:
        if engine.clock.virtual:
            raise ConfigError(
                "engine.run() works jobs off as time passes, but this engine's clock is virtual; "
                "use Engine(clock=SystemClock()), or engine.drain()"
            )
        if concurrency < 1:
            raise ConfigError(f"engine.run(concurrency={concurrency}): at least one thread is needed")
        self._engine = engine
        self._served = None if queues is None else frozenset([queues] if isinstance(queues, str) else queues)
        self._timeout = timeout
        self._is_stopping = False
        # Its put may be called in a signal handler, whatever the interrupted thread is at; an Event's set may not.
        self._stop_requests: SimpleQueue[None] = SimpleQueue()
        self._running: dict[threading.Thread, Envelope] = {}
        self._threads = [
            threading.Thread(target=self._work, name=f"jobkit-worker-{number}", daemon=True)
            for number in range(1, concurrency + 1)
        ]

    @property
    def is_stopping(self) -> bool:
        return self._is_stopping

    def stop(self) -> None:
        """Let the threads finish their jobs and end; `run` returns then. May be called from a signal handler."""
        self._is_stopping = True
        self._stop_requests.put(None)

    def run(self) -> None:
        """Work until `stop`, a SIGTERM or a SIGINT (these two only where this is the main thread)."""
        with self._stop_on_signals():
            for thread in self._threads:
                thread.start()
            self._stop_requests.get()
            with self._engine.changed:
                self._engine.changed.notify_all()
            deadline = self._engine.clock.time() + self._timeout
            for thread in self._threads:
                thread.join(max(0.0, deadline - self._engine.clock.time()))
            with self._engine.changed:
                for envelope in self._running.values():
                    abandon(self._engine, envelope)
                self._running.clear()

    def _work(self) -> None:
        engine = self._engine
        stepper = Stepper()
        try:
            with activate(engine):
                while (envelope := self._next()) is not None:
                    try:
                        stepper.run(delivery_steps(engine, envelope))
                    except Exception as error:
                        self._bury(envelope, error)
                    with engine.changed:
                        self._running.pop(threading.current_thread(), None)
        finally:
            stepper.close()

    def _bury(self, envelope: Envelope, error: Exception) -> None:
        """No job's own error but a performer's or a subscriber's: it must neither end the thread nor come for ever."""
        engine = self._engine
        with engine.changed:
            engine.pending.remove(lambda message: message is envelope)
        try:
            engine.report(error)
            engine.refuse(envelope, f"it could not be delivered: {type(error).__name__}: {error}", error)
        except Exception:
            logging.getLogger("jobkit.worker").exception("%r could not be delivered, nor that be told", envelope)

    def _next(self) -> Envelope | None:
        """The next message, waiting for one if need be; None when the pool stops."""
        engine = self._engine
        with engine.changed:
            while not self._is_stopping:
                engine.arrive()
                with engine.pending.set_aside() as aside:
                    envelope = engine.next_ready(self._serves, aside)
                if envelope is not None:
                    self._running[threading.current_thread()] = envelope
                    return envelope
                due = engine.next_wakeup()
                engine.changed.wait(None if due is None else max(0.0, due - engine.clock.time()))
        return None

    def _serves(self, envelope: Envelope) -> bool:
        return self._served is None or envelope.queue in self._served

    @contextmanager
    def _stop_on_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before: dict[signal.Signals, Any] = {}
        for number in (signal.SIGTERM, signal.SIGINT):
            before[number] = signal.signal(number, lambda received, frame: self.stop())
        try:
            yield
        finally:
            for number, previous in before.items():
                signal.signal(number, previous)
