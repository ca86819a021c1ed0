"""The options of one enqueue, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(slots=True, frozen=True)
class Settings:
    """The options of `set`, `enqueue` and `retry_job`; None keeps what the job has."""

    wait: float | timedelta | None = None
    wait_until: datetime | None = None
    queue: str | None = None
    priority: int | None = None
