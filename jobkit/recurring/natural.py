"""Natural text to cron expressions: "every 3 hours", "every weekday at 5pm in Asia/Tokyo", "every month on the 1st".

The phrases that sidekiq-cron and Solid Queue accept through fugit, read left to right. A text whose times fit into no
single cron ("every day at 18:15 and 20:45") gives several, in order; what is done then is for `entry` to say.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from jobkit.errors import ConfigError
from jobkit.recurring.natural_words import (
    LIST_SEPARATOR,
    ORDINALS,
    ZONE,
    ClockTime,
    read_clock_time,
    read_count,
    read_ordinal,
    read_weekday,
)
from jobkit.recurring.reading import Reading

# M is months and m minutes: only there upper and lower case differ.
UNIT = r"((?i:seconds?|secs?|minutes?|mins?|hours?|days?|months?)|[smhdM])(?![A-Za-z])"
STEP_LIMITS = {"second": 60, "minute": 60, "hour": 24}


def natural_crons(text: str) -> list[str]:
    """The cron expressions, with the zone behind if one is named, that a natural `text` stands for; at least one.

    Raises:
        ConfigError: the text is not understood, says from where on.

    >>> natural_crons("every weekday at five pm")
    ['0 17 * * 1-5']
    >>> natural_crons("every day at 18:15 and 20:45")
    ['15 18 * * *', '45 20 * * *']
    """
    reading = Reading(text)
    phrase = _Phrase(text)
    parts = (_every, _from, _at, _on, _zone)
    while not reading.at_end:
        if not any(part(reading, phrase) for part in parts):
            raise ConfigError(
                f'"{text}" is not understood from "{reading.rest}" on; '
                'write a cron such as "0 17 * * *", or a text such as "every day at 5pm in Europe/Berlin"'
            )
        reading.take(r"[\s,]+")
    return phrase.crons()


@dataclass(slots=True)
class _Phrase:
    """What has been read so far: one value a cron field, None where nothing was said."""

    text: str
    second: str | None = None
    minute: str | None = None
    hour: str | None = None
    day: str | None = None
    month: str | None = None
    weekday: str | None = None
    zone: str | None = None
    hours: tuple[int, int] | None = None
    times: list[ClockTime] = field(default_factory=list)

    weak: set[str] = field(default_factory=set)

    def say(self, name: str, value: str | None, weak: bool = False) -> None:
        """Set a field once; a `weak` value ("every week" is Sunday) gives way to a later one ("on monday")."""
        if getattr(self, name) is not None and name not in self.weak:
            raise ConfigError(f'"{self.text}" says the {name} twice; say it once, or write a cron')
        setattr(self, name, value)
        (self.weak.add if weak else self.weak.discard)(name)

    def crons(self) -> list[str]:
        steps = self.hour not in (None, "*") and self.hours is not None
        if steps or (self.times and (self.hour or self.minute or self.hours or self.second)):
            raise ConfigError(f'"{self.text}" names times and a step of hours, minutes or seconds; keep one of them')
        day = self.day or ("1" if self.month and self.weekday is None else "*")
        tail = " ".join(part for part in (day, self.month or "*", self.weekday or "*", self.zone) if part)
        return [f"{clock} {tail}" for clock in self._clocks()]

    def _clocks(self) -> list[str]:
        """The fields from seconds to hours, once for each group of times that fits into one cron."""
        if self.times:
            hours_of: dict[int, set[int]] = {}
            for time in self.times:
                hours_of.setdefault(time.minute, set()).add(time.hour)
            minutes_of: dict[tuple[int, ...], list[int]] = {}
            for past, hours in hours_of.items():
                minutes_of.setdefault(tuple(sorted(hours)), []).append(past)
            return [f"{_listed(sorted(minutes))} {_listed(same)}" for same, minutes in minutes_of.items()]
        minute, hour = self.minute, self.hour
        if self.hours is not None:
            # "8am to 5pm" is an hourly run up to 17:00, but every minute up to 16:59.
            first, last = self.hours[0], self.hours[1] - (0 if minute is self.second is None else 1)
            hour = str(first) if first == last else f"{first}-{last}"
        if self.second is not None:
            return [f"{self.second} {minute or '*'} {hour or '*'}"]
        if minute is not None or hour is not None:
            return [f"{minute or '0'} {hour or '*'}"]
        return ["0 0"]


def _every(reading: Reading, phrase: _Phrase) -> bool:
    if not reading.take(r"every\s+"):
        return False
    if _ordinals_of_the_month(reading, phrase) or _weekdays(reading, phrase):
        return True
    if reading.take(r"weekdays?\b"):
        phrase.say("weekday", "1-5")
        return True
    single = reading.take(r"(?:1\s+)?(week|year)\b(?!s)")
    if single:
        if single[1].lower() == "week":
            phrase.say("weekday", "0", weak=True)
        else:
            phrase.say("month", "1", weak=True)
            phrase.say("day", "1", weak=True)
        return True
    step = reading.take(rf"(\d+)?\s*{UNIT}", case=True)
    if not step:
        return False
    unit = _unit(step[2])
    count = int(step[1] or 1)
    offset = reading.take(r"[\s,]*(?:starting\s+at|from)\s+(?:second|minute|hour|day|month)s?\s+(\d+)")
    if count < 1 or count > STEP_LIMITS.get(unit, 31):
        raise ConfigError(
            f'"every {count} {unit}s" is no cron step, which begins anew with each larger unit; '
            "use the key every for a period that goes on"
        )
    if count == STEP_LIMITS.get(unit):
        count, unit = 1, {"second": "minute", "minute": "hour", "hour": "day"}[unit]
    value = f"{offset[1]}/{count}" if offset else "*" if count == 1 else f"*/{count}"
    phrase.say(unit, None if (unit, value) == ("day", "*") else value)
    return True


def _unit(text: str) -> str:
    if text == "M" or text.lower().startswith("mon"):
        return "month"
    return {"s": "second", "m": "minute", "h": "hour", "d": "day"}[text[0].lower()]


def _from(reading: Reading, phrase: _Phrase) -> bool:
    begin = reading.position
    reading.take(r"from\s+")
    if reading.position > begin and _weekdays(reading, phrase):
        return True
    first = _the_ordinal(reading)
    if first is not None and reading.take(r"\s+(?:to|through)\s+"):
        last = _the_ordinal(reading)
        end = 31 if last == "L" else last
        if isinstance(first, int) and isinstance(end, int) and first < end:
            phrase.say("day", f"{first}-{end}")
            return True
    start = read_clock_time(reading, bare=True)
    if start and reading.take(r"\s+(?:to|through)\s+|\s*-\s*"):
        stop = read_clock_time(reading, bare=True)
        if stop and start.minute == stop.minute == 0 and start.hour < stop.hour:
            phrase.hours = (start.hour, stop.hour)
            return True
    reading.position = begin
    return False


def _at(reading: Reading, phrase: _Phrase) -> bool:
    begin = reading.position
    said_at = reading.take(r"at\s+") is not None
    if said_at and _point(reading, phrase):
        return True
    first = read_clock_time(reading, bare=said_at)
    if first is None:
        reading.position = begin
        return False
    phrase.times.append(first)
    while True:
        before = reading.position
        more = reading.take(LIST_SEPARATOR) and (reading.take(r"at\s+") or True) and read_clock_time(reading, bare=True)
        if not more:
            reading.position = before
            return True
        phrase.times.append(more)


def _point(reading: Reading, phrase: _Phrase) -> bool:
    """``minute 50``, ``seconds 10 and 40``."""
    unit = reading.take(r"(minutes?|mins?|seconds?|secs?)\s+(?=\d)")
    if not unit:
        return False
    counts = reading.take_list(read_count, LIST_SEPARATOR, again=r"(?:minutes?|mins?|seconds?|secs?)\s+")
    phrase.say("minute" if unit[1].lower().startswith("min") else "second", _listed(counts))
    return True


def _on(reading: Reading, phrase: _Phrase) -> bool:
    begin = reading.position
    if not reading.take(r"on\s+"):
        return False
    if reading.take(r"the\s+hour\b"):
        phrase.say("minute", None)
    elif reading.take(r"the\s+minute\b"):
        phrase.say("minute", "*")
    elif _weekdays(reading, phrase) or _point(reading, phrase):
        pass
    elif reading.take(r"days?\s+(?=\d)"):
        phrase.say("day", _listed(reading.take_list(read_count, LIST_SEPARATOR)))
    elif reading.take(rf"(?=(?:the\s+)?(?:{ORDINALS})\b)"):
        phrase.say("day", _listed(reading.take_list(_the_ordinal, LIST_SEPARATOR)))
    else:
        reading.position = begin
        return False
    return True


def _zone(reading: Reading, phrase: _Phrase) -> bool:
    begin = reading.position
    reading.take(r"(?:in|on)\s+")
    found = reading.take(ZONE, case=True)
    if not found:
        reading.position = begin
        return False
    phrase.say("zone", found[0])
    return True


def _ordinals_of_the_month(reading: Reading, phrase: _Phrase) -> bool:
    begin = reading.position
    days: list[int | str] = reading.take_list(_the_ordinal, LIST_SEPARATOR)
    if days and reading.take(r"\s+of\s+the\s+month\b"):
        phrase.say("day", _listed(days))
        return True
    reading.position = begin
    return False


def _the_ordinal(reading: Reading) -> int | str | None:
    begin = reading.position
    reading.take(r"the\s+")
    found = read_ordinal(reading)
    if found is None:
        reading.position = begin
    return found


def _weekdays(reading: Reading, phrase: _Phrase) -> bool:
    """A list of weekdays, or a range; a range across the week's end is left to `cron`."""
    first = read_weekday(reading)
    if first is None:
        return False
    begin = reading.position
    if reading.take(r"\s*-\s*|\s+(?:to|through)\s+"):
        last = read_weekday(reading)
        if last is not None:
            phrase.say("weekday", f"{first}-{last}")
            return True
    reading.position = begin
    rest: list[int] = []
    if reading.take(LIST_SEPARATOR):
        rest = reading.take_list(read_weekday, LIST_SEPARATOR)
        if not rest:
            reading.position = begin
    phrase.say("weekday", _listed(sorted({first, *rest})))
    return True


def _listed(values: Iterable[int | str]) -> str:
    return ",".join(str(value) for value in values)
