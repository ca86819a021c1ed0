"""Skipped and repeated local hours (spec G.2: "skipped local hour: no run or next valid instant; repeated hour:
document which"). The rule is Debian cron's: fixed times run once a day, wildcards follow elapsed time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise, takewhile
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import example, given
from hypothesis import strategies as st

from jobkit.recurring import CronExpression, Entry

# Zone and the UTC day around which its clocks change: an hour, half an hour, at midnight, a whole day.
CHANGES = [
    ("Europe/Berlin", "2026-03-29"),
    ("Europe/Berlin", "2026-10-25"),
    ("America/New_York", "2026-03-08"),
    ("America/New_York", "2026-11-01"),
    ("Australia/Lord_Howe", "2026-04-04"),
    ("Australia/Lord_Howe", "2026-10-03"),
    ("America/Santiago", "2024-04-07"),
    ("America/Santiago", "2024-09-08"),
    ("Pacific/Apia", "2011-12-30"),
    ("Asia/Tokyo", "2026-03-29"),
]
around_changes = st.sampled_from([(zone, datetime.fromisoformat(f"{day}T00:00Z")) for zone, day in CHANGES])


def local_times(cron: str, zone: str, start: str, hours: int) -> list[str]:
    """The runs within `hours` after a local time, as local times with offset."""
    begin = datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    entry = Entry("x", "Job", cron=cron, timezone=zone)
    return [f"{time:%H:%M%z}" for time in entry.fire_times(begin, begin + timedelta(hours=hours))]


SPRING_BERLIN, AUTUMN_BERLIN = ("Europe/Berlin", "2026-03-29", 5), ("Europe/Berlin", "2026-10-25", 5)
SPRING_NEW_YORK, AUTUMN_NEW_YORK = ("America/New_York", "2026-03-08", 5), ("America/New_York", "2026-11-01", 4)


@pytest.mark.parametrize(
    ("cron", "where", "times"),
    [
        # 02:00 to 03:00 is skipped
        ("30 2 * * *", SPRING_BERLIN, ["03:00+0200"]),
        ("0 30 2 * * *", SPRING_BERLIN, ["03:00+0200"]),
        ("0,30 2,3 * * *", SPRING_BERLIN, ["03:00+0200", "03:30+0200"]),
        ("*/30 * * * *", SPRING_BERLIN, [f"{t}+0100" for t in ("00:00", "00:30", "01:00", "01:30")]
         + [f"{t}+0200" for t in ("03:00", "03:30", "04:00", "04:30", "05:00", "05:30")]),
        ("0 */2 * * *", SPRING_BERLIN, ["00:00+0100", "04:00+0200"]),
        ("30 2 * * *", SPRING_NEW_YORK, ["03:00-0400"]),
        ("15 * * * *", SPRING_NEW_YORK, ["00:15-0500", "01:15-0500", "03:15-0400", "04:15-0400", "05:15-0400"]),
        # the hour from 02:00 (Berlin) or 01:00 (New York) is repeated
        ("30 2 * * *", AUTUMN_BERLIN, ["02:30+0200"]),
        ("*/30 2 * * *", AUTUMN_BERLIN, ["02:00+0200", "02:30+0200", "02:00+0100", "02:30+0100"]),
        ("0 * * * *", AUTUMN_BERLIN, ["00:00+0200", "01:00+0200", "02:00+0200", "02:00+0100", "03:00+0100"]),
        ("30 1 * * *", AUTUMN_NEW_YORK, ["01:30-0400"]),
        ("30 * * * *", AUTUMN_NEW_YORK, ["00:30-0400", "01:30-0400", "01:30-0500", "02:30-0500"]),
    ],
)  # fmt: skip
def test_where_clocks_change(cron: str, where: tuple[str, str, int], times: list[str]) -> None:
    assert local_times(cron, *where) == times


def test_a_daily_run_in_the_repeated_hour_does_not_come_again_for_who_looks_in_the_second_pass() -> None:
    second_pass = datetime(2026, 10, 25, 2, 15, tzinfo=ZoneInfo("Europe/Berlin"), fold=1).astimezone(UTC)
    entry = Entry("x", "Job", cron="30 2 * * *", timezone="Europe/Berlin")

    assert str(entry.next_fire_times(second_pass, n=1)[0]) == "2026-10-26 02:30:00+01:00"


def test_a_daily_run_comes_on_each_day_of_a_year_with_both_changes() -> None:
    entry = Entry("x", "Job", cron="30 2 * * *", timezone="America/New_York")

    times = entry.fire_times(datetime(2026, 1, 1, 5, tzinfo=UTC), datetime(2027, 1, 1, 5, tzinfo=UTC))

    assert len({time.date() for time in times}) == len(times) == 365


def wall_minutes(zone: ZoneInfo, start: datetime, hours: int) -> Iterator[tuple[datetime, datetime]]:
    """Each minute from `start` on, as UTC and as local time."""
    for minute in range(hours * 60):
        instant = start + timedelta(minutes=minute)
        yield instant, instant.astimezone(zone)


def minute_by_minute(
    zone: ZoneInfo, minutes: set[int], hours: set[int], start: datetime, length: int, fixed: bool
) -> list[datetime]:
    """The rule said again, in the plainest way: look at the local clock each minute."""
    runs = []
    before = (start - timedelta(minutes=1)).astimezone(zone).replace(tzinfo=None)
    for instant, local in wall_minutes(zone, start, length):
        wall = local.replace(tzinfo=None)
        skipped = [before + timedelta(minutes=n) for n in range(1, max(1, int((wall - before) / timedelta(minutes=1))))]
        seen = [wall] if local.fold == 0 or not fixed else []
        if any(time.minute in minutes and time.hour in hours for time in seen + (skipped if fixed else [])):
            runs.append(instant)
        before = wall
    return runs


@given(
    around_changes,
    st.sets(st.integers(0, 59), min_size=1, max_size=4),
    st.sets(st.integers(0, 23), min_size=1, max_size=8),
    st.integers(min_value=-1500, max_value=1500),
)
@example(("Europe/Berlin", datetime(2026, 3, 29, tzinfo=UTC)), {30}, {2}, 60)
def test_fixed_times_agree_with_looking_at_the_clock_each_minute(
    where: tuple[str, datetime], minutes: set[int], hours: set[int], offset: int
) -> None:
    zone, start = ZoneInfo(where[0]), where[1] + timedelta(minutes=offset)
    fields = f"{','.join(map(str, minutes))} {','.join(map(str, hours))} * * *"

    times = CronExpression(fields, zone).instants(start.timestamp())

    end = (start + timedelta(hours=30)).timestamp()
    found = [datetime.fromtimestamp(instant, UTC) for instant in takewhile(lambda instant: instant < end, times)]
    assert found == minute_by_minute(zone, minutes, hours, start, 30, fixed=True)


@given(around_changes, st.integers(1, 59), st.integers(1, 23), st.integers(min_value=-1500, max_value=1500))
def test_wildcards_agree_with_looking_at_the_clock_each_minute(
    where: tuple[str, datetime], minute_step: int, hour_step: int, offset: int
) -> None:
    zone, start = ZoneInfo(where[0]), where[1] + timedelta(minutes=offset)

    times = CronExpression(f"*/{minute_step} */{hour_step} * * *", zone).instants(start.timestamp())

    end = (start + timedelta(hours=30)).timestamp()
    found = [datetime.fromtimestamp(instant, UTC) for instant in takewhile(lambda instant: instant < end, times)]
    minutes, hours = set(range(0, 60, minute_step)), set(range(0, 24, hour_step))
    assert found == minute_by_minute(zone, minutes, hours, start, 30, fixed=False)


@given(
    st.sampled_from(["Europe/Berlin", "America/New_York"]),
    st.sampled_from(["30 2 * * *", "15 1,2 * * 0", "*/20 * * * *", "0 */3 * * *", "5 0-4 L * *", "* 2 25-31 3,10 *"]),
    st.integers(min_value=946_684_800, max_value=1_893_456_000),  # the years 2000 to 2029
)
def test_with_five_fields_it_is_what_the_cron_library_says(zone: str, cron: str, moment: int) -> None:
    start = datetime.fromtimestamp(moment, UTC)

    ours = CronExpression(cron, ZoneInfo(zone)).instants(start.timestamp())

    theirs = CronSim(cron, (start - timedelta(seconds=1)).astimezone(ZoneInfo(zone)))
    # In the second pass of a repeated hour the library goes back to the first pass, which is over.
    later = (time for time in theirs if time.timestamp() >= start.timestamp())
    assert [next(ours) for _ in range(5)] == [next(later).timestamp() for _ in range(5)]


@given(around_changes, st.sampled_from(["30 2 * * *", "*/7 * * * *", "0 0 * * *", "*/20 0 2 * * *", "0 */5 * * *"]))
def test_instants_strictly_increase(where: tuple[str, datetime], cron: str) -> None:
    start = (where[1] - timedelta(days=2)).timestamp()

    instants = CronExpression(cron, ZoneInfo(where[0])).instants(start)

    found = list(takewhile(lambda instant: instant < start + 5 * 86_400, instants))
    assert found
    assert all(earlier < later for earlier, later in pairwise(found))
