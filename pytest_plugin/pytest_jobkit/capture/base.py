"""What a capture is: the piece that puts one job framework under the engine for the length of a test.

A capture stops each message at the last moment before a broker would get it, keeps it as the bytes that would have
gone out, and later runs those bytes through the framework's own worker path, on the test's thread. The pending set,
the clock and every wait belong to the engine, never to the framework.

Adding a framework takes one file (or folder) in this package and no list to extend:

1. Name it as the framework is imported, a dot written as two underscores: ``huey.py``, ``django__tasks.py``. It is
   imported only once the framework itself is, so it may import the framework at its top.
2. Define one `Capture` subclass in it, with its `framework`, `label`, `distribution` and `known_versions`.
3. Give it the six operations:

   - ``install``: override `patch`, and change the framework in there through `replace`.
   - ``uninstall``: nothing to do where `replace` was used; override `unpatch` for the rest.
   - ``envelope``: override `envelope`, from whatever the capture point sees to an `Envelope` with this capture as its
     performer; then hand each message over with `enqueue`.
   - ``due``: override `due`, the instant before which a message must not run.
   - ``execute``: override `perform` and `call`.
   - ``restore``: say in `patch` which calls would open a connection, with
     `forbid_connections` or `forbid`; undone with the rest.

4. Say what the framework promises: `attempts_max`, `ack_mode`, `lose`, `visibility_timeout`.
5. Say how people name its jobs and start them: `job_name`, `target`, `signature`, `send`, `body`.

The retry of a job is captured like any other message: set ``retry=True`` and keep the job's id.
"""

from __future__ import annotations

import inspect
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from random import Random
from typing import Any, ClassVar, NamedTuple

from jobkit.clock import Clock
from jobkit.current import current_delivery
from jobkit.envelope import Call, Delivery, Envelope, Performer
from jobkit.outcome import Outcome
from jobkit.retry.exhaustion import RetryOptions
from pytest_jobkit.capture.django_orm import note_transaction
from pytest_jobkit.capture.frames import user_frames
from pytest_jobkit.capture.network import CONNECTIONS, forbidden
from pytest_jobkit.capture.patches import Patches
from pytest_jobkit.capture.versions import check_version

Sink = Callable[[Envelope], None]

FRAMES = "frames"
"""Header: where the message was enqueued, the innermost place of the user's code first (`frames.Frame`)."""

_DEAD_AT_ONCE = RetryOptions(retry=0)


class Recurring(NamedTuple):
    """An entry of a framework's own periodic schedule (Celery beat, Huey's periodic tasks, arq's cron).

    Attributes:
        name: the entry's name.
        next_after: the first instant after the given one at which it fires (both epoch seconds); None for never.
        fire: enqueues it as the framework's scheduler does.
    """

    name: str
    next_after: Callable[[float], float | None]
    fire: Callable[[], None]


class Capture(Performer, ABC):
    """One framework under the engine. See the module's text for how to write one."""

    #: the name in records and in the ini key ``jobkit_frameworks``
    framework: str
    #: the name for people
    label: ClassVar[str]
    #: what the framework is installed as, for its version
    distribution: ClassVar[str]
    #: the versions it was tried with, as prefixes of whole parts: "5.4" takes 5.4.1 and not 5.40
    known_versions: ClassVar[tuple[str, ...]]

    def __init__(self) -> None:
        self.patches = Patches()
        self.installed = False

    def install(self, sink: Sink, clock: Clock, chance: Random | None = None) -> None:
        """Take every message of the framework from now on.

        Args:
            sink: gets each message as an `Envelope`; the engine's ``push``.
            clock: the engine's; whatever the framework reckons with time is to be read from it.
            chance: for the framework's jitter; by default one that is the same in every run.
        """
        check_version(self.label, self.distribution, self.known_versions)
        self.sink = sink
        self.clock = clock
        self.chance = Random(0) if chance is None else chance
        self.installed = True
        try:
            self.patch()
        except BaseException:
            self.uninstall()
            raise

    def uninstall(self) -> None:
        """Leave the framework as it was found. Doing it twice is harmless."""
        if self.installed:
            self.installed = False
            try:
                self.unpatch()
            finally:
                self.patches.undo()

    @abstractmethod
    def patch(self) -> None:
        """Put the capture point in place, with `replace` and `forbid`."""

    def unpatch(self) -> None:
        """Undo what `patch` did otherwise than by `replace` and `forbid`."""

    def replace(self, owner: Any, name: str, value: Any) -> Any:
        """Set an attribute until `uninstall`; returns what was there (None if nothing was)."""
        return self.patches.replace(owner, name, value)

    def forbid(
        self,
        owner: Any,
        name: str,
        only_from: tuple[str, ...] = (),
        unless: Callable[[Any], bool] | None = None,
    ) -> None:
        """Let a call that would reach a network fail, with the job and the place, until `uninstall`.

        Args:
            owner: the class or module; name: its function that opens a connection.
            only_from: the packages that must be the ones to call, not the user's code that they run; none: anybody.
            unless: told the call's first argument; a connection for which it says True is let through.
        """
        self.replace(owner, name, forbidden(self, getattr(owner, name), only_from, unless))

    def forbid_connections(self, *packages: str) -> None:
        """`forbid` every client that is imported to connect for one of `packages`; the user's own use of it is free."""
        for module, owner, name in CONNECTIONS:
            if module in sys.modules:
                self.forbid(getattr(sys.modules[module], owner), name, only_from=packages)

    def enqueue(self, raw: Any) -> None:
        """Hand one message, as the capture point sees it, to the engine.

        It notes where that happened, and the count of deliveries goes on with a retry.
        """
        envelope = self.envelope(raw)
        headers = envelope.headers
        if headers is None:
            headers = envelope.headers = {}
        frames = headers[FRAMES] = user_frames()
        if "django.db" in sys.modules:
            note_transaction(envelope, headers, frames[0] if frames else None)
        delivery = current_delivery.get()
        if envelope.retry and delivery is not None and delivery.envelope.job_id == envelope.job_id:
            envelope.attempt = delivery.envelope.attempt
        self.sink(envelope)

    @abstractmethod
    def envelope(self, raw: Any) -> Envelope:
        """The message as an envelope: bytes, name, id, queue, priority, `due`, and whether it is a retry."""

    @abstractmethod
    def due(self, raw: Any) -> float | None:
        """Not before this instant (epoch seconds); None for at once."""

    @abstractmethod
    def perform(self, delivery: Delivery) -> Outcome:
        """Run the bytes once, as the framework's worker does, on this thread.

        An error that ends the job is ``Outcome(FAILED, error=...)``; a retry that the framework published meanwhile
        makes it RETRIED.
        """

    @abstractmethod
    def call(self, envelope: Envelope) -> Call:
        """The job's name and its arguments, decoded anew from the bytes."""

    def busy_with(self) -> str | None:
        """The job being enqueued or performed at this moment, for the text of a stray connection."""
        return None

    @abstractmethod
    def job_name(self, job: object) -> str | None:
        """The name of `job` if it is an object of this framework (a task, an actor, a function), else None."""

    def is_for(self, envelope: Envelope, job: object) -> bool:
        if isinstance(job, str):
            return envelope.name == job or envelope.name.endswith(f".{job}")
        name = self.job_name(job)
        return name is not None and envelope.name == name

    def signature(self, target: object) -> inspect.Signature | None:
        """How the job takes its arguments, without what the framework itself passes (a bound ``self``, a context).

        None where that cannot be told; arguments are then not checked.
        """
        return None

    def retry_options(self, envelope: Envelope) -> RetryOptions | None:
        """The framework does its own retries: an error that leaves it is final, and the job is dead."""
        return _DEAD_AT_ONCE

    def recurring(self) -> Iterable[Recurring]:
        """The entries of the framework's own schedule; none where it has no schedule."""
        return ()
