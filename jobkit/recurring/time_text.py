"""Durations and moments as schedule files write them: ``15m``, ``1h30m``, ``3 hours``, ``2030/12/12 23:30:00``."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, tzinfo

from jobkit.errors import ConfigError
from jobkit.recurring.cron import OFFSET, zone_of

# M is months and m minutes, as in rufus-scheduler; a month is 30 days and a year 365.
UNITS = {"y": 365 * 86_400, "M": 30 * 86_400, "w": 7 * 86_400, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
PART = re.compile(
    r"(\d+(?:\.\d+)?)\s*"
    r"(years?|months?|weeks?|days?|hours?|hrs?|minutes?|mins?|seconds?|secs?|[ywdhms]|M)(?![A-Za-z])(?:\s*,)?(?:\s+and\b)?\s*"
)


def duration(value: object) -> float:
    """A duration in seconds, from a number of seconds, a timedelta, or a text as rufus-scheduler reads it.

    Raises:
        ConfigError: not a duration, or not longer than zero.

    >>> duration("1h30m"), duration("3 hours and 5 minutes"), duration(90)
    (5400.0, 11100.0, 90.0)
    """
    seconds = _seconds(value)
    if seconds is None or seconds <= 0:
        raise ConfigError(
            f'{value!r} is no duration: write it as "15m", "1h30m", "3 hours" (units y M w d h m s) or in seconds'
        )
    return seconds


def _seconds(value: object) -> float | None:
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, str):
        return None
    text = value.strip()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    total, at = 0.0, 0
    while at < len(text):
        part = PART.match(text, at)
        if part is None:
            return None
        unit = part[2] if len(part[2]) == 1 else "M" if part[2].startswith("month") else part[2][0]
        total += float(part[1]) * UNITS[unit]
        at = part.end()
    return total


def moment(value: object, zone: tzinfo) -> float:
    """An instant in epoch seconds, from a datetime, a date, or a text with or without a zone behind.

    Args:
        zone: the zone of a moment that names none.

    Raises:
        ConfigError: not a moment.

    >>> from datetime import UTC
    >>> moment("2030/12/12 23:30:00", UTC)
    1923348600.0
    """
    found = _moment(value, zone)
    if found is None:
        raise ConfigError(f'{value!r} is no moment: write it as "2030-12-12 23:30:00", with or without a zone behind')
    return found.timestamp()


def _moment(value: object, zone: tzinfo) -> datetime | None:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=zone)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=zone)
    if not isinstance(value, str):
        return None
    parts = value.strip().replace("/", "-", 2).split()
    if len(parts) == 3 or (len(parts) == 2 and (":" not in parts[1] or OFFSET.fullmatch(parts[1]))):
        zone = zone_of(parts.pop())
    try:
        parsed = datetime.fromisoformat("T".join(parts))
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=zone)
