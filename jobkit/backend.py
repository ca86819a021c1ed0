"""What the job layer needs of whatever takes its messages: the reference engine, or an adapter in production."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Protocol

from jobkit.clock import Clock
from jobkit.envelope import Envelope
from jobkit.events import Event
from jobkit.ids import IdSource
from jobkit.stores.locks import Locks


class Backend(Protocol):
    """A place to enqueue to.

    Attributes:
        name: shown in events and errors ("engine", "celery", ...).
        clock: its time; ids: its job ids; jitter: its chance for retry waits.
        locks: who holds which unique lock.
    """

    @property
    def name(self) -> str: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def ids(self) -> IdSource: ...
    @property
    def jitter(self) -> random.Random: ...
    @property
    def locks(self) -> Locks: ...

    def push(self, envelope: Envelope) -> None:
        """Take a message, due now or later.

        Raises:
            EnqueueError: it was refused; `perform_later` records this and does not raise it.
        """
        ...

    def push_all(self, envelopes: Sequence[Envelope]) -> None:
        """Take many messages at once (`perform_all_later`)."""
        ...

    def emit(self, event: Event) -> None:
        """Publish an event."""
        ...

    def report(self, error: BaseException) -> None:
        """Take note of an error that a declaration with ``report=True`` handled."""
        ...

    def refuse(self, envelope: Envelope, reason: str) -> None:
        """Put a message that a lock kept out into the dead set."""
        ...

    def discard_locked(self, key: str) -> bool:
        """Take the waiting message that holds the lock `key` out of its queue; whether there was one."""
        ...

    def is_limit_reached(self, key: str, limit: int) -> bool:
        """Whether `limit` jobs under the concurrency key are dispatched already."""
        ...

    def stopping(self, job: object) -> object:
        """Whether a continuation should stop at its next checkpoint: False, True, or the reason as a text."""
        ...
