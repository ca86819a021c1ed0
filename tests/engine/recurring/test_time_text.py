"""Durations and moments of sidekiq-scheduler's ``every``, ``in`` and ``at`` (spec G.1)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobkit import ConfigError
from jobkit.recurring.time_text import duration, moment

DAY = 86_400


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30),
        ("15m", 900),
        ("1h30m", 5_400),
        ("1h 30m 5s", 5_405),
        ("2d", 2 * DAY),
        ("1w", 7 * DAY),
        ("1M", 30 * DAY),
        ("1y2M", 425 * DAY),
        ("1.5h", 5_400),
        ("3 hours", 10_800),
        ("1 day, 2 hours and 5 minutes", DAY + 7_500),
        ("90", 90),
        (45, 45),
        (0.5, 0.5),
        (timedelta(minutes=2), 120),
    ],
)
def test_a_duration_in_its_spellings(text: object, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "5 parsecs", "15m x", "m15", 0, "0s", -5, True, None, [5]])
def test_what_is_no_duration_is_an_error_that_shows_how_to_write_one(text: object) -> None:
    with pytest.raises(ConfigError, match=r'is no duration: write it as "15m", "1h30m", "3 hours"'):
        duration(text)


@given(st.integers(0, 9), st.integers(0, 23), st.integers(0, 59), st.integers(1, 59))
def test_parts_add_up(days: int, hours: int, minutes: int, seconds: int) -> None:
    wanted = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds).total_seconds()

    assert duration(f"{days}d{hours}h{minutes}m{seconds}s") == wanted
    assert duration(f"{days} days {hours} hours {minutes} minutes {seconds} seconds") == wanted


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2030-12-12 23:30:00", "2030-12-12T23:30:00+01:00"),
        ("2030/12/12 23:30", "2030-12-12T23:30:00+01:00"),
        ("2030-07-01", "2030-07-01T00:00:00+02:00"),
        ("2030/12/12 23:30:00 America/New_York", "2030-12-12T23:30:00-05:00"),
        ("2030-12-12 23:30:00 +09:00", "2030-12-12T23:30:00+09:00"),
        ("2030-12-12T23:30:00Z", "2030-12-12T23:30:00+00:00"),
        ("2030-12-12 UTC", "2030-12-12T00:00:00+00:00"),
        (datetime(2030, 12, 12, 23, 30, tzinfo=UTC), "2030-12-12T23:30:00+00:00"),
        (date(2030, 12, 12), "2030-12-12T00:00:00+01:00"),
    ],
)
def test_a_moment_in_its_spellings_is_in_the_given_zone_if_it_names_none(text: object, told: str) -> None:
    assert moment(text, ZoneInfo("Europe/Berlin")) == datetime.fromisoformat(told).timestamp()


@pytest.mark.parametrize("text", ["", "tomorrow", "2030-13-01 10:00", "10:00", 5, None])
def test_what_is_no_moment_is_an_error_that_shows_how_to_write_one(text: object) -> None:
    with pytest.raises(ConfigError, match=r'is no moment: write it as "2030-12-12 23:30:00"'):
        moment(text, UTC)


def test_an_unknown_zone_behind_a_moment_is_told() -> None:
    with pytest.raises(ConfigError, match='there is no time zone "Berlin"; did you mean "Europe/Berlin"'):
        moment("2030-12-12 23:30 Berlin", UTC)
