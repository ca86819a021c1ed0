"""Cron expressions with a zone: what people write, in the form that the cron library reads, and its instants.

Five fields, or six with seconds in front; names such as ``@daily``; a time zone behind; ``last`` for ``L``; ranges of
weekdays across the week's end (``fri-mon``). Where neither the minute nor the hour begins with ``*`` the expression
names fixed times, else it follows elapsed time: see `local_time` for what that means when clocks change.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from itertools import chain
from zoneinfo import ZoneInfo

from jobkit.errors import ConfigError
from jobkit.recurring.local_time import SECOND, at_elapsed_times, at_fixed_times

NAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@noon": "0 12 * * *",
    "@hourly": "0 * * * *",
}
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
FIELD_RANGES = {
    "second": "0 to 59",
    "minute": "0 to 59",
    "hour": "0 to 23",
    "day-of-month": "1 to 31, or L for the last",
    "month": "1 to 12 or jan to dec",
    "day-of-week": "0 to 7 or sun to sat",
}
OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)")


@dataclass(frozen=True, slots=True)
class CronExpression:
    """A cron expression in a time zone.

    Args:
        text: as written.
        zone: the zone that holds if the text has none behind it.

    Raises:
        ConfigError: not a cron expression, says which field.

    >>> CronExpression("@daily Europe/Berlin").fields
    '0 0 * * *'
    """

    text: str
    zone: tzinfo = UTC
    fields: str = field(init=False)
    has_own_zone: bool = field(init=False)

    def __post_init__(self) -> None:
        fields, zone = _split_zone(self.text)
        fields = _plain(_named(fields, self.text))
        _check(fields, self.text)
        object.__setattr__(self, "fields", " ".join(fields))
        object.__setattr__(self, "has_own_zone", zone is not None)
        if zone is not None:
            object.__setattr__(self, "zone", zone_of(zone))

    @property
    def names_fixed_times(self) -> bool:
        """Whether the clock's changes are evened out: neither minute nor hour begins with ``*``."""
        minute, hour = self.fields.split()[-5:-3]
        return not minute.startswith("*") and not hour.startswith("*")

    def uneven_steps(self) -> list[str]:
        """A sentence for each step that does not divide its field, so that the last distance is a shorter one."""
        found = []
        names = ("minute", "hour") if len(self.fields.split()) == 5 else ("second", "minute", "hour")
        for name, value in zip(names, self.fields.split(), strict=False):
            step = re.fullmatch(r"\*/(\d+)", value)
            if step and (24 if name == "hour" else 60) % int(step[1]):
                found.append(f"*/{step[1]} in the {name} field begins anew at 0, so the last distance is shorter")
        return found

    def instants(self, start: float) -> Iterator[float]:
        """Every instant from `start` on, in epoch seconds, strictly increasing."""
        rule = at_fixed_times if self.names_fixed_times else at_elapsed_times
        return rule(self._wall_times, self.zone, start)

    def _wall_times(self, wall: datetime) -> Iterator[datetime]:
        from cronsim import CronSim  # only who has a schedule pays for it

        return CronSim(self.fields, wall - SECOND)


def zone_of(name: str) -> tzinfo:
    """The time zone called `name`: of the tz database, ``UTC``, ``Z``, or an offset such as ``+09:00``.

    Raises:
        ConfigError: there is no such zone.
    """
    if name in {"UTC", "Z", "Etc/UTC"}:
        return UTC
    offset = OFFSET.fullmatch(name)
    if offset:
        sign = -1 if offset[1] == "-" else 1
        return timezone(sign * timedelta(hours=int(offset[2]), minutes=int(offset[3])))
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ConfigError(_no_zone(name)) from None


def _no_zone(name: str) -> str:
    from zoneinfo import available_timezones

    from jobkit.configuration_file import nearest_name

    known = available_timezones()
    if not known:
        return f'the time zone "{name}" cannot be looked up: this system has no tz database; pip install tzdata'
    # People write the city alone, as ActiveSupport allows.
    same_city = next((zone for zone in sorted(known) if zone.rpartition("/")[2].lower() == name.lower()), None)
    nearest = same_city or nearest_name(name, known)
    advice = f'did you mean "{nearest}"?' if nearest else 'write it as "Europe/Berlin", "UTC" or "+02:00"'
    return f'there is no time zone "{name}"; {advice}'


def _split_zone(text: str) -> tuple[list[str], str | None]:
    fields = text.split()
    last = fields[-1] if fields else ""
    is_weekday = re.match(rf"({'|'.join(WEEKDAYS)})(?![a-z])", last, re.IGNORECASE)
    if len(fields) > 1 and (OFFSET.fullmatch(last) or (re.match(r"[A-Z]", last) and last != "L" and not is_weekday)):
        return fields[:-1], last
    return fields, None


def _named(fields: list[str], text: str) -> list[str]:
    if not fields or not fields[0].startswith("@"):
        return fields
    known = NAMES.get(fields[0].lower())
    if known is None or len(fields) > 1:
        raise ConfigError(f'"{text}" is no cron expression; the names are {", ".join(NAMES)}')
    return known.split()


def _plain(fields: list[str]) -> list[str]:
    """The fields without what fugit (the cron reader of the Ruby schedulers) allows and the library does not."""
    if len(fields) not in (5, 6):
        return fields
    *head, hour, day, month, weekday = fields
    hour = re.sub(r"(?<![\d/])24(?!\d)", "0", hour)
    day = re.sub(r"(?i)last|-1(?!\d)(?<!\d-1)", "L", day)
    day = re.sub(r"(?i)(\d+)-L", r"\1-31", day)
    return [*head, hour, day, month, ",".join(_weekday(term) for term in weekday.lower().split(","))]


def _weekday(term: str) -> str:
    for number, name in enumerate(WEEKDAYS):
        term = term.replace(name, str(number))
    term = re.sub(r"^([0-7])#(-1|l|last)$", r"\1L", term)
    wrapped = re.fullmatch(r"([0-7])-([0-7])", term)
    if wrapped and int(wrapped[2]) < int(wrapped[1]):
        days = chain(range(int(wrapped[1]), 7), range(int(wrapped[2]) + 1))
        return ",".join(str(day) for day in days)
    return term


def _check(fields: list[str], text: str) -> None:
    from cronsim import CronSim, CronSimError

    try:
        CronSim(" ".join(fields), datetime(2000, 1, 1))  # noqa: DTZ001 - wall times have no zone
    except CronSimError as error:
        raise ConfigError(_complaint(fields, text, str(error))) from None


def _complaint(fields: list[str], text: str, complaint: str) -> str:
    name = complaint.removeprefix("Bad ")
    if name not in FIELD_RANGES:
        return (
            f'"{text}" is no cron expression: five fields are wanted (minute hour day-of-month month day-of-week), '
            f"or six with seconds in front; here are {len(fields)}"
        )
    six = fields if len(fields) == 6 else ["0", *fields]
    value = six[list(FIELD_RANGES).index(name)]
    if (
        name == "day-of-month"
        and re.fullmatch(r"[0-9,-]+", value)
        and six[4] != "*"
        and not re.search(r"3[2-9]|[4-9]\d", value)
    ):
        return f'"{text}" never runs: month {six[4]} has no day {value}; write a day that exists, or L for the last'
    return f'"{text}" is no cron expression: the {name} "{value}" is not in {FIELD_RANGES[name]}'
