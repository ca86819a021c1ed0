"""`Entry`: one line of a schedule; which job, when, with what. And `FireTime`, an instant at which it runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from itertools import islice, takewhile
from typing import Any, Literal, overload

from jobkit.clock import epoch_seconds
from jobkit.errors import ConfigError
from jobkit.recurring.cron import CronExpression, zone_of
from jobkit.recurring.natural import natural_crons
from jobkit.recurring.time_text import duration, moment
from jobkit.recurring.timing import CronTiming, EveryTiming, OnceTiming, Timing

Span = str | float | timedelta
Natural = Literal["strict", "single"]
TIMING_KEYS = ("cron", "every", "at", "in", "interval")


class EntryError(ConfigError):
    """A value of an entry that cannot be used; `key` says which, `reason` why."""

    def __init__(self, name: str, key: str, reason: str) -> None:
        super().__init__(f'schedule entry "{name}": {key}: {reason}')
        self.key = key
        self.reason = reason


class FireTime(datetime):
    """An aware datetime at which `entry` runs; compares as datetimes do.

    What is computed from it (a minute later, say) is a plain datetime, since the entry does not run then.
    """

    entry: Entry

    @classmethod
    def of(cls, instant: float, entry: Entry) -> FireTime:
        """The instant (epoch seconds) in the entry's time zone."""
        at = datetime.fromtimestamp(instant, entry.zone)
        made = cls(at.year, at.month, at.day, at.hour, at.minute, at.second, at.microsecond, at.tzinfo, fold=at.fold)
        made.entry = entry
        return made

    def plain(self) -> datetime:
        """The same moment without the entry."""
        return datetime.combine(self.date(), self.timetz())

    def __add__(self, other: timedelta, /) -> datetime:  # type: ignore[override]  # datetime promises its own class
        return self.plain() + other

    @overload  # type: ignore[override]  # as __add__
    def __sub__(self, other: datetime, /) -> timedelta: ...
    @overload
    def __sub__(self, other: timedelta, /) -> datetime: ...
    def __sub__(self, other: datetime | timedelta, /) -> datetime | timedelta:
        return self.plain() - other


@dataclass(frozen=True, slots=True)
class Entry:
    """A job that runs again and again, or once at a given time.

    Exactly one of `cron`, `every`, `at`, `in_` and `interval` says when.

    Args:
        name: unique within its schedule.
        job: a job object (anything with ``perform_later``), or the name of a job.
        cron: an expression of five fields, or six with seconds in front; a name such as ``@daily``; or a text such as
            ``"every weekday at 5pm"``; each with or without a time zone behind.
        every: a period in seconds, as timedelta, or as text (``"15m"``); counts from when the process came up.
        interval: as `every`, but counts from the last run.
        at: a moment for a single run.
        in_: a time to wait for a single run; counts from when the process came up.
        first_in, first_at: the first run of `every` or `interval`, in place of one period after the start.
        timezone: the zone of `cron` and `at`, if they name none themselves; None takes the schedule's.
        queue, priority, retry: in place of the job's own.
        args, kwargs: for the job.
        date_as_argument: append the time of enqueueing in epoch seconds (sidekiq-cron).
        include_metadata: append ``{"scheduled_at": epoch seconds}``, the computed time (sidekiq-scheduler).
        enabled: an entry that is not has no fire times.
        natural: what to do with a text whose times fit into no single cron: "strict" refuses it, "single" takes the
            first cron, as sidekiq-cron does, and says so in `notes`.

    Raises:
        EntryError: a ConfigError that names the entry and the argument.

    >>> from datetime import UTC
    >>> Entry("report", "DailyReport", cron="0 6 * * *").fire_times(
    ...     datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 3, tzinfo=UTC)
    ... )[0].isoformat()
    '2026-01-01T06:00:00+00:00'
    """

    name: str
    job: Any
    _: KW_ONLY
    cron: str | None = None
    every: Span | None = None
    at: str | datetime | date | None = None
    in_: Span | None = None
    interval: Span | None = None
    first_in: Span | None = None
    first_at: str | datetime | date | None = None
    timezone: str | None = None
    queue: str | None = None
    priority: int | None = None
    args: Sequence[Any] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    retry: int | bool | None = None
    date_as_argument: bool = False
    include_metadata: bool = False
    enabled: bool = True
    description: str = ""
    namespace: str = "default"
    natural: Natural = "strict"
    zone: tzinfo = field(init=False, repr=False, compare=False)
    timing: Timing = field(init=False, repr=False, compare=False)
    notes: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise EntryError(str(self.name), "name", f"a text is wanted, this is {self.name!r}")
        if not (isinstance(self.job, str) and self.job) and not hasattr(self.job, "perform_later"):
            raise self._error("job", f"a job or the name of a job is wanted, this is {self.job!r}")
        notes: list[str] = []
        object.__setattr__(self, "zone", self._read("timezone", zone_of, self.timezone or "UTC"))
        object.__setattr__(self, "timing", self._timing(notes))
        object.__setattr__(self, "notes", tuple(notes))
        object.__setattr__(self, "args", tuple(self.args))

    @property
    def job_name(self) -> str:
        """The job's name: the text itself, or the name of the job object."""
        if isinstance(self.job, str):
            return self.job
        for attribute in ("job_name", "__qualname__", "__name__"):
            name = getattr(self.job, attribute, None)
            if isinstance(name, str):
                return name
        return type(self.job).__qualname__

    @property
    def has_zone(self) -> bool:
        """Whether the entry says in which zone it lives, in `timezone` or behind its cron."""
        own = isinstance(self.timing, CronTiming) and self.timing.expression.has_own_zone
        return own or self.timezone is not None

    def instants(self, start: float, origin: float) -> Iterator[float]:
        """Every instant from `start` on, in epoch seconds; see `fire_times`."""
        return self.timing.instants(start, origin) if self.enabled else iter(())

    def fire_times(self, start: datetime, end: datetime, origin: datetime | None = None) -> list[FireTime]:
        """The times in ``start <= time < end``, so that two adjoining intervals give together what their union gives.

        When clocks change: a cron with fixed minutes and hours (``30 2 * * *``) that falls into the skipped hour runs
        at the first instant after it, and in the repeated hour it runs the first time only. A cron whose minute or
        hour begins with ``*`` follows elapsed time: no run in the skipped hour, runs in both of the repeated ones.

        Args:
            origin: when the process came up, from which `every`, `interval` and `in_` count; default `start`.

        Raises:
            ConfigError: a time without a zone, or `end` before `start`.
        """
        first, last, begin = interval_of(start, end, origin)
        return [FireTime.of(instant, self) for instant in takewhile(lambda i: i < last, self.instants(first, begin))]

    def next_fire_times(self, after: datetime, n: int = 5, origin: datetime | None = None) -> list[FireTime]:
        """The next `n` times that are later than `after`; fewer if there are no more."""
        first = epoch_seconds(after, "next_fire_times(after=)")
        begin = first if origin is None else epoch_seconds(origin, "next_fire_times(origin=)")
        later = (instant for instant in self.instants(first, begin) if instant > first)
        return [FireTime.of(instant, self) for instant in islice(later, n)]

    def arguments(self, instant: float, now: float) -> tuple[Any, ...]:
        """The positional arguments of a run that was due at `instant` and is enqueued `now` (epoch seconds)."""
        arguments = tuple(self.args)
        if self.date_as_argument:
            arguments += (now,)
        if self.include_metadata:
            arguments += ({"scheduled_at": round(instant, 3)},)
        return arguments

    def _timing(self, notes: list[str]) -> Timing:
        values = dict(zip(TIMING_KEYS, (self.cron, self.every, self.at, self.in_, self.interval), strict=True))
        given = [key for key, value in values.items() if value is not None]
        if len(given) != 1:
            told = f"{' and '.join(given)} are given" if given else "none is given"
            raise self._error(given[1] if given else "cron", f"one of {', '.join(TIMING_KEYS)} is wanted, {told}")
        kind = given[0]
        if kind not in ("every", "interval") and (self.first_in is not None or self.first_at is not None):
            raise self._error("first_in" if self.first_in is not None else "first_at", f"goes not with {kind}")
        if kind == "cron":
            return CronTiming(self._cron(notes))
        if kind == "at":
            return OnceTiming(moment=self._read("at", lambda at: moment(at, self.zone), self.at))
        if kind == "in":
            return OnceTiming(delay=self._read("in", duration, self.in_))
        return EveryTiming(
            self._read(kind, duration, values[kind]),
            first=None if self.first_in is None else self._read("first_in", _delay, self.first_in),
            first_moment=None
            if self.first_at is None
            else self._read("first_at", lambda at: moment(at, self.zone), self.first_at),
            after_last_run=kind == "interval",
        )

    def _cron(self, notes: list[str]) -> CronExpression:
        text = self.cron
        if not isinstance(text, str) or not text.strip():
            raise self._error("cron", f"a cron expression is wanted, this is {text!r}")
        if re.match(r"\s*[\d*@]", text) or not re.search(r"(?i)\b(every|at|from|on)\b", text):
            crons = [text]
        else:
            crons = self._read("cron", natural_crons, text)
        if len(crons) > 1:
            told = f'"{text}" stands for {len(crons)} crons: {"; ".join(crons)}'
            if self.natural == "strict":
                raise self._error("cron", f"{told}; make an entry of each, or write one cron for all times")
            notes.append(f'{self.name}: {told}; only the first one runs, as in sidekiq-cron\'s mode "single"')
        expression: CronExpression = self._read("cron", lambda cron: CronExpression(cron, self.zone), crons[0])
        if self.timezone is not None and expression.has_own_zone and expression.zone != self.zone:
            raise self._error("timezone", f'the cron "{text}" names another zone; keep one of them')
        object.__setattr__(self, "zone", expression.zone)
        notes.extend(f"{self.name}: {note}" for note in expression.uneven_steps())
        return expression

    def _read(self, key: str, reader: Any, value: object) -> Any:
        try:
            return reader(value)
        except ConfigError as error:
            raise self._error(key, str(error)) from None

    def _error(self, key: str, reason: str) -> EntryError:
        return EntryError(self.name, key, reason)


def interval_of(start: datetime, end: datetime, origin: datetime | None) -> tuple[float, float, float]:
    """Start, end and origin in epoch seconds; the origin is the start if it is not given."""
    first, last = epoch_seconds(start, "fire_times(start=)"), epoch_seconds(end, "fire_times(end=)")
    if last < first:
        raise ConfigError(f"fire_times: the end {end} is before the start {start}; give the earlier one first")
    return first, last, first if origin is None else epoch_seconds(origin, "fire_times(origin=)")


def _delay(value: object) -> float:
    """As a duration, but none is one: ``first_in: 0`` runs at the start."""
    return 0.0 if value in (0, "0", "0s", "now") else duration(value)
