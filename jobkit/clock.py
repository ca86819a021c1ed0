"""The only place that reads or waits on time. `VirtualClock` is held by a test, `SystemClock` is the real one.

Inside the engine an instant is a float of epoch seconds, since comparing and adding floats is what queues do;
people get aware datetimes.
"""

from __future__ import annotations

import threading
import time as _time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

from jobkit.errors import ConfigError

DEFAULT_START = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


class Clock(Protocol):
    """What the engine asks of a clock."""

    @property
    def virtual(self) -> bool:
        """Whether waiting is moving: a virtual clock never makes anybody wait."""
        ...

    def time(self) -> float:
        """The present instant in epoch seconds."""
        ...

    def now(self) -> datetime:
        """The present instant as an aware datetime."""
        ...

    def move_to(self, instant: float) -> None:
        """Be at `instant` (epoch seconds): a virtual clock jumps, the system clock waits."""
        ...


class VirtualClock:
    """A clock that stands still until it is told to move, at no cost.

    Args:
        start: an aware datetime; by default noon UTC on the first of January 2026.

    Raises:
        ConfigError: `start` is naive.
    """

    virtual = True

    def __init__(self, start: datetime | None = None) -> None:
        start = DEFAULT_START if start is None else start
        self._time = epoch_seconds(start, "VirtualClock(start=)")
        self._zone = start.tzinfo
        self._listeners: list[Callable[[datetime], None]] = []

    def time(self) -> float:
        return self._time

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._time, self._zone)

    def move_to(self, instant: float) -> None:
        """Jump to `instant` (epoch seconds). A virtual clock never runs backwards: an earlier instant is ignored."""
        if instant > self._time:
            self._time = instant
            for listener in self._listeners:
                listener(self.now())

    def advance(self, delta: timedelta | float | None = None, **parts: float) -> None:
        """Jump ahead by `delta` (timedelta or seconds), or by parts as timedelta takes them: ``advance(hours=1)``."""
        self.move_to(self._time + seconds(delta, **parts))

    def set_to(self, moment: datetime) -> None:
        """Be at `moment` (aware), be it earlier: for the start of a test, before anything was enqueued.

        Raises:
            ConfigError: `moment` is naive.
        """
        self._time = epoch_seconds(moment, "set_to()")
        self._zone = moment.tzinfo
        for listener in self._listeners:
            listener(self.now())

    def on_move(self, listener: Callable[[datetime], None]) -> Callable[[], None]:
        """Call `listener` with the new time after each move; the returned function ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def __repr__(self) -> str:
        return f"VirtualClock({self.now().isoformat()})"


class SystemClock:
    """The machine's own clock; `move_to` waits, and `interrupt` ends a wait early."""

    virtual = False

    def __init__(self) -> None:
        self._wake = threading.Event()

    def time(self) -> float:
        return _time.time()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def move_to(self, instant: float) -> None:
        self._wake.wait(max(0.0, instant - _time.time()))

    def interrupt(self) -> None:
        """End the present wait and all later ones at once."""
        self._wake.set()

    def __repr__(self) -> str:
        return "SystemClock()"


#: seconds on a monotonic stopwatch, for measuring durations only
elapsed = _time.perf_counter


def seconds(delta: timedelta | float | None = None, **parts: float) -> float:
    """A duration in seconds, from a timedelta, a number of seconds, or parts (``hours=1, minutes=30``).

    Raises:
        ConfigError: neither or both forms were given, or a part is unknown to timedelta.
    """
    if delta is None:
        if not parts:
            raise ConfigError("a duration is wanted: seconds, a timedelta, or parts such as hours=1")
        try:
            return timedelta(**parts).total_seconds()
        except TypeError as error:
            raise ConfigError(f"not a duration: {error}; use days, hours, minutes, seconds ...") from None
    if parts:
        raise ConfigError(f"give a duration as {delta!r} or as parts ({', '.join(parts)}), not both")
    if isinstance(delta, timedelta):
        return delta.total_seconds()
    return float(delta)


def epoch_seconds(moment: datetime, what: str) -> float:
    """`moment` in epoch seconds.

    Raises:
        ConfigError: `moment` has no time zone; `what` names the argument in the message.
    """
    if moment.tzinfo is None:
        raise ConfigError(
            f"{what}: {moment!r} has no time zone, so it names no instant; "
            "give an aware datetime, e.g. datetime(..., tzinfo=timezone.utc)"
        )
    return moment.timestamp()


def instant(value: datetime | timedelta | float, now: float, what: str) -> float:
    """An instant in epoch seconds, from an aware datetime, or from a duration counted from `now`."""
    if isinstance(value, datetime):
        return epoch_seconds(value, what)
    return now + seconds(value)
