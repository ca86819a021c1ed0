"""`Schedule` from code: entries by name, and their times together (spec G.2: fire_times, zone and DST aware)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

import jobkit
from jobkit import ConfigError
from jobkit.recurring import SIDEKIQ_CRON, Entry, FireTime, Schedule

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def test_it_is_importable_from_jobkit() -> None:
    assert jobkit.Schedule is Schedule


def test_the_times_of_all_entries_come_in_order_each_with_its_entry() -> None:
    schedule = Schedule(
        [
            Entry("late", "Late", cron="0 18 * * *"),
            Entry("early", "Early", cron="0 6 * * *"),
            Entry("also early", "AlsoEarly", cron="0 6 * * *"),
            Entry("off", "Off", cron="* * * * *", enabled=False),
        ]
    )

    times = schedule.fire_times(NEW_YEAR, NEW_YEAR + timedelta(days=1))

    assert [(time.hour, time.entry.job) for time in times] == [(6, "Early"), (6, "AlsoEarly"), (18, "Late")]
    assert times == [NEW_YEAR.replace(hour=6), NEW_YEAR.replace(hour=6), NEW_YEAR.replace(hour=18)]


def test_the_next_times_of_all_entries() -> None:
    schedule = Schedule([Entry("a", "A", cron="0 6 * * *"), Entry("b", "B", every="10h")])

    times = schedule.next_fire_times(NEW_YEAR, n=4)

    assert [(time.entry.name, time.day, time.hour) for time in times] == [
        ("a", 1, 6),
        ("b", 1, 10),
        ("b", 1, 20),
        ("a", 2, 6),
    ]


def test_an_entry_without_zone_lives_in_that_of_the_schedule() -> None:
    entries = [
        Entry("plain", "A", cron="0 6 * * *"),
        Entry("own", "B", cron="0 6 * * *", timezone="Asia/Tokyo"),
        Entry("behind", "C", cron="0 6 * * * America/New_York"),
    ]

    schedule = Schedule(entries, timezone="Europe/Berlin")

    assert [str(entry.zone) for entry in schedule] == ["Europe/Berlin", "Asia/Tokyo", "America/New_York"]


def test_it_is_looked_into_by_name() -> None:
    schedule = Schedule([Entry("a", "A", cron="@daily"), Entry("b", "B", cron="@daily", enabled=False)])

    assert schedule["b"].job == "B"
    assert repr(schedule).startswith("Schedule([Entry(name='a', job='A', cron='@daily'")
    assert ("a" in schedule, "z" in schedule, len(schedule)) == (True, False, 2)
    assert [entry.name for entry in schedule.entries] == ["a", "b"]
    with pytest.raises(KeyError, match="there is no schedule entry 'z'; there are a, b"):
        schedule["z"]


def test_an_empty_schedule_has_no_times() -> None:
    assert Schedule().fire_times(NEW_YEAR, NEW_YEAR + timedelta(days=1)) == []
    assert Schedule().next_fire_times(NEW_YEAR) == []


def test_missed_runs_go_by_sidekiq_cron_unless_said_otherwise() -> None:
    assert Schedule().missed is SIDEKIQ_CRON


def test_a_name_that_is_there_twice_and_an_unknown_zone_are_refused() -> None:
    with pytest.raises(ConfigError, match='two schedule entries named "a"'):
        Schedule([Entry("a", "A", cron="@daily"), Entry("a", "B", cron="@daily")])
    with pytest.raises(ConfigError, match='no time zone "Berlin"'):
        Schedule(timezone="Berlin")


@given(st.floats(0, 1), st.integers(0, 3), st.integers(0, 400))
def test_splitting_an_interval_anywhere_gives_the_same_times(where: float, days: int, origin: int) -> None:
    schedule = Schedule(
        [
            Entry("daily", "A", cron="30 2 * * *", timezone="Europe/Berlin"),
            Entry("quarters", "B", cron="*/15 * * * *", timezone="Europe/Berlin"),
            Entry("every", "C", every="47m"),
        ]
    )
    start = datetime(2026, 10, 24, 12, tzinfo=UTC)
    end, middle = start + timedelta(days=days), start + timedelta(days=days) * where
    begin = start - timedelta(minutes=origin)

    def named(times: list[FireTime]) -> list[tuple[float, str]]:
        return [(time.timestamp(), time.entry.name) for time in times]

    whole = named(schedule.fire_times(start, end, begin))

    parts = schedule.fire_times(start, middle, begin) + schedule.fire_times(middle, end, begin)
    assert named(parts) == whole
    assert all(earlier[0] <= later[0] for earlier, later in pairwise(whole))
