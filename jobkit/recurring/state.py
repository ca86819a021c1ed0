"""`ScheduleState`: what of a schedule has fired, as a machine that only moves when it is told the time.

It reads no clock and enqueues nothing: the engine asks `due(now)` and enqueues what comes back. The rules are those of
the spec's G.2: a run is known by its computed time, nothing fires at the first load, late runs go by `MissedRuns`.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from jobkit.recurring.entry import Entry, FireTime
from jobkit.recurring.missed import MissedRuns
from jobkit.recurring.schedule import Schedule
from jobkit.recurring.timing import EveryTiming


class Claims:
    """Which runs have been fired, shared between the states of several processes that run the same schedule.

    A run is known by its entry and computed time, and remembered for a day, as the Ruby schedulers do.
    """

    MEMORY = 86_400.0

    def __init__(self) -> None:
        self._taken: set[tuple[str, str, float]] = set()
        self._by_age: deque[tuple[str, str, float]] = deque()

    def take(self, entry: Entry, instant: float, now: float) -> bool:
        """Claim the run of `entry` at `instant`; False if another process was first."""
        while self._by_age and self._by_age[0][2] < now - self.MEMORY:
            self._taken.discard(self._by_age.popleft())
        claim = (entry.namespace, entry.name, instant)
        if claim in self._taken:
            return False
        self._taken.add(claim)
        self._by_age.append(claim)
        return True


@dataclass(frozen=True, slots=True)
class Firing:
    """A run that is to be enqueued now.

    Args:
        instant: the computed time, in epoch seconds.
        late: by how many seconds it fires after that.
        args, kwargs: for the job, with what ``date_as_argument`` and ``include_metadata`` append.
        overlaps: the previous run of the same entry has not finished. The Ruby schedulers do not look at this.
    """

    entry: Entry
    instant: float
    late: float
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    overlaps: bool

    @property
    def fire_time(self) -> FireTime:
        """The computed time as an aware datetime in the entry's zone."""
        return FireTime.of(self.instant, self.entry)


@dataclass(slots=True)
class _Track:
    """Where an entry stands: its next instant, those behind it, and the origin that they count from."""

    entry: Entry
    origin: float
    next: float
    later: Iterator[float]

    def seek(self, start: float) -> None:
        """Stand before the first instant from `start` on."""
        self.later = self.entry.instants(start, self.origin)
        self.step()

    def step(self) -> None:
        """Go on to the next instant; infinity if there is none."""
        self.next = next(self.later, math.inf)


class ScheduleState:
    """The firings of a schedule from `start` on. Instants are epoch seconds.

    Args:
        start: when the process comes up. What was due then or before does not fire.
        missed: in place of the schedule's own policy.
        claims: shared with the states of other processes, so that each run fires once. Without, there is one process.
    """

    def __init__(
        self, schedule: Schedule, start: float, missed: MissedRuns | None = None, claims: Claims | None = None
    ) -> None:
        self.schedule = schedule
        self.missed = schedule.missed if missed is None else missed
        self._claims = claims
        self._tracks = [_Track(entry, start, math.inf, iter(())) for entry in schedule if entry.enabled]
        for track in self._tracks:
            track.seek(_later_than(start))
        self._earliest = self._next()

    @property
    def next_due(self) -> float | None:
        """The instant at which something falls due next; None if nothing ever will."""
        return None if self._earliest == math.inf else self._earliest

    def due(self, now: float, is_unfinished: Callable[[Entry], bool] | None = None) -> list[Firing]:
        """What fell due since the last look and is to be enqueued at `now`, in order of time. Asking twice fires once.

        Args:
            is_unfinished: tells whether the previous run of an entry still waits or runs, for `Firing.overlaps`.
        """
        if now < self._earliest:
            return []
        firings = []
        for place, track in enumerate(self._tracks):
            if track.next <= now:
                unfinished = is_unfinished is not None and is_unfinished(track.entry)
                for instant in self._fired(track, now):
                    firings.append((instant, place, self._firing(track.entry, instant, now, unfinished)))
                    # What comes back beside it in the same answer cannot have finished.
                    unfinished = True
        self._earliest = self._next()
        firings.sort(key=lambda firing: firing[:2])
        return [firing for _, _, firing in firings]

    def restart(self, now: float) -> None:
        """The process is up again after a time in which nobody looked.

        ``every``, ``interval`` and ``in`` count anew from `now`, so each deploy moves them; a cron goes on, and what it
        missed goes by the policy at the next look.
        """
        for track in self._tracks:
            if track.entry.timing.counts_from_origin:
                track.origin = now
                track.seek(_later_than(now))
        self._earliest = self._next()

    def _next(self) -> float:
        return min((track.next for track in self._tracks), default=math.inf)

    def _fired(self, track: _Track, now: float) -> list[float]:
        """The instants of an entry that fire now; moves the entry past `now`."""
        late = [i for i in self._passed(track, now) if math.floor(now) - math.floor(i) <= self.missed.grace]
        if not self.missed.each:
            late = late[-1:]
        if self._claims is not None:
            late = [instant for instant in late if self._claims.take(track.entry, instant, now)]
        timing = track.entry.timing
        if late and isinstance(timing, EveryTiming) and timing.after_last_run:
            track.later = count(now + timing.period, timing.period)
            track.step()
        return late

    def _passed(self, track: _Track, now: float) -> list[float]:
        """The instants since the last look that may still fire; moves the entry past `now`."""
        timing = track.entry.timing
        if isinstance(timing, EveryTiming) and timing.after_last_run:
            passed = [track.next]
            while track.next <= now:
                track.step()
            return passed
        if now - track.next > self.missed.grace + 1:
            # What is too late for the policy need not be counted out one by one.
            track.seek(now - self.missed.grace - 1)
        passed = []
        while track.next <= now:
            passed.append(track.next)
            track.step()
        return passed

    def _firing(self, entry: Entry, instant: float, now: float, overlaps: bool) -> Firing:
        return Firing(entry, instant, max(0.0, now - instant), entry.arguments(instant, now), entry.kwargs, overlaps)


def _later_than(instant: float) -> float:
    return math.nextafter(instant, math.inf)
