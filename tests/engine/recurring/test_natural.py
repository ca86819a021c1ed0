"""Natural text to cron (spec G.1: 'or natural text like "every 3 hours"'), as the Ruby schedulers read it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobkit import ConfigError
from jobkit.recurring import CronExpression
from jobkit.recurring.natural import natural_crons


@pytest.mark.parametrize(
    ("text", "cron"),
    [
        ("every second", "* * * * * *"),
        ("every 20 sec", "*/20 * * * * *"),
        ("every minute", "* * * * *"),
        ("every 10m", "*/10 * * * *"),
        ("every hour", "0 * * * *"),
        ("every 3 hours", "0 */3 * * *"),
        ("every 60 minutes", "0 * * * *"),
        ("every 24 hours", "0 0 * * *"),
        ("every day", "0 0 * * *"),
        ("every 2 days at 17:00", "0 17 */2 * *"),
        ("every week", "0 0 * * 0"),
        ("every month", "0 0 1 * *"),
        ("Every 2 Months", "0 0 1 */2 *"),
        ("every 6M", "0 0 1 */6 *"),
        ("every year at 20:10", "10 20 1 1 *"),
        ("Every Day At 5PM", "0 17 * * *"),
        ("  every day  at 5 pm ", "0 17 * * *"),
        ("every day at five", "0 5 * * *"),
        ("every day at seven thirty pm", "30 19 * * *"),
        ("every day at eight o'clock", "0 8 * * *"),
        ("every day at oh dark twenty", "20 0 * * *"),
        ("every day at 12:15 am", "15 0 * * *"),
        ("every day at 12 pm", "0 12 * * *"),
        ("every day at 12 midnight", "0 0 * * *"),
        ("at noon", "0 12 * * *"),
        ("every day at 6am, 8am, and 10am", "0 6,8,10 * * *"),
        ("every day at 18:00 and 18:30", "0,30 18 * * *"),
        ("every day at 7:00, 7:20, 9:00 and 9:20", "0,20 7,9 * * *"),
        ("every weekday at five pm", "0 17 * * 1-5"),
        ("every monday", "0 0 * * 1"),
        ("every Sat and sun at 9:45", "45 9 * * 0,6"),
        ("every tue, thu or Saturday at noon", "0 12 * * 2,4,6"),
        ("every mon-thu at 18:20", "20 18 * * 1-4"),
        ("every Tuesday through Friday 9:05", "5 9 * * 2-5"),
        ("from Monday to Friday at 19:22", "22 19 * * 1-5"),
        ("every week on wednesday at 4:30", "30 4 * * 3"),
        ("every month on day 2 and 5 at 10:00", "0 10 2,5 * *"),
        ("every month on the 1st and the last at noon", "0 12 1,L * *"),
        ("every second of the month at 6:00", "0 6 2 * *"),
        ("every twenty-first of the month", "0 0 21 * *"),
        ("every day from the 10th to the last", "0 0 10-31 * *"),
        ("every hour at minute 11", "11 * * * *"),
        ("every 12h at min 50", "50 */12 * * *"),
        ("every minute at seconds 10 and 40", "10,40 * * * * *"),
        ("every 15 minutes starting at minute 1", "1/15 * * * *"),
        ("every 5 days from day 3", "0 0 3/5 * *"),
        ("every hour, 8am to 5pm", "0 8-17 * * *"),
        ("every minute from 8am to 5pm", "* 8-16 * * *"),
        ("every weekday 8am to 5pm on the hour", "0 8-17 * * 1-5"),
        ("every monday, 9:00", "0 9 * * 1"),
        ("every weekday 9am to 10am on the minute", "* 9 * * 1-5"),
        ("every weekday 8am to 5pm on minute 10 and 30", "10,30 8-16 * * 1-5"),
        ("every day at 5 pm in Asia/Tokyo", "0 17 * * * Asia/Tokyo"),
        ("every day at 5 pm on America/Argentina/Buenos_Aires", "0 17 * * * America/Argentina/Buenos_Aires"),
        ("every Fri-Sun at 18:00 UTC", "0 18 * * 5-0 UTC"),
        ("every day at 8:00 +02:00", "0 8 * * * +02:00"),
    ],
)
def test_a_text_stands_for_a_cron(text: str, cron: str) -> None:
    assert natural_crons(text) == [cron]
    CronExpression(cron)


def test_times_that_fit_into_no_single_cron_give_several_in_order() -> None:
    assert natural_crons("every day at 18:15 and 20:45") == ["15 18 * * *", "45 20 * * *"]
    assert natural_crons("every friday at 9:00, 10:30 UTC") == ["0 9 * * 5 UTC", "30 10 * * 5 UTC"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nada", '"nada" is not understood from "nada" on; write a cron such as'),
        ("every 2 weeks", 'not understood from "2 weeks" on'),
        ("every day at 5pm sharp", 'not understood from "sharp" on'),
        ("every day at 25:00", 'not understood from "at 25:00" on'),
        (
            "every 100 minutes",
            '"every 100 minutes" is no cron step, which begins anew with each larger unit; use the key',
        ),
        ("every 0 hours", "is no cron step"),
        ("every day from the 3rd on", 'not understood from "from the 3rd on" on'),
        ("from the last to the 3rd", 'not understood from "from the last to the 3rd" on'),
        ("every day 8:30 to 9:45", 'not understood from "to 9:45" on'),
        ("every day on holidays", 'not understood from "on holidays" on'),
        ("every minute at 17:00", "names times and a step of hours, minutes or seconds; keep one of them"),
        ("every 2 hours from 8am to 5pm", "names times and a step"),
        ("every monday on friday", "says the weekday twice"),
        ("every 5 minutes at minute 10", "says the minute twice"),
    ],
)
def test_what_is_not_understood_is_told_with_the_place(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        natural_crons(text)

    assert message in str(raised.value)


WORDS = [
    "every",
    "day",
    "at",
    "5pm",
    "on",
    "monday",
    "to",
    "the",
    "last",
    "and",
    "3",
    "hours",
    ",",
    "UTC",
    "from",
    "1st",
]


@given(st.lists(st.sampled_from(WORDS), max_size=9))
def test_any_row_of_its_words_is_a_cron_or_a_config_error(words: list[str]) -> None:
    try:
        crons = natural_crons(" ".join(words))
    except ConfigError:
        return
    assert crons
    assert all(len(CronExpression(cron).fields.split()) in (5, 6) for cron in crons)


@given(st.integers(0, 23), st.integers(0, 59))
def test_a_time_in_digits_is_that_time(hour: int, minute: int) -> None:
    half = "am" if hour < 12 else "pm"

    assert natural_crons(f"every day at {hour}:{minute:02}") == [f"{minute} {hour} * * *"]
    assert natural_crons(f"every day at {hour % 12 or 12}:{minute:02} {half}") == [f"{minute} {hour} * * *"]
