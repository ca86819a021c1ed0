"""What a matcher looks at: jobs as they were enqueued, performed, retried, discarded or buried."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from jobkit import JobRecord, State
from pytest_jobkit.capture.frames import Frame
from pytest_jobkit.recorder import Origin, RecordingEngine


@dataclass(frozen=True, slots=True)
class Sighting:
    """One job at one moment.

    Attributes:
        at: the instant that `at()` is about, in epoch seconds; None for a job to run at once.
        since: the instant that `delayed_by()` counts from.
        error: the error behind it.
        frames: where it was enqueued, innermost place first; empty where that is of no interest.
    """

    record: JobRecord
    at: float | None
    since: float
    error: BaseException | None = None
    frames: tuple[Frame, ...] = ()

    @property
    def delay(self) -> float:
        """Seconds from `since` to `at`."""
        return 0.0 if self.at is None else self.at - self.since


@dataclass(frozen=True, slots=True)
class Population:
    """The jobs that one matcher chooses from.

    Attributes:
        verb: "enqueued", "performed", ...
        at: what the time is called in a failure text.
        size: how much of the engine's record there is so far: where a block begins.
        since: those from that place on.
    """

    verb: str
    at: str
    size: Callable[[RecordingEngine], int]
    since: Callable[[RecordingEngine, int], Iterator[Sighting]]


def _pushes(origin: Origin) -> Callable[[RecordingEngine, int], Iterator[Sighting]]:
    def since(engine: RecordingEngine, start: int) -> Iterator[Sighting]:
        for push in engine.pushes[start:]:
            if push.origin is origin:
                envelope = push.record.envelope
                yield Sighting(push.record, envelope.due, envelope.enqueued_at, push.error, push.frames)

    return since


def _pushed(engine: RecordingEngine, start: int) -> Iterator[Sighting]:
    """What the engine was given by anybody but the queue itself; retries included, as ActiveJob's helpers count."""
    for push in engine.pushes[start:]:
        if push.origin in (Origin.ENQUEUED, Origin.RETRY):
            yield Sighting(push.record, push.record.envelope.due, push.record.envelope.enqueued_at, None, push.frames)


def _pending(engine: RecordingEngine, start: int) -> Iterator[Sighting]:
    frames = {id(push.record.envelope): push.frames for push in engine.pushes}
    for record in (*engine.enqueued, *engine.scheduled, *engine.retries, *engine.blocked):
        envelope = record.envelope
        yield Sighting(record, envelope.due, envelope.enqueued_at, None, frames.get(id(envelope), ()))


def _performed(engine: RecordingEngine, start: int) -> Iterator[Sighting]:
    return (_ended(record, record.started) for record in engine.deliveries[start:] if record.state not in _NOT_RUN)


def _discarded(engine: RecordingEngine, start: int) -> Iterator[Sighting]:
    discarded = (record for record in engine.deliveries[start:] if record.state is State.DISCARDED)
    return (_ended(record, record.finished) for record in discarded)


def _dead(engine: RecordingEngine, start: int) -> Iterator[Sighting]:
    return (_ended(record, record.finished) for record in engine.buried[start:])


def _ended(record: JobRecord, at: float | None) -> Sighting:
    return Sighting(record, at, record.envelope.enqueued_at, record.error)


#: deliveries in which the body was kept from running
_NOT_RUN = frozenset({State.HALTED, State.DROPPED})

ENQUEUED = Population("enqueued", "due at", lambda engine: len(engine.pushes), _pushes(Origin.ENQUEUED))
#: as ActiveJob's helpers see it: what waits now, and what a block enqueued, retries included in both
PENDING = Population("enqueued", "due at", lambda engine: 0, _pending)
PUSHED = Population("enqueued", "due at", lambda engine: len(engine.pushes), _pushed)
RETRIED = Population("retried", "retried at", lambda engine: len(engine.pushes), _pushes(Origin.RETRY))
PERFORMED = Population("performed", "performed at", lambda engine: len(engine.deliveries), _performed)
DISCARDED = Population("discarded", "discarded at", lambda engine: len(engine.deliveries), _discarded)
DEAD = Population("dead", "died at", lambda engine: len(engine.buried), _dead)
