"""Schedules as they are written: cron texts and ``crontab(...)`` calls, and what is wrong with them."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass

_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}
_DAYS = {"sun": 0, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6}
_PART = re.compile(r"(?P<first>\*|\w+)(?:-(?P<last>\w+))?(?:/(?P<step>\d+))?")
# extensions of some parsers, of which nothing is said
_EXTENSIONS = re.compile(r"[LW#?H~]|\bR\b")
ALIASES = frozenset({"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@hourly", "@midnight", "@reboot"})


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a cron text: its name, range, and the names that it takes for numbers."""

    name: str
    low: int
    high: int
    names: dict[str, int]


FIELDS = (
    Field("minute", 0, 59, {}),
    Field("hour", 0, 23, {}),
    Field("day_of_month", 1, 31, {}),
    Field("month_of_year", 1, 12, _MONTHS),
    Field("day_of_week", 0, 7, _DAYS),
)


def values_of(text: str, field: Field) -> set[int] | str:
    """The numbers that a field matches, or what is wrong with it in words."""
    found: set[int] = set()
    for part in text.lower().split(","):
        match = _PART.fullmatch(part.strip())
        if match is None:
            return f"`{part}` is no {field.name}"
        if match["first"] == "*":
            low, high = field.low, field.high
        else:
            ends = [_number(word, field) for word in (match["first"], match["last"] or match["first"])]
            if ends[0] is None or ends[1] is None:
                return f"`{part}` is no {field.name} (there are {field.low} to {field.high})"
            low, high = ends[0], ends[1]
            if match["step"] and not match["last"]:
                high = field.high
        step = int(match["step"] or 1)
        if step == 0:
            return f"`{part}` has a step of 0"
        if low > high:
            high += field.high - field.low + 1
        span = field.high - field.low + 1
        found |= {(number - field.low) % span + field.low for number in range(low, high + 1, step)}
    return found


def _number(text: str, field: Field) -> int | None:
    if text.isdigit():
        number = int(text)
        return number if field.low <= number <= field.high else None
    return field.names.get(text[:3]) if text.isalpha() else None


def fault_of(fields: dict[str, str]) -> str | None:
    """What is wrong with a schedule given by fields; those left out match everything. None if nothing is."""
    matched: dict[str, set[int]] = {}
    for field in FIELDS:
        text = fields.get(field.name, "*")
        if _EXTENSIONS.search(text.upper()) and not re.fullmatch(r"[\w*,/-]+", text):
            return None
        values = values_of(text, field)
        if isinstance(values, str):
            return None if _EXTENSIONS.search(text.upper()) and field.name.startswith("day") else values
        matched[field.name] = values
    days, months = matched["day_of_month"], matched["month_of_year"]
    if fields.get("day_of_week", "*") == "*" and not any(
        day <= calendar.monthrange(2024, month)[1] for day in days for month in months
    ):
        return "no month of it has such a day, so it never runs"
    return None


def fields_of(text: str) -> dict[str, str] | None:
    """The fields of a cron text of five fields, by name; None if it has another number of them."""
    parts = text.split()
    return dict(zip([field.name for field in FIELDS], parts, strict=True)) if len(parts) == len(FIELDS) else None


def fault_of_text(text: str) -> str | None:
    """What is wrong with a cron text of five fields, or None."""
    if text.strip() in ALIASES:
        return None
    fields = fields_of(text)
    if fields is None:
        count = len(text.split())
        return f"it has {count} field{'s' if count != 1 else ''}, and cron has five" if count else "it is empty"
    return fault_of(fields)


def runs_each_minute_of_some_hours(text: str) -> bool:
    """Whether a cron text is like ``* 3 * * *``: every minute, but of some hours or days only."""
    fields = fields_of(text)
    return fields is not None and fields["minute"] == "*" and fields["hour"].isdigit()
