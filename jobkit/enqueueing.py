"""From a job to a message in a queue: callbacks, locks, encoding, and the events about it (spec: B)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from jobkit import events, transactions
from jobkit.callbacks import ChainRun
from jobkit.clock import elapsed
from jobkit.current import current_backend
from jobkit.envelope import Envelope
from jobkit.errors import EnqueueError
from jobkit.message import body_of
from jobkit.performer import PERFORMER
from jobkit.settings import Settings
from jobkit.sync import drive

if TYPE_CHECKING:
    from jobkit.backend import Backend
    from jobkit.definition import Definition
    from jobkit.job import Job


def enqueue(job: Job, backend: Backend, *, retry: bool = False) -> None:
    """Put `job` into a queue of `backend`, now or at its time; `successfully_enqueued` says whether it got there.

    With `enqueue_after_commit` and a transaction open, all of this happens when that commits.

    Raises:
        SerializationError: an argument cannot travel.
    """
    job._enqueue_error = None
    if job.enqueue_after_commit and not retry and transactions.is_open():
        job._accepted = True
        backend.emit(events.EnqueueDeferred(job, backend.clock.time()))
        transactions.on_commit(lambda: _enqueue(job, backend, retry))
    else:
        _enqueue(job, backend, retry)


def _enqueue(job: Job, backend: Backend, retry: bool) -> None:
    job._accepted = False
    started = elapsed()
    aborted = False
    definition = job._definition or job.definition
    try:
        if definition.enqueue_callbacks:
            run = ChainRun(
                definition.enqueue_callbacks, job, lambda: _push_later(job, definition, backend, retry), is_async=False
            )
            drive(run.run())
            aborted = run.halted_by is not None
        else:
            _push(job, definition, backend, retry)
    finally:
        now = backend.clock.time()
        due = job._due
        if due is None:
            backend.emit(events.Enqueue(job, now, aborted, job._enqueue_error, elapsed() - started))
        else:
            backend.emit(events.EnqueueAt(job, now, due, aborted, job._enqueue_error, elapsed() - started))


async def _push_later(job: Job, definition: Definition, backend: Backend, retry: bool) -> None:
    _push(job, definition, backend, retry)


def _push(job: Job, definition: Definition, backend: Backend, retry: bool) -> None:
    envelope = _envelope(job, definition, backend, retry)
    if envelope is None:
        return
    try:
        backend.push(envelope)
    except EnqueueError as error:
        job._enqueue_error = error
    else:
        job._accepted = True


def _envelope(job: Job, definition: Definition, backend: Backend, retry: bool) -> Envelope | None:
    """The message of `job`; None if a guard refused it."""
    refusal = None
    for guard in definition.guards:
        refusal = guard.at_push(job, backend)
        if refusal is not None:
            job._enqueue_error = EnqueueError(refusal.reason)
            if refusal.bury:
                break
            return None
    body = body_of(job, definition, backend.clock.time())
    # body_of has asked for the queue's name, which is remembered
    queue = job._queue_name or job.queue_name
    envelope = Envelope(
        job.job_id,
        definition.name,
        body,
        PERFORMER,
        queue,
        job.priority,
        job._due,
        retry,
        job.executions,
    )
    if job._extras:
        envelope.headers = dict(job._extras)
    if refusal is not None:
        backend.refuse(envelope, refusal.reason)
        return None
    return envelope


def retry(job: Job, settings: Settings, error: BaseException | None, backend: Backend) -> None:
    """Enqueue `job` once more as a further attempt; afterwards its own time, queue and priority are as before.

    Enqueue callbacks run again, so a before_enqueue can swallow a retry: `successfully_enqueued` is False then.
    """
    started = elapsed()
    kept = job._due, job._queue_name, job.priority
    try:
        job.configure(settings)
        enqueue(job, backend, retry=True)
        now = backend.clock.time()
        wait = None if job._due is None else max(0.0, job._due - now)
        backend.emit(events.EnqueueRetry(job, now, error, wait, elapsed() - started))
        job._retry_enqueued = bool(job._accepted)
    finally:
        job._due, job._queue_name, job.priority = kept


def enqueue_all(jobs: Iterable[Any], backend: Backend) -> None:
    """Enqueue many jobs at once, without enqueue callbacks (as `perform_all_later`)."""
    flat = list(_flatten(jobs))
    deferred = [job for job in flat if job.enqueue_after_commit] if transactions.is_open() else []
    held = {id(job) for job in deferred}
    _enqueue_group([job for job in flat if id(job) not in held], backend)
    if deferred:
        for job in deferred:
            job._accepted = True
            backend.emit(events.EnqueueDeferred(job, backend.clock.time()))
        transactions.on_commit(lambda: _enqueue_group(deferred, backend))


def _enqueue_group(jobs: list[Job], backend: Backend) -> None:
    started = elapsed()
    envelopes = []
    for job in jobs:
        job._enqueue_error = None
        job._accepted = False
        envelope = _envelope(job, job.definition, backend, retry=False)
        if envelope is not None:
            envelopes.append(envelope)
            job._accepted = True
    try:
        backend.push_all(envelopes)
    except EnqueueError as error:
        for job in jobs:
            if error.job_ids is None or job.job_id in error.job_ids:
                job._accepted = False
                job._enqueue_error = error
    count = sum(bool(job._accepted) for job in jobs)
    backend.emit(events.EnqueueAll(None, backend.clock.time(), tuple(jobs), count, elapsed() - started))


def _flatten(jobs: Iterable[Any]) -> Iterable[Job]:
    for job in jobs:
        if isinstance(job, (list, tuple)):
            yield from _flatten(job)
        else:
            yield job


def perform_all_later(*jobs: Any) -> None:
    """Enqueue many built jobs at once; lists among them are flattened. No enqueue callbacks run, as in ActiveJob.

    Each job's `successfully_enqueued` says whether the queue took it.
    """
    enqueue_all(jobs, current_backend())
