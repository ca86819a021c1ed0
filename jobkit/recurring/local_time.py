"""From local wall times to instants, where clocks change.

A wall time exists once, not at all (the hour that is skipped in spring) or twice (the hour that is repeated in
autumn). Two rules, as Debian's cron has them; which one holds for an expression is said in `cron`:

* **fixed times** (`at_fixed_times`): a skipped time runs at the first instant after the gap, a repeated one runs the
  first time only. So a daily job runs each day once.
* **elapsed** (`at_elapsed_times`): every instant whose wall time matches. A skipped time does not run, a repeated one
  runs twice. So "every 15 minutes" keeps its distance of 15 minutes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - the zero of wall times, which have no zone
SECOND = timedelta(seconds=1)

# From a wall time on (inclusive), all wall times that match, ascending; both without a zone.
WallTimes = Callable[[datetime], Iterator[datetime]]


def at_fixed_times(matches: WallTimes, zone: tzinfo, start: float) -> Iterator[float]:
    """The instants from `start` on at which fixed wall times run, strictly increasing, in epoch seconds."""
    gap = _offset(start, zone) - _offset(start - 1, zone)
    last = None
    for wall in matches(_wall(start, zone) - max(gap, timedelta())):
        early, late = _instants(wall, zone)
        instant = early if early <= late else _end_of_gap(late, early, zone)
        if instant >= start and instant != last:
            yield instant
            last = instant


def at_elapsed_times(matches: WallTimes, zone: tzinfo, start: float) -> Iterator[float]:
    """The instants from `start` on whose wall times match, strictly increasing, in epoch seconds."""
    fold = _offset(start, zone) - _offset(start + 86_400, zone)
    second_passes: deque[float] = deque()
    for wall in matches(_wall(start, zone) - max(fold, timedelta())):
        early, late = _instants(wall, zone)
        if early > late:
            continue
        while second_passes and second_passes[0] < early:
            yield second_passes.popleft()
        if early >= start:
            yield early
        if late > early and late >= start:
            second_passes.append(late)
    yield from second_passes


def _offset(instant: float, zone: tzinfo) -> timedelta:
    return datetime.fromtimestamp(instant, zone).utcoffset() or timedelta()


def _wall(instant: float, zone: tzinfo) -> datetime:
    """The wall time at `instant`, rounded up to a second, since no expression is finer."""
    wall = datetime.fromtimestamp(instant, zone).replace(tzinfo=None)
    return wall.replace(microsecond=0) + SECOND if wall.microsecond else wall


def _instants(wall: datetime, zone: tzinfo) -> tuple[float, float]:
    """The instants of a wall time by the offset before and after a change; before > after means: skipped."""
    aware = wall.replace(tzinfo=zone)
    if zone is UTC:
        instant = aware.timestamp()
        return instant, instant
    seconds = (wall - EPOCH).total_seconds()
    before = aware.utcoffset() or timedelta()
    after = aware.replace(fold=1).utcoffset() or timedelta()
    return seconds - before.total_seconds(), seconds - after.total_seconds()


def _end_of_gap(before: float, after: float, zone: tzinfo) -> float:
    """The first second of the new offset, which came somewhere in (`before`, `after`]."""
    new = _offset(after, zone)
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (before, middle) if _offset(middle, zone) == new else (middle, after)
    return after
