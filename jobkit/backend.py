"""What the job layer needs of whatever takes its messages: the reference engine, or an adapter in production."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Protocol

from jobkit.clock import Clock
from jobkit.envelope import Envelope
from jobkit.events import Event
from jobkit.ids import IdSource


class Backend(Protocol):
    """A place to enqueue to.

    Attributes:
        name: shown in events and errors ("engine", "celery", ...).
        clock: its time; ids: its job ids; jitter: its chance for retry waits.
    """

    @property
    def name(self) -> str: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def ids(self) -> IdSource: ...
    @property
    def jitter(self) -> random.Random: ...

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

    def stopping(self, job: object) -> object:
        """Whether a continuation should stop at its next checkpoint: False, True, or the reason as a text."""
        ...
