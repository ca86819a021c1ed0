"""jobkit: a reference engine for background jobs, on a clock that a test holds.

Declare jobs with `Job` or `@job`, run them on an `Engine`. The semantics are those of Rails' ActiveJob (the job) and
of Sidekiq (the queue). PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jobkit import current as _current
from jobkit.clock import SystemClock, VirtualClock
from jobkit.current import configure, current_job
from jobkit.declarations import (
    after_discard,
    after_enqueue,
    after_perform,
    around_enqueue,
    around_perform,
    before_enqueue,
    before_perform,
    discard_on,
    rescue_from,
    retry_on,
)
from jobkit.drain import DrainResult
from jobkit.engine import Engine
from jobkit.enqueueing import perform_all_later
from jobkit.envelope import WorkerLost
from jobkit.errors import (
    Abort,
    ConfigError,
    DeserializationError,
    DrainLimitError,
    EnqueueError,
    InvalidStepError,
    JobkitError,
    RecordNotFound,
    ResumeLimitError,
    SerializationError,
    UniqueConflict,
    UnknownJobError,
)
from jobkit.events import Event
from jobkit.instrumentation import subscribe
from jobkit.job import Job
from jobkit.job_function import JobFunction, job
from jobkit.record import JobRecord, State
from jobkit.retry.waits import exponentially_longer, polynomially_longer
from jobkit.serializers import register_reference, register_serializer
from jobkit.transactions import register_transaction_hook, simulated_transaction

if TYPE_CHECKING:
    from jobkit.batches import Batch as Batch
    from jobkit.batches import current_batch as current_batch
    from jobkit.concurrency import limits_concurrency as limits_concurrency
    from jobkit.continuation import step as step
    from jobkit.queue_config import QueueConfig as QueueConfig
    from jobkit.recurring import Schedule as Schedule
    from jobkit.serializers import audit_arguments as audit_arguments
    from jobkit.serializers.orm_sqlalchemy import configure_sqlalchemy as configure_sqlalchemy
    from jobkit.unique_lock import unique as unique

# What only some programs need is imported when it is first asked for: name -> module.
_LAZY = {
    "Batch": "jobkit.batches",
    "current_batch": "jobkit.batches",
    "step": "jobkit.continuation",
    "QueueConfig": "jobkit.queue_config",
    "Schedule": "jobkit.recurring",
    "limits_concurrency": "jobkit.concurrency",
    "unique": "jobkit.unique_lock",
    "audit_arguments": "jobkit.serializers",
    "configure_sqlalchemy": "jobkit.serializers.orm_sqlalchemy",
}

_current.default_backend = lambda: Engine(clock=SystemClock(), seed=None)

__all__ = [
    "Abort",
    "Batch",
    "ConfigError",
    "DeserializationError",
    "DrainLimitError",
    "DrainResult",
    "Engine",
    "EnqueueError",
    "Event",
    "InvalidStepError",
    "Job",
    "JobFunction",
    "JobRecord",
    "JobkitError",
    "QueueConfig",
    "RecordNotFound",
    "ResumeLimitError",
    "Schedule",
    "SerializationError",
    "State",
    "SystemClock",
    "UniqueConflict",
    "UnknownJobError",
    "VirtualClock",
    "WorkerLost",
    "after_discard",
    "after_enqueue",
    "after_perform",
    "around_enqueue",
    "around_perform",
    "audit_arguments",
    "before_enqueue",
    "before_perform",
    "configure",
    "configure_sqlalchemy",
    "current_batch",
    "current_job",
    "discard_on",
    "exponentially_longer",
    "job",
    "limits_concurrency",
    "perform_all_later",
    "polynomially_longer",
    "register_reference",
    "register_serializer",
    "register_transaction_hook",
    "rescue_from",
    "retry_on",
    "simulated_transaction",
    "step",
    "subscribe",
    "unique",
]


def __getattr__(name: str) -> Any:
    module = _LAZY.get(name)
    if module is None:
        raise AttributeError(f"module 'jobkit' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(module), name)
