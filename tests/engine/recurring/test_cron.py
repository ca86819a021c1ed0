"""What a cron expression may look like (spec G.1), and when it runs where clocks do not change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from jobkit import ConfigError
from jobkit.recurring import CronExpression
from jobkit.recurring.cron import zone_of

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)  # a Thursday


def first_times(text: str, n: int = 3) -> list[str]:
    instants = islice(CronExpression(text).instants(NEW_YEAR.timestamp()), n)
    return [f"{datetime.fromtimestamp(instant, UTC):%m-%d %H:%M:%S}" for instant in instants]


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("30 6 * * *", ["01-01 06:30:00", "01-02 06:30:00", "01-03 06:30:00"]),
        ("0 0 * * *", ["01-01 00:00:00", "01-02 00:00:00", "01-03 00:00:00"]),
        ("*/15 * * * * *", ["01-01 00:00:00", "01-01 00:00:15", "01-01 00:00:30"]),
        ("0 12 * * mon-wed", ["01-05 12:00:00", "01-06 12:00:00", "01-07 12:00:00"]),
        ("0 12 * * FRI-MON", ["01-02 12:00:00", "01-03 12:00:00", "01-04 12:00:00"]),
        ("0 12 * * 7", ["01-04 12:00:00", "01-11 12:00:00", "01-18 12:00:00"]),
        ("0 12 * * mon#1", ["01-05 12:00:00", "02-02 12:00:00", "03-02 12:00:00"]),
        ("0 12 * * fri#last", ["01-30 12:00:00", "02-27 12:00:00", "03-27 12:00:00"]),
        ("0 12 L * *", ["01-31 12:00:00", "02-28 12:00:00", "03-31 12:00:00"]),
        ("0 12 last * *", ["01-31 12:00:00", "02-28 12:00:00", "03-31 12:00:00"]),
        ("0 12 -1 feb,mar *", ["02-28 12:00:00", "03-31 12:00:00", "02-28 12:00:00"]),
        ("0 24 1 * *", ["01-01 00:00:00", "02-01 00:00:00", "03-01 00:00:00"]),
        ("0 0 25-L feb *", ["02-25 00:00:00", "02-26 00:00:00", "02-27 00:00:00"]),
        ("0 0 13 * 5", ["01-02 00:00:00", "01-09 00:00:00", "01-13 00:00:00"]),
        ("@hourly", ["01-01 00:00:00", "01-01 01:00:00", "01-01 02:00:00"]),
        ("@noon", ["01-01 12:00:00", "01-02 12:00:00", "01-03 12:00:00"]),
        ("@weekly", ["01-04 00:00:00", "01-11 00:00:00", "01-18 00:00:00"]),
        ("@Monthly", ["01-01 00:00:00", "02-01 00:00:00", "03-01 00:00:00"]),
        ("@yearly", ["01-01 00:00:00", "01-01 00:00:00", "01-01 00:00:00"]),
        ("0 12 * * * Asia/Tokyo", ["01-01 03:00:00", "01-02 03:00:00", "01-03 03:00:00"]),
        ("@daily +05:30", ["01-01 18:30:00", "01-02 18:30:00", "01-03 18:30:00"]),
        ("0 0 0 * * MON", ["01-05 00:00:00", "01-12 00:00:00", "01-19 00:00:00"]),
        ("0 0 1 1 * UTC", ["01-01 00:00:00", "01-01 00:00:00", "01-01 00:00:00"]),
    ],
)
def test_the_next_times_of_an_expression(text: str, times: list[str]) -> None:
    assert first_times(text) == times


def test_a_start_within_a_second_is_not_before_its_first_time() -> None:
    at_six = datetime(2026, 1, 1, 6, tzinfo=UTC).timestamp()
    daily = CronExpression("0 6 * * *")

    assert next(daily.instants(at_six)) == at_six
    assert next(daily.instants(at_six - 0.25)) == at_six
    assert next(daily.instants(at_six + 0.25)) == at_six + 86_400


def test_the_zone_behind_the_expression_wins_over_the_default() -> None:
    own = CronExpression("0 6 * * * Europe/Berlin", zone=ZoneInfo("America/New_York"))
    default = CronExpression("0 6 * * *", zone=ZoneInfo("America/New_York"))

    assert (own.zone, own.has_own_zone) == (ZoneInfo("Europe/Berlin"), True)
    assert (default.zone, default.has_own_zone) == (ZoneInfo("America/New_York"), False)


def test_expressions_are_values() -> None:
    assert CronExpression("@daily") == CronExpression("@daily")
    assert CronExpression("@daily") != CronExpression("@daily", timezone(timedelta(hours=1)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("61 * * * *", '"61 * * * *" is no cron expression: the minute "61" is not in 0 to 59'),
        ("* 25 * * *", 'the hour "25" is not in 0 to 23'),
        ("* * 32 * *", 'the day-of-month "32" is not in 1 to 31, or L for the last'),
        ("* * * juin *", 'the month "juin" is not in 1 to 12 or jan to dec'),
        ("* * * * 8", 'the day-of-week "8" is not in 0 to 7 or sun to sat'),
        ("70 * * * * *", 'the second "70" is not in 0 to 59'),
        ("0 0 30 2 *", '"0 0 30 2 *" never runs: month 2 has no day 30'),
        ("* * * *", "five fields are wanted (minute hour day-of-month month day-of-week), or six with seconds in"),
        ("", "here are 0"),
        ("@fortnightly", '"@fortnightly" is no cron expression; the names are @yearly, @annually,'),
        ("@daily 5", '"@daily 5" is no cron expression'),
        ("0 0 * * * Berlin", 'there is no time zone "Berlin"; did you mean "Europe/Berlin"?'),
        ("0 0 * * * Europe/Belrin", 'there is no time zone "Europe/Belrin"; did you mean "Europe/Berlin"?'),
        ("0 0 * * * Xqzzw", 'there is no time zone "Xqzzw"; write it as "Europe/Berlin", "UTC" or "+02:00"'),
    ],
)
def test_what_is_no_expression_is_told_with_its_field(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        CronExpression(text)

    assert message in str(raised.value)


@pytest.mark.parametrize("name", ["../etc/passwd", "/etc/localtime", ""])
def test_a_zone_name_that_is_a_path_is_no_zone(name: str) -> None:
    with pytest.raises(ConfigError, match="there is no time zone"):
        zone_of(name)


def test_offsets_are_zones() -> None:
    assert zone_of("-03:30") == timezone(-timedelta(hours=3, minutes=30))
    assert zone_of("+0900") == timezone(timedelta(hours=9))
    assert zone_of("Z") is UTC


def test_a_step_that_does_not_divide_its_field_is_told() -> None:
    assert CronExpression("0 */17 * * *").uneven_steps() == [
        "*/17 in the hour field begins anew at 0, so the last distance is shorter"
    ]
    assert CronExpression("*/7 */15 * * * *").uneven_steps()[0].startswith("*/7 in the second field")
    assert CronExpression("*/15 */6 * * *").uneven_steps() == []
