"""`Schedule`: the recurring jobs of an application, from code or from a file."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import islice, repeat, takewhile
from pathlib import Path
from typing import Literal

from jobkit.clock import epoch_seconds
from jobkit.errors import ConfigError
from jobkit.recurring.cron import zone_of
from jobkit.recurring.entry import Entry, FireTime, Natural, interval_of
from jobkit.recurring.missed import SIDEKIQ_CRON, MissedRuns


class Schedule:
    """Entries by name, in order. A value: what has run is kept in `ScheduleState`.

    Args:
        entries: the entries.
        timezone: the zone of entries that name none.
        missed: what happens to runs that were due while nobody looked.

    Raises:
        ConfigError: a name that is there twice, or an unknown zone.

    Attributes:
        errors: what was wrong in a file that was loaded with ``errors="collect"``.
        notes: what a reader should know: times that are not used, entries of other environments.

    >>> Schedule([Entry("report", "DailyReport", cron="@daily")])["report"].job_name
    'DailyReport'
    """

    def __init__(self, entries: Iterable[Entry] = (), timezone: str = "UTC", missed: MissedRuns = SIDEKIQ_CRON) -> None:
        zone_of(timezone)
        self.missed = missed
        self.errors: tuple[str, ...] = ()
        self._entries: dict[str, Entry] = {}
        for entry in entries:
            if entry.name in self._entries:
                raise ConfigError(f'there are two schedule entries named "{entry.name}"; give each a name of its own')
            self._entries[entry.name] = (
                entry if entry.has_zone or timezone == "UTC" else replace(entry, timezone=timezone)
            )
        self.notes: tuple[str, ...] = tuple(note for entry in self for note in entry.notes)

    @classmethod
    def load(
        cls,
        path: str | Path,
        environment: str | None = None,
        *,
        timezone: str = "UTC",
        natural: Natural | None = None,
        errors: Literal["raise", "collect"] = "raise",
    ) -> Schedule:
        """Read a schedule file: sidekiq-cron's ``schedule.yml``, a ``sidekiq.yml`` with sidekiq-scheduler's keys, Solid
        Queue's ``recurring.yml``, or TOML with a table ``[schedule.name]`` for each entry. The form is recognised.

        Args:
            environment: the section of a file that has one for each environment; also for ``rails_env``.
            timezone: the application's zone.
            natural: as in `Entry`; by default what the form's own library does ("strict" for TOML).
            errors: "raise" tells all errors at once; "collect" keeps the entries that are good, as sidekiq-cron
                does, and puts the rest into `errors`.

        Raises:
            ConfigError: names file, line and key of everything that cannot be used.
        """
        from jobkit.configuration_file import ConfigurationFile, Problems
        from jobkit.recurring.schedule_file import ScheduleFile

        file = ConfigurationFile.read(path)
        problems = Problems(file)
        read = ScheduleFile(file, environment, natural, problems)
        entries = read.entries()
        if errors == "raise":
            problems.raise_if_any()
        schedule = cls(entries, timezone, read.missed)
        schedule.errors = tuple(problems.texts)
        schedule.notes += tuple(read.notes)
        return schedule

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All entries, in order, those that are not enabled included."""
        return tuple(self._entries.values())

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __getitem__(self, name: str) -> Entry:
        try:
            return self._entries[name]
        except KeyError:
            raise KeyError(f"there is no schedule entry {name!r}; there are {', '.join(self._entries)}") from None

    def __repr__(self) -> str:
        return f"Schedule({list(self._entries.values())!r})"

    def fire_times(self, start: datetime, end: datetime, origin: datetime | None = None) -> list[FireTime]:
        """The times of all entries in ``start <= time < end``, ascending, each with its ``entry``; see `Entry`.

        >>> from datetime import UTC
        >>> schedule = Schedule([Entry("report", "DailyReport", cron="0 6 * * *", timezone="Europe/Berlin")])
        >>> [(str(time), time.entry.name) for time in schedule.fire_times(
        ...     datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 3, 29, 12, tzinfo=UTC))]
        [('2026-03-29 06:00:00+02:00', 'report')]
        """
        first, last, begin = interval_of(start, end, origin)
        return [FireTime.of(i, entry) for i, entry in takewhile(lambda due: due[0] < last, self._merged(first, begin))]

    def next_fire_times(self, after: datetime, n: int = 5, origin: datetime | None = None) -> list[FireTime]:
        """The next `n` times of all entries that are later than `after`, ascending."""
        first = epoch_seconds(after, "next_fire_times(after=)")
        begin = first if origin is None else epoch_seconds(origin, "next_fire_times(origin=)")
        later = (due for due in self._merged(first, begin) if due[0] > first)
        return [FireTime.of(instant, entry) for instant, entry in islice(later, n)]

    def _merged(self, start: float, origin: float) -> Iterator[tuple[float, Entry]]:
        """Instants of all entries in time order; of those at the same instant, in the order of the entries."""
        streams = [zip(entry.instants(start, origin), repeat(entry)) for entry in self]
        return heapq.merge(*streams, key=lambda due: due[0])
