"""Calls that give another value each time: clocks, random numbers, fresh ids. The value says what they give."""

from __future__ import annotations

UNSTABLE: dict[str, str] = {
    **dict.fromkeys(("uuid.uuid1", "uuid.uuid4", "uuid.uuid7"), "id"),
    **dict.fromkeys(
        (
            "datetime.datetime.now", "datetime.datetime.utcnow", "django.utils.timezone.now", "time.time",
            "time.time_ns", "time.monotonic",
        ),
        "time",
    ),
    **dict.fromkeys(
        (
            "random.random", "random.randint", "random.randrange", "random.choice", "random.getrandbits",
            "secrets.token_hex", "secrets.token_urlsafe", "secrets.token_bytes", "secrets.randbits", "os.urandom",
            "django.utils.crypto.get_random_string",
        ),
        "random value",
    ),
}  # fmt: skip
# the same all day
DATED: dict[str, str] = dict.fromkeys(
    (
        "datetime.date.today", "datetime.datetime.today", "django.utils.timezone.localdate",
        "django.utils.timezone.localtime", "time.strftime", "time.localtime", "time.gmtime",
    ),
    "day",
)  # fmt: skip
