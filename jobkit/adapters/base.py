"""What all adapters share: from a message to the engine, and from the engine to a performed job."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Sequence
from typing import Any

from jobkit import instrumentation
from jobkit.clock import SystemClock
from jobkit.current import activate
from jobkit.envelope import Delivery, Envelope
from jobkit.errors import ConfigError
from jobkit.events import Event
from jobkit.ids import UniqueIds
from jobkit.outcome import Outcome, OutcomeKind
from jobkit.performer import PERFORMER
from jobkit.stores.locks import Locks

_log = logging.getLogger("jobkit.adapters")


class Adapter:
    """A backend that hands messages to another engine; a subclass implements `send`.

    Attributes:
        name: of the engine, in messages.
        error_reporters: called with an error that was handled but is to be reported; without any it is logged.
    """

    name = "adapter"

    def __init__(self) -> None:
        self.clock = SystemClock()
        self.jitter = random.Random()
        self.ids = UniqueIds()
        self.error_reporters: list[Callable[[BaseException], Any]] = []

    def send(self, envelope: Envelope, body: str, delay: float | None) -> None:
        """Give a message to the engine.

        Args:
            envelope: names queue and priority.
            body: the message, for `perform` in the worker.
            delay: seconds until it may run; None for at once.
        """
        raise NotImplementedError

    def push(self, envelope: Envelope) -> None:
        """Take a message, due now or later."""
        now = envelope.enqueued_at = self.clock.time()
        delay = None if envelope.due is None else max(0.0, envelope.due - now)
        body = envelope.body if isinstance(envelope.body, str) else envelope.body.decode()
        self.send(envelope, body, delay)

    def push_all(self, envelopes: Sequence[Envelope]) -> None:
        """Take many messages, one by one."""
        for envelope in envelopes:
            self.push(envelope)

    def perform(self, body: str) -> None:
        """Perform a message, in the worker: callbacks, handlers and retries of the job included.

        Raises:
            Exception: the job's error, if no handler took it or its attempts are used up.
        """
        envelope = Envelope("", "jobkit.run", body, PERFORMER)
        with activate(self):
            performed = PERFORMER.perform(Delivery(envelope, 1, self.clock.time()))
            outcome = performed if isinstance(performed, Outcome) else _wait_for(performed)
        if outcome.kind is OutcomeKind.FAILED and outcome.error is not None:
            raise outcome.error

    def emit(self, event: Event) -> None:
        """Publish an event to the subscribers of this process."""
        if instrumentation.subscriptions:
            instrumentation.publish(event)

    def report(self, error: BaseException) -> None:
        """Hand an error that was handled to the error reporters."""
        if not self.error_reporters:
            _log.error("a job's error was handled: %r", error, exc_info=error)
        for reporter in self.error_reporters:
            reporter(error)

    def stopping(self, job: object) -> object:
        """Whether a continuation should stop at its next checkpoint: other engines do not tell."""
        return False

    @property
    def locks(self) -> Locks:
        """Unique locks need a store that all processes share, which an adapter has not."""
        raise ConfigError(
            f"the {self.name} adapter has no store for unique locks that all workers share; "
            "guard the job in the database (a unique key), or use the engine's own uniqueness"
        )

    def is_limit_reached(self, key: str, limit: int) -> bool:
        """As `locks`."""
        raise ConfigError(f"the {self.name} adapter cannot count the running jobs of all workers for {key!r}")

    def refuse(self, envelope: Envelope, reason: str) -> None:
        """As `locks`."""
        raise ConfigError(f"the {self.name} adapter has no dead set for a job that a lock refused: {reason}")

    def discard_locked(self, key: str) -> bool:
        """As `locks`."""
        raise ConfigError(f"the {self.name} adapter cannot take a waiting job out of its queue")


def _wait_for(performed: Any) -> Outcome:
    import asyncio  # only async jobs need it

    async def outcome() -> Outcome:
        waited: Outcome = await performed
        return waited

    return asyncio.run(outcome())
