"""Every error that jobkit raises on purpose, as one tree under `JobkitError`.

A message says what was wanted, what is there and what to do. An error of the user's own job is never wrapped:
it passes through as it was raised.
"""

from __future__ import annotations


class JobkitError(Exception):
    """The root of all errors of jobkit."""


class SerializationError(JobkitError, TypeError):
    """An argument cannot travel to another process; raised at enqueue, with the path to the value."""


class DeserializationError(JobkitError):
    """Stored arguments could not be turned back into values; the original error is the ``__cause__``."""


class RecordNotFound(DeserializationError):
    """A job's argument refers to a record that is gone, as ActiveJob's ``DeserializationError.RecordNotFound``."""


class EnqueueError(JobkitError):
    """The queue refused a job. As in ActiveJob it is recorded in ``job.enqueue_error`` and not raised to the caller.

    Attributes:
        job_ids: of many jobs enqueued at once those that were refused; None for all of them.
    """

    def __init__(self, message: str = "", job_ids: frozenset[str] | None = None) -> None:
        super().__init__(message)
        self.job_ids = job_ids


class UnknownJobError(JobkitError, LookupError):
    """A stored message names a job class that this process does not know."""


class UniqueConflict(JobkitError):
    """A job with ``on_conflict="raise"`` met a lock that another job holds."""


class InvalidStepError(JobkitError):
    """The steps of a continuation are named, nested or ordered in a way that cannot be resumed."""


class ResumeLimitError(JobkitError):
    """A continuation was interrupted more often than its ``max_resumptions`` allows."""


class ConfigError(JobkitError, ValueError):
    """A queue or schedule file, or an option, has a value that cannot be used; names file, line and key."""


class DrainLimitError(JobkitError):
    """A drain ran more jobs than its limit: most often a job that enqueues itself again without end."""


class Abort(Exception):
    """Raised in a before-callback, halts the chain: nothing is enqueued or performed (ActiveJob's ``throw :abort``)."""
