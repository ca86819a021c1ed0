"""What a simulation came to, as data."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jobkit import JobRecord
from pytest_jobkit.wording import shown_error


@dataclass(frozen=True, slots=True)
class Attempt:
    """One execution.

    Attributes:
        number: 1 for the job's first execution.
        at: when it began.
        outcome: "succeeded", "retried", "dead", "discarded", "halted", ...
        error: the error behind it; None for a success.
        queue, priority: where it was taken from.
        wait: seconds until the next execution; None for the last.
        wait_bounds: the least and the most that jitter makes of `wait`; None for the last, and for frameworks that
            do not say.
    """

    number: int
    at: datetime
    outcome: str
    error: BaseException | None
    queue: str
    priority: int | None
    wait: float | None
    wait_bounds: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class RetryRun:
    """The plan that a job's retries followed.

    Attributes:
        attempts: one entry an execution, in order.
        job: the record of the last execution.
    """

    attempts: tuple[Attempt, ...]
    job: JobRecord

    def __await__(self) -> Generator[Any, None, RetryRun]:
        """In an async test ``await simulate_retries(...)`` gives the run."""
        yield from ()
        return self

    @property
    def waits(self) -> list[float]:
        """Seconds between one execution and the next."""
        return [attempt.wait for attempt in self.attempts if attempt.wait is not None]

    @property
    def wait_bounds(self) -> list[tuple[float, float]]:
        """The least and the most that jitter makes of each wait."""
        return [attempt.wait_bounds for attempt in self.attempts if attempt.wait_bounds is not None]

    @property
    def total_wait(self) -> float:
        """Seconds from the first execution to the last."""
        return sum(self.waits)

    @property
    def executions(self) -> int:
        """How often the job was started."""
        return len(self.attempts)

    @property
    def outcome(self) -> str:
        """How the last execution ended: "succeeded", "dead", "discarded", "halted", "rescued", ..."""
        return self.attempts[-1].outcome

    @property
    def errors(self) -> list[BaseException | None]:
        """The error of each execution."""
        return [attempt.error for attempt in self.attempts]

    @property
    def error(self) -> BaseException | None:
        """The error of the last execution."""
        return self.attempts[-1].error

    @property
    def reason(self) -> str:
        """Why the last execution ended so, in one sentence."""
        return self.job.reason

    @property
    def queues(self) -> list[str]:
        """The queue of each execution."""
        return [attempt.queue for attempt in self.attempts]

    @property
    def result(self) -> Any:
        """What the body returned in the end."""
        return self.job.result

    def __str__(self) -> str:
        lines = []
        for attempt in self.attempts:
            error = "" if attempt.error is None else f": {shown_error(attempt.error)}"
            wait = "" if attempt.wait is None else f", then {attempt.wait:g} s"
            lines.append(f"attempt {attempt.number} on {attempt.queue!r} {attempt.outcome}{error}{wait}")
        return "\n".join(lines)
