"""The delivery layer's own retries, as Sidekiq's: what happens to a message whose error no handler took.

A failing message goes to the retry set with a growing delay until its retries are used up, then to the dead set.
The count is zero-based: ``retry=5`` means five retries, six executions (spec: C.8).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jobkit.clock import seconds
from jobkit.errors import ConfigError


@dataclass(slots=True, frozen=True)
class RetryOptions:
    """What a job class declares for the delivery layer.

    Attributes:
        retry: how many retries; True takes the engine's `max_retries`, False none and no dead set.
        retry_in: called with (count, error, job), returns seconds, "discard", "kill", or None for the default.
        retries_exhausted: called with (job, error) when no retry is left; returning "discard" skips the dead set.
        dead: whether an exhausted job goes to the dead set.
        retry_queue: the queue for retries.
        retry_for: seconds since the first failure during which retries go on, whatever their number.
    """

    retry: int | bool = True
    retry_in: Callable[..., Any] | None = None
    retries_exhausted: Callable[..., Any] | None = None
    dead: bool = True
    retry_queue: str | None = None
    retry_for: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.retry, int) or self.retry < 0:
            raise ConfigError(f"retry={self.retry!r}: give True, False or a number of retries from 0")
        if self.retry_for is not None and seconds(self.retry_for) > 1e9:
            raise ConfigError(f"retry_for={self.retry_for!r}: give a duration in seconds, not an instant")


@dataclass(slots=True, frozen=True)
class RetryIn:
    """Keep the message in the retry set for `delay` seconds."""

    delay: float


@dataclass(slots=True, frozen=True)
class Exhausted:
    """No retry is left: the exhausted block runs, then the dead set takes the job if `dead`."""

    dead: bool


@dataclass(slots=True, frozen=True)
class GiveUp:
    """Neither a retry nor the dead set, and no exhausted block: only the death handlers run."""

    reason: str


Decision = RetryIn | Exhausted | GiveUp


def decide(
    options: RetryOptions,
    max_retries: int,
    count: int,
    failed_at: float,
    now: float,
    error: BaseException,
    job: object,
    source: random.Random,
    report: Callable[[BaseException], None],
) -> Decision:
    """What follows the failure number `count` (0 for the first).

    Args:
        options: the job's own; max_retries: the engine's, used where the job says ``retry=True``.
        failed_at: the first failure, now: this one, both in epoch seconds.
        job: what `retry_in` gets as its third argument.
        source: seeded chance for the spread of the delay.
        report: told of an error inside `retry_in`, after which the default delay is used.
    """
    if options.retry is False:
        return GiveUp("retry=False")
    if options.retry_for is not None:
        if failed_at + options.retry_for < now:
            return Exhausted(options.dead)
    elif count >= (max_retries if options.retry is True else options.retry):
        return Exhausted(options.dead)
    base = default_delay(count)
    if options.retry_in is not None:
        try:
            said = options.retry_in(count, error, job)
        except Exception as broken:
            report(broken)
            said = None
        if said == "discard":
            return GiveUp('retry_in said "discard"')
        if said == "kill":
            return Exhausted(options.dead)
        if isinstance(said, (int, float)) and not isinstance(said, bool) and int(said) > 0:
            base = float(said)
    return RetryIn(base + source.randrange(10 * (count + 1)))


def default_delay(count: int) -> float:
    """Sidekiq's base delay in seconds: 15, 16, 31, 96, 271, 640, ... (count**4 + 15)."""
    return float(count**4 + 15)
