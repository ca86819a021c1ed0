"""How long jobs waited in each queue, and how many later ones went before them: who starves."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from dataclasses import dataclass

from jobkit import JobRecord


@dataclass(frozen=True, slots=True)
class QueueWait:
    """The waits of one queue.

    Attributes:
        performed: executions from this queue.
        longest: the most seconds, of the engine's clock, from when a job might have run to when it did.
        overtaken: the most jobs, of any queue, that were enqueued after a job of this one and started before it.
    """

    performed: int
    longest: float
    overtaken: int


def queue_waits(records: Iterable[JobRecord]) -> dict[str, QueueWait]:
    """The waits of each queue, by its name, in the order in which the queues were first served."""
    waits: dict[str, QueueWait] = {}
    started: list[int] = []
    for record in records:
        envelope = record.envelope
        ready = max(envelope.enqueued_at, envelope.due or 0.0)
        wait = (record.started or ready) - ready
        overtaken = len(started) - bisect_left(started, envelope.sequence)
        insort(started, envelope.sequence)
        known = waits.get(envelope.queue, QueueWait(0, 0.0, 0))
        waits[envelope.queue] = QueueWait(
            known.performed + 1, max(known.longest, wait), max(known.overtaken, overtaken)
        )
    return waits
