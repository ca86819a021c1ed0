"""One entry of a schedule: when it runs, with what, and what it refuses (spec G.1)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobkit import ConfigError
from jobkit.recurring import Entry, EntryError

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class ReportJob:
    """Anything with ``perform_later`` is a job."""

    @classmethod
    def perform_later(cls) -> None: ...


def hours_of(entry: Entry, hours: float, **times: datetime) -> list[float]:
    """The runs within some hours after noon, as hours after noon."""
    found = entry.fire_times(NOON, NOON + timedelta(hours=hours), **times)
    return [(time - NOON) / timedelta(hours=1) for time in found]


def test_a_cron_runs_at_its_times_from_start_inclusive_to_end_exclusive() -> None:
    assert hours_of(Entry("x", "Job", cron="0 * * * *"), 3) == [0, 1, 2]


def test_natural_text_runs_as_the_cron_that_it_stands_for() -> None:
    entry = Entry("x", "Job", cron="every day at 3pm in UTC")

    assert hours_of(entry, 48) == [3, 27]


def test_every_counts_from_when_the_process_came_up() -> None:
    entry = Entry("x", "Job", every="2h")

    assert hours_of(entry, 7) == [2, 4, 6]
    assert hours_of(entry, 7, origin=NOON - timedelta(hours=1)) == [1, 3, 5]
    assert hours_of(entry, 7, origin=NOON + timedelta(hours=3)) == [5]


def test_a_deploy_moves_every_but_not_cron_as_trap_14_says() -> None:
    every, cron = Entry("x", "Job", every=3600), Entry("x", "Job", cron="0 * * * *")

    assert hours_of(every, 3, origin=NOON + timedelta(minutes=30)) == [1.5, 2.5]
    assert hours_of(cron, 3, origin=NOON + timedelta(minutes=30)) == [0, 1, 2]


def test_first_in_replaces_the_first_wait() -> None:
    assert hours_of(Entry("x", "Job", every="2h", first_in="30m"), 5) == [0.5, 2.5, 4.5]
    assert hours_of(Entry("x", "Job", every="2h", first_in=0), 5) == [0, 2, 4]
    assert hours_of(Entry("x", "Job", every="2h", first_at="2026-01-01 15:00"), 6) == [3, 5]


def test_at_and_in_run_once() -> None:
    assert hours_of(Entry("x", "Job", at="2026-01-01 15:00:00"), 100) == [3]
    assert hours_of(Entry("x", "Job", at="2026/01/01 15:00:00", timezone="+01:00"), 100) == [2]
    assert hours_of(Entry("x", "Job", in_=timedelta(hours=2)), 100) == [2]
    assert hours_of(Entry("x", "Job", in_="2h"), 100, origin=NOON - timedelta(hours=3)) == []


def test_an_entry_that_is_not_enabled_has_no_times() -> None:
    entry = Entry("x", "Job", cron="* * * * *", enabled=False)

    assert hours_of(entry, 1) == []
    assert entry.next_fire_times(NOON) == []


def test_times_are_aware_datetimes_in_the_entrys_zone_and_know_their_entry() -> None:
    entry = Entry("x", "Job", cron="0 6 * * *", timezone="Europe/Berlin")

    (time,) = entry.next_fire_times(NOON, n=1)

    assert str(time) == "2026-01-02 06:00:00+01:00"
    assert time == datetime(2026, 1, 2, 5, tzinfo=UTC)
    assert time.entry is entry


def test_what_is_computed_from_a_fire_time_is_a_plain_datetime() -> None:
    (time,) = Entry("x", "Job", cron="0 6 * * *", timezone="Europe/Berlin").next_fire_times(NOON, n=1)

    assert [type(moved) for moved in (time + timedelta(hours=1), time - timedelta(hours=1))] == [datetime] * 2
    assert str(time + timedelta(hours=1)) == "2026-01-02 07:00:00+01:00"
    assert (time - NOON, NOON - time) == (timedelta(hours=17), timedelta(hours=-17))


def test_the_next_times_are_later_than_the_given_one() -> None:
    entry = Entry("x", "Job", cron="0 12 * * *")

    assert [time.day for time in entry.next_fire_times(NOON)] == [2, 3, 4, 5, 6]
    assert Entry("x", "Job", at="2026-01-01 15:00").next_fire_times(NOON, n=3) == [NOON + timedelta(hours=3)]


def test_a_time_without_zone_and_an_interval_backwards_are_refused() -> None:
    entry = Entry("x", "Job", cron="@daily")

    with pytest.raises(ConfigError, match=r"fire_times\(start=\).* has no time zone"):
        entry.fire_times(NOON.replace(tzinfo=None), NOON)
    with pytest.raises(ConfigError, match=r"the end .* is before the start"):
        entry.fire_times(NOON, NOON - timedelta(hours=1))


def test_a_job_is_given_by_name_or_as_anything_with_perform_later() -> None:
    assert Entry("x", "reports.DailyReport", cron="@daily").job_name == "reports.DailyReport"
    assert Entry("x", ReportJob, cron="@daily").job_name == "ReportJob"
    assert Entry("x", ReportJob(), cron="@daily").job_name == "ReportJob"


def test_date_as_argument_appends_the_time_of_enqueueing() -> None:
    entry = Entry("x", "Job", cron="@daily", args=["a"], date_as_argument=True)

    assert entry.arguments(instant=100.0, now=130.5) == ("a", 130.5)


def test_include_metadata_appends_the_computed_time_to_the_millisecond() -> None:
    entry = Entry("x", "Job", every="1h", args=["a"], include_metadata=True)

    assert entry.arguments(instant=100.12345, now=130.5) == ("a", {"scheduled_at": 100.123})


def test_several_crons_are_refused_by_default_and_single_takes_the_first_and_tells() -> None:
    text = "every day at 18:15 and 20:45"

    with pytest.raises(EntryError, match=r"stands for 2 crons: 15 18 .*; 45 20 .*; make an entry of each"):
        Entry("x", "Job", cron=text)
    single = Entry("x", "Job", cron=text, natural="single")
    assert [f"{time:%H:%M}" for time in single.next_fire_times(NOON, n=2)] == ["18:15", "18:15"]
    assert "only the first one runs" in single.notes[0]


def test_a_step_that_does_not_go_round_is_told_in_the_notes() -> None:
    assert "*/17 in the hour field begins anew" in Entry("x", "Job", cron="every 17 hours").notes[0]


@pytest.mark.parametrize(
    ("arguments", "key", "message"),
    [
        ({}, "cron", "one of cron, every, at, in, interval is wanted, none is given"),
        ({"cron": "@daily", "every": "1h"}, "every", "one of .* is wanted, cron and every are given"),
        ({"cron": "61 * * * *"}, "cron", 'the minute "61" is not in 0 to 59'),
        ({"cron": 5}, "cron", "a cron expression is wanted, this is 5"),
        ({"cron": "every blue moon"}, "cron", 'not understood from "blue moon" on'),
        ({"cron": "@daily", "timezone": "Berlin"}, "timezone", 'no time zone "Berlin"; did you mean "Europe/Berlin"'),
        ({"cron": "@daily UTC", "timezone": "Asia/Tokyo"}, "timezone", "names another zone; keep one of them"),
        ({"every": "often"}, "every", "'often' is no duration"),
        ({"in_": "soon"}, "in", "'soon' is no duration"),
        ({"at": "noon"}, "at", "'noon' is no moment"),
        ({"interval": -1}, "interval", "-1 is no duration"),
        ({"every": "1h", "first_in": "x"}, "first_in", "'x' is no duration"),
        ({"every": "1h", "first_at": "x"}, "first_at", "'x' is no moment"),
        ({"cron": "@daily", "first_in": "1h"}, "first_in", "goes not with cron"),
        ({"in_": "1h", "first_at": "2026-01-01"}, "first_at", "goes not with in"),
    ],
)
def test_what_cannot_be_used_is_told_with_entry_and_key(arguments: dict[str, Any], key: str, message: str) -> None:
    with pytest.raises(EntryError, match=f'schedule entry "report": {key}: .*{message}') as raised:
        Entry("report", "Job", **arguments)

    assert raised.value.key == key


@pytest.mark.parametrize("job", ["", None, 5, print])
def test_what_is_no_job_is_refused(job: object) -> None:
    with pytest.raises(EntryError, match="job: a job or the name of a job is wanted"):
        Entry("x", job, cron="@daily")


def test_an_entry_needs_a_name() -> None:
    with pytest.raises(EntryError, match="name: a text is wanted"):
        Entry("", "Job", cron="@daily")


zones = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "+05:45"])
crons = st.sampled_from(
    ["30 2 * * *", "*/25 * * * *", "0 */5 * * *", "0 30 1,2,3 * * *", "15 0-6 * * 0", "@hourly", "@daily"]
)
entries = st.one_of(
    st.builds(lambda cron, zone: Entry("x", "Job", cron=cron, timezone=zone), crons, zones),
    st.builds(lambda every: Entry("x", "Job", every=every), st.floats(600, 90_000)),
    st.builds(lambda every, first: Entry("x", "Job", interval=every, first_in=first), *[st.integers(600, 90_000)] * 2),
    st.builds(lambda wait: Entry("x", "Job", in_=wait), st.floats(1, 900_000)),
)
# Ten days around the changes of Berlin and New York, in spring and autumn, to the millisecond.
DAYS = ["2026-03-05T00:00Z", "2026-03-25T00:00Z", "2026-10-22T00:00Z", "2026-10-28T00:00Z"]
instants = st.builds(
    lambda day, ms: datetime.fromisoformat(day) + timedelta(milliseconds=ms),
    st.sampled_from(DAYS),
    st.integers(0, 10 * 86_400_000),
)


@given(entries, instants, st.timedeltas(timedelta(), timedelta(days=9)), st.floats(0, 1), instants)
def test_splitting_an_interval_anywhere_gives_the_same_times(
    entry: Entry, start: datetime, length: timedelta, where: float, origin: datetime
) -> None:
    end = start + length
    middle = start + length * where

    whole = entry.fire_times(start, end, origin)

    assert entry.fire_times(start, middle, origin) + entry.fire_times(middle, end, origin) == whole


@given(entries, instants, st.timedeltas(timedelta(), timedelta(days=9)))
def test_times_strictly_increase_within_the_interval(entry: Entry, start: datetime, length: timedelta) -> None:
    found = entry.fire_times(start, start + length)

    assert all(start <= time < start + length for time in found)
    assert all(earlier.timestamp() < later.timestamp() for earlier, later in pairwise(found))


@given(entries, instants, st.integers(0, 6))
def test_next_times_are_the_first_of_the_times_from_there_on(entry: Entry, after: datetime, n: int) -> None:
    found = entry.next_fire_times(after, n)

    assert len(found) <= n
    if found:
        until = datetime.fromtimestamp(found[-1].timestamp() + 0.001, UTC)
        assert [time for time in entry.fire_times(after, until) if time > after] == found
