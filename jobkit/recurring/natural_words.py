"""The words of natural schedules: numbers, ordinals, weekdays, clock times, zones."""

from __future__ import annotations

from dataclasses import dataclass

from jobkit.recurring.reading import Reading

_ONES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_ONES += ["thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
_TENS = {20: "twenty", 30: "thirty", 40: "forty", 50: "fifty"}
NUMBER_WORDS = {word: number for number, word in enumerate(_ONES)}
NUMBER_WORDS |= {
    ten if one == 0 else f"{ten}-{_ONES[one]}": number + one for number, ten in _TENS.items() for one in range(10)
}
_ORDINAL_WORDS = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"]
_ORDINAL_WORDS += ["eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth"]
_ORDINAL_WORDS += ["eighteenth", "nineteenth", "twentieth"]
ORDINAL_WORDS = {word: number for number, word in enumerate(_ORDINAL_WORDS, 1)}
ORDINAL_WORDS |= {f"twenty-{word}": 20 + number for number, word in enumerate(_ORDINAL_WORDS[:9], 1)}
ORDINAL_WORDS |= {"thirtieth": 30, "thirty-first": 31}

LIST_SEPARATOR = r"\s*,\s*(?:and|or)\s+|\s*,\s*|\s+(?:and|or)\s+"
# Longer words first, or "twenty" would eat "twenty-first".
_LONGEST_FIRST = sorted(ORDINAL_WORDS, key=len, reverse=True)
ORDINALS = rf"(?:3[01]|[12]?\d)(?:st|nd|rd|th)|last|{'|'.join(_LONGEST_FIRST)}"
ZONE = r"[A-Z][A-Za-z0-9+\-]+(?:/[A-Z][A-Za-z0-9+\-_]+){1,2}|UTC|GMT|Z\b|[+-]\d\d:?\d\d"
_WEEKDAY = r"(sun|mon|tue|wed|thu|fri|sat)(?:sday|nesday|rsday|urday|day)?\b"
_HALF = r"\s*(am|pm|noon|midday|midnight)\b"
_HOUR_WORDS = {**{word: number for word, number in NUMBER_WORDS.items() if number <= 12}, "oh": 0}
_MINUTE_WORDS = {**NUMBER_WORDS, "o'clock": 0, "hundred": 0}


@dataclass(frozen=True, slots=True)
class ClockTime:
    """A time of day."""

    hour: int
    minute: int = 0


def read_count(reading: Reading) -> int | None:
    """A number in digits."""
    found = reading.take(r"\d+")
    return int(found[0]) if found else None


def read_ordinal(reading: Reading) -> int | str | None:
    """A day of the month: ``1st``, ``second``, ``last`` (which is L)."""
    found = reading.take(rf"({ORDINALS})\b")
    if not found:
        return None
    word = found[1].lower()
    if word == "last":
        return "L"
    return ORDINAL_WORDS[word] if word in ORDINAL_WORDS else int(word[:-2])


def read_weekday(reading: Reading) -> int | None:
    """A day of the week, 0 for Sunday."""
    found = reading.take(_WEEKDAY)
    return ["sun", "mon", "tue", "wed", "thu", "fri", "sat"].index(found[1].lower()) if found else None


def read_clock_time(reading: Reading, bare: bool) -> ClockTime | None:
    """``16:30``, ``5 pm``, ``noon``, ``five thirty``; a number alone or in words only if `bare`, as after "at"."""
    begin = reading.position
    found = reading.take(r"(2[0-4]|[01]?\d):([0-5]\d)\b") or reading.take(r"(2[0-4]|[01]?\d):([0-5]\d)(?=[ap]m\b)")
    if found:
        return _of_half(reading, int(found[1]), int(found[2]))
    word = reading.take(r"(noon|midday|midnight)\b")
    if word:
        return ClockTime(0 if word[1].lower() == "midnight" else 12)
    number = reading.take(r"(2[0-4]|[01]?\d)(?![\d:])")
    if number and (bare or reading.take(rf"(?={_HALF})")):
        return _of_half(reading, int(number[1]), 0)
    reading.position = begin
    named = reading.take(rf"({'|'.join(sorted(_HOUR_WORDS, key=len, reverse=True))})\b") if bare else None
    if not named:
        return None
    reading.take(r"\s+dark\b")
    minute = reading.take(rf"\s+({'|'.join(sorted(_MINUTE_WORDS, key=len, reverse=True))})\b")
    return _of_half(reading, _HOUR_WORDS[named[1].lower()], _MINUTE_WORDS[minute[1].lower()] if minute else 0)


def _of_half(reading: Reading, hour: int, minute: int) -> ClockTime | None:
    found = reading.take(_HALF)
    half = found[1].lower() if found else ""
    if half == "pm" and hour < 12:
        hour += 12
    elif half in {"am", "midnight"} and hour == 12:
        hour = 0
    return ClockTime(hour % 24, minute)
